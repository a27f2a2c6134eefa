/**
 * Proves which extended error (RFC 8914) a client gets first for each way to break a zone: the one that is nearest to what
 * its operator has to mend. `bogus.test.ts` has one zone for each reason of ours; here the same code must come out however
 * the fault was made: in the signed data or in a damaged file, under NSEC and NSEC3, in answers and in denials.
 */

import { describe, expect, test } from 'vitest';
import { EDE } from '../../src/wire/ede.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { KEY_FLAGS } from '../world/keys.ts';
import { keyWith } from '../world/lies.ts';
import { Scene } from '../world/scene.ts';
import * as zoo from './zoo.ts';

type Asked = `${string} ${string}`;
/** What is broken, how, what is asked, the first code; the style of denial, NSEC by default. */
type Row = readonly [string, zoo.Spoil, Asked, number, zoo.Style?];

const NXDOMAIN = 'nothing.test. A';
const DEEP = 'a.b.nothing.test. A';
const NODATA = 'www.test. TXT';
const WILD = 'a.wild.test. A';
const WILD_NODATA = 'a.wild.test. TXT';
const WILD_ALIAS = 'a.alias.test. A';
const DATA = 'www.test. A';
const CHILDS = 'www.sub.test. A';

const unsigned = zoo.onDenials((records) => records.filter(({ type }) => type !== TYPE.RRSIG));
const ofOtherName: zoo.Spoil = (scene) => scene.world.break('test.', 'denial-of-other-name');
const firstExpired = zoo.remadeDenials(zoo.asIs, zoo.EXPIRED, (_, i) => i === 0);

/** Every question whose answer needs a denial, under both styles. */
const DENIALS: Row[] = [NXDOMAIN, DEEP, NODATA, WILD, WILD_NODATA, WILD_ALIAS].flatMap((asked) =>
  (['nsec', 'nsec3'] as const).flatMap((style): Row[] => [
    ['no denial records', zoo.onDenials(() => []), asked as Asked, EDE.NSEC_MISSING, style],
    ['denial records unsigned', unsigned, asked as Asked, EDE.RRSIGS_MISSING, style],
    ['denial expired', zoo.remadeDenials(zoo.asIs, zoo.EXPIRED), asked as Asked, EDE.SIGNATURE_EXPIRED, style],
    [
      'denial not yet valid',
      zoo.remadeDenials(zoo.asIs, zoo.TOO_EARLY),
      asked as Asked,
      EDE.SIGNATURE_NOT_YET_VALID,
      style,
    ],
    ['one record of the denial expired', firstExpired, asked as Asked, EDE.SIGNATURE_EXPIRED, style],
    ['denial of another name', ofOtherName, asked as Asked, EDE.NSEC_MISSING, style],
  ]),
);

const NSEC3_FIELDS: Row[] = [NXDOMAIN, DEEP, NODATA, WILD, WILD_NODATA, WILD_ALIAS].flatMap((asked): Row[] => [
  ['NSEC3 of an unknown hash', zoo.remadeDenials(zoo.withOctet(0, 2)), asked as Asked, EDE.NSEC_MISSING, 'nsec3'],
  ['NSEC3 with unknown flags', zoo.remadeDenials(zoo.withOctet(1, 0x80)), asked as Asked, EDE.NSEC_MISSING, 'nsec3'],
  ['NSEC3 with other iterations', zoo.remadeDenials(zoo.withOctet(3, 7)), asked as Asked, EDE.NSEC_MISSING, 'nsec3'],
  ['NSEC3 with another salt', zoo.remadeDenials(zoo.saltedNsec3), asked as Asked, EDE.NSEC_MISSING, 'nsec3'],
  [
    'NSEC3 with too many iterations',
    zoo.remadeDenials(zoo.withOctet(2, 9)),
    asked as Asked,
    EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE,
    'nsec3',
  ],
]);

const without = (owner: Parameters<typeof zoo.withoutDenial>[0]) => zoo.withoutDenial(owner);
const nothingAtAll = zoo.toType(TYPE.A, (reply) => ({ ...reply, answer: [], authority: [] }));
/** NODATA for a type that the record of the name lists. */
const denialOfData: zoo.Spoil = zoo.toType(TYPE.A, (reply) => ({ ...reply, answer: [] }));

