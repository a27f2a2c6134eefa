# fish completion for hawserd; made by npm run docs:man

