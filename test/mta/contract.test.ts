/**
 * Proves what mail transfer agents rely on when they use DANE through a validating resolver on their own host: AD where it
 * is earned and asked for, on answers, aliases and denials alike; SERVFAIL only where there is a fault, and in time; whole
 * alias chains; truncation that leads to TCP.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EDE } from '../../src/wire/ede.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { Scene } from '../world/scene.ts';
import { AD_ONLY, AS_POSTFIX, DIGEST, mailScene, SIGNED_ZONES, shown } from './mail-host.ts';

/** A stub resolver waits so long before it asks again; twice, and then it gives up, ms. */
const STUB_TIMEOUT_MS = 5_000;
const STUB_TRIES = 2;

let scene: Scene;
beforeAll(async () => {
  scene = await mailScene();
});
afterAll(async () => {
  await scene.stop();
});

describe('the probe of an MTA', () => {
  test.each([
    ['as Postfix asks', AS_POSTFIX],
    ['with AD alone', AD_ONLY],
  ])('`. NS` %s has AD', async (_how, options) => {
    expect(shown(await scene.ask('.', 'NS', options))).toEqual(['NOERROR ad', '. NS a.root.']);
  });

  test('without AD and DO has no AD', async () => {
    expect((await scene.ask('.', 'NS', { udpSize: 0 })).status).toBe('NOERROR');
    expect((await scene.ask('.', 'NS', { doBit: false })).status).toBe('NOERROR');
  });

  test('with CD has AD when what is at hand is secure, and data in any case', async () => {
    expect((await scene.ask('nsec.', 'MX', { flags: FLAG.CD })).rcode).toBe('NOERROR');
  });
});

describe.each(SIGNED_ZONES)('a mail domain in %s', (zone) => {
  test('is found in the order in which Postfix asks: MX, A, AAAA, TLSA', async () => {
    expect(shown(await scene.ask(zone, 'MX', AS_POSTFIX))).toEqual(['NOERROR ad', `${zone} MX 10 mx.${zone}`]);
    expect(shown(await scene.ask(`mx.${zone}`, 'A', AS_POSTFIX))).toEqual(['NOERROR ad', `mx.${zone} A 192.0.2.25`]);
    expect(shown(await scene.ask(`mx.${zone}`, 'AAAA', AS_POSTFIX))).toEqual([
      'NOERROR ad',
      `mx.${zone} AAAA 2001:db8::25`,
    ]);
    const tlsa = await scene.ask(`_25._tcp.mx.${zone}`, 'TLSA', AS_POSTFIX);
    expect(tlsa.status).toBe('NOERROR ad');
    expect(tlsa.answer.map((line) => line.toLowerCase())).toContain(`_25._tcp.mx.${zone} tlsa 3 1 1 ${DIGEST}`);
    expect(tlsa.answer).toHaveLength(2);
    expect(tlsa.seen.answer.some(({ type }) => type === TYPE.RRSIG)).toBe(true);
  });

  test('with AD alone is as secure, and without signatures', async () => {
    const reply = await scene.ask(`_25._tcp.mx.${zone}`, 'TLSA', AD_ONLY);
    expect(reply.status).toBe('NOERROR ad');
    expect(reply.seen.opt).toBeNull();
    expect(reply.seen.answer.every(({ type }) => type === TYPE.TLSA)).toBe(true);
  });

  test('shows the whole alias chain in one answer', async () => {
    expect(shown(await scene.ask(`_25._tcp.alias.${zone}`, 'TLSA', AS_POSTFIX)).slice(0, 2)).toEqual([
      'NOERROR ad',
      `_25._tcp.alias.${zone} CNAME _25._tcp.mx.${zone}`,
    ]);
    expect((await scene.ask(`_25._tcp.alias.${zone}`, 'TLSA', AS_POSTFIX)).answer).toHaveLength(3);
    expect(shown(await scene.ask(`alias.${zone}`, 'A', AS_POSTFIX))).toEqual([
      'NOERROR ad',
      `alias.${zone} CNAME mx.${zone}`,
      `mx.${zone} A 192.0.2.25`,
    ]);
  });

  test('an alias into an unsigned zone has no AD, the alias by itself has', async () => {
    const chain = await scene.ask(`out.${zone}`, 'A', AS_POSTFIX);
    expect(shown(chain)).toEqual(['NOERROR', `out.${zone} CNAME mx.unsigned.`, 'mx.unsigned. A 192.0.2.25']);
    expect(shown(await scene.ask(`out.${zone}`, 'CNAME', AS_POSTFIX))).toEqual([
      'NOERROR ad',
      `out.${zone} CNAME mx.unsigned.`,
    ]);
  });

  test('a question for CNAME where there is none is denied with AD', async () => {
    expect(shown(await scene.ask(`mx.${zone}`, 'CNAME', AS_POSTFIX))).toEqual(['NOERROR ad']);
  });
});