const PARTS: Row[] = [
  ['no closest encloser', without(zoo.matching('test.')), NXDOMAIN, EDE.NSEC_MISSING, 'nsec3'],
  ['no next closer name', without(zoo.covering('nothing.test.')), NXDOMAIN, EDE.NSEC_MISSING, 'nsec3'],
  ['no denial of the wildcard', without(zoo.covering('*.test.')), NXDOMAIN, EDE.NSEC_MISSING, 'nsec3'],
  ['no record of the wildcard', without(zoo.matching('*.wild.test.')), WILD_NODATA, EDE.NSEC_MISSING, 'nsec3'],
  ['records at a wrong hash', zoo.remadeDenials(zoo.misplacedNsec3), NXDOMAIN, EDE.NSEC_MISSING, 'nsec3'],
  ['records at a wrong hash', zoo.remadeDenials(zoo.misplacedNsec3), NODATA, EDE.NSEC_MISSING, 'nsec3'],
  ['no cover of the name', without(zoo.covering('nothing.test.')), NXDOMAIN, EDE.NSEC_MISSING],
  ['no cover of the wildcard', without(zoo.covering('*.test.')), NXDOMAIN, EDE.NSEC_MISSING],
  ['no cover of the name', without(zoo.covering('a.wild.test.')), WILD, EDE.NSEC_MISSING],
  ['an empty answer', nothingAtAll, DATA, EDE.NSEC_MISSING],
  ['only the SOA', denialOfData, DATA, EDE.NSEC_MISSING],
];

type Keys = Parameters<Parameters<typeof zoo.keySet>[0]>[0];
/** The key-signing key changed: its set signed anew and in the DS, signed anew only, or neither. */
const entryWith = (change: (key: Keys['entry']) => Keys['entry'], how: 'with its DS' | 'old DS' | 'stale') =>
  zoo.keySet(({ entry, zone }) => {
    const changed = change(entry);
    const signers = how === 'stale' ? 'stale' : [changed];
    return { shown: [changed, zone], signers, ...(how === 'with its DS' ? { ds: [changed] } : {}) };
  });
/** The zone-signing key changed in the set, which is signed anew or not. */
const zoneKeyWith = (change: (key: Keys['zone']) => Keys['zone'] | null, how: 'signed anew' | 'stale') =>
  zoo.keySet(({ entry, zone }) => {
    const changed = change(zone);
    return { shown: changed === null ? [entry] : [entry, changed], signers: how === 'stale' ? 'stale' : [entry] };
  });
const otherProtocol = (key: Keys['zone']) => keyWith(key, { protocol: 2 });
const noZoneBit = (key: Keys['zone']) => keyWith(key, { flags: key.dnskey[1] === 1 ? 1 : 0 });
const revoked = (key: Keys['zone']) => keyWith(key, { flags: KEY_FLAGS.entry | KEY_FLAGS.revoked });
const unassigned = (key: Keys['zone']) => ({ ...key, algorithm: 200, dnskey: zoo.withOctetOf(key.dnskey, 3, 200) });
const noKey = () => null;
const { DNSKEY_MISSING, NO_ZONE_KEY_BIT_SET } = EDE;

