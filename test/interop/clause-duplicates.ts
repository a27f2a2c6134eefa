/**
 * What the comparison of directives given twice inside clauses puts to both daemons: for each directive of stub-zone,
 * forward-zone, auth-zone, rpz and view, each order of its two lines and each place where they may stand, a zone of its own.
 */

/** A clause that may be there several times, told apart by its name. */
export type NamedClause = 'stub-zone' | 'forward-zone' | 'auth-zone' | 'rpz' | 'view';

/** One directive with the two values that are told apart. */
interface Subject {
  readonly clause: NamedClause;
  readonly directive: string;
  readonly values: readonly [string, string];
  /** Other lines that its clause needs; ADDRESS is the case's own server, ZONE its name. */
  readonly base?: readonly string[];
}

/** Where the two lines stand. */
export const PLACES = [
  'together',
  'included line',
  'two clauses',
  'included clause',
  'first only',
  'last only',
] as const;
type Place = (typeof PLACES)[number];

/** A subject in one order at one place, with a zone and a server of its own. */
export interface Case {
  readonly subject: Subject;
  readonly label: string;
  readonly zone: string;
  /** The server of its own; the next address is a second one. */
  readonly address: string;
  /** The client of its own, which a view is for. */
  readonly client: string;
  readonly place: Place;
  readonly order: readonly [string, string];
}

export const SERVER_PORT = 5300;
export const HTTP_PORT = 8080;
/** The server of the root: it answers everything that no other server is asked for. */
export const ROOT_SERVER = '127.0.19.1';
/** Answers every question with SERVFAIL. */
export const FAILING_SERVER = '127.0.19.2';
/** Nobody is there. */
const NOBODY = '127.0.19.3';

const YES_NO = ['yes', 'no'] as const;

function zonesToAsk(kind: 'stub' | 'forward'): readonly Subject[] {
  const clause = `${kind}-zone` as const;
  const own = [`${kind}-addr: ADDRESS@${SERVER_PORT}`];
  const of = (directive: string, values: Subject['values'], base: readonly string[] = own): Subject => ({
    clause,
    directive: `${kind}-${directive}`,
    values,
    base,
  });
  return [
    of('addr', [`ADDRESS@${SERVER_PORT}`, `SECOND@${SERVER_PORT}`], []),
    of('host', ['h1.hosts.dup', 'h2.hosts.dup'], []),
    of('first', YES_NO, [`${kind}-addr: ${FAILING_SERVER}@${SERVER_PORT}`]),
    of('tls-upstream', YES_NO),
    of('ssl-upstream', YES_NO),
    of('tcp-upstream', YES_NO),
    of('no-cache', YES_NO),
  ];
}

const TRANSFERS = [
  { directive: 'primary', values: [`ADDRESS@${SERVER_PORT}`, `SECOND@${SERVER_PORT}`], base: [] },
  { directive: 'master', values: [`ADDRESS@${SERVER_PORT}`, `SECOND@${SERVER_PORT}`], base: [] },
  { directive: 'url', values: [`http://ADDRESS:${HTTP_PORT}/ZONE`, `http://SECOND:${HTTP_PORT}/ZONE`], base: [] },
  { directive: 'allow-notify', values: ['127.0.0.2', '127.0.0.3'], base: [`primary: ADDRESS@${SERVER_PORT}`] },
  { directive: 'zonefile', values: ['ZONE.1', 'ZONE.2'], base: [] },
] as const;

const AUTH: readonly Omit<Subject, 'clause'>[] = [
  ...TRANSFERS,
  { directive: 'for-downstream', values: YES_NO, base: ['zonefile: ZONE.1'] },
  { directive: 'for-upstream', values: YES_NO, base: ['zonefile: ZONE.1', 'for-downstream: no'] },
  { directive: 'fallback-enabled', values: YES_NO, base: [`primary: ${NOBODY}`, 'for-downstream: no'] },
  { directive: 'zonemd-check', values: YES_NO, base: ['zonefile: ZONE.wrong'] },
  { directive: 'zonemd-reject-absence', values: YES_NO, base: ['zonefile: ZONE.1', 'zonemd-check: yes'] },
];

