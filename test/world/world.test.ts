/**
 * Proves that the test internet is honest where it is not told to break: referrals with DS, signatures that verify, denials
 * that prove, wildcards, aliases, truncation; and that each fault spoils what it says.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { bytesEqual, concatBytes } from '../../src/wire/bytes.ts';
import { canonicalRecords } from '../../src/wire/canonical.ts';
import { type MessageView, parseMessage } from '../../src/wire/message-view.ts';
import { isWildcard, labelCount, lastLabels, wildcardOf } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { readDnskey } from '../../src/wire/rdata-dnskey.ts';
import { readRrsig, signedPrefixOctets, writeSignedPrefix } from '../../src/wire/rdata-rrsig.ts';
import { TYPE, typeText } from '../../src/wire/rr-type.ts';
import { packRRset } from '../../src/wire/rrset.ts';
import { groupRecords, recordsOf } from '../../src/wire/rrsets.ts';
import { TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { KeyStore, type SigningAlgorithm } from './keys.ts';
import { World } from './world.ts';
import { NSEC3, NSEC3_OPT_OUT } from './zone.ts';

const keys = new KeyStore();
const crypto = createNodeCrypto();

function makeWorld(): World {
  const world = new World({ now: TEST_START_UNIX_SECONDS, keys });
  world.zone('.', { servers: { 'a.root-servers.net.': ['198.41.0.4'] }, signing: {} });
  world.zone('example.', {
    servers: { 'ns1.example.': ['192.0.2.1', '2001:db8::1'] },
    signing: { algorithms: [13] },
    text: `
mail IN MX 10 mx
mx IN A 192.0.2.25
_25._tcp.mx IN TLSA 3 1 1 ${'ab'.repeat(32)}
*.wild IN TXT "from the wildcard"
old IN DNAME new
alias IN CNAME mx
big IN TXT "${'x'.repeat(250)}" "${'y'.repeat(250)}" "${'z'.repeat(250)}" "${'w'.repeat(250)}" "${'v'.repeat(250)}"
`,
  });
  world.zone('n3.', { servers: { 'ns1.n3.': ['192.0.2.3'] }, signing: { denial: NSEC3 }, text: 'a.b IN A 192.0.2.4' });
  world.zone('plain.n3.', { servers: { 'ns1.plain.n3.': ['192.0.2.5'] } });
  world.zone('out.', { servers: { 'ns1.out.': ['192.0.2.6'] }, signing: { denial: NSEC3_OPT_OUT } });
  world.zone('un.out.', { servers: { 'ns1.un.out.': ['192.0.2.7'] } });
  return world;
}

function ask(world: World, ip: string, name: string, type: keyof typeof TYPE, udpSize = 4096): MessageView {
  const query = buildQuery({
    id: 7,
    question: questionOf(mustParseName(name), TYPE[type]),
    flags: 0,
    edns: { udpSize, doBit: true },
  });
  const reply = world.reply({ query, ip, transport: udpSize > 0 ? 'udp' : 'tcp' });
  const parsed = parseMessage(reply ?? new Uint8Array());
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

function types(message: MessageView, section: 'answer' | 'authority' | 'additional'): string[] {
  return recordsOf(message, message[section]).map(({ type }) => typeText(type));
}

/** Checks every signature of a message with the keys of the zone; gives how many were good and bad. */
function verifyAll(world: World, zoneName: string, message: MessageView): { good: number; bad: number } {
  const zone = world.get(zoneName);
  const count = { good: 0, bad: 0 };
  const records = [...recordsOf(message, message.answer), ...recordsOf(message, message.authority)];
  for (const set of groupRecords(records)) {
    for (const signature of set.signatures) {
      const rrsig = readRrsig(signature);
      const key = [...zone.entryKeys, ...zone.zoneKeys].find(({ tag }) => tag === rrsig?.keyTag);
      const dnskey = key === undefined ? null : readDnskey(key.dnskey);
      const imported = dnskey === null ? null : crypto.importKey(dnskey.algorithm, dnskey.publicKey);
      if (rrsig === null || imported === null) {
        count.bad++;
        continue;
      }
      const isExpanded = rrsig.labels < labelCount(set.owner) - (isWildcard(set.owner) ? 1 : 0);
      const owner = isExpanded ? wildcardOf(lastLabels(set.owner, rrsig.labels)) : set.owner;
      const prefix = new Uint8Array(signedPrefixOctets(rrsig));
      writeSignedPrefix(rrsig, signature, prefix);
      const data = concatBytes(
        prefix,
        canonicalRecords(packRRset({ ...set, signatures: [] }), owner ?? set.owner, rrsig.originalTtl),
      );
      if (crypto.verify(imported, data, rrsig.signature) === true) count.good++;
      else count.bad++;
    }
  }
  return count;
}