describe('a TLSA record that is not there', () => {
  test.each(['nsec.', 'nsec3.'])('is denied with AD in %s: no such name', async (zone) => {
    expect((await scene.ask(`_25._tcp.plain.${zone}`, 'TLSA', AS_POSTFIX)).status).toBe('NXDOMAIN ad');
    expect((await scene.ask(`_25._tcp.plain.${zone}`, 'TLSA', AD_ONLY)).status).toBe('NXDOMAIN ad');
  });

  test.each(SIGNED_ZONES)('is denied with AD in %s: no such type', async (zone) => {
    expect(shown(await scene.ask(`mx.${zone}`, 'TLSA', AS_POSTFIX))).toEqual(['NOERROR ad']);
    expect(shown(await scene.ask(`_tcp.mx.${zone}`, 'TLSA', AS_POSTFIX))).toEqual(['NOERROR ad']);
    expect(shown(await scene.ask(`any.wild.${zone}`, 'TLSA', AS_POSTFIX))).toEqual([
      zone === 'opt-out.' ? 'NOERROR' : 'NOERROR ad',
    ]);
  });

  test('is denied without AD where an opt-out span could hide a delegation (RFC 5155 §9.2)', async () => {
    expect((await scene.ask('_25._tcp.plain.opt-out.', 'TLSA', AS_POSTFIX)).status).toBe('NXDOMAIN');
  });

  test('is denied with AD by a compact denial (RFC 9824)', async () => {
    expect((await scene.ask('_25._tcp.plain.compact.', 'TLSA', AS_POSTFIX)).status).toMatch(/^(NOERROR|NXDOMAIN) ad$/);
    expect(shown(await scene.ask('mx.compact.', 'TLSA', AS_POSTFIX))).toEqual(['NOERROR ad']);
  });

  test('is denied without AD in an unsigned zone', async () => {
    expect((await scene.ask('_25._tcp.plain.unsigned.', 'TLSA', AS_POSTFIX)).status).toBe('NXDOMAIN');
  });
});

describe('an unsigned domain', () => {
  test('is answered without AD, so that the MTA does not ask for TLSA at all', async () => {
    expect(shown(await scene.ask('unsigned.', 'MX', AS_POSTFIX))).toEqual(['NOERROR', 'unsigned. MX 10 mx.unsigned.']);
    expect(shown(await scene.ask('mx.unsigned.', 'A', AS_POSTFIX))).toEqual(['NOERROR', 'mx.unsigned. A 192.0.2.25']);
  });
});

describe('servers that are dead', () => {
  test('are answered for with SERVFAIL and the reason before a stub resolver gives up', async () => {
    const before = scene.ports.clock.monotonicMs();
    const reply = await scene.ask('_25._tcp.mx.dead.', 'TLSA', AS_POSTFIX);
    expect(reply.status).toBe('SERVFAIL');
    expect(reply.edes.some((code) => code === EDE.NO_REACHABLE_AUTHORITY || code === EDE.NETWORK_ERROR)).toBe(true);
    expect(scene.ports.clock.monotonicMs() - before).toBeLessThan(STUB_TIMEOUT_MS * STUB_TRIES);
  });

  test('are answered for at once when asked about again', async () => {
    await scene.ports.clock.advance(1_500);
    const before = scene.ports.clock.monotonicMs();
    expect((await scene.ask('_25._tcp.mx.dead.', 'TLSA', AS_POSTFIX)).status).toBe('SERVFAIL');
    expect(scene.ports.clock.monotonicMs() - before).toBeLessThan(STUB_TIMEOUT_MS * STUB_TRIES);
  });
});