const KEYS: Row[] = [
  ['KSK missing', zoo.keySet(({ zone }) => ({ shown: [zone], signers: [zone] })), DATA, DNSKEY_MISSING],
  ['KSK missing, stale', zoo.keySet(({ zone }) => ({ shown: [zone], signers: 'stale' })), DATA, DNSKEY_MISSING],
  ['ZSK missing', zoneKeyWith(noKey, 'signed anew'), DATA, DNSKEY_MISSING],
  ['ZSK missing, stale', zoneKeyWith(noKey, 'stale'), DATA, DNSKEY_MISSING],
  ['ZSK missing, stale', zoneKeyWith(noKey, 'stale'), NXDOMAIN, DNSKEY_MISSING],
  ['ZSK missing, stale', zoneKeyWith(noKey, 'stale'), NODATA, DNSKEY_MISSING, 'nsec3'],
  ['ZSK missing, stale', zoneKeyWith(noKey, 'stale'), WILD_ALIAS, DNSKEY_MISSING, 'nsec3'],
  ['no key', (scene) => scene.world.break('test.', 'dnskey-missing'), DATA, DNSKEY_MISSING],
  ['keys unsigned', zoo.keySet(({ entry, zone }) => ({ shown: [entry, zone], signers: [] })), DATA, EDE.RRSIGS_MISSING],
  [
    'keys signed by the ZSK only',
    zoo.keySet(({ entry, zone }) => ({ shown: [entry, zone], signers: [zone] })),
    DATA,
    EDE.RRSIGS_MISSING,
  ],
  ['keys expired', zoo.resigned(TYPE.DNSKEY, zoo.EXPIRED), DATA, EDE.SIGNATURE_EXPIRED],
  ['keys not yet valid', zoo.resigned(TYPE.DNSKEY, zoo.TOO_EARLY), DATA, EDE.SIGNATURE_NOT_YET_VALID],
  [
    'keys with a wrong signature',
    (scene) => scene.world.get('test.').break({ fault: 'signatures-corrupt', types: [TYPE.DNSKEY] }),
    DATA,
    EDE.DNSSEC_BOGUS,
  ],
  ['KSK of protocol 2', entryWith(otherProtocol, 'with its DS'), DATA, DNSKEY_MISSING],
  ['KSK of protocol 2, old DS', entryWith(otherProtocol, 'old DS'), DATA, DNSKEY_MISSING],
  ['KSK of protocol 2, stale', entryWith(otherProtocol, 'stale'), DATA, DNSKEY_MISSING],
  ['ZSK of protocol 2', zoneKeyWith(otherProtocol, 'signed anew'), DATA, DNSKEY_MISSING],
  ['ZSK of protocol 2, stale', zoneKeyWith(otherProtocol, 'stale'), DATA, DNSKEY_MISSING],
  ['KSK without zone key bit', entryWith(noZoneBit, 'with its DS'), DATA, NO_ZONE_KEY_BIT_SET],
  ['KSK without zone key bit, old DS', entryWith(noZoneBit, 'old DS'), DATA, NO_ZONE_KEY_BIT_SET],
  ['KSK without zone key bit, stale', entryWith(noZoneBit, 'stale'), DATA, NO_ZONE_KEY_BIT_SET],
  ['ZSK without zone key bit', zoneKeyWith(noZoneBit, 'signed anew'), DATA, NO_ZONE_KEY_BIT_SET],
  ['ZSK without zone key bit, stale', zoneKeyWith(noZoneBit, 'stale'), DATA, NO_ZONE_KEY_BIT_SET],
  ['KSK revoked, old DS', entryWith(revoked, 'old DS'), DATA, DNSKEY_MISSING],
  ['KSK of an unassigned algorithm, stale', entryWith(unassigned, 'stale'), DATA, DNSKEY_MISSING],
  ['ZSK of an unassigned algorithm', zoneKeyWith(unassigned, 'signed anew'), DATA, DNSKEY_MISSING],
  ['ZSK of an unassigned algorithm, stale', zoneKeyWith(unassigned, 'stale'), DATA, DNSKEY_MISSING],
];

const flip = (at: number) => (ds: Uint8Array) => ds.set([(ds[at] ?? 0) ^ 1], at);
const put = (at: number, octet: number) => (ds: Uint8Array) => ds.set([octet], at);
const asIs = () => {};

const DS: Row[] = [
  ['DS with another tag', zoo.changedDs(flip(0)), DATA, DNSKEY_MISSING],
  ['DS of another algorithm', zoo.changedDs(put(2, 13)), DATA, DNSKEY_MISSING],
  ['DS with another digest', zoo.changedDs(flip(9)), DATA, DNSKEY_MISSING],
  ['DS of an unassigned algorithm', zoo.changedDs(put(2, 100)), DATA, EDE.UNSUPPORTED_DNSKEY_ALGORITHM],
  ['DS of an unassigned digest', zoo.changedDs(put(3, 100)), DATA, EDE.UNSUPPORTED_DS_DIGEST_TYPE],
  ['DS unsigned', zoo.changedDs(asIs, 'unsigned'), DATA, EDE.RRSIGS_MISSING],
  ['DS expired', zoo.changedDs(asIs, zoo.EXPIRED), DATA, EDE.SIGNATURE_EXPIRED],
  ['DS not yet valid', zoo.changedDs(asIs, zoo.TOO_EARLY), DATA, EDE.SIGNATURE_NOT_YET_VALID],
];

