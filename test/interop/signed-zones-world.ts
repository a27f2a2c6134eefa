/**
 * The set of signed zones that resolvers are asked about: made with two signers, good and broken, and what the RFCs demand
 * for each question. The demands are written from the RFCs, not from what any resolver does. Used by signed-zones-session.
 */

import type { ServedZone } from './real-authorities.ts';
import { type SignedZone, type SigningPlan, signZone, without } from './real-signers.ts';

/** Where the servers are: the root and net. on NSD together, org. on Knot, their children on one more of each. */
export const AT = { root: '198.51.100.1', nsd: '198.51.100.2', org: '198.51.100.3', knot: '198.51.100.4' } as const;

/** What a resolver must answer. */
export interface Demand {
  readonly question: string;
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL';
  /** Whether AD must be set; null where the RFCs leave it to the resolver. */
  readonly ad: boolean | null;
  /** Least count of answer records, signatures included (DO is set); 0 demands an empty answer; null either. */
  readonly hasAnswer: boolean | null;
  readonly why: string;
}

type Answer = 'secure' | 'insecure' | 'bogus' | 'either';

/** A zone of the set: how it is signed, what is wrong with it, what its parent says. */
interface Member {
  readonly plan: Omit<SigningPlan, 'text'>;
  /** Text as served, from text as signed. */
  readonly edit?: (text: string) => string;
  /** DS rdata at the parent; the SHA-256 ones by default. */
  readonly ds?: (signed: SignedZone) => readonly string[];
  readonly demands: (zone: string) => readonly Demand[];
}

const TLSA_DATA = '3 1 1 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';
const SECURE_TARGET = 'b13-nsec3.net.';
const BOGUS_TARGET = 'altered.org.';

/** A question whose answer is positive. */
function positive(question: string, state: Answer, why: string): Demand {
  if (state === 'bogus') return { question, rcode: 'SERVFAIL', ad: false, hasAnswer: false, why };
  return { question, rcode: 'NOERROR', ad: adOf(state), hasAnswer: true, why };
}

/** A question about a name or type that is not there. */
function negative(rcode: 'NOERROR' | 'NXDOMAIN', question: string, state: Answer, why: string): Demand {
  if (state === 'bogus') return { question, rcode: 'SERVFAIL', ad: false, hasAnswer: false, why };
  return { question, rcode, ad: adOf(state), hasAnswer: false, why };
}

function adOf(state: Answer): boolean | null {
  return state === 'either' ? null : state === 'secure';
}

const nodata = (question: string, state: Answer, why: string): Demand => negative('NOERROR', question, state, why);
const nxdomain = (question: string, state: Answer, why: string): Demand => negative('NXDOMAIN', question, state, why);

function serverOf({ signer }: Pick<SigningPlan, 'signer'>): string {
  return signer === 'bind' ? AT.knot : AT.nsd;
}

/** The records that every zone of the set has. */
function zoneText(zone: string, address: string): string {
  return `$ORIGIN ${zone}
$TTL 300
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
@ MX 10 mx
@ TXT "a mail domain"
ns1 A ${address}
mx A 203.0.113.25
_25._tcp.mx TLSA ${TLSA_DATA}
mx2 A 203.0.113.26
mx3 A 203.0.113.27
_443._tcp.mx3 TLSA ${TLSA_DATA}
mx4 A 203.0.113.28
_25._tcp.mx4 TXT "no TLSA"
mx5 A 203.0.113.29
*._tcp.mx5 TLSA ${TLSA_DATA}
mx6 A 203.0.113.30
_25._tcp.mx6 CNAME _25._tcp.mx
alias CNAME mx
leaf.ent A 203.0.113.40
*.wild A 203.0.113.41
*.wildcname CNAME mx
dname DNAME sub
host.sub A 203.0.113.42
insecure NS ns1.insecure
ns1.insecure A ${address}
to-secure CNAME mx.${SECURE_TARGET}
to-insecure CNAME www.insecure
to-bogus CNAME mx.${BOGUS_TARGET}
`;
}

function insecureChild(zone: string, address: string): ServedZone {
  const text = `$ORIGIN insecure.${zone}\n$TTL 300\n@ SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ NS ns1\nns1 A ${address}\nwww A 203.0.113.50\n`;
  return { zone: `insecure.${zone}`, text };
}

