/** Proves that YXDOMAIN goes out with the DNAME that proves it (RFC 6672 §2.2), and with nothing that nobody validated. */

import { describe, expect, test } from 'vitest';
import { TYPE } from '../../src/wire/rr-type.ts';
import { recordOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';
/** Three labels of 60 octets: before them is no room for two more of that size. */
const LONG = `${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}`;
const TEXT = `old IN DNAME ${LONG}.new\nhop IN CNAME ${'a'.repeat(60)}.${'b'.repeat(60)}.old\n`;
const ASKED = `${'a'.repeat(60)}.${'b'.repeat(60)}.old.test.`;
const DNAME = `old.test. DNAME ${LONG}.new.test.`;

describe('a DNAME that makes too long a name', () => {
  test.each(['A', 'CNAME', 'TLSA'])('is given with YXDOMAIN and its signature, type %s', async (type) => {
    const scene = Scene.withTest(TEXT);
    await scene.start();
    for (let i = 0; i < 2; i++) {
      const reply = await scene.ask(ASKED, type);
      expect(reply.status).toBe('YXDOMAIN ad');
      expect(reply.answer).toEqual([DNAME]);
      expect(reply.seen.answer.map((one) => one.type)).toEqual([TYPE.DNAME, TYPE.RRSIG]);
    }
    await scene.stop();
  });

  test('is given after the alias that leads to it', async () => {
    const scene = Scene.withTest(TEXT);
    await scene.start();
    const reply = await scene.ask('hop.test.', 'A');
    expect(reply.status).toBe('YXDOMAIN ad');
    expect(reply.answer).toEqual([`hop.test. CNAME ${ASKED}`, DNAME]);
    await scene.stop();
  });

  test('of an unsigned zone is given without AD', async () => {
    const scene = new Scene();
    scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
    scene.zone('test.', { servers: { 'ns.test.': [AUTH] }, text: TEXT });
    await scene.start();
    const reply = await scene.ask(ASKED, 'A');
    expect([reply.status, reply.answer]).toEqual(['YXDOMAIN', [DNAME]]);
    await scene.stop();
  });

  test('takes nothing along that is not proven', async () => {
    const scene = Scene.withTest(TEXT);
    scene.tamper(AUTH, (reply) => ({
      ...reply,
      answer: [...reply.answer, recordOf('other.test. 300 A 203.0.113.1')],
      authority: [recordOf('test. 300 NS ns.evil.'), recordOf('test. 300 TXT "forged"')],
      additional: [recordOf('ns.test. 300 A 203.0.113.2')],
    }));
    await scene.start();
    const reply = await scene.ask(ASKED, 'A');
    expect(reply.status).toBe('YXDOMAIN ad');
    expect([reply.answer, reply.authority, reply.additional]).toEqual([[DNAME], [], []]);
    await scene.stop();
  });

  test('is bogus without its signature, and YXDOMAIN without a DNAME is no answer', async () => {
    const scene = Scene.withTest(TEXT);
    scene.tamper(AUTH, (reply) => ({ ...reply, answer: reply.answer.filter((one) => one.type !== TYPE.RRSIG) }));
    await scene.start();
    const reply = await scene.ask(ASKED, 'A');
    expect([reply.status, reply.answer, reply.edes]).toEqual(['SERVFAIL', [], [10]]);
    await scene.stop();
  });
});
