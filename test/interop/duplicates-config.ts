/**
 * What the comparison of duplicates puts to both daemons: one configuration in which each directive that may be given more
 * than once for one key is given twice, and the questions that show which line counts.
 */

/** Clients of their own and places of their own are on this network; servers to ask are on loopback. */
export const NETWORK = '10.1.0';
/** Where the session's own servers answer, each with its own address. */
export const SERVERS = ['127.0.9.1', '127.0.9.2', '127.0.9.3'] as const;
export const SERVER_PORT = 5300;

/** A question: who asks, where, what. */
export type Asked = readonly [from: string, at: string, name: string, type: string];

/** Zone files: each holds a record that tells which file it was. */
export const ZONE_FILES = {
  z1: 'az.example. 60 SOA a. b. 1 1 1 1 1\naz.example. 60 NS a.\nx.az.example. 60 A 192.0.2.1\n',
  z2: 'az.example. 60 SOA a. b. 1 1 1 1 1\naz.example. 60 NS a.\nx.az.example. 60 A 192.0.2.2\n',
  z3: 'az2.example. 60 SOA a. b. 1 1 1 1 1\naz2.example. 60 NS a.\nx.az2.example. 60 A 192.0.2.3\n',
  z4: 'az2.example. 60 SOA a. b. 1 1 1 1 1\naz2.example. 60 NS a.\nx.az2.example. 60 A 192.0.2.4\n',
  r1: 'rpz.zone. 60 SOA a. b. 1 1 1 1 1\nrpz.zone. 60 NS a.\nx.p.example.rpz.zone. 60 A 192.0.2.1\n',
  r2: 'rpz.zone. 60 SOA a. b. 1 1 1 1 1\nrpz.zone. 60 NS a.\nx.p.example.rpz.zone. 60 A 192.0.2.2\n',
  r3: 'rpz2.zone. 60 SOA a. b. 1 1 1 1 1\nrpz2.zone. 60 NS a.\nx.p.example.rpz2.zone. 60 A 192.0.2.3\n',
};

/** `name value` twice, with two values for one key. */
function twice(directive: string, key: string, first: string, second: string): string {
  return ` ${directive}: ${key} ${first}\n ${directive}: ${key} ${second}\n`;
}

/** A directive without key twice. */
function double(directive: string, first: string, second: string): string {
  return ` ${directive}: ${first}\n ${directive}: ${second}\n`;
}

