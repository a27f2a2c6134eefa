# fish completion for hawser-host; made by npm run docs:man

