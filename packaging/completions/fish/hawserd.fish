# fish completion for hawserd; made by npm run docs:man
complete -c hawserd -s h -d 'this help.'
complete -c hawserd -s c -r -F -d 'config file to read instead of /etc/unbound/unbound.conf, else /etc/hawser/hawser.conf file format is described in unbound.conf(5); without either file the resolver serves this host with built-in settings.'
complete -c hawserd -s d -d 'do not fork into the background; twice: log to stderr too.'
complete -c hawserd -s p -d 'do not create a pidfile.'
complete -c hawserd -s v -d 'verbose (more times to increase verbosity).'
complete -c hawserd -s V -d 'show version number and build options.'
