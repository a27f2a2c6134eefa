/**
 * Attacks on the processor through validation, each against a whole resolver:
 * KeyTrap (CVE-2023-50387), NSEC3 encloser (CVE-2023-50868, Unbound CVE-2026-42923, BIND CVE-2026-1519), NSEC3 loop across
 * zones (Hickory GHSA-3v94-mw7p-v465). Proves that the work is bounded, that other clients are served meanwhile, and that
 * honest zones with many keys stay secure.
 */

import { describe, expect, test } from 'vitest';
import { MAX_RECORDS_PER_DENIAL_SET } from '../../src/validate/prove-denial.ts';
import { EDE } from '../../src/wire/ede.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import type { DenialStyle } from '../world/denial-chain.ts';
import { KEY_FLAGS, KeyStore } from '../world/keys.ts';
import { collidingKeys, noisyKey, replaceSignatures, showKeys } from '../world/lies.ts';
import { recordOf, subjectOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';
import { NSEC3 } from '../world/zone.ts';

const AUTH = '192.0.2.1';
const WHERE = { zone: 'test.', parent: '.', parentIp: '198.41.0.4', ip: AUTH };
/** Tag that the attacker's keys share. */
const TAG = 4711;
/** Signature checks of one RRset that are allowed (validate/options.ts), and what the honest part of the chain needs. */
const CHECKS_PER_SET = 8;
const HONEST_CHECKS = 8;

const dnskey = (rdata: Uint8Array): ResourceRecord => ({
  owner: mustParseName('test.'),
  type: TYPE.DNSKEY,
  class: CLASS.IN,
  ttl: 3600,
  rdata,
});

/** A zone whose addresses and aliases have hundreds of signatures by dozens of keys, all with the same tag. */
function keyTrap(text: string): Scene {
  const scene = Scene.withTest(text);
  const others = collidingKeys(60, TAG).map(dnskey);
  const key = noisyKey(TAG);
  const flood = (type: number) =>
    replaceSignatures(type, (set) =>
      Array.from({ length: 100 }, () => scene.signed('test.', set, { key }).slice(-1)).flat(),
    );
  showKeys(scene, WHERE, { entry: scene.world.get('test.').entryKeys, others }, (reply, query) =>
    flood(reply.answer.some(({ type }) => type === TYPE.CNAME) ? TYPE.CNAME : TYPE.A)(reply, query),
  );
  scene.zone('calm.', { servers: { 'ns.calm.': ['192.0.2.2'] }, signing: {}, text: 'www IN A 192.0.2.90' });
  return scene;
}

const nsec3 = (iterations: number): DenialStyle => ({
  ...(NSEC3 as Extract<DenialStyle, { kind: 'nsec3' }>),
  iterations,
});

describe('KeyTrap', () => {
  test('costs a bounded number of checks for one RRset', async () => {
    const scene = keyTrap('www IN A 192.0.2.80');
    await scene.start();
    const reply = await scene.ask('www.test.', 'A');
    expect(reply.status).toBe('SERVFAIL');
    expect(reply.edes).toEqual([EDE.DNSSEC_BOGUS]);
    expect(reply.edeTexts.join()).toContain('too-much-work');
    expect(scene.count('valops')).toBeLessThanOrEqual(CHECKS_PER_SET + HONEST_CHECKS);
    expect(scene.count('limit.signature-checks')).toBeGreaterThan(0);
    await scene.stop();
  });

  test('asked again, costs nothing while the verdict is remembered', async () => {
    const scene = keyTrap('www IN A 192.0.2.80');
    await scene.start();
    await scene.ask('www.test.', 'A');
    const before = scene.count('valops');
    for (let i = 0; i < 20; i++) expect((await scene.ask('www.test.', 'A')).status).toBe('SERVFAIL');
    expect(scene.count('valops')).toBe(before);
    await scene.stop();
  });

  test('lets cached answers flow meanwhile', async () => {
    const scene = keyTrap(Array.from({ length: 9 }, (_, i) => `a${i} IN CNAME a${i + 1}`).join('\n'));
    await scene.start();
    expect((await scene.ask('www.calm.', 'A')).status).toBe('NOERROR ad');
    await scene.ask('test.', 'DNSKEY');
    const answered = await scene.askTogether(['a0.test. A', 'www.calm. A']);
    expect(answered.map(({ question, reply }) => `${question} ${reply.status}`)).toEqual([
      'www.calm. A NOERROR ad',
      'a0.test. A SERVFAIL',
    ]);
    await scene.stop();
  });

  test('does not keep a zone with many keys and a rollover in progress from being secure', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80', { signing: { algorithms: [13, 15] } });
    const store = new KeyStore();
    const spare = Array.from({ length: 20 }, (_, i) =>
      store.key({ algorithm: 13, seed: `spare ${i}`, flags: KEY_FLAGS.zone }),
    );
    const zone = scene.world.get('test.');
    const others = [...zone.zoneKeys, ...spare].map((key) => dnskey(key.dnskey));
    const many = replaceSignatures(TYPE.A, (set) =>
      [...spare.slice(0, 4), ...zone.zoneKeys].flatMap((key) => scene.signed('test.', set, { key }).slice(-1)),
    );
    showKeys(scene, WHERE, { entry: zone.entryKeys, others }, many);
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });
});

