/**
 * Broken zones by real signers, and the extended error that a client of each must get first: the cause nearest to what the
 * operator has to mend (RFC 8914). Written from the RFCs, not from what any resolver says. Used by broken-zones-session.
 */

import type { SigningPlan } from './real-signers.ts';
import {
  both,
  covering,
  drop,
  type Edit,
  either,
  every,
  matching,
  put,
  records,
  reword,
  signatures,
  spoil,
  spoilt,
  type Which,
  type ZoneLine,
} from './zone-lines.ts';

/** How a zone is signed. */
export type Flavour = Pick<SigningPlan, 'signer' | 'denial' | 'algorithms'>;

/** A signed zone in the hands of who breaks it. */
export interface Made {
  readonly zone: string;
  readonly lines: readonly ZoneLine[];
  /** The same records, signed with the same keys in another way. */
  readonly again: (change: Partial<SigningPlan>) => readonly ZoneLine[];
  /** DS rdata with SHA-256. */
  readonly ds: readonly string[];
}

/** One broken zone. */
export interface Broken {
  /** What is wrong, in words. */
  readonly what: string;
  readonly flavour: Flavour;
  readonly plan?: Partial<SigningPlan>;
  /** The zone delegates `sub`, which is unsigned: with a DS, or without one. */
  readonly child?: 'with a DS' | 'without DS';
  readonly serve: (made: Made) => readonly ZoneLine[];
  /** DS set at the parent; the right one by default. */
  readonly ds?: (made: Made) => readonly string[];
  /** Name (relative to the zone) and type. */
  readonly asked: string;
  /** RCODE and INFO-CODE that must come first; never with AD. */
  readonly want: readonly [rcode: 'SERVFAIL' | 'NOERROR' | 'NXDOMAIN', code: number];
}

const NSEC: Flavour = { signer: 'bind', denial: 'nsec', algorithms: [13] };
const NSEC3: Flavour = { signer: 'knot', denial: 'nsec3', algorithms: [13] };
const LDNS: Flavour = { signer: 'ldns', denial: 'nsec3', algorithms: [8] };
const MONTHS = 60 * 86_400;

/** What every zone holds. */
export function plainText(zone: string, address: string, child?: Broken['child']): string {
  const ds = child === 'with a DS' ? [`sub DS 1 13 2 ${'ab'.repeat(32)}`] : [];
  const cut = child === undefined ? [] : ['sub NS ns1', ...ds];
  const more = Array.from({ length: 12 }, (_, i) => `n${i} A 192.0.2.${100 + i}`);
  return `$ORIGIN ${zone}
$TTL 300
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
ns1 A ${address}
www A 192.0.2.80
*.wild A 192.0.2.81
*.alias CNAME www
${[...more, ...cut].join('\n')}
`;
}

const DATA = 'www A';
const BELOW = 'www.sub A';
const NXDOMAIN = 'nothing A';
const NODATA = 'www TXT';
const WILD = 'a.wild A';
const WILD_NODATA = 'a.wild TXT';
const WILD_ALIAS = 'a.alias A';
const DENIALS = [NXDOMAIN, NODATA, WILD, WILD_NODATA, WILD_ALIAS];

type Serve = Broken['serve'];
const edited =
  (edit: Edit): Serve =>
  ({ lines, zone }) =>
    edit(lines, zone);
/** Some lines as they are when signed at another time. */
const spliced =
  (which: Which, shiftSeconds: number): Serve =>
  ({ lines, zone, again }) => [
    ...lines.filter((line) => !which(line, zone)),
    ...again({ shiftSeconds }).filter((line) => which(line, zone)),
  ];

function fails(what: string, flavour: Flavour, serve: Serve, asked: string, code: number): Broken {
  return { what, flavour, serve, asked, want: ['SERVFAIL', code] };
}

const denialSignatures = either(signatures('NSEC'), signatures('NSEC3'));
const denials = either(records('NSEC'), records('NSEC3'), denialSignatures);
const ofData = signatures('A', 'www');
const ofKeys = signatures('DNSKEY');
/** RRSIG rdata: type, algorithm, labels, TTL, expiration, inception, tag, signer, signature. */
const turned = (which: Which): Edit =>
  reword(which, ([a, b, c, d, end, start, ...rest]) => w(a, b, c, d, start, end, ...rest));
