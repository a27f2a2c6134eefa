/**
 * The commands of the control session, in order: what is run, what is asked before, and how Hawser's reply must look where
 * it is not to be like that of the installed Unbound (1.17.1). Every command of the manual is among them.
 */

/** One command. */
export interface ControlStep {
  readonly words: readonly string[];
  /** Standard input of the client. */
  readonly input?: string;
  /** Questions to ask the daemon first (`name type`). */
  readonly questions?: readonly string[];
  /** Lines may come in any order. */
  readonly anyOrder?: true;
  /** The reply's form when it is not Unbound 1.17.1's: what 1.26 says, or a reason beside it. */
  readonly form?: RegExp;
  /** The form of both replies, where chance has a part in them. */
  readonly formOfBoth?: RegExp;
}

function step(command: string, rest: Omit<ControlStep, 'words'> = {}): ControlStep {
  return { words: command.split(' '), ...rest };
}

/** One argument with blanks in it, as a shell's quotes make it. */
function quoted(command: string, argument: string, rest: Omit<ControlStep, 'words'> = {}): ControlStep {
  return { words: [...command.split(' '), argument], ...rest };
}

/** No arguments where there can be none (1.26). */
const NO_ARGUMENTS = /^error command \S+ takes no arguments, have '.+'\n$/;
/** A command that 1.17.1 does not have. */
const OK = /^ok\n$/;

const PROCESS: readonly ControlStep[] = [
  step('status', { form: statusForm() }),
  step('status now', { form: NO_ARGUMENTS }),
  step('verbosity 2'),
  step('verbosity 2x'),
  step('verbosity'),
  step('verbosity x'),
  step('verbosity 1'),
  step('log_reopen'),
  step('nosuch'),
  step('nosuch argument'),
  step('statsx'),
];

function statusForm(): RegExp {
  const lines = [
    'version: \\S+',
    'verbosity: \\d+',
    'threads: \\d+',
    'modules: 2 \\[ validator iterator \\]',
    'uptime: \\d+ seconds',
    'options:[ a-z()]* control\\(\\w+\\)[ a-z()]*',
    'unbound \\(pid \\d+\\) is running\\.\\.\\.',
  ];
  return new RegExp(`^${lines.join('\\n')}\\n$`);
}

function forwardForm(): RegExp {
  const asked = 'ping \\d+ var \\d+ rtt \\d+, tA \\d, tAAAA \\d, tother \\d, EDNS 0 (?:assumed|probed)';
  const server = `\\t(?:not in infra cache|rto \\d+ msec, ttl \\d+, ${asked})\\.`;
  const lines = [
    'The following name servers are used for lookup of x\\.fwd\\.test\\.',
    'forwarding request:',
    'Delegation with 0 names, of which 0 can be examined to query further addresses\\.',
    'It provides 2 IP addresses\\.',
    `127\\.0\\.0\\.9 {7}${server}`,
    `127\\.0\\.0\\.10 {6}${server}`,
  ];
  return new RegExp(`^${lines.join('\\n')}\\n$`);
}

const LOCAL_DATA: readonly ControlStep[] = [
  step('local_zone'),
  step('local_zone foo'),
  step('local_zone a.b static'),
  step('local_zone a.b nonsense'),
  step('local_zone a..b static'),
  step('local_zone_remove nothere'),
  step('local_zone_remove a..b'),
  step('local_data x.a.b 3600 IN A 1.2.3.4'),
  quoted('local_data', 'y.a.b A 1.2.3.5'),
  // The reasons are in the words of the own reader of records.
  step('local_data', { form: /^error parsing local-data at position \d+ '': .+\n$/ }),
  step('local_data x.a.b A 1.2.3', { form: /^error parsing local-data at position \d+ 'x\.a\.b A 1\.2\.3': .+\n$/ }),
  step('local_data x.a.b NOTYPE 1', { form: /^error parsing local-data at position \d+ 'x\.a\.b NOTYPE 1': .+\n$/ }),
  step('local_data_remove x.a.b'),
  step('local_data_remove gone.a.b'),
  step('local_data_remove a..b'),
  // 1.26 takes a whole record too.
  step('local_data_remove gone.a.b A 1.2.3.9', { form: /^error no local data for rr gone\.a\.b A 1\.2\.3\.9\n$/ }),
  step('local_zones', {
    input: 'z1.t static\nz2.t\nz3.t redirect\n',
    form: /^error could not find next argument after z2\.t\nerror for input line: z2\.t \(line 2\)\nadded 2 zones\n$/,
  }),
  step('local_zones_remove', { input: 'z1.t\nnothere.t\n' }),
  step('local_datas', { input: 'z3.t A 1.1.1.1\nz4.t A 1.1.1.2\n' }),
  step('local_datas', {
    input: 'z5.t A 1.1.1.1\nbad line\n',
    form: /^error parsing local-data at line 2 position \d+ 'bad line': .+\nadded 1 datas\n$/,
  }),
  step('local_datas_remove', { input: 'z3.t\nz5.t\n' }),
  step('list_local_zones', { anyOrder: true, form: /^a\.b\. static\n(?:\S+ [a-z_]+\n){50,}$/ }),
  step('list_local_data', { anyOrder: true, form: /^(?:\S+\t\d+\tIN\t\S+\t.+\n\n){50,}$/ }),
  step('local_zone_remove a.b'),
];