describe('NSEC3 encloser', () => {
  test.each([151, 2_000, 65_535])('with %i iterations is insecure without hashing', async (iterations) => {
    const scene = Scene.withTest('www IN A 192.0.2.80', { signing: { denial: nsec3(iterations) } });
    await scene.start();
    const reply = await scene.ask('nothing.test.', 'A');
    expect(reply.status).toBe('NXDOMAIN');
    expect(reply.edes).toEqual([EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE]);
    // RFC 9276 §3.2: data with signatures of its own stays secure.
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });

  test('with 65535 iterations in the proof of an insecure delegation is insecure without hashing', async () => {
    const scene = Scene.withTest('', { signing: { denial: nsec3(65_535) } });
    scene.zone('sub.test.', { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.81' });
    await scene.start();
    const reply = await scene.ask('www.sub.test.', 'A');
    expect(reply.status).toBe('NOERROR');
    expect(reply.edes).toEqual([EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE]);
    expect(scene.count('insecure.nsec3-iterations-high')).toBe(1);
    await scene.stop();
  });

  test('with 150 iterations and a salt of 255 octets is proven for a name of a few labels, and ends early for a deep one', async () => {
    const denial = { ...nsec3(150), salt: new Uint8Array(255).fill(7) };
    const scene = Scene.withTest('www IN A 192.0.2.80', { signing: { denial } });
    await scene.start();
    expect((await scene.ask('_25._tcp.nothing.test.', 'TLSA')).status).toBe('NXDOMAIN ad');
    expect((await scene.ask(`${'a.'.repeat(60)}test.`, 'A')).status).toBe('SERVFAIL');
    expect(scene.count('limit.nsec3-hashes')).toBe(1);
    await scene.stop();
  });

  test('with 150 iterations, two chains and the longest name there is ends at a limit', async () => {
    const scene = Scene.withTest('www IN A 192.0.2.80', { signing: { denial: nsec3(150) } });
    const hash = 'v'.repeat(32);
    const other = recordOf(`${hash}.test. 300 NSEC3 1 0 150 ab ${hash.replace('v', '0')} A`);
    scene.tamper(AUTH, (reply) => {
      if (reply.authority.some(({ type }) => type === TYPE.NSEC3))
        reply.authority = [...scene.signed('test.', [other]), ...reply.authority];
      return reply;
    });
    await scene.start();
    expect((await scene.ask('nothing.test.', 'A')).status).toBe('NXDOMAIN ad');
    const reply = await scene.ask(`${'a.'.repeat(122)}test.`, 'A');
    expect(reply.status).toBe('SERVFAIL');
    expect(scene.count('limit.nsec3-hashes')).toBe(1);
    await scene.stop();
  });
});

describe('NSEC3 loop across zones', () => {
  test('of denials that name ever deeper signers ends', async () => {
    const scene = Scene.withTest('', { signing: { denial: NSEC3 } });
    scene.tamper(AUTH, (reply, query) => {
      const asked = reply.question?.name;
      if (asked === undefined || asked.length > 200) return reply;
      return replaceSignatures(TYPE.NSEC3, (set) =>
        set.flatMap((one) =>
          scene.signed('test.', [one], { signer: mustParseName(`deeper.${'x.'.repeat(3)}test.`) }).slice(-1),
        ),
      )(reply, query);
    });
    await scene.start();
    const reply = await scene.ask(`${'x.'.repeat(20)}deeper.${'x.'.repeat(3)}test.`, 'A');
    expect(reply.status).toBe('SERVFAIL');
    expect(scene.asked.length).toBeLessThan(60);
    await scene.stop();
  });

  test('of two zones whose denials are signed by each other ends', async () => {
    const scene = Scene.withTest('', { signing: { denial: NSEC3 } });
    scene.zone('other.', { servers: { 'ns.other.': ['192.0.2.2'] }, signing: { denial: NSEC3 } });
    for (const [ip, zone, signer] of [
      [AUTH, 'test.', 'other.'],
      ['192.0.2.2', 'other.', 'test.'],
    ] as const) {
      scene.tamper(ip, (reply, query) =>
        replaceSignatures(TYPE.NSEC3, (set) =>
          set.flatMap((one) => scene.signed(zone, [one], { signer: mustParseName(signer) }).slice(-1)),
        )(reply, query),
      );
    }
    await scene.start();
    expect((await scene.ask('nothing.test.', 'A')).status).toBe('SERVFAIL');
    expect((await scene.ask('nothing.other.', 'A')).status).toBe('SERVFAIL');
    expect(scene.asked.length).toBeLessThan(60);
    await scene.stop();
  });
});

describe('an NSEC set of many records', () => {
  /** The honest record, with so many others in front of it that end too early; all under one good signature. */
  async function statusWith(others: number): Promise<string> {
    const scene = Scene.withTest('www IN A 192.0.2.80');
    scene.tamper(AUTH, (reply) => {
      const honest = reply.authority.find(({ type }) => type === TYPE.NSEC);
      if (honest === undefined) return reply;
      const lies = Array.from({ length: others }, (_, i) =>
        recordOf(`test. 300 NSEC a${i}.test. SOA NS RRSIG NSEC DNSKEY`),
      );
      const set = [...lies, { ...honest, ttl: 300 }];
      return { ...reply, authority: [...withoutSet(reply.authority, TYPE.NSEC), ...scene.signed('test.', set)] };
    });
    await scene.start();
    const { status } = await scene.ask('nope.test.', 'A');
    await scene.stop();
    return status;
  }

  test('is read to a bound only: an honest one has one record', async () => {
    expect(await statusWith(0)).toBe('NXDOMAIN ad');
    expect(await statusWith(MAX_RECORDS_PER_DENIAL_SET - 1)).toBe('NXDOMAIN ad');
    expect(await statusWith(MAX_RECORDS_PER_DENIAL_SET)).toBe('SERVFAIL');
    expect(await statusWith(200)).toBe('SERVFAIL');
  });
});

function withoutSet(records: readonly ResourceRecord[], type: number): ResourceRecord[] {
  return records.filter((record) => subjectOf(record) !== type);
}
