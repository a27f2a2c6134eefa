/** What the control program says of itself. */

/** The help text; `configPath` is the default configuration file. */
export function controlUsage(configPath: string, version: string): string {
  return `Usage:	hawser-control [options] command
	Remote control utility for the hawser resolver.
Options:
  -c file	config file, default is ${configPath}
  -s ip[@port]	server address or path of its socket, if omitted config is used.
  -q		quiet (don't print anything if it works ok).
  -h		show this usage help.
Commands:
${COMMANDS.map(([words, what]) => `  ${words.padEnd(36)}  ${what}`).join('\n')}
Version ${version}
`;
}

const COMMANDS: readonly (readonly [string, string])[] = [
  ['start', 'start the daemon'],
  ['stop', 'stop it'],
  ['reload', 'read the configuration again; caches, statistics and work are dropped'],
  ['reload_keep_cache', 'the same, caches are kept'],
  ['fast_reload [+dpv]', 'the same; +v tells what is done, +d drops queries'],
  ['status', 'version, verbosity, uptime, pid'],
  ['verbosity NUMBER', 'detail of the log'],
  ['log_reopen', 'open the log file anew'],
  ['stats | stats_noreset | flush_stats', 'statistics; all but stats_noreset set them to zero'],
  ['get_option OPTION', 'value of an option'],
  ['set_option OPTION: VALUE', 'change an option that may be changed while running'],
  ['lookup NAME', 'servers that a question for the name goes to'],
  [
    'explain NAME [TYPE] [+json|+svg|+dot] [+cached] [+expiry=DAYS]',
    'show the chain of trust of an answer, and who must mend it',
  ],
  ['trace NAME [TYPE] [+json]', 'answer a question and show every step'],
  ['list_bogus [+json]', 'names that were bogus within the last hour, with why'],
  ['page_address', 'where a browser finds the page (web-interface), with its token'],
  ['dump_cache | load_cache', 'cache to standard output | from standard input'],
  ['cache_lookup [+t] NAME ...', 'cached data at and below names; +t allows top-level names'],
  ['flush [+c] NAME', 'forget A AAAA NS SOA CNAME DNAME MX PTR SRV NAPTR SVCB HTTPS'],
  ['flush_type [+c] NAME TYPE', 'forget one type, TLSA for instance'],
  ['flush_zone [+c] NAME', 'forget all at and below the name'],
  ['flush_bogus | flush_negative [+c]', 'forget all bogus | negative data'],
  ['flush_requestlist | dump_requestlist', 'drop | show what is worked on'],
  ['flush_infra all | IP', 'forget what is known of servers'],
  ['dump_infra', 'show what is known of servers'],
  ['list_stubs | list_forwards', 'zones whose servers are given'],
  ['stub_add [+ipt] ZONE ADDR ...', 'add one; +i insecure, +p with priming, +t over TLS'],
  ['stub_remove [+i] ZONE', 'remove it'],
  ['forward_add [+it] ZONE ADDR ...', 'add one; +i insecure, +t over TLS'],
  ['forward_remove [+i] ZONE', 'remove it'],
  ['forward [off | ADDR ...]', 'show or set what everything is forwarded to'],
  ['nta_add ZONE [LIFETIME [REASON]]', 'do not validate a zone for a time (1h)'],
  ['nta_remove ZONE | list_nta', 'end that | show them'],
  ['list_anchors', 'trust anchors: state of each key, last and next probe, warnings'],
  ['doctor [+json]', 'examine this host as the daemon sees it'],
  ['list_insecure', 'zones that are not validated'],
  ['insecure_add | insecure_remove ZONE', 'change that'],
  ['list_local_zones | list_local_data', 'local zones | their records'],
  ['local_zone NAME TYPE', 'add a local zone'],
  ['local_zone_remove NAME', 'remove it with its records'],
  ['local_data RECORD', 'add a record'],
  ['local_data_remove NAME | RECORD', 'remove the records of a name, or one'],
  ['local_zones, local_zones_remove,', 'the same with a line of standard input for each'],
  ['local_datas, local_datas_remove', ''],
  ['view_list_local_zones VIEW', 'the same for a view; also view_list_local_data, view_local_zone,'],
  ['', 'view_local_zone_remove, view_local_data, view_local_data_remove,'],
  ['', 'view_local_datas, view_local_datas_remove'],
  ['list_auth_zones', 'local copies of whole zones, with their state'],
  ['auth_zone_reload | auth_zone_transfer ZONE', 'read its file | ask its primaries'],
  ['rpz_enable | rpz_disable ZONE', 'switch a policy zone'],
  ['ratelimit_list | ip_ratelimit_list [+a]', 'limited zones | clients; +a all'],
  ['add_cookie_secret HEX', 'add a secret of DNS cookies as the staging one'],
  ['activate_cookie_secret', 'exchange active and staging secret'],
  ['drop_cookie_secret', 'drop the staging secret'],
  ['print_cookie_secrets', 'show them'],
];
