# fish completion for hawser-checkconf; made by npm run docs:man
complete -c hawser-checkconf -s o -x -d 'print value of option to stdout.'
complete -c hawser-checkconf -s f -d 'output full pathname with directory applied, eg. with -o pidfile.'
complete -c hawser-checkconf -s q -d 'quiet: no output when there are no errors.'
complete -c hawser-checkconf -s h -d 'show this usage help.'
