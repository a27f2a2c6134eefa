/**
 * What must not count for or against a zone's trust for longer than it was proven, or at all: unusable keys in place of good
 * ones, bogus keys and DS sets after their verdict has ended.
 */

import { describe, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { keyTag } from '../../src/wire/rdata-dnskey.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { dsOf, KEY_FLAGS, KeyStore, type SigningKey } from '../world/keys.ts';
import { replaceSet } from '../world/lies.ts';
import { isAt, type LooseMessage, recordOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const ROOT_SERVER = '198.41.0.4';
const SERVER = '192.0.2.1';
const APEX = mustParseName('test.');
const ZONE =
  'www IN A 192.0.2.80\n_25._tcp.www IN TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';

const store = new KeyStore();

/** A P-256 key whose point does not lie on the curve. */
function offTheCurve(): SigningKey {
  const key = store.key({ algorithm: 13, seed: 'off the curve', flags: KEY_FLAGS.entry });
  const dnskey = key.dnskey.slice();
  dnskey[dnskey.length - 1] = (dnskey.at(-1) ?? 0) ^ 1;
  return { ...key, dnskey, tag: keyTag(dnskey) };
}

const UNUSABLE: readonly (readonly [string, () => SigningKey])[] = [
  ['RSA of 512 bits', () => store.key({ algorithm: 8, seed: 'weak', flags: KEY_FLAGS.entry, rsaBits: 512 })],
  ['a point that is not on the curve', offTheCurve],
];

/** From now on the root gives a DS set of these keys. */
function delegateBy(scene: Scene, keys: readonly SigningKey[]): void {
  const records = keys.map((key) => ({
    owner: APEX,
    type: TYPE.DS,
    class: CLASS.IN,
    ttl: 3600,
    rdata: dsOf(APEX, key),
  }));
  const hasDs = ({ answer, authority }: LooseMessage) =>
    [...answer, ...authority].some((record) => record.type === TYPE.DS && isAt(record, APEX));
  scene.tamper(ROOT_SERVER, (reply) => (hasDs(reply) ? replaceSet(reply, TYPE.DS, scene.signed('.', records)) : reply));
}

/** From now on the zone's server shows one key, and no signature of anything. */
function forgeWith(scene: Scene, { dnskey }: SigningKey): void {
  scene.tamper(SERVER, (reply) => {
    const base = { ...reply, flags: FLAG.QR | FLAG.AA, answer: [], authority: [] };
    switch (reply.question?.type) {
      case TYPE.DNSKEY:
        return { ...base, answer: [{ owner: APEX, type: TYPE.DNSKEY, class: CLASS.IN, ttl: 3600, rdata: dnskey }] };
      case TYPE.A:
        return { ...base, answer: [recordOf('www.test. 300 A 203.0.113.66')] };
      case TYPE.TLSA:
        return base;
      default:
        return reply;
    }
  });
}

describe.each(UNUSABLE)('%s named in a DS set', (_what, makeKey) => {
  test('beside a good key makes nothing insecure', async () => {
    const scene = Scene.withTest(ZONE);
    const [good] = scene.world.get('test.').entryKeys;
    if (good === undefined) throw new Error('the zone has no key');
    const bad = makeKey();
    delegateBy(scene, [good, bad]);
    await scene.start();
    forgeWith(scene, bad);
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
    expect((await scene.ask('_25._tcp.www.test.', 'TLSA')).rcode).toBe('SERVFAIL');
    await scene.stop();
  });

  test('beside a good key does no harm to the zone', async () => {
    const scene = Scene.withTest(ZONE);
    const [good] = scene.world.get('test.').entryKeys;
    if (good === undefined) throw new Error('the zone has no key');
    delegateBy(scene, [makeKey(), good]);
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });

  test('alone makes nothing insecure either: its algorithm and digest are supported', async () => {
    const scene = Scene.withTest(ZONE);
    const bad = makeKey();
    delegateBy(scene, [bad]);
    await scene.start();
    forgeWith(scene, bad);
    expect((await scene.ask('www.test.', 'A')).rcode).toBe('SERVFAIL');
    await scene.stop();
  });
});

describe('bad data of the chain of trust', () => {
  /** Signatures of that type are spoilt in what a server says. */
  function spoil(scene: Scene, ip: string, type: number): void {
    scene.tamper(ip, (reply) => {
      const spoilt = (records: LooseMessage['answer']) =>
        records.map((record) => {
          if (record.type !== TYPE.RRSIG || (record.rdata[0] ?? 0) * 256 + (record.rdata[1] ?? 0) !== type)
            return record;
          const rdata = record.rdata.slice();
          rdata[rdata.length - 1] = (rdata.at(-1) ?? 0) ^ 1;
          return { ...record, rdata };
        });
      return { ...reply, answer: spoilt(reply.answer), authority: spoilt(reply.authority) };
    });
  }

  test.each<[string, string, number, string]>([
    ['a DNSKEY set', SERVER, TYPE.DNSKEY, ZONE],
    ['a DS set', ROOT_SERVER, TYPE.DS, ZONE],
    ['the denial of a DS', SERVER, TYPE.NSEC, `sub IN NS ns.sub\nns.sub IN A 192.0.2.2`],
  ])('is not used any more when the verdict on %s has ended', async (_what, ip, type, text) => {
    const scene = Scene.withTest(text);
    const name = type === TYPE.NSEC ? 'www.sub.test.' : 'www.test.';
    const status = type === TYPE.NSEC ? 'NOERROR' : 'NOERROR ad';
    if (type === TYPE.NSEC) {
      scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.90' });
    }
    spoil(scene, ip, type);
    await scene.start(['\tval-bogus-ttl: 60']);
    expect((await scene.ask(name, 'A')).rcode).toBe('SERVFAIL');
    // The zone was signed anew meanwhile.
    scene.tamper(ip, (reply) => reply);
    await scene.ports.clock.advance(61_000);
    expect((await scene.ask(name, 'A')).status).toBe(status);
    await scene.stop();
  });

  test.each([
    ['www.test.', TYPE.DNSKEY, 'prefetch-key: yes'],
    ['www.sub.test.', TYPE.DNSKEY, 'prefetch-key: yes'],
    // The DS comes with a referral, which comes again when the answer is asked for from others.
    ['www.sub.test.', TYPE.DS, 'prefetch-key: no'],
    ['www.sub.test.', TYPE.DS, 'serve-expired: yes'],
  ])('does not come back by another way: %s, type %i, %s', async (name, type, line) => {
    const scene = Scene.withTest(ZONE);
    const below = { servers: { 'ns.sub.test.': ['192.0.2.2'] }, signing: {}, text: 'www IN A 192.0.2.90' };
    scene.zone('sub.test.', below);
    const ips = [SERVER, '192.0.2.2'];
    for (const ip of ips) spoil(scene, ip, type);
    await scene.start(['\tval-bogus-ttl: 60', `\t${line}`]);
    expect((await scene.ask(name, 'A')).rcode).toBe('SERVFAIL');
    for (const ip of ips) scene.tamper(ip, (reply) => reply);
    await scene.ports.clock.advance(61_000);
    expect((await scene.ask(name, 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });

  test('is asked for again after the time that bogus data is remembered, and not before', async () => {
    const scene = Scene.withTest(ZONE);
    spoil(scene, SERVER, TYPE.DNSKEY);
    await scene.start(['\tval-bogus-ttl: 60']);
    const asked = () => scene.asked.filter((line) => line === `${SERVER} test. DNSKEY`).length;
    await scene.ask('www.test.', 'A');
    const first = asked();
    await scene.ask('_25._tcp.www.test.', 'TLSA');
    expect(asked()).toBe(first);
    await scene.ports.clock.advance(61_000);
    await scene.ask('_25._tcp.www.test.', 'TLSA');
    expect(asked()).toBeGreaterThan(first);
    await scene.stop();
  });
});