describe('an honest world', () => {
  let world: World;
  beforeAll(() => {
    world = makeWorld();
  });

  test('refers to a child with signed DS and glue', () => {
    const message = ask(world, '198.41.0.4', 'mx.example.', 'A');
    expect(message.has(FLAG.AA)).toBe(false);
    expect(types(message, 'answer')).toEqual([]);
    expect(types(message, 'authority')).toEqual(['NS', 'DS', 'RRSIG']);
    expect(types(message, 'additional')).toEqual(['A', 'AAAA', 'OPT']);
    expect(verifyAll(world, '.', message)).toEqual({ good: 1, bad: 0 });
  });

  test('gives the DS from the parent and the keys from the child', () => {
    const ds = ask(world, '198.41.0.4', 'example.', 'DS');
    expect(types(ds, 'answer')).toEqual(['DS', 'RRSIG']);
    const dnskey = ask(world, '192.0.2.1', 'example.', 'DNSKEY');
    expect(types(dnskey, 'answer')).toEqual(['DNSKEY', 'DNSKEY', 'RRSIG']);
    expect(verifyAll(world, 'example.', dnskey)).toEqual({ good: 1, bad: 0 });
  });

  test('signs every answer so that it verifies', () => {
    for (const [name, type] of [
      ['mail.example.', 'MX'],
      ['_25._tcp.mx.example.', 'TLSA'],
      ['alias.example.', 'A'],
      ['x.y.wild.example.', 'TXT'],
      ['absent.example.', 'A'],
      ['example.', 'SOA'],
    ] as const) {
      const { good, bad } = verifyAll(world, 'example.', ask(world, '192.0.2.1', name, type));
      expect({ name, bad, hasGood: good > 0 }).toEqual({ name, bad: 0, hasGood: true });
    }
  });

  test('denies a name with NSEC spans for it and for the wildcard', () => {
    const message = ask(world, '192.0.2.1', 'absent.example.', 'A');
    expect(message.rcode).toBe(RCODE.NXDOMAIN);
    expect(types(message, 'authority')).toContain('SOA');
    expect(types(message, 'authority').filter((type) => type === 'NSEC').length).toBeGreaterThan(0);
  });

  test('denies a name with NSEC3 records', () => {
    const message = ask(world, '192.0.2.3', 'x.absent.n3.', 'A');
    expect(message.rcode).toBe(RCODE.NXDOMAIN);
    expect(types(message, 'authority').filter((type) => type === 'NSEC3').length).toBeGreaterThan(0);
    expect(verifyAll(world, 'n3.', message).bad).toBe(0);
  });

  test('answers an empty name with NODATA', () => {
    const message = ask(world, '192.0.2.3', 'b.n3.', 'A');
    expect(message.rcode).toBe(RCODE.NOERROR);
    expect(types(message, 'answer')).toEqual([]);
    expect(types(message, 'authority')).toContain('NSEC3');
  });

  test('proves that an unsigned delegation has no DS, by match and by opt-out', () => {
    for (const [ip, name] of [
      ['192.0.2.3', 'www.plain.n3.'],
      ['192.0.2.6', 'www.un.out.'],
    ] as const) {
      const message = ask(world, ip, name, 'A');
      expect(types(message, 'authority')).toContain('NS');
      expect(types(message, 'authority')).toContain('NSEC3');
      expect(types(message, 'authority')).not.toContain('DS');
    }
  });

  test('makes a CNAME out of a DNAME and follows it', () => {
    const message = ask(world, '192.0.2.1', 'x.old.example.', 'A');
    expect(types(message, 'answer').slice(0, 3)).toEqual(['DNAME', 'RRSIG', 'CNAME']);
    const cname = recordsOf(message, message.answer).find(({ type }) => type === TYPE.CNAME);
    expect(cname && formatName(cname.owner)).toBe('x.old.example.');
  });

  test('truncates what does not fit the size of the client', () => {
    const message = ask(world, '192.0.2.1', 'big.example.', 'TXT', 512);
    expect(message.has(FLAG.TC)).toBe(true);
    expect(types(message, 'answer')).toEqual([]);
    expect(types(ask(world, '192.0.2.1', 'big.example.', 'TXT', 0), 'answer')).toEqual(['TXT', 'RRSIG']);
  });

  test('refuses names that it does not serve', () => {
    expect(ask(world, '192.0.2.1', 'www.n3.', 'A').rcode).toBe(RCODE.REFUSED);
  });

  test('gives the same key for the same seed', () => {
    const request = { algorithm: 15, seed: 'again', flags: 257 } as const;
    expect(bytesEqual(new KeyStore().key(request).dnskey, new KeyStore().key(request).dnskey)).toBe(true);
  });
});