const w = (...words: readonly (string | undefined)[]): string[] => words.map((word) => word ?? '');

/** Signatures: out of time, gone, or of no use. */
function signatureRows(flavour: Flavour): Broken[] {
  const times = [
    ['expired', -MONTHS, 7],
    ['not yet valid', MONTHS, 8],
  ] as const;
  return [
    ...times.flatMap(([what, shift, code]) => [
      fails(`all signatures ${what}`, flavour, ({ again }) => again({ shiftSeconds: shift }), DATA, code),
      fails(`signature of the data ${what}`, flavour, spliced(ofData, shift), DATA, code),
      fails(`signature of the keys ${what}`, flavour, spliced(ofKeys, shift), DATA, code),
      fails(`signatures of the denials ${what}`, flavour, spliced(denialSignatures, shift), NXDOMAIN, code),
    ]),
    fails('all signatures end before they begin', flavour, edited(turned(signatures())), DATA, 25),
    fails('signature of the data ends before it begins', flavour, edited(turned(ofData)), DATA, 25),
    fails('no signatures', flavour, edited(drop(signatures())), DATA, 10),
    fails('no signature of the data', flavour, edited(drop(ofData)), DATA, 10),
    fails('no signature of the keys', flavour, edited(drop(ofKeys)), DATA, 10),
    fails('all signatures wrong', flavour, edited(spoilt(signatures())), DATA, 6),
    fails('signature of the data wrong', flavour, edited(spoilt(ofData)), DATA, 6),
    fails('signature of the keys wrong', flavour, edited(spoilt(ofKeys)), DATA, 6),
    fails('data changed', flavour, edited(put(records('A', 'www'), 0, '192.0.2.66')), DATA, 6),
    fails('signature by another zone', flavour, edited(put(ofData, 7, 'elsewhere.')), DATA, 6),
  ];
}

/** What is missing of, or wrong with, the denials. */
function denialRows(flavour: Flavour, questions: readonly string[]): Broken[] {
  return questions.flatMap((asked) => [
    fails('no denial records', flavour, edited(drop(denials)), asked, 12),
    fails('denial records unsigned', flavour, edited(drop(denialSignatures)), asked, 10),
    fails('denial records expired', flavour, spliced(denialSignatures, -MONTHS), asked, 7),
    fails('denial records not yet valid', flavour, spliced(denialSignatures, MONTHS), asked, 8),
    fails('denial signatures wrong', flavour, edited(spoilt(denialSignatures)), asked, 6),
  ]);
}

/** Without the record, and its signature, that an owner is found for. */
const withoutProof =
  (find: (lines: readonly ZoneLine[], name: string) => string | undefined, name: string): Serve =>
  ({ lines, zone }) => {
    const owner = find(lines, name === '@' ? zone : `${name}.${zone}`);
    if (owner === undefined) throw new Error(`${zone} has no such record for ${name}`);
    return drop(every(denials, (line) => line.owner === owner))(lines, zone);
  };

function nsec3Rows(flavour: Flavour): Broken[] {
  const nsec3 = records('NSEC3');
  return [
    fails('no closest encloser', flavour, withoutProof(matching, '@'), NXDOMAIN, 12),
    fails('no next closer name', flavour, withoutProof(covering, 'nothing'), NXDOMAIN, 12),
    fails('no denial of the wildcard', flavour, withoutProof(covering, '*'), NXDOMAIN, 12),
    fails('no record of the name', flavour, withoutProof(matching, 'www'), NODATA, 12),
    fails('no next closer name', flavour, withoutProof(covering, 'a.wild'), WILD, 12),
    fails('no next closer name', flavour, withoutProof(covering, 'a.alias'), WILD_ALIAS, 12),
    fails('no closest encloser', flavour, withoutProof(matching, 'wild'), WILD_NODATA, 12),
    fails('no record of the wildcard', flavour, withoutProof(matching, '*.wild'), WILD_NODATA, 12),
    fails(
      'no NSEC3PARAM',
      flavour,
      edited(drop(either(records('NSEC3PARAM'), signatures('NSEC3PARAM')))),
      NXDOMAIN,
      12,
    ),
    fails('NSEC3PARAM of another salt', flavour, edited(put(records('NSEC3PARAM'), 3, 'abcd')), NXDOMAIN, 12),
    fails('next hash changed', flavour, edited(put(nsec3, 4, (hash) => `0${hash.slice(1, -1)}0`)), NXDOMAIN, 6),
    ...([151, 200, 500] as const).map(
      (iterations): Broken => ({
        what: `${iterations} iterations`,
        flavour,
        plan: { iterations },
        serve: ({ lines }) => lines,
        asked: NXDOMAIN,
        want: ['NXDOMAIN', 27],
      }),
    ),
  ];
}