/** What a good zone demands. Under opt-out a covered next closer name proves less (RFC 5155 9.2). */
function goodDemands(zone: string, isOptOut: boolean): Demand[] {
  const covered: Answer = isOptOut ? 'insecure' : 'secure';
  return [
    positive(`${zone} DNSKEY`, 'secure', 'RFC 4035 5.2'),
    positive(`${zone} DS`, 'secure', 'RFC 4035 3.1.4.1: the DS of a cut, from the parent'),
    positive(`${zone} MX`, 'secure', 'RFC 4035 5.3'),
    positive(`mx.${zone} A`, 'secure', 'RFC 4035 5.3'),
    nodata(`mx.${zone} AAAA`, 'secure', 'RFC 4035 5.4, RFC 5155 8.5'),
    positive(`_25._tcp.mx.${zone} TLSA`, 'secure', 'RFC 7672 2.1'),
    nxdomain(`_25._tcp.mx2.${zone} TLSA`, covered, 'RFC 4035 5.4, RFC 5155 8.4 and 9.2: a host without TLSA'),
    nxdomain(`_25._tcp.mx3.${zone} TLSA`, covered, 'RFC 4592 2.2.2: closest encloser is an empty non-terminal'),
    nodata(`_25._tcp.mx4.${zone} TLSA`, 'secure', 'RFC 4035 5.4, RFC 5155 8.5'),
    positive(
      `_25._tcp.mx5.${zone} TLSA`,
      isOptOut ? 'either' : 'secure',
      'RFC 4035 5.3.4, RFC 5155 8.8: TLSA by wildcard',
    ),
    positive(`_25._tcp.mx6.${zone} TLSA`, 'secure', 'RFC 7671 7: TLSA behind CNAME'),
    positive(`alias.${zone} A`, 'secure', 'RFC 4035 5.3'),
    positive(`alias.${zone} CNAME`, 'secure', 'RFC 4035 5.3: what Postfix asks of an alias'),
    nodata(`ent.${zone} A`, 'secure', 'RFC 4592 2.2.2, RFC 5155 7.1: empty non-terminal'),
    positive(`a.wild.${zone} A`, isOptOut ? 'either' : 'secure', 'RFC 4035 5.3.4, RFC 5155 8.8'),
    positive(`a.b.wild.${zone} A`, isOptOut ? 'either' : 'secure', 'RFC 4035 5.3.4: two labels below the wildcard'),
    nodata(`a.wild.${zone} AAAA`, covered, 'RFC 4035 5.4, RFC 5155 8.7 and 9.2: wildcard NODATA'),
    positive(`*.wild.${zone} A`, 'secure', 'RFC 4592 2.3: the wildcard asked by its name'),
    positive(`a.wildcname.${zone} A`, isOptOut ? 'either' : 'secure', 'RFC 4035 5.3.4: CNAME by wildcard'),
    positive(`dname.${zone} DNAME`, 'secure', 'RFC 6672 5.3'),
    positive(`host.dname.${zone} A`, 'secure', 'RFC 6672 5.3.1: the CNAME made is proven by the DNAME'),
    nxdomain(`none.dname.${zone} A`, covered, 'RFC 6672 5.3.4: target does not exist'),
    nxdomain(`missing.${zone} A`, covered, 'RFC 4035 5.4, RFC 5155 8.4 and 9.2'),
    nxdomain(`a.b.missing.${zone} MX`, covered, 'RFC 4035 5.4, RFC 5155 8.4 and 9.2'),
    nodata(`insecure.${zone} DS`, covered, 'RFC 4035 5.2, RFC 5155 8.6 and 8.9'),
    positive(`www.insecure.${zone} A`, 'insecure', 'RFC 4035 5.2: unsigned child'),
    nxdomain(`none.insecure.${zone} A`, 'insecure', 'RFC 4035 5.2'),
    positive(`to-secure.${zone} A`, 'secure', 'RFC 4035 3.2.3: all parts secure'),
    positive(`to-insecure.${zone} A`, 'insecure', 'RFC 4035 3.2.3: one part insecure'),
    positive(`to-bogus.${zone} A`, 'bogus', 'RFC 4035 5.5: one part bogus'),
  ];
}

/** Few questions for a zone that is the same all through. */
function evenDemands(zone: string, state: Answer, why: string): Demand[] {
  return [
    positive(`mx.${zone} A`, state, why),
    positive(`${zone} MX`, state, why),
    positive(`_25._tcp.mx.${zone} TLSA`, state, why),
    nodata(`mx.${zone} AAAA`, state, why),
    nxdomain(`_25._tcp.mx2.${zone} TLSA`, state, why),
    positive(`a.wild.${zone} A`, state, why),
    positive(`www.insecure.${zone} A`, state === 'bogus' ? 'bogus' : 'insecure', why),
  ];
}