const RPZ: readonly Omit<Subject, 'clause'>[] = [
  ...TRANSFERS.filter(({ directive }) => directive !== 'allow-notify'),
  { directive: 'rpz-action-override', values: ['nxdomain', 'nodata'], base: ['zonefile: ZONE.1'] },
  {
    directive: 'rpz-cname-override',
    values: ['a.dup', 'b.dup'],
    base: ['zonefile: ZONE.1', 'rpz-action-override: cname'],
  },
  { directive: 'rpz-log', values: YES_NO, base: ['zonefile: ZONE.1', 'rpz-log-name: ZONE'] },
  { directive: 'rpz-log-name', values: ['ZONE.one', 'ZONE.two'], base: ['zonefile: ZONE.1', 'rpz-log: yes'] },
  { directive: 'rpz-signal-nxdomain-ra', values: YES_NO, base: ['zonefile: ZONE.nx'] },
  { directive: 'for-downstream', values: YES_NO, base: ['zonefile: ZONE.1'] },
  { directive: 'tags', values: ['"t1"', '"t2"'], base: ['zonefile: ZONE.1'] },
];

const VIEW: readonly Omit<Subject, 'clause'>[] = [
  { directive: 'local-zone', values: ['ZONE static', 'ZONE refuse'] },
  { directive: 'local-data', values: ['"x.ZONE 60 A 192.0.2.1"', '"x.ZONE 90 A 192.0.2.1"'] },
  { directive: 'local-data-ptr', values: ['"192.0.2.1 60 a.dup"', '"192.0.2.1 90 a.dup"'] },
  { directive: 'view-first', values: YES_NO, base: ['local-zone: "elsewhere." static'] },
  { directive: 'response-ip', values: ['192.0.2.200/32 always_nxdomain', '192.0.2.200/32 always_refuse'] },
  {
    directive: 'response-ip-data',
    values: ['192.0.2.200/32 "A 192.0.2.1"', '192.0.2.200/32 "A 192.0.2.2"'],
    base: ['response-ip: 192.0.2.200/32 redirect'],
  },
];

const SUBJECTS: readonly Subject[] = [
  ...zonesToAsk('stub'),
  { clause: 'stub-zone', directive: 'stub-prime', values: YES_NO, base: [`stub-addr: ADDRESS@${SERVER_PORT}`] },
  ...zonesToAsk('forward'),
  ...AUTH.map((subject) => ({ ...subject, clause: 'auth-zone' as const })),
  ...RPZ.map((subject) => ({ ...subject, clause: 'rpz' as const })),
  ...VIEW.map((subject) => ({ ...subject, clause: 'view' as const })),
];

/** A second view of one name, and a policy of aliases without the alias, are errors in both programs. */
function places({ clause, directive }: Subject): readonly Place[] {
  if (clause === 'view') return ['together', 'included line'];
  return directive === 'rpz-cname-override' ? PLACES.slice(0, -2) : PLACES;
}

/** All cases. */
export const CASES: readonly Case[] = SUBJECTS.flatMap((subject) =>
  places(subject).flatMap((place) =>
    [subject.values, [subject.values[1], subject.values[0]] as const].map((order) => ({ subject, place, order })),
  ),
).map(({ subject, place, order }, n) => ({
  subject,
  place,
  order,
  label: `${subject.clause} ${subject.directive}: ${order.join(', then ')} (${place})`,
  zone: `c${n}.dup`,
  address: `127.1.${n >> 7}.${(n & 0x7f) * 2}`,
  client: `127.2.${n >> 7}.${(n & 0x7f) + 1}`,
}));

/** The second server of a case. */
export function secondOf(address: string): string {
  const [a, b, c, d] = address.split('.');
  return [a, b, c, Number(d) + 1].join('.');
}

/** Text of a subject with the case's own places in it. */
function placed(text: string, { zone, address }: Case): string {
  return text.replaceAll('ZONE', zone).replaceAll('ADDRESS', address).replaceAll('SECOND', secondOf(address));
}