const byChild = zoo.withChild(zoo.childDeniesDs, { signing: {}, withoutDs: true });
const DS_DENIALS: Row[] = [
  ...(['nsec', 'nsec3'] as const).flatMap((style): Row[] => [
    ['no denial of the DS', zoo.withChild(zoo.onDenials(() => [])), CHILDS, EDE.NSEC_MISSING, style],
    ['denial of the DS unsigned', zoo.withChild(unsigned), CHILDS, EDE.RRSIGS_MISSING, style],
    ['denial of another DS', zoo.withChild(ofOtherName), CHILDS, EDE.NSEC_MISSING, style],
    [
      'denial of the DS expired',
      zoo.withChild(zoo.remadeDenials(zoo.asIs, zoo.EXPIRED)),
      CHILDS,
      EDE.SIGNATURE_EXPIRED,
      style,
    ],
  ]),
  ['DS denied by the child', byChild, CHILDS, EDE.NSEC_MISSING],
  ['DS denied by the child', byChild, 'sub.test. DS', EDE.NSEC_MISSING],
];

const ROWS = [...DENIALS, ...NSEC3_FIELDS, ...PARTS, ...KEYS, ...DS, ...DS_DENIALS];

test('there are ways enough to break a zone', () => {
  const ways = new Set(ROWS.map(([what, , asked, , style = 'nsec']) => `${what} (${style}): ${asked}`));
  expect(ways.size).toBe(ROWS.length);
  expect(ways.size).toBeGreaterThan(149);
});

describe('a broken zone', () => {
  test.each(ROWS.map((row) => [row[0], row[4] ?? 'nsec', row[2], row] as const))(
    '%s (%s): %s',
    async (_what, _style, _asked, [, spoil, asked, code, style]) => {
      const scene = zoo.spoilt(spoil, style);
      await scene.start();
      const [name = '', type = ''] = asked.split(' ');
      const reply = await scene.ask(name, type);
      expect(reply.edes[0]).toBe(code);
      expect(reply.edeTexts[0]).toMatch(/^[a-z0-9-]+: .*test\./);
      expect(reply.ad).toBe(false);
      await scene.stop();
    },
  );
});

/** Servers of `test.` that do not answer, at an address of a kind. */
type Unreached = readonly [what: string, ip: string, closed: 'refuse' | 'unreachable' | 'silent', code: number];

const UNREACHED: readonly Unreached[] = [
  ['private', '10.1.2.3', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['private', '10.1.2.3', 'silent', EDE.NO_REACHABLE_AUTHORITY],
  ['private', '172.31.0.1', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['private', '192.168.1.1', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['of documentation', '203.0.113.9', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['of documentation', '2001:db8::1', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['of a carrier', '100.64.0.1', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['link-local', '169.254.1.1', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['unique local', 'fd00::1', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['mapped', '::ffff:8.8.4.4', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['loopback', '127.0.0.9', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['unspecified', '0.0.0.0', 'unreachable', EDE.NO_REACHABLE_AUTHORITY],
  ['public', '8.8.4.4', 'silent', EDE.NO_REACHABLE_AUTHORITY],
  ['public', '8.8.4.4', 'unreachable', EDE.NETWORK_ERROR],
  ['public', '8.8.4.4', 'refuse', EDE.NETWORK_ERROR],
  ['private', '10.1.2.3', 'refuse', EDE.NETWORK_ERROR],
];

describe('a zone whose only server is at an address', () => {
  test.each(UNREACHED)('%s, %s, %s', async (_what, ip, closed, code) => {
    const scene = new Scene();
    scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
    scene.zone('test.', { servers: { 'ns.test.': [ip] }, signing: {}, text: 'www IN A 192.0.2.80' });
    await scene.start();
    scene.ports.servers.remove(ip);
    if (closed === 'unreachable') scene.ports.network.noRouteTo.add(ip);
    else scene.ports.network.closedPorts = closed;
    const reply = await scene.ask('www.test.', 'A');
    expect([reply.status, reply.edes]).toEqual(['SERVFAIL', [code]]);
    expect(reply.edeTexts[0]).toContain('test.');
    await scene.stop();
  });

  test.each([
    ['refuses', RCODE.REFUSED],
    ['fails', RCODE.SERVFAIL],
    ['does not know the zone', 9],
  ])('that %s is lame', async (_what, rcode) => {
    const scene = zoo.spoilt((one) =>
      one.tamper(zoo.AUTH, (reply) => ({
        ...reply,
        flags: FLAG.QR | rcode,
        answer: [],
        authority: [],
        additional: [],
      })),
    );
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).edes).toEqual([EDE.NO_REACHABLE_AUTHORITY]);
    await scene.stop();
  });
});