type Denial = SigningPlan['denial'];

function good(zone: string, signer: 'bind' | 'knot', algorithm: number, denial: Denial): Member {
  const plan = { zone, signer, algorithms: [algorithm], denial };
  return { plan, demands: (name) => goodDemands(name, denial === 'opt-out') };
}

type Variant = Partial<SigningPlan> & Omit<Member, 'plan' | 'demands'>;

function even(zone: string, state: Answer, why: string, variant: Variant): Member {
  const { edit, ds, ...plan } = variant;
  return {
    plan: { zone, signer: 'bind', algorithms: [13], denial: 'nsec', ...plan },
    ...(edit === undefined ? {} : { edit }),
    ...(ds === undefined ? {} : { ds }),
    demands: (name) => evenDemands(name, state, why),
  };
}

const GOOD: readonly Member[] = [
  good('b8-nsec.org.', 'bind', 8, 'nsec'),
  good('b13-nsec3.net.', 'bind', 13, 'nsec3'),
  good('k8-nsec3.net.', 'knot', 8, 'nsec3'),
  good('k13-nsec.org.', 'knot', 13, 'nsec'),
  good('b15-optout.net.', 'bind', 15, 'opt-out'),
  good('k15-nsec3.org.', 'knot', 15, 'nsec3'),
  good('k14-optout.org.', 'knot', 14, 'opt-out'),
  good('b14-nsec.net.', 'bind', 14, 'nsec'),
  good('b10-nsec3.org.', 'bind', 10, 'nsec3'),
  good('k10-nsec.net.', 'knot', 10, 'nsec'),
  good('b16-nsec.org.', 'bind', 16, 'nsec'),
  good('k16-nsec3.net.', 'knot', 16, 'nsec3'),
];

/** A DS for a key that nobody has. */
const FOREIGN_DS = `4711 13 2 ${'ab'.repeat(32)}`;

const GOOD_BUT_ODD: readonly Member[] = [
  even('double-ds.org.', 'secure', 'RFC 6781 4.1.2: two KSKs, DS for both', { kskCount: 2, zskCount: 2 }),
  even('double-ksk.net.', 'secure', 'RFC 6781 4.1.2: two KSKs, DS for the one', {
    signer: 'knot',
    kskCount: 2,
    ds: (signed) => signed.ds[2].slice(0, 1),
  }),
  even('standby-ds.org.', 'secure', 'RFC 6840 5.11: a DS without key does no harm beside a good one', {
    signer: 'knot',
    ds: (signed) => [FOREIGN_DS, ...signed.ds[2]],
  }),
  even('two-algorithms.net.', 'secure', 'RFC 6781 4.1.4: algorithm rollover', { algorithms: [8, 13] }),
  even('one-of-two.org.', 'secure', 'RFC 6840 5.11: one path is enough, though signatures of the other are gone', {
    algorithms: [8, 13],
    edit: (text) => without(text, /\sRRSIG\s+(?!DNSKEY)\S+ 8 /),
  }),
  even('unknown-and-good.net.', 'secure', 'RFC 4035 5.2: a DS that is not understood beside one that is', {
    signer: 'knot',
    denial: 'nsec3',
    ds: (signed) => [`1234 200 2 ${'cd'.repeat(32)}`, ...signed.ds[2]],
  }),
  even('sha384.org.', 'secure', 'RFC 6605 2', { denial: 'nsec3', ds: (signed) => signed.ds[4] }),
  even('revoked.net.', 'secure', 'RFC 5011 2.1: a revoked key beside a good one', { hasRevokedKey: true }),
  even('sha1-ds.net.', 'either', 'RFC 9905 3: SHA-1 alone is a matter of policy', { ds: (signed) => signed.ds[1] }),
  even('sha1-signed.org.', 'either', 'RFC 9905 3: SHA-1 alone is a matter of policy', {
    algorithms: [7],
    denial: 'nsec3',
  }),
  even('unknown-algorithm.org.', 'insecure', 'RFC 4035 5.2: no supported algorithm', {
    ds: () => [`1234 200 2 ${'cd'.repeat(32)}`],
  }),
  even('unknown-digest.net.', 'insecure', 'RFC 4035 5.2, RFC 6840 5.2: no supported digest', {
    signer: 'knot',
    ds: (signed) => signed.ds[2].map((rdata) => rdata.replace(/^(\d+ \d+) 2 /, '$1 200 ')),
  }),
];

