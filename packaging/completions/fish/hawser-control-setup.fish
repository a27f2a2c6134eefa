# fish completion for hawser-control-setup; made by npm run docs:man
complete -c hawser-control-setup -s d -r -F -d 'used directory to store keys and certificates (default: /etc/unbound)'
complete -c hawser-control-setup -s h -d 'show help notice'
complete -c hawser-control-setup -s r -d 'recreate certificates'
