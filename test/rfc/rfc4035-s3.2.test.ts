/**
 * RFC 4035 §3.2, with RFC 6840 §5.6 to §5.9: what a recursive name server that knows DNSSEC does with the DO, CD and AD
 * bits, played out with a whole resolver.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { Scene } from '../world/scene.ts';

const TEXT = 'www IN A 192.0.2.80\nalias IN CNAME www.plain.\nbad IN A 192.0.2.81\nbad2 IN TXT "x"';
const DNSSEC_TYPES: readonly number[] = [TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, TYPE.DNSKEY, TYPE.DS];

let scene: Scene;
beforeAll(async () => {
  scene = Scene.withTest(TEXT);
  scene.zone('plain.', { servers: { 'ns.plain.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.90' });
  scene.zone('broken.', { servers: { 'ns.broken.': ['192.0.2.3'] }, signing: {}, text: 'www IN A 192.0.2.91' });
  scene.world.get('broken.').break({ fault: 'signatures-corrupt', types: [TYPE.A] });
  await scene.start();
});
afterAll(async () => {
  await scene.stop();
});

describe('§3.2.1, the DO bit', () => {
  test('goes out upstream whatever the client set', async () => {
    let withoutDo = 0;
    scene.ports.network.watch = ({ bytes, to }) => {
      if (to.port === 53 && (bytes[bytes.length - 4] ?? 0) === 0 && bytes.length < 30) withoutDo++;
    };
    await scene.ask('fresh.test.', 'A', { udpSize: 0 });
    expect(withoutDo).toBe(0);
    scene.ports.network.watch = null;
  });

  test('unset, signatures and denials are left out', async () => {
    for (const name of ['www.test.', 'nothing.test.']) {
      const { seen } = await scene.ask(name, 'A', { doBit: false });
      const types = [...seen.answer, ...seen.authority, ...seen.additional].map(({ type }) => type);
      expect(types.filter((type) => DNSSEC_TYPES.includes(type))).toEqual([]);
    }
  });

  test('unset, records of those types are given when they are asked for', async () => {
    const { seen } = await scene.ask('test.', 'DNSKEY', { doBit: false });
    expect(seen.answer.every(({ type }) => type === TYPE.DNSKEY)).toBe(true);
    expect(seen.answer.length).toBeGreaterThan(0);
  });

  test('set, signatures and denials are there, and DO comes back', async () => {
    const positive = await scene.ask('www.test.', 'A');
    expect(positive.seen.answer.some(({ type }) => type === TYPE.RRSIG)).toBe(true);
    expect((positive.seen.opt?.flags ?? 0) & 0x8000).toBe(0x8000);
    const negative = await scene.ask('nothing.test.', 'A');
    expect(negative.seen.authority.some(({ type }) => type === TYPE.NSEC)).toBe(true);
  });
});

describe('§3.2.2, the CD bit', () => {
  test('comes back as it was sent', async () => {
    for (const flags of [0, FLAG.CD]) {
      expect((await scene.ask('www.test.', 'A', { flags })).seen.flags & FLAG.CD).toBe(flags);
    }
  });

  test('set, bogus data is shown to a client that validates by itself; unset, it is SERVFAIL', async () => {
    expect((await scene.ask('www.broken.', 'A')).rcode).toBe('SERVFAIL');
    const shown = await scene.ask('www.broken.', 'A', { flags: FLAG.CD });
    expect(shown.status).toBe('NOERROR');
    expect(shown.answer).toEqual(['www.broken. A 192.0.2.91']);
    expect((await scene.ask('www.broken.', 'A')).rcode).toBe('SERVFAIL');
  });
});

describe('§3.2.3, the AD bit', () => {
  test('is set only when all of answer and authority is secure', async () => {
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    expect((await scene.ask('nothing.test.', 'A')).status).toBe('NXDOMAIN ad');
    expect((await scene.ask('www.plain.', 'A')).status).toBe('NOERROR');
    expect((await scene.ask('alias.test.', 'A')).status).toBe('NOERROR');
  });

  test('is only for those who set DO or AD (RFC 6840 §5.7, §5.8)', async () => {
    expect((await scene.ask('www.test.', 'A', { doBit: false })).ad).toBe(false);
    expect((await scene.ask('www.test.', 'A', { doBit: false, flags: FLAG.AD })).ad).toBe(true);
    expect((await scene.ask('www.test.', 'A', { udpSize: 0, flags: FLAG.AD })).ad).toBe(true);
  });

  test('of an authority means nothing here (§4.9.3)', async () => {
    scene.tamper('192.0.2.2', (reply) => ({ ...reply, flags: reply.flags | FLAG.AD }));
    scene.world.add('plain.', 'other.plain.', 'A', '192.0.2.92');
    expect((await scene.ask('other.plain.', 'A')).status).toBe('NOERROR');
  });
});
