/**
 * The RFCs that add signature algorithms and digests, and those that say which of them validators must, may and must not
 * take: RFC 5702 (RSA with SHA-2), RFC 6605 (ECDSA, SHA-384 digests), RFC 8080 (EdDSA), RFC 4509 (SHA-256 digests), RFC 8624
 * and RFC 9904 (requirements), RFC 9905 (SHA-1), RFC 9906 (GOST). Played out with a whole resolver and real keys.
 */

import { describe, expect, test } from 'vitest';
import { EDE } from '../../src/wire/ede.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { dsOf, type SigningAlgorithm } from '../world/keys.ts';
import { onType, showKeys } from '../world/lies.ts';
import { Scene } from '../world/scene.ts';

const TEXT = 'www IN A 192.0.2.80';
const WHERE = { zone: 'test.', parent: '.', parentIp: '198.41.0.4', ip: '192.0.2.1' };

const signedWith = (...algorithms: SigningAlgorithm[]) => Scene.withTest(TEXT, { signing: { algorithms } });

describe.each([
  ['RFC 5702 §2, RSASHA256', 8],
  ['RFC 5702 §2, RSASHA512', 10],
  ['RFC 6605 §4, ECDSAP256SHA256', 13],
  ['RFC 6605 §4, ECDSAP384SHA384', 14],
  ['RFC 8080 §3, ED25519', 15],
  ['RFC 8080 §3, ED448', 16],
] as const)('%s', (_name, algorithm) => {
  test('validates answers and denials', async () => {
    const scene = signedWith(algorithm);
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    expect((await scene.ask('nothing.test.', 'A')).status).toBe('NXDOMAIN ad');
    await scene.stop();
  });

  test('refuses a signature with one bit turned', async () => {
    const scene = signedWith(algorithm);
    scene.world.get('test.').break({ fault: 'signatures-corrupt', types: [TYPE.A] });
    expect((await scene.askOnce('www.test.', 'A')).status).toBe('SERVFAIL');
  });

  test('refuses a signature that is cut short', async () => {
    const scene = signedWith(algorithm);
    scene.tamper(
      WHERE.ip,
      onType(TYPE.A, (reply) => ({
        ...reply,
        answer: reply.answer.map((one) =>
          one.type === TYPE.RRSIG ? { ...one, rdata: one.rdata.subarray(0, -1) } : one,
        ),
      })),
    );
    expect((await scene.askOnce('www.test.', 'A')).status).toBe('SERVFAIL');
  });
});

describe('RFC 8624 §3.1 and RFC 9904, algorithms', () => {
  test('RSASHA1 and RSASHA1-NSEC3-SHA1 validate by default, as their zones are still there (RFC 9905 §2)', async () => {
    for (const algorithm of [5, 7] as const)
      expect((await signedWith(algorithm).askOnce('www.test.', 'A')).status).toBe('NOERROR ad');
  });

  test('and make a zone insecure where the operator says so (RFC 9905 §2, val-sha1), digests as well', async () => {
    for (const signing of [{ algorithms: [5] }, { algorithms: [7] }, { digestTypes: [1] }] as const) {
      const scene = Scene.withTest(TEXT, { signing });
      await scene.start(['server:', '\tval-sha1: no']);
      const reply = await scene.ask('www.test.', 'A');
      expect(reply.status).toBe('NOERROR');
      expect(reply.edes).toHaveLength(1);
      await scene.stop();
    }
  });

  test.each([
    ['RSAMD5', 1],
    ['DSA', 3],
    ['DSA-NSEC3-SHA1', 6],
    ['ECC-GOST (RFC 9906 §3)', 12],
    ['one that is not assigned', 200],
    ['INDIRECT', 252],
    ['PRIVATEDNS', 253],
    ['PRIVATEOID', 254],
  ])('%s makes a zone insecure, and says so', async (_name, algorithm) => {
    const scene = Scene.withTest(TEXT);
    const entry = scene.world.get('test.').entryKeys;
    const ds = entry.map((key) => dsOf(mustParseName('test.'), key).with(2, algorithm));
    showKeys(scene, WHERE, { entry, ds });
    const reply = await scene.askOnce('www.test.', 'A');
    expect(reply.status).toBe('NOERROR');
    expect(reply.edes).toEqual([EDE.UNSUPPORTED_DNSKEY_ALGORITHM]);
  });

  test('one that is not supported beside one that is changes nothing', async () => {
    const scene = Scene.withTest(TEXT);
    const entry = scene.world.get('test.').entryKeys;
    const good = entry.map((key) => dsOf(mustParseName('test.'), key));
    showKeys(scene, WHERE, { entry, ds: [...good.map((one) => one.with(2, 200)), ...good] });
    expect((await scene.askOnce('www.test.', 'A')).status).toBe('NOERROR ad');
  });
});

