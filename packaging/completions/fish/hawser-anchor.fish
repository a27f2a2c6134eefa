# fish completion for hawser-anchor; made by npm run docs:man