/** The text of a case, and that of the file that it includes. */
export function textOf(one: Case, includedPath: string): { readonly text: string; readonly included: string } {
  const { clause, directive, base = [] } = one.subject;
  const head = `${clause}:\n name: ${one.zone}\n${base.map((line) => ` ${placed(line, one)}\n`).join('')}`;
  const [first = '', last = ''] = one.order.map((value) => ` ${directive}: ${placed(value, one)}\n`);
  const include = `include: "${includedPath}"\n`;
  switch (one.place) {
    case 'together':
      return { text: head + first + last, included: '' };
    case 'included line':
      return { text: head + include + last, included: first };
    case 'two clauses':
      return { text: head + first + head + last, included: '' };
    case 'included clause':
      return { text: include + head + last, included: head + first };
    case 'first only':
      return { text: head + first + head, included: '' };
    case 'last only':
      return { text: head + head + first, included: '' };
  }
}

/** The zone files of a case by name: each holds a record that tells which file it was. */
export function zoneFilesOf({ zone, subject, client }: Case): Readonly<Record<string, string>> {
  if (subject.clause !== 'auth-zone' && subject.clause !== 'rpz') return {};
  const rule = subject.clause === 'rpz' ? `x.${ruleZone(zone)}` : 'x';
  const text = (last: number): string =>
    zoneLines(zone, rule, `192.0.2.${last}`)
      .map((line) => `${line}\n`)
      .join('');
  const wrongDigest = `${zone}. 60 ZONEMD 1 1 1 ${'00'.repeat(48)}\n`;
  return {
    [`${zone}.1`]: text(1),
    [`${zone}.2`]: text(2),
    [`${zone}.wrong`]: text(1) + wrongDigest,
    [`${zone}.nx`]: `${text(1)}32.${client.split('.').reverse().join('.')}.rpz-client-ip.${zone}. 60 CNAME .\n`,
  };
}

/** The name below which a policy zone's rule acts. */
export function ruleZone(zone: string): string {
  return zone.replace('.dup', '.ruled');
}

/** A zone of three records. */
export function zoneLines(zone: string, owner: string, address: string): readonly string[] {
  return [
    `${zone}. 60 IN SOA ns.${zone}. h.${zone}. 1 3600 3600 360000 60`,
    `${zone}. 60 IN NS ns.${zone}.`,
    `${owner}.${zone}. 60 IN A ${address}`,
  ];
}

/** The name that is asked for a case. */
export function nameOf({ zone, subject: { clause, directive } }: Case): string {
  if (clause === 'rpz' && directive !== 'for-downstream') return `x.${ruleZone(zone)}`;
  if (directive === 'local-data-ptr') return '1.2.0.192.in-addr.arpa';
  return `x.${zone}`;
}

/** The configuration: one file with all cases, and what it includes by path. */
export function clauseConfig(folder: string, controlSocket: string): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  const texts = CASES.map((one, n) => {
    const { text, included } = textOf(one, `${folder}/included.${n}`);
    if (included !== '') files[`included.${n}`] = included;
    return text;
  });
  const clients = CASES.flatMap(({ subject: { clause }, client, zone }) => {
    if (clause === 'view') return [`access-control-view: ${client}/32 ${zone}`];
    return clause === 'rpz' ? [`access-control-tag: ${client}/32 "t1"`] : [];
  });
  const data = CASES.filter(({ subject: { directive } }) => directive === 'view-first').map(
    (one) => `local-data: "${nameOf(one)} 60 A 192.0.2.77"`,
  );
  const head = `server:
 chroot: ""
 directory: "${folder}"
 pidfile: ""
 username: ""
 use-syslog: no
 port: 53
 interface: 127.0.0.1
 access-control: 127.0.0.0/8 allow
 module-config: "respip validator iterator"
 do-not-query-localhost: no
 do-ip6: no
 domain-insecure: "."
 qname-minimisation: no
 root-hints: "${folder}/hints"
 define-tag: "t1 t2"
 local-zone: "2.0.192.in-addr.arpa" nodefault
${[...clients, ...data].map((line) => ` ${line}\n`).join('')}`;
  const control = ['yes', 'no'].map(
    (useCert) =>
      `remote-control:\n control-enable: ${useCert === 'yes' ? 'no' : 'yes'}\n control-use-cert: ${useCert}\n`,
  );
  return {
    ...files,
    hints: `. 3600 NS root.dup.\nroot.dup. 3600 A ${ROOT_SERVER}\n`,
    'clauses.conf': `${head}${texts.join('')}${control.join('')} control-interface: ${controlSocket}\n control-interface: 127.0.0.1\n`,
  };
}