const nsecRows: readonly Broken[] = [
  fails(
    'no cover of the name',
    NSEC,
    withoutProof((lines) => beforeNamed(lines, 'nothing'), '@'),
    NXDOMAIN,
    12,
  ),
  fails('no record of the name', NSEC, withoutProof(matching, 'www'), NODATA, 12),
  fails('no record of the wildcard', NSEC, withoutProof(matching, '*.wild'), WILD_NODATA, 12),
  fails('next name changed', NSEC, edited(put(records('NSEC'), 0, (name) => `z${name}`)), NXDOMAIN, 6),
];

/** Owner of the last NSEC whose first label sorts before a label; enough for the flat zone here. */
function beforeNamed(lines: readonly ZoneLine[], label: string): string | undefined {
  const owners = lines.filter(({ type }) => type === 'NSEC').map(({ owner }) => owner);
  return owners
    .filter((owner) => (owner.split('.')[0] ?? '') < label && /^n\d/.test(owner))
    .sort()
    .at(-1);
}

const isKey =
  (flags: string): Which =>
  (line) =>
    line.type === 'DNSKEY' && line.rdata.startsWith(`${flags} `);
const ZSK = isKey('256');
const KSK = isKey('257');
/** DNSKEY rdata: flags, protocol, algorithm, key. */
const otherKey = (which: Which): Edit => reword(which, ([a, b, c, ...key]) => w(a, b, c, spoil(key.join(''))));

function keyRows(flavour: Flavour): Broken[] {
  const row = (what: string, edit: Edit, code: number): Broken => fails(what, flavour, edited(edit), DATA, code);
  return [
    row('no ZSK', drop(ZSK), 9),
    row('no KSK', drop(KSK), 9),
    row('no keys', drop(either(ZSK, KSK)), 9),
    row('no keys and no signature of them', drop(either(ZSK, KSK, ofKeys)), 9),
    row('another KSK', otherKey(KSK), 9),
    // RFC 8914 §4.10: the key that signed is not there; that the set is not signed as it stands only follows.
    row('another ZSK', otherKey(ZSK), 9),
    row('ZSK without zone key bit', put(ZSK, 0, '0'), 11),
    row('KSK without zone key bit', put(KSK, 0, '1'), 11),
    row('keys without zone key bit', both(put(ZSK, 0, '0'), put(KSK, 0, '1')), 11),
    row('ZSK of protocol 2', put(ZSK, 1, '2'), 9),
    row('KSK of protocol 2', put(KSK, 1, '2'), 9),
    row('ZSK of another algorithm', put(ZSK, 2, '14'), 9),
    row('ZSK of an unassigned algorithm', put(ZSK, 2, '100'), 9),
    row('ZSK of a reserved algorithm', put(ZSK, 2, '200'), 9),
    row('KSK of another algorithm', put(KSK, 2, '14'), 9),
    row('KSK of an unassigned algorithm', put(KSK, 2, '100'), 9),
    row('KSK revoked by hand', put(KSK, 0, '385'), 9),
  ];
}

/** The set of keys without the ZSK, signed anew by the KSK; the rest as it was. */
const resignedWithoutZsk: Serve = ({ lines, zone, again }) => {
  const keys = either(records('DNSKEY'), ofKeys);
  return [...drop(keys)(lines, zone), ...again({ kskOnly: true }).filter((line) => keys(line, zone))];
};

