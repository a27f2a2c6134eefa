/**
 * Proves how long a forged delegation keeps a zone away. A referral is not signed, so one forged packet can send a resolver to
 * servers of the attacker's for the TTL that it names; what they say must not keep the zone away once it is found out.
 */

import { describe, expect, test } from 'vitest';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { type LooseMessage, recordOf, tighten } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const ROOT_SERVER = '198.41.0.4';
const FORGER = '203.0.113.66';
const REFERRAL = {
  answer: [],
  authority: [recordOf('test. 86400 NS ns.evil.test.')],
  additional: [recordOf(`ns.evil.test. 86400 A ${FORGER}`)],
};
const ds = (reply: LooseMessage) => reply.authority.filter(({ type }) => type !== TYPE.NS);

const refused = (reply: LooseMessage) => ({ ...reply, flags: FLAG.QR | RCODE.REFUSED, answer: [], authority: [] });
const LIES: readonly (readonly [string, ((reply: LooseMessage) => LooseMessage) | null])[] = [
  ['say nothing', null],
  ['refuse', refused],
  ['fail', (reply) => ({ ...reply, flags: FLAG.QR | RCODE.SERVFAIL, answer: [], authority: [] })],
  [
    'deny all, unsigned',
    (reply) => ({
      ...reply,
      flags: FLAG.QR | FLAG.AA | RCODE.NXDOMAIN,
      answer: [],
      authority: [recordOf('test. 86400 SOA a. b. 1 2 3 4 86400')],
    }),
  ],
  [
    'answer without signatures',
    (reply) => ({
      ...reply,
      flags: FLAG.QR | FLAG.AA,
      answer: reply.answer.filter(({ type }) => type !== TYPE.RRSIG),
      authority: [],
    }),
  ],
  [
    'answer with another address',
    (reply) => ({
      ...reply,
      flags: FLAG.QR | FLAG.AA,
      answer: reply.answer.map((one) => (one.type === TYPE.A ? { ...one, rdata: Uint8Array.of(6, 6, 6, 6) } : one)),
    }),
  ],
  [
    'send back to the root',
    (reply) => ({ ...reply, flags: FLAG.QR, answer: [], authority: [recordOf('. 86400 NS a.root.')] }),
  ],
  [
    'say nothing at all in their answers',
    (reply) => ({ ...reply, flags: FLAG.QR | FLAG.AA, answer: [], authority: [], additional: [] }),
  ],
];

/** Seconds until the zone resolves although its servers were forged, asked every 6 s; infinite after ten minutes. */
async function secondsAway(lie: ((reply: LooseMessage) => LooseMessage) | null, isSigned: boolean): Promise<number> {
  const scene = Scene.withTest('www IN A 192.0.2.80', isSigned ? {} : { signing: undefined as never });
  scene.attach();
  let forgeries = 1;
  scene.tamper(ROOT_SERVER, (reply) => {
    if (forgeries === 0 || !reply.authority.some(({ type }) => type === TYPE.NS)) return reply;
    forgeries--;
    return { ...reply, ...REFERRAL, authority: [...REFERRAL.authority, ...ds(reply)] };
  });
  scene.serve(FORGER, (query, reply) => {
    if (lie !== null) query.reply(tighten(lie(reply)));
  });
  await scene.start();
  for (let seconds = 0; seconds < 600; seconds += 6) {
    const startedMs = scene.ports.clock.monotonicMs();
    const reply = await scene.ask('www.test.', 'A');
    if (reply.answer.includes('www.test. A 192.0.2.80')) {
      await scene.stop();
      return seconds;
    }
    await scene.ports.clock.advance(Math.max(1, 6000 - (scene.ports.clock.monotonicMs() - startedMs)));
  }
  await scene.stop();
  return Number.POSITIVE_INFINITY;
}

describe('a forged delegation to servers that', () => {
  test.each(LIES)('%s keeps a signed zone away for half a minute at most', async (_what, lie) => {
    expect(await secondsAway(lie, true)).toBeLessThanOrEqual(30);
  });
  test.each(LIES.slice(0, 3))('%s keeps an unsigned zone away for half a minute at most', async (_what, lie) => {
    expect(await secondsAway(lie, false)).toBeLessThanOrEqual(30);
  });
});