describe('a TLSA lookup in a zone that is broken', () => {
  test.each(['signatures-expired', 'signatures-stripped', 'rdata-forged'] as const)(
    'by %s is SERVFAIL, never without AD',
    async (fault) => {
      const broken = await mailScene();
      broken.world.get('nsec.').break({ fault, types: [TYPE.TLSA] });
      const reply = await broken.ask('_25._tcp.mx.nsec.', 'TLSA', AS_POSTFIX);
      expect(reply.status).toBe('SERVFAIL');
      expect(reply.answer).toEqual([]);
      // The rest of the zone is as good as ever: mail is only deferred.
      expect((await broken.ask('mx.nsec.', 'A', AS_POSTFIX)).status).toBe('NOERROR ad');
      await broken.stop();
    },
  );
});

describe('an answer that does not fit', () => {
  test('into 1200 octets is truncated over UDP and whole over TCP', async () => {
    const large = await mailScene();
    for (let i = 0; i < 40; i++)
      large.world.add('nsec.', '_25._tcp.big.nsec.', 'TLSA', `3 1 1 ${i.toString(16).padStart(64, '0')}`);
    const cut = await large.ask('_25._tcp.big.nsec.', 'TLSA', AS_POSTFIX);
    expect(cut.tc).toBe(true);
    expect(cut.seen.bytes.length).toBeLessThanOrEqual(1200);
    const whole = await large.ask('_25._tcp.big.nsec.', 'TLSA', { ...AS_POSTFIX, transport: 'tcp' });
    expect(whole.tc).toBe(false);
    expect(whole.status).toBe('NOERROR ad');
    expect(whole.answer).toHaveLength(40);
    await large.stop();
  });

  test('into 512 octets for a client without EDNS is truncated', async () => {
    const large = await mailScene();
    for (let i = 0; i < 20; i++)
      large.world.add('nsec.', '_25._tcp.big.nsec.', 'TLSA', `3 1 1 ${i.toString(16).padStart(64, '0')}`);
    const cut = await large.ask('_25._tcp.big.nsec.', 'TLSA', AD_ONLY);
    expect(cut.tc).toBe(true);
    expect(cut.seen.bytes.length).toBeLessThanOrEqual(512);
    await large.stop();
  });
});

describe('AD in the cache', () => {
  test('is the same for the second asker, whatever the first one wanted', async () => {
    const fresh = await mailScene();
    const statuses: string[] = [];
    for (const options of [
      { udpSize: 0 },
      AD_ONLY,
      AS_POSTFIX,
      { doBit: false },
      { flags: FLAG.CD | FLAG.AD },
      AD_ONLY,
      { udpSize: 0 },
    ]) {
      statuses.push((await fresh.ask('_25._tcp.mx.nsec3.', 'TLSA', options)).status);
    }
    expect(statuses).toEqual([
      'NOERROR',
      'NOERROR ad',
      'NOERROR ad',
      'NOERROR',
      expect.stringMatching(/NOERROR/),
      'NOERROR ad',
      'NOERROR',
    ]);
    await fresh.stop();
  });

  test('ends with the signatures, and the skew that is allowed', async () => {
    const fresh = await mailScene();
    expect((await fresh.ask('mx.nsec.', 'A', AS_POSTFIX)).status).toBe('NOERROR ad');
    await fresh.ports.clock.advance(33 * 86_400_000);
    expect((await fresh.ask('mx.nsec.', 'A', AS_POSTFIX)).status).toBe('SERVFAIL');
    await fresh.stop();
  });
});