describe('signing algorithms', () => {
  const algorithms: readonly SigningAlgorithm[] = [5, 7, 8, 10, 13, 14, 15, 16];
  test.each(algorithms)('signs with algorithm %i', async (algorithm) => {
    const key = keys.key({ algorithm, seed: 'any', flags: 256 });
    const dnskey = readDnskey(key.dnskey);
    const imported = dnskey === null ? null : crypto.importKey(algorithm, dnskey.publicKey);
    const data = new TextEncoder().encode('signed data');
    if (imported === null) throw new Error('key refused');
    expect(await crypto.verify(imported, data, key.sign(data))).toBe(true);
  });
});

describe('a broken world', () => {
  test('spoils signatures in each way', () => {
    for (const fault of ['signatures-corrupt', 'signatures-by-unknown-key', 'rdata-forged'] as const) {
      const world = makeWorld();
      world.break('example.', fault);
      const { good, bad } = verifyAll(world, 'example.', ask(world, '192.0.2.1', 'mx.example.', 'A'));
      expect({ fault, good, hasBad: bad > 0 }).toEqual({ fault, good: 0, hasBad: true });
    }
  });

  test('strips signatures and denials', () => {
    const world = makeWorld();
    world.break('example.', 'signatures-stripped', 'denial-missing');
    expect(types(ask(world, '192.0.2.1', 'mx.example.', 'A'), 'answer')).toEqual(['A']);
    expect(types(ask(world, '192.0.2.1', 'absent.example.', 'A'), 'authority')).toEqual(['SOA']);
  });

  test('changes the DS in the parent, and mends it', () => {
    const world = makeWorld();
    const dsRdata = () => recordsOf(ask(world, '198.41.0.4', 'example.', 'DS'), { start: 0, end: 1 })[0]?.rdata;
    const good = dsRdata();
    world.break('example.', 'ds-wrong');
    expect(dsRdata()).not.toEqual(good);
    world.mend('example.');
    expect(dsRdata()).toEqual(good);
  });

  test('is silent, refuses, and truncates when told', () => {
    const world = makeWorld();
    world.break('example.', 'refused');
    expect(ask(world, '192.0.2.1', 'mx.example.', 'A').rcode).toBe(RCODE.REFUSED);
    world.mend('example.');
    world.break('example.', 'always-truncated');
    expect(ask(world, '192.0.2.1', 'mx.example.', 'A').has(FLAG.TC)).toBe(true);
    world.break('example.', 'dead');
    expect(() => ask(world, '192.0.2.1', 'mx.example.', 'A')).toThrow('shorter than a header');
  });
});