const VIEWS: readonly ControlStep[] = [
  step('view_list_local_zones v1'),
  step('view_list_local_zones nov'),
  step('view_list_local_zones'),
  step('view_list_local_data v1'),
  step('view_list_local_data nov'),
  step('view_local_zone v1 b.v static'),
  step('view_local_zone nov b.v static'),
  step('view_local_zone v1 b.v zz'),
  step('view_local_zone v1'),
  step('view_local_zone_remove v1 b.v'),
  step('view_local_zone_remove nov b'),
  step('view_local_zone_remove v1'),
  quoted('view_local_data v1', 'q.vz.test A 1.1.1.1'),
  quoted('view_local_data nov', 'q.vz.test A 1.1.1.1'),
  step('view_local_data v1'),
  step('view_local_data_remove v1 q.vz.test'),
  step('view_local_data_remove nov q'),
  step('view_local_data_remove v1'),
  step('view_local_datas v1', { input: 'r.vz.test A 1.1.1.1\ns.vz.test A 1.1.1.2\n' }),
  step('view_local_datas_remove v1', { input: 'r.vz.test\n' }),
  // Unbound answers before it has read the lines, and its client may then see a reset.
  step('view_local_datas nov', { input: 'r.vz.test A 1.1.1.1\n', form: /^no view with name: nov\n$/ }),
];

