/**
 * What the control program says of itself: every command with its line of help and what follows its name. The tables of commands
 * are checked against it by type, so that no command is without its line; a test sees to it that no line is without its command.
 * Apart from the commands themselves, since the control program needs none of their code.
 */

/** What follows a command's name. */
export type Takes =
  /** Nothing: words after it are an error, as in Unbound 1.26. */
  | 'none'
  | 'words'
  /** Words, and further lines until the mark that ends them. */
  | 'lines';

/** One line of help; an empty text continues the line before it. */
interface UsageLine {
  readonly text: string;
  readonly what: string;
  /** The commands that it is about. */
  readonly commands: Readonly<Record<string, Takes>>;
}

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
${LINES.map(({ text, what }) => `  ${text.padEnd(36)}  ${what}`).join('\n')}
Version ${version}
`;
}

const LINES = [
  { text: 'start', what: 'start the daemon', commands: {} },
  { text: 'stop', what: 'stop it', commands: { stop: 'none' } },
  {
    text: 'reload',
    what: 'read the configuration again; caches, statistics and work are dropped',
    commands: { reload: 'none' },
  },
  { text: 'reload_keep_cache', what: 'the same, caches are kept', commands: { reload_keep_cache: 'none' } },
  {
    text: 'fast_reload [+dpv]',
    what: 'the same; +v tells what is done, +d drops queries',
    commands: { fast_reload: 'words' },
  },
  { text: 'status', what: 'version, verbosity, uptime, pid', commands: { status: 'none' } },
  { text: 'verbosity NUMBER', what: 'detail of the log', commands: { verbosity: 'words' } },
  { text: 'log_reopen', what: 'open the log file anew', commands: { log_reopen: 'none' } },
  // stats_shm says what to use in its place: that is no help before it is tried.
  {
    text: 'stats | stats_noreset | flush_stats',
    what: 'statistics; all but stats_noreset set them to zero',
    commands: { stats: 'none', stats_noreset: 'none', flush_stats: 'none', stats_shm: 'none' },
  },
  { text: 'get_option OPTION', what: 'value of an option', commands: { get_option: 'words' } },
  {
    text: 'set_option OPTION: VALUE',
    what: 'change an option that may be changed while running',
    commands: { set_option: 'words' },
  },
  { text: 'lookup NAME', what: 'servers that a question for the name goes to', commands: { lookup: 'words' } },
  {
    text: 'explain NAME [TYPE] [+json|+svg|+dot] [+cached] [+expiry=DAYS]',
    what: 'show the chain of trust of an answer, and who must mend it',
    commands: { explain: 'words' },
  },
  {
    text: 'trace NAME [TYPE] [+json]',
    what: 'answer a question and show every step as it happens',
    commands: { trace: 'words' },
  },
  {
    text: 'follow [NAME [TYPE]] [+steps] [+json] [+count=N] [+seconds=N]',
    what: 'show the queries of clients at and below the name as they come, with their steps',
    commands: { follow: 'words' },
  },
  {
    text: 'list_bogus [+json]',
    what: 'names that were bogus within the last hour, with why',
    commands: { list_bogus: 'words' },
  },
  {
    text: 'list_expiring [+json]',
    what: 'names in the cache whose signatures run out soon',
    commands: { list_expiring: 'words' },
  },
  {
    text: 'page_address',
    what: 'where a browser finds the page (web-interface), with its token',
    commands: { page_address: 'none' },
  },
  {
    text: 'dump_cache | load_cache',
    what: 'cache to standard output | from standard input',
    commands: { dump_cache: 'none', load_cache: 'lines' },
  },
  {
    text: 'cache_lookup [+t] NAME ...',
    what: 'cached data at and below names; +t allows top-level names',
    commands: { cache_lookup: 'words' },
  },
  {
    text: 'flush [+c] NAME',
    what: 'forget A AAAA NS SOA CNAME DNAME MX PTR SRV NAPTR SVCB HTTPS',
    commands: { flush: 'words' },
  },
  { text: 'flush_type [+c] NAME TYPE', what: 'forget one type, TLSA for instance', commands: { flush_type: 'words' } },
  { text: 'flush_zone [+c] NAME', what: 'forget all at and below the name', commands: { flush_zone: 'words' } },
  {
    text: 'flush_bogus | flush_negative [+c]',
    what: 'forget all bogus | negative data',
    commands: { flush_bogus: 'words', flush_negative: 'words' },
  },
  {
    text: 'flush_requestlist | dump_requestlist',
    what: 'drop | show what is worked on',
    commands: { flush_requestlist: 'none', dump_requestlist: 'none' },
  },
  { text: 'flush_infra all | IP', what: 'forget what is known of servers', commands: { flush_infra: 'words' } },
  { text: 'dump_infra', what: 'show what is known of servers', commands: { dump_infra: 'none' } },
  {
    text: 'list_stubs | list_forwards',
    what: 'zones whose servers are given',
    commands: { list_stubs: 'none', list_forwards: 'none' },
  },
  {
    text: 'stub_add [+ipt] ZONE ADDR ...',
    what: 'add one; +i insecure, +p with priming, +t over TLS',
    commands: { stub_add: 'words' },
  },
  { text: 'stub_remove [+i] ZONE', what: 'remove it', commands: { stub_remove: 'words' } },
  {
    text: 'forward_add [+it] ZONE ADDR ...',
    what: 'add one; +i insecure, +t over TLS',
    commands: { forward_add: 'words' },
  },
  { text: 'forward_remove [+i] ZONE', what: 'remove it', commands: { forward_remove: 'words' } },
  {
    text: 'forward [off | ADDR ...]',
    what: 'show or set what everything is forwarded to',
    commands: { forward: 'words' },
  },
  {
    text: 'nta_add ZONE [LIFETIME [REASON]]',
    what: 'do not validate a zone for a time (1h)',
    commands: { nta_add: 'words' },
  },
  {
    text: 'nta_remove ZONE | list_nta',
    what: 'end that | show them',
    commands: { nta_remove: 'words', list_nta: 'none' },
  },
  {
    text: 'list_anchors',
    what: 'trust anchors: state of each key, last and next probe, warnings',
    commands: { list_anchors: 'none' },
  },
  { text: 'doctor [+json]', what: 'examine this host as the daemon sees it', commands: { doctor: 'words' } },
  { text: 'list_insecure', what: 'zones that are not validated', commands: { list_insecure: 'none' } },
  {
    text: 'insecure_add | insecure_remove ZONE',
    what: 'change that',
    commands: { insecure_add: 'words', insecure_remove: 'words' },
  },
  {
    text: 'list_local_zones | list_local_data',
    what: 'local zones | their records',
    commands: { list_local_zones: 'none', list_local_data: 'none' },
  },
  { text: 'local_zone NAME TYPE', what: 'add a local zone', commands: { local_zone: 'words' } },
  { text: 'local_zone_remove NAME', what: 'remove it with its records', commands: { local_zone_remove: 'words' } },
  { text: 'local_data RECORD', what: 'add a record', commands: { local_data: 'words' } },
  {
    text: 'local_data_remove NAME | RECORD',
    what: 'remove the records of a name, or one',
    commands: { local_data_remove: 'words' },
  },
  {
    text: 'local_zones, local_zones_remove,',
    what: 'the same with a line of standard input for each',
    commands: { local_zones: 'lines', local_zones_remove: 'lines' },
  },
  {
    text: 'local_datas, local_datas_remove',
    what: '',
    commands: { local_datas: 'lines', local_datas_remove: 'lines' },
  },
  {
    text: 'view_list_local_zones VIEW',
    what: 'the same for a view; also view_list_local_data, view_local_zone,',
    commands: { view_list_local_zones: 'words', view_list_local_data: 'words', view_local_zone: 'words' },
  },
  {
    text: '',
    what: 'view_local_zone_remove, view_local_data, view_local_data_remove,',
    commands: { view_local_zone_remove: 'words', view_local_data: 'words', view_local_data_remove: 'words' },
  },
  {
    text: '',
    what: 'view_local_datas, view_local_datas_remove',
    commands: { view_local_datas: 'lines', view_local_datas_remove: 'lines' },
  },
  {
    text: 'list_auth_zones',
    what: 'local copies of whole zones, with their state',
    commands: { list_auth_zones: 'none' },
  },
  {
    text: 'auth_zone_reload | auth_zone_transfer ZONE',
    what: 'read its file | ask its primaries',
    commands: { auth_zone_reload: 'words', auth_zone_transfer: 'words' },
  },
  {
    text: 'rpz_enable | rpz_disable ZONE',
    what: 'switch a policy zone',
    commands: { rpz_enable: 'words', rpz_disable: 'words' },
  },
  {
    text: 'ratelimit_list | ip_ratelimit_list [+a]',
    what: 'limited zones | clients; +a all',
    commands: { ratelimit_list: 'words', ip_ratelimit_list: 'words' },
  },
  {
    text: 'add_cookie_secret HEX',
    what: 'add a secret of DNS cookies as the staging one',
    commands: { add_cookie_secret: 'words' },
  },
  {
    text: 'activate_cookie_secret',
    what: 'exchange active and staging secret',
    commands: { activate_cookie_secret: 'none' },
  },
  { text: 'drop_cookie_secret', what: 'drop the staging secret', commands: { drop_cookie_secret: 'none' } },
  { text: 'print_cookie_secrets', what: 'show them', commands: { print_cookie_secrets: 'none' } },
] as const satisfies readonly UsageLine[];

type Commands = (typeof LINES)[number]['commands'];
type Known<C> = C extends unknown ? { [N in keyof C]: { readonly name: N; readonly takes: C[N] } }[keyof C] : never;

/** Every command by its name and what it takes. `start` is none: there is nobody yet who would run it. */
export type KnownCommand = Known<Commands>;

/** What each command takes, by its name. */
export const TAKES: ReadonlyMap<string, Takes> = new Map(
  LINES.flatMap(({ commands }) => Object.entries<Takes>(commands)),
);