const BROKEN: readonly Member[] = [
  even('expired.org.', 'bogus', 'RFC 4035 5.3.1: expired', { shiftSeconds: -60 * 86_400 }),
  even('future.net.', 'bogus', 'RFC 4035 5.3.1: not yet valid', { signer: 'knot', shiftSeconds: 60 * 86_400 }),
  even('wrong-ds.org.', 'bogus', 'RFC 4035 5.2: no key for the DS', { signer: 'knot', ds: () => [FOREIGN_DS] }),
  even('wrong-sha256.net.', 'bogus', 'RFC 4509 3: SHA-1 is not looked at beside SHA-256', {
    ds: (signed) => [
      ...signed.ds[1],
      ...signed.ds[2].map((rdata) =>
        rdata.replace(/[0-9A-F]{8}$/i, (end) => (end === '00000000' ? '1' : '0').repeat(8)),
      ),
    ],
  }),
  even('stripped.org.', 'bogus', 'RFC 4035 5.5: a DS, and no signature at all', {
    edit: (text) => without(text, /\sRRSIG\s/),
  }),
  even('stripped-ksk.net.', 'bogus', 'RFC 4035 5.2: the keys are not signed', {
    signer: 'knot',
    denial: 'nsec3',
    edit: (text) => without(text, /\sRRSIG\s+DNSKEY\s/),
  }),
  {
    plan: { zone: 'altered.org.', signer: 'knot', algorithms: [13], denial: 'nsec3' },
    edit: (text) => text.replace(/(\s)203\.0\.113\.25(\s)/, '$1203.0.113.66$2'),
    demands: (zone) => [
      positive(`mx.${zone} A`, 'bogus', 'RFC 4035 5.3.3: data is not what was signed'),
      positive(`alias.${zone} A`, 'bogus', 'RFC 4035 5.3.3: behind a CNAME'),
      positive(`mx2.${zone} A`, 'secure', 'RFC 4035 5.3.3: the rest of the zone is good'),
    ],
  },
  {
    plan: { zone: 'one-unsigned.net.', signer: 'bind', algorithms: [8], denial: 'nsec' },
    edit: (text) => without(text, /^_25\._tcp\.mx\.one-unsigned\.net\.\s.*\sRRSIG\s+TLSA\s/),
    demands: (zone) => [
      positive(`_25._tcp.mx.${zone} TLSA`, 'bogus', 'RFC 4035 5.3.1: no signature for the set'),
      positive(`_25._tcp.mx6.${zone} TLSA`, 'bogus', 'RFC 4035 5.3.1: behind a CNAME'),
      positive(`mx.${zone} A`, 'secure', 'RFC 4035 5.3.3: the rest of the zone is good'),
    ],
  },
  withoutDenial('no-nsec.org.', 'bind', 'nsec', /\s(RRSIG\s+)?NSEC\s/),
  withoutDenial('no-nsec3.net.', 'knot', 'nsec3', /\s(RRSIG\s+)?NSEC3\s/),
  withoutDenial('unsigned-nsec.net.', 'bind', 'nsec', /\sRRSIG\s+NSEC\s/),
  {
    plan: { zone: 'iterations.org.', signer: 'knot', algorithms: [13], denial: 'nsec3', iterations: 500 },
    demands: (zone) => [
      positive(`mx.${zone} A`, 'either', 'RFC 9276 3.2: above the limit a zone may be insecure'),
      nodata(`mx.${zone} AAAA`, 'insecure', 'RFC 9276 3.2: above the limit'),
      nxdomain(`missing.${zone} A`, 'insecure', 'RFC 9276 3.2: above the limit'),
      nodata(`insecure.${zone} DS`, 'insecure', 'RFC 9276 3.2: above the limit'),
      positive(`www.insecure.${zone} A`, 'insecure', 'RFC 9276 3.2: above the limit'),
    ],
  },
];

function withoutDenial(zone: string, signer: 'bind' | 'knot', denial: Denial, pattern: RegExp): Member {
  const why = 'RFC 4035 5.4: denial without proof';
  return {
    plan: { zone, signer, algorithms: [13], denial },
    edit: (text) => without(text, pattern),
    demands: (name) => [
      positive(`mx.${name} A`, 'secure', 'RFC 4035 5.3.3: what is signed is good'),
      nodata(`mx.${name} AAAA`, 'bogus', why),
      nxdomain(`_25._tcp.mx2.${name} TLSA`, 'bogus', why),
      positive(`a.wild.${name} A`, 'bogus', 'RFC 4035 5.3.4: expansion without proof'),
      nodata(`insecure.${name} DS`, 'bogus', why),
      positive(`www.insecure.${name} A`, 'bogus', 'RFC 4035 5.2: nothing proves that there is no DS'),
    ],
  };
}