const CACHE: readonly ControlStep[] = [
  step('dump_cache', {
    questions: ['www.stub.test A', 'mx.stub.test MX', 'nx.stub.test A', 'c.stub.test A', 'www.stub.test AAAA'],
    // 1.26 writes the extended error's number and the reason behind the counts.
    form: dumpForm(),
  }),
  step('cache_lookup www.stub.test', { form: dumpForm() }),
  step('cache_lookup test', { form: /^error top-level name needs \+t: test\n$/ }),
  step('cache_lookup +t test', { form: dumpForm() }),
  step('lookup', {}),
  step('lookup a..b'),
  // Which of two servers were asked by then is chance.
  step('lookup x.fwd.test', { formOfBoth: forwardForm() }),
  step('lookup www.example'),
  step('lookup y.sub.stub.test', {
    questions: ['y.sub.stub.test A'],
    form: /^The following .+ of y\.sub\.stub\.test\.\n;rrset \d+ 1 0 \d \d\nsub\.stub\.test\.\t\d+\tIN\tNS\t.+\n;rrset .+\nns\.sub\.stub\.test\.\t\d+\tIN\tA\t127\.0\.0\.9\nDelegation with 1 names, of which 1 can be examined to query further addresses\.\nIt provides 1 IP addresses\.\n127\.0\.0\.9 {7}\t(?:not in infra cache\.|rto .+)\n$/,
  }),
  step('dump_infra', {
    anyOrder: true,
    form: /^(?:[\d.]+(?:@\d+)? \S+ ttl \d+ ping \d+ var \d+ rtt \d+ rto \d+ tA \d+ tAAAA \d+ tother \d+ ednsknown \d+ edns -?\d+ delay \d+ lame dnssec \d+ rec \d+ A \d+ other \d+\n)+$/,
  }),
  step('flush'),
  step('flush www.stub.test'),
  step('flush +c www.stub.test', { form: OK }),
  step('flush a..b'),
  step('flush_type www.stub.test TXT'),
  step('flush_type www.stub.test'),
  step('flush_type www.stub.test NOPE', { form: /^error parsing RRset type: 'NOPE'\n$/ }),
  step('flush_zone stub.test', { questions: ['www.stub.test A'] }),
  step('flush_zone a..b'),
  step('flush_bogus'),
  step('flush_negative'),
  step('flush_bogus +c', { form: /^ok removed 0 rrsets, 0 messages and 0 key entries\n$/ }),
  step('flush_infra'),
  step('flush_infra 1.2.3.4'),
  step('flush_infra zz'),
  step('flush_infra all'),
  step('load_cache', {
    input: [
      'START_RRSET_CACHE',
      ';rrset 300 1 0 11 5',
      'loaded.stub.test.\t300\tIN\tA\t192.0.2.77',
      'END_RRSET_CACHE',
      'START_MSG_CACHE',
      'msg loaded.stub.test. IN A 32896 1 300 5 1 0 0',
      'loaded.stub.test. IN A 0',
      'END_MSG_CACHE',
      'EOF',
      '',
    ].join('\n'),
  }),
  // What is loaded is unchecked, whatever the dump says: rank and status are not the file's to give.
  step('cache_lookup loaded.stub.test', {
    form: /;rrset \d+ 1 0 8 0\nloaded\.stub\.test\.\t\d+\tIN\tA\t192\.0\.2\.77\n[\s\S]*msg loaded\.stub\.test\. IN A 32896 1 \d+ 0 1 0 0 -1 \n/,
  }),
  step('load_cache', {
    input: 'START_RRSET_CACHE\nrubbish\nEOF\n',
    form: /^error line 2: neither a set nor a message: rubbish\n$/,
  }),
  step('flush_requestlist'),
  step('dump_requestlist', { form: /^thread #0\n# {3}type cl name {4}seconds {4}module status\n$/ }),
];

function dumpForm(): RegExp {
  const record = '\\S+\\t\\d+\\tIN\\t\\S+\\t.+\\n';
  const set = `;rrset(?: nsec_apex)? \\d+ \\d+ \\d+ \\d+ \\d+\\n(?:${record})+`;
  const message = 'msg \\S+ IN \\S+ \\d+ 1 \\d+ \\d \\d+ \\d+ \\d+ -?\\d+ .*\\n(?:\\S+ IN \\S+ \\d+\\n)*';
  return new RegExp(
    `^START_RRSET_CACHE\\n(?:${set})+END_RRSET_CACHE\\nSTART_MSG_CACHE\\n(?:${message})+END_MSG_CACHE\\nEOF\\n$`,
  );
}

const OPTIONS: readonly ControlStep[] = [
  step('set_option'),
  step('set_option cache-max-ttl: 100'),
  step('set_option cache-max-ttl 90'),
  step('set_option cache-max-ttl:100'),
  step('set_option nope: 1'),
  step('set_option cache-max-ttl: abc', { form: /^error setting option: .+\n$/ }),
  // Unbound says ok and goes on as before.
  step('set_option num-threads: 7', { form: /^error setting option: .+\n$/ }),
  step('get_option'),
  step('get_option cache-max-ttl'),
  step('get_option cache-max-ttl:'),
  step('get_option nope'),
  // 1.17.1 does not show it.
  step('get_option local-zone', { form: /^test\. nodefault\n$/ }),
  step('get_option stub-zone'),
  step('get_option hide-version'),
  step('set_option hide-version: yes'),
  step('get_option hide-version'),
];

const ZONES: readonly ControlStep[] = [
  step('list_stubs', {
    form: /^\. IN stub prime r\. 127\.0\.0\.8\nhost\.test\. IN stub prime ns\.stub\.test\.\nstub\.test\. IN stub noprime \+i 127\.0\.0\.1@\d+\n$/,
  }),
  step('list_forwards', {
    form: /^fh\.test\. IN forward res\.example\.\nfwd\.test\. IN forward 127\.0\.0\.9 127\.0\.0\.10@54\n$/,
  }),
  step('list_insecure', { anyOrder: true }),
  step('insecure_add'),
  step('insecure_add ins.test'),
  step('insecure_add a..b'),
  step('insecure_remove ins.test'),
  step('insecure_remove nothere'),
  step('list_insecure', { anyOrder: true }),
  step('forward_add'),
  step('forward_add +z x.test 1.2.3.4'),
  step('forward_add +i fx.test 1.2.3.4 ns.foo'),
  step('forward_add fy.test'),
  step('forward_add +t ft.test 1.2.3.4@853#name', { form: OK }),
  step('forward_add a..b 1.2.3.4'),
  step('list_forwards', {
    form: /^fh\.test\. IN forward res\.example\.\nft\.test\. IN forward 1\.2\.3\.4@853#name\nfx\.test\. IN forward \+i ns\.foo\. 1\.2\.3\.4\nfwd\.test\. .+\n$/,
  }),
  step('list_insecure', { anyOrder: true }),
  step('forward_remove +i fx.test'),
  step('forward_remove nothere.test'),
  step('forward_remove'),
  step('forward_remove a..b'),
  step('forward_remove ft.test'),
  step('stub_add'),
  step('stub_add +ip sx.test 1.2.3.4'),
  step('stub_add +z s.test 1.1.1.1'),
  step('stub_add sy.test'),
  step('list_stubs', {
    form: /^\. IN stub prime r\. 127\.0\.0\.8\nsx\.test\. IN stub prime \+i 1\.2\.3\.4\nhost\.test\. .+\nstub\.test\. .+\n$/,
  }),
  step('stub_remove +i sx.test'),
  step('stub_remove nothere.test'),
  step('stub_remove'),
  step('forward'),
  step('forward 1.2.3.4 5.6.7.8'),
  step('forward', { form: /^1\.2\.3\.4 5\.6\.7\.8\n$/ }),
  step('forward off'),
  step('forward'),
  step('list_auth_zones'),
  step('auth_zone_reload nozone'),
  step('auth_zone_reload'),
  step('auth_zone_reload az'),
  step('auth_zone_transfer nozone'),
  step('auth_zone_transfer az'),
  step('rpz_enable az'),
  step('rpz_enable nozone'),
  step('rpz_disable'),
  step('ratelimit_list'),
  step('ip_ratelimit_list'),
  step('ratelimit_list +a', { form: /^(?:\S+ \d+ limit \d+\n)*$/ }),
  step('ip_ratelimit_list +a', { form: /^(?:\S+ \d+ limit \d+\n)*$/ }),
  step('add_cookie_secret', { form: /^error/ }),
  step('print_cookie_secrets', { form: /^error/ }),
  step('activate_cookie_secret', { form: /^error/ }),
  step('drop_cookie_secret', { form: /^error/ }),
];

const RELOADS: readonly ControlStep[] = [
  // What was changed by hand outlives a changed option, and a reload ends it.
  step('forward_add kept.test 1.2.3.4'),
  quoted('local_data', 'kept.x A 1.2.3.4'),
  step('set_option cache-max-ttl: 80'),
  step('list_forwards', { form: /^(?:.+\n)*kept\.test\. IN forward 1\.2\.3\.4\n$/ }),
  step('list_local_data', { form: /^(?:.+\n\n)*kept\.x\.\t3600\tIN\tA\t1\.2\.3\.4\n\n/ }),
  step('reload_keep_cache'),
  step('fast_reload', { form: OK }),
  step('fast_reload +v', { form: /^start fast_reload\n(?:.+\n)*ok\n$/ }),
  step('fast_reload +z', { form: /^error: unknown option '\+z'\n$/ }),
  step('reload'),
  step('list_forwards', { form: /^fh\.test\. .+\nfwd\.test\. .+\n$/ }),
  step('explain www.stub.test A', {
    form: /^www\.stub\.test\. A IN\n[\s\S]*NOERROR insecure, [\s\S]*www\.stub\.test\.\t\d+\tIN\tA\t/,
  }),
  step('explain www.stub.test A +json', { form: /^\{"question":"www\.stub\.test\. A IN".*\}\n$/ }),
];

/** All, in order; `stats` has a session of its own. */
export const CONTROL_STEPS: readonly ControlStep[] = [
  ...PROCESS,
  ...LOCAL_DATA,
  ...VIEWS,
  ...CACHE,
  ...OPTIONS,
  ...ZONES,
  step('stats_noreset', { form: /^(?:[\w.]+=[\d.]+\n)+$/ }),
  step('stats', { form: /^(?:[\w.]+=[\d.]+\n)+$/ }),
  step('flush_stats'),
  ...RELOADS,
];
