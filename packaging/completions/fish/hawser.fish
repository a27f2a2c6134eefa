# fish completion for hawser; made by npm run docs:man
complete -c hawser -n '__fish_seen_subcommand_from explain' -f -a 'A AAAA CAA CNAME DNAME DNSKEY DS HTTPS MX NS NSEC3PARAM PTR SMIMEA SOA SRV SSHFP SVCB TLSA TXT'
complete -c hawser -n '__fish_seen_subcommand_from trace' -f -a 'A AAAA CAA CNAME DNAME DNSKEY DS HTTPS MX NS NSEC3PARAM PTR SMIMEA SOA SRV SSHFP SVCB TLSA TXT'