function dsRows(flavour: Flavour): Broken[] {
  const row = (
    what: string,
    change: (words: string[]) => string[],
    want: Broken['want'] = ['SERVFAIL', 9],
  ): Broken => ({
    what,
    flavour,
    serve: ({ lines }) => lines,
    ds: ({ ds }) => ds.map((rdata) => change(rdata.split(' ')).join(' ')),
    asked: DATA,
    want,
  });
  const [tag, algorithm, type] = [0, 1, 2];
  const set = (at: number, value: string) => (words: string[]) => words.map((word, i) => (i === at ? value : word));
  return [
    row('DS of another tag', set(tag, '1')),
    row('DS of another algorithm', set(algorithm, '14')),
    row('DS with another digest', (words) => [...words.slice(0, 3), spoil(words.slice(3).join(''))]),
    ...['1', '3', '12', '100', '200', '253', '254'].map((number) =>
      row(`DS of algorithm ${number}`, set(algorithm, number), ['NOERROR', 1]),
    ),
    ...['3', '100', '254'].map((number) => row(`DS of digest type ${number}`, set(type, number), ['NOERROR', 2])),
  ];
}

/** The keys are signed by the ZSK only, which no DS names. */
const withoutEntrySignature: Serve = ({ lines, zone, ds }) => {
  const tag = ds[0]?.split(' ')[0];
  return drop(every(ofKeys, ({ rdata }) => rdata.split(' ')[6] === tag))(lines, zone);
};

/** What the parent says of its child's DS set. */
function childRows(flavour: Flavour): Broken[] {
  const row = (what: string, child: 'with a DS' | 'without DS', serve: Serve, code: number): Broken => ({
    ...fails(what, flavour, serve, BELOW, code),
    child,
  });
  const ofDs = signatures('DS');
  const noDenial = withoutProof(matching, 'sub');
  return [
    row('DS unsigned', 'with a DS', edited(drop(ofDs)), 10),
    row('DS expired', 'with a DS', spliced(ofDs, -MONTHS), 7),
    row('DS not yet valid', 'with a DS', spliced(ofDs, MONTHS), 8),
    row('signature of the DS wrong', 'with a DS', edited(spoilt(ofDs)), 6),
    row('DS of an unsigned zone', 'with a DS', ({ lines }) => lines, 9),
    row('no denial of the DS', 'without DS', noDenial, 12),
    row('no denials at all', 'without DS', edited(drop(denials)), 12),
    row('denial of the DS unsigned', 'without DS', edited(drop(denialSignatures)), 10),
    row('denial of the DS expired', 'without DS', spliced(denialSignatures, -MONTHS), 7),
    row('denial of the DS not yet valid', 'without DS', spliced(denialSignatures, MONTHS), 8),
    row('signature of the denial of the DS wrong', 'without DS', edited(spoilt(denialSignatures)), 6),
  ];
}

const unsignedZone = edited(drop(either(signatures(), denials, ZSK, KSK, records('NSEC3PARAM'))));

/** All of them. */
export const BROKEN: readonly Broken[] = [
  ...[NSEC, NSEC3, LDNS].flatMap(signatureRows),
  ...denialRows(NSEC, DENIALS),
  ...denialRows(NSEC3, DENIALS),
  ...denialRows(LDNS, [NXDOMAIN]),
  ...nsecRows,
  ...nsec3Rows(NSEC3),
  ...nsec3Rows(LDNS),
  ...keyRows(NSEC),
  ...keyRows(LDNS),
  ...dsRows(NSEC),
  ...[NSEC, NSEC3].flatMap(childRows),
  fails('not signed at all', NSEC, unsignedZone, DATA, 9),
  fails('signed by no key of the zone', NSEC, edited(put(ofData, 6, '1')), DATA, 9),
  ...[DATA, NXDOMAIN].map((asked) => fails('ZSK missing, signed anew', LDNS, resignedWithoutZsk, asked, 9)),
  { ...fails('only the ZSK signs the keys', NSEC, withoutEntrySignature, DATA, 10), plan: { zskSignsKeys: true } },
];