/** The set as made. */
export interface SignedWorld {
  /** What each address serves. */
  readonly servers: Readonly<Record<'root' | 'nsd' | 'org' | 'knot', readonly ServedZone[]>>;
  /** The root's DS rdata. */
  readonly anchors: readonly string[];
  readonly demands: readonly Demand[];
  readonly zoneCount: number;
}

function parentText(zone: string, address: string, children: readonly string[]): string {
  const own = zone === '.' ? 'r0.rootservers.' : `ns1.${zone}`;
  const lines = [
    `$TTL 300`,
    `${zone} SOA ${own} hostmaster.${zone === '.' ? '' : zone} 1 7200 3600 1209600 300`,
    `${zone} NS ${own}`,
    `${own} A ${address}`,
    ...children,
  ];
  return `${lines.join('\n')}\n`;
}

function delegation(zone: string, address: string, ds: readonly string[]): string[] {
  return [`${zone} NS ns1.${zone}`, `ns1.${zone} A ${address}`, ...ds.map((rdata) => `${zone} DS ${rdata}`)];
}

/** Signs all of it, children first. */
export function makeSignedWorld(folder: string): SignedWorld {
  const members = [...GOOD, ...GOOD_BUT_ODD, ...BROKEN];
  const servers: Record<'nsd' | 'knot', ServedZone[]> = { nsd: [], knot: [] };
  const delegations: Record<'org' | 'net', string[]> = { org: [], net: ['unsigned.net. NS ns1.insecure.b8-nsec.org.'] };
  for (const { plan, edit, ds } of members) {
    const address = serverOf(plan);
    const signed = signZone(folder, { ...plan, text: zoneText(plan.zone, address) });
    const served = { zone: plan.zone, text: edit?.(signed.text) ?? signed.text };
    servers[address === AT.nsd ? 'nsd' : 'knot'].push(served, insecureChild(plan.zone, address));
    const parent = plan.zone.endsWith('.org.') ? 'org' : 'net';
    delegations[parent].push(...delegation(plan.zone, address, ds?.(signed) ?? signed.ds[2]));
  }
  const sign = (plan: SigningPlan): SignedZone => signZone(folder, plan);
  const org = sign({
    zone: 'org.',
    text: parentText('org.', AT.org, delegations.org),
    signer: 'knot',
    algorithms: [8],
    denial: 'opt-out',
  });
  const net = sign({
    zone: 'net.',
    text: parentText('net.', AT.root, delegations.net),
    signer: 'bind',
    algorithms: [8],
    denial: 'nsec',
  });
  const tops = [...delegation('org.', AT.org, org.ds[2]), ...delegation('net.', AT.root, net.ds[2])];
  const root = sign({
    zone: '.',
    text: parentText('.', AT.root, tops),
    signer: 'bind',
    algorithms: [8],
    denial: 'nsec',
  });
  return {
    servers: { root: [root, net], org: [org], ...servers },
    anchors: root.ds[2],
    demands: [...topDemands(), ...members.flatMap(({ plan, demands }) => demands(plan.zone))],
    zoneCount: members.length * 2 + 3,
  };
}

function topDemands(): Demand[] {
  return [
    positive('. NS', 'secure', 'RFC 4035 5.3: what Postfix asks first'),
    positive('. DNSKEY', 'secure', 'RFC 4035 5'),
    positive('org. DS', 'secure', 'RFC 4035 3.1.4.1'),
    nodata('net. MX', 'secure', 'RFC 4035 5.4'),
    nxdomain('nothing. A', 'secure', 'RFC 4035 5.4'),
    nxdomain('mx.nothing.net. MX', 'secure', 'RFC 4035 5.4'),
    nxdomain('mx.nothing.org. MX', 'insecure', 'RFC 5155 9.2: the next closer name is covered by opt-out'),
    nodata('unsigned.net. DS', 'secure', 'RFC 4035 5.2: an insecure delegation, by NSEC of the parent'),
    nodata('. DS', 'secure', 'RFC 4035 3.1.4.1: the root has no parent; its own NSEC denies'),
  ];
}