function clause(kind: string, lines: readonly string[]): string {
  return `${kind}:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function servers(kind: 'stub' | 'forward', name: string, server: string): string {
  return clause(`${kind}-zone`, [`name: ${name}`, `${kind}-addr: ${server}@${SERVER_PORT}`]);
}

const LOCAL = [
  twice('local-zone', 'lz1.example', 'static', 'refuse'),
  twice('local-zone', 'lz2.example', 'refuse', 'static'),
  twice('local-zone', 'lzn.example', 'refuse', 'nodefault'),
  twice('local-zone', '10.in-addr.arpa', 'nodefault', 'refuse'),
  twice('local-zone', '168.192.in-addr.arpa', 'refuse', 'nodefault'),
  ...['tz12', 'ta', 'tb', 'ov'].map((zone) => ` local-zone: ${zone}.example static\n`),
  twice('local-zone-tag', 'tz12.example', '"t1"', '"t2"'),
  ' local-zone-tag: ta.example "t1 t2"\n local-zone-tag: tb.example "t1 t2"\n',
  twice('local-zone-override', 'ov.example', '127.0.6.1/32 refuse', '127.0.6.1/32 always_nodata'),
  double('local-data', '"d1.example 60 A 192.0.2.1"', '"d1.example 90 A 192.0.2.1"'),
  double('local-data', '"d2.example 90 A 192.0.2.1"', '"d2.example 60 A 192.0.2.1"'),
  double('local-data', '"d6.example A 192.0.2.1"', '"d6.example CNAME b.example"'),
  double('local-data', '"d7.example CNAME b.example"', '"d7.example A 192.0.2.1"'),
  double('local-data-ptr', '"192.0.2.77 60 a.example"', '"192.0.2.77 90 a.example"'),
  ' local-data: "79.2.0.192.in-addr.arpa 60 PTR b.example"\n local-data-ptr: "192.0.2.79 90 b.example"\n',
];

const CLIENTS = [
  ' access-control: 127.0.0.0/8 allow\n',
  twice('access-control', '127.0.1.1/32', 'allow', 'refuse'),
  twice('access-control', '127.0.1.2/32', 'refuse', 'allow'),
  twice('access-control-view', '127.0.2.1/32', 'v1', 'v2'),
  twice('access-control-tag', '127.0.3.1/32', '"t1"', '"t2"'),
  ' access-control-tag: 127.0.3.2/32 "t1"\n access-control-tag: 127.0.3.3/32 "t2"\n',
  ' access-control-tag: 127.0.4.1/32 "t1"\n',
  twice('access-control-tag-action', '127.0.4.1/32', 't1 always_nxdomain', 't1 refuse'),
  ' access-control-tag: 127.0.5.1/32 "t1"\n access-control-tag-action: 127.0.5.1/32 t1 redirect\n',
  twice('access-control-tag-data', '127.0.5.1/32', 't1 "A 192.0.2.1"', 't1 "A 192.0.2.2"'),
  twice('interface-action', `${NETWORK}.2`, 'allow', 'refuse'),
  twice('interface-action', `${NETWORK}.3`, 'refuse', 'allow'),
  ` interface-action: ${NETWORK}.4 allow\n interface-action: ${NETWORK}.5 allow\n`,
  twice('interface-view', `${NETWORK}.5`, 'v1', 'v2'),
  twice('interface-tag', `${NETWORK}.4`, '"t1"', '"t2"'),
  twice('interface-tag-action', `${NETWORK}.4`, 't1 always_nxdomain', 't1 refuse'),
  twice('interface-tag-action', `${NETWORK}.4`, 't2 always_nodata', 't2 refuse'),
];

const ANSWERS = [
  twice('response-ip', '192.0.2.101/32', 'always_nxdomain', 'always_refuse'),
  ' response-ip: 192.0.2.102/32 redirect\n',
  twice('response-ip-data', '192.0.2.102/32', '"A 192.0.2.1"', '"A 192.0.2.2"'),
  ' response-ip: 192.0.2.104/32 inform\n',
  twice('response-ip-tag', '192.0.2.104/32', '"t1"', '"t2"'),
  ' access-control-tag-action: 127.0.3.2/32 t1 always_nxdomain\n access-control-tag-action: 127.0.3.3/32 t2 always_nxdomain\n',
  ' ratelimit: 1000\n',
  twice('ratelimit-for-domain', 'rl.example', '400', '500'),
  twice('ratelimit-below-domain', 'below.example', '400', '500'),
  twice('edns-client-string', `${SERVERS[0]}/32`, '"one"', '"two"'),
  ' outgoing-port-avoid: 1-65535\n outgoing-port-permit: 20000-20100\n',
];

const VIEW = [
  'local-zone: vz1.example refuse',
  'local-zone: vz1.example static',
  'local-data: "w.example 60 A 192.0.2.12"',
  'local-data: "w.example 90 A 192.0.2.12"',
  'response-ip: 192.0.2.103/32 always_nxdomain',
  'response-ip: 192.0.2.103/32 always_refuse',
];

const CLAUSES = [
  servers('forward', 'f.example', SERVERS[1]),
  servers('forward', 'f.example', SERVERS[0]),
  servers('stub', 's.example', SERVERS[0]),
  servers('stub', 's.example', SERVERS[1]),
  servers('stub', 'sf.example', SERVERS[2]),
  servers('forward', 'sf.example', SERVERS[1]),
  servers('forward', 'fs.example', SERVERS[1]),
  servers('stub', 'fs.example', SERVERS[2]),
  servers('stub', 'rl.example', SERVERS[1]),
  servers('stub', 'a.below.example', SERVERS[1]),
  clause('auth-zone', ['name: az.example', 'zonefile: z1']),
  clause('auth-zone', ['name: az.example', 'zonefile: z2']),
  clause('auth-zone', ['name: az2.example', 'zonefile: z3', 'zonefile: z4']),
  clause('rpz', ['name: rpz.zone', 'zonefile: r1']),
  clause('rpz', ['name: rpz.zone', 'zonefile: r2']),
  clause('rpz', ['name: rpz2.zone', 'zonefile: r3']),
  clause('view', ['name: v1', 'view-first: no', 'view-first: yes', 'local-data: "v.example A 192.0.2.11"', ...VIEW]),
  clause('view', ['name: v2', 'view-first: yes', 'local-data: "v.example A 192.0.2.12"']),
];

/** The configuration, in a folder with the zone files. */
export function duplicatesConfig(folder: string, controlSocket: string): string {
  return `server:
 chroot: ""
 directory: "${folder}"
 pidfile: ""
 username: ""
 use-syslog: no
 port: 53
 interface: 127.0.0.1
${[2, 3, 4, 5].map((last) => ` interface: ${NETWORK}.${last}\n`).join('')}
 module-config: "respip validator iterator"
 do-not-query-localhost: no
 domain-insecure: "."
 qname-minimisation: no
 define-tag: "t1 t2"
 define-tag: "t2 t3"
${[...LOCAL, ...CLIENTS, ...ANSWERS].join('')}
${CLAUSES.join('')}
remote-control:
 control-enable: yes
 control-interface: ${controlSocket}
`;
}

const HERE = '127.0.0.1';
const OUTSIDE = `${NETWORK}.9`;

/** The questions. */
export const QUESTIONS: readonly Asked[] = [
  ...['127.0.1.1', '127.0.1.2'].map((from) => [from, HERE, 'd1.example', 'A'] as const),
  ...['v.example', 'vz1.example', 'w.example', 'a103.f.example'].map((name) => ['127.0.2.1', HERE, name, 'A'] as const),
  ...['127.0.3.1', '127.0.3.2', '127.0.3.3'].map((from) => [from, HERE, 'tz12.example', 'A'] as const),
  ['127.0.4.1', HERE, 'ta.example', 'A'],
  ['127.0.5.1', HERE, 'tb.example', 'A'],
  ['127.0.6.1', HERE, 'ov.example', 'A'],
  ...['lz1', 'lz2', 'lzn', 'd1', 'd2', 'd6', 'd7'].map((label) => [HERE, HERE, `${label}.example`, 'A'] as const),
  ...['1.10', '1.168.192', '77.2.0.192', '79.2.0.192'].map(
    (label) => [HERE, HERE, `${label}.in-addr.arpa`, 'PTR'] as const,
  ),
  ...['x.az.example', 'x.az2.example', 'x.p.example'].map((name) => [HERE, HERE, name, 'A'] as const),
  ...[2, 3].map((last) => [OUTSIDE, `${NETWORK}.${last}`, 'd1.example', 'A'] as const),
  [OUTSIDE, `${NETWORK}.4`, 'ta.example', 'A'],
  [OUTSIDE, `${NETWORK}.5`, 'v.example', 'A'],
  ...['f', 's', 'sf', 'fs'].map((zone) => [HERE, HERE, `x.${zone}.example`, 'A'] as const),
  ...['a101', 'a102', 'a104'].map((label) => [HERE, HERE, `${label}.f.example`, 'A'] as const),
  ...['127.0.3.2', '127.0.3.3'].map((from) => [from, HERE, 'a104.f.example', 'A'] as const),
  [HERE, HERE, 'x.rl.example', 'A'],
  [HERE, HERE, 'x.a.below.example', 'A'],
];

/** What the control channel is asked after them. */
export const COMMANDS: readonly string[] = [
  'list_forwards',
  'list_local_zones',
  'list_local_data',
  'list_auth_zones',
  'ratelimit_list +a',
  'get_option define-tag',
];