describe('RFC 8624 §3.3 and RFC 9904, digests', () => {
  test.each([1, 2, 4] as const)('type %i is taken', async (digestType) => {
    expect(
      (await Scene.withTest(TEXT, { signing: { digestTypes: [digestType] } }).askOnce('www.test.', 'A')).status,
    ).toBe('NOERROR ad');
  });

  test.each([
    ['GOST R 34.11-94 (RFC 9906 §3)', 3],
    ['the null digest', 0],
    ['one that is not assigned', 200],
  ])('%s makes a zone insecure, and says so', async (_name, digestType) => {
    const scene = Scene.withTest(TEXT);
    const entry = scene.world.get('test.').entryKeys;
    showKeys(scene, WHERE, { entry, ds: entry.map((key) => dsOf(mustParseName('test.'), key).with(3, digestType)) });
    const reply = await scene.askOnce('www.test.', 'A');
    expect(reply.status).toBe('NOERROR');
    expect(reply.edes).toEqual([EDE.UNSUPPORTED_DS_DIGEST_TYPE]);
  });

  test('SHA-1 does not count beside SHA-256 (RFC 4509 §3): a good SHA-1 cannot replace a bad SHA-256', async () => {
    const scene = Scene.withTest(TEXT);
    const owner = mustParseName('test.');
    const entry = scene.world.get('test.').entryKeys;
    const bad = entry.map((key) => dsOf(owner, key, 2).with(20, 0).with(21, 0));
    showKeys(scene, WHERE, { entry, ds: [...entry.map((key) => dsOf(owner, key, 1)), ...bad] });
    expect((await scene.askOnce('www.test.', 'A')).status).toBe('SERVFAIL');
  });

  test('a digest of the wrong length is a DS that fits no key', async () => {
    const scene = Scene.withTest(TEXT);
    const entry = scene.world.get('test.').entryKeys;
    showKeys(scene, WHERE, { entry, ds: entry.map((key) => dsOf(mustParseName('test.'), key).subarray(0, 30)) });
    expect((await scene.askOnce('www.test.', 'A')).status).toBe('SERVFAIL');
  });
});

describe('rollovers in progress (RFC 6781 §4)', () => {
  test('of the algorithm: both sets of signatures, the DS of the old or the new key', async () => {
    for (const which of [0, 1]) {
      const scene = signedWith(8, 13);
      const owner = mustParseName('test.');
      const zone = scene.world.get('test.');
      const record = { owner, type: TYPE.DNSKEY, class: 1, ttl: 3600 };
      const others = zone.zoneKeys.map((key) => ({ ...record, rdata: key.dnskey }));
      const ds = [zone.entryKeys[which]].flatMap((key) => (key === undefined ? [] : [dsOf(owner, key)]));
      showKeys(scene, WHERE, { entry: zone.entryKeys, others, ds });
      expect((await scene.askOnce('www.test.', 'A')).status).toBe('NOERROR ad');
    }
  });

  test('of the key-signing key: a DS for each, one of them for a key that is not there yet', async () => {
    const scene = Scene.withTest(TEXT);
    const zone = scene.world.get('test.');
    const owner = mustParseName('test.');
    const others = zone.zoneKeys.map((key) => ({ owner, type: TYPE.DNSKEY, class: 1, ttl: 3600, rdata: key.dnskey }));
    const future = zone.entryKeys.map((key) => dsOf(owner, key).with(0, 1).with(1, 2).fill(7, 4));
    showKeys(scene, WHERE, {
      entry: zone.entryKeys,
      others,
      ds: [...future, ...zone.entryKeys.map((key) => dsOf(owner, key))],
    });
    expect((await scene.askOnce('www.test.', 'A')).status).toBe('NOERROR ad');
  });
});
