/**
 * Servers that are hard to ask, each in front of a whole resolver: nothing that they do to one question may cost the next ones an
 * answer, or their time, for longer than it must.
 */

import { describe, expect, test } from 'vitest';
import { EDNS_OPTION, readEdns } from '../../src/wire/edns.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { IncomingQuery } from '../fake/fake-server.ts';
import { onType } from '../world/lies.ts';
import { type LooseMessage, recordOf } from '../world/loose-message.ts';
import { Scene, type Tamper } from '../world/scene.ts';

const SERVER = '192.0.2.1';
const TEXT = `
www IN A 192.0.2.80
mail IN A 192.0.2.81
_25._tcp.mail IN TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
`;

function hasCookie({ bytes }: IncomingQuery): boolean {
  const parsed = parseMessage(bytes);
  const edns = parsed.ok ? readEdns(parsed.message) : null;
  return edns !== null && edns !== 'malformed' && edns.options.some(({ code }) => code === EDNS_OPTION.COOKIE);
}

/** BADCOOKIE is 23: the upper eight bits stand in the OPT record (RFC 6891 §6.1.3). */
function badCookie(reply: LooseMessage): LooseMessage {
  const opt = { owner: mustParseName('.'), type: TYPE.OPT, class: 1232, ttl: 1 << 24, rdata: new Uint8Array() };
  return { ...reply, flags: FLAG.QR | (RCODE.BADCOOKIE & 0xf), answer: [], authority: [], additional: [opt] };
}

test('a server that calls every cookie bad, over TCP too, is asked without one', async () => {
  const scene = Scene.withTest(TEXT);
  scene.tamper(SERVER, (reply, query) => (hasCookie(query) ? badCookie(reply) : reply));
  await scene.start();
  expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
  expect((await scene.ask('mail.test.', 'A')).status).toBe('NOERROR ad');
  expect((await scene.ask('_25._tcp.mail.test.', 'TLSA')).status).toBe('NOERROR ad');
  expect((await scene.ask('nothing.test.', 'A')).status).toBe('NXDOMAIN ad');
  await scene.stop();
});

test('a server that truncates and is silent over TCP is waited for once, when there is another', async () => {
  const scene = new Scene();
  scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
  scene.zone('test.', { servers: { 'ns1.test.': ['192.0.2.1'], 'ns2.test.': ['192.0.2.2'] }, signing: {}, text: TEXT });
  scene.tamper('192.0.2.2', (reply, { transport }) =>
    transport === 'tcp' ? null : { ...reply, flags: reply.flags | FLAG.TC, answer: [], authority: [] },
  );
  await scene.start();
  const { clock } = scene.ports;
  let waits = 0;
  for (let i = 0; i < 12; i++) {
    const before = clock.monotonicMs();
    expect((await scene.ask(`n${i}.test.`, 'A')).status).toBe('NXDOMAIN ad');
    scene.instance.caches.denials.clear();
    if (clock.monotonicMs() - before > 1000) waits++;
  }
  expect(waits).toBeLessThanOrEqual(1);
  await scene.stop();
});

describe('one forged referral upwards', () => {
  test.each([
    ['A', TYPE.A],
    ['DNSKEY', TYPE.DNSKEY],
  ])('in place of %s keeps a zone with one server away for a minute at most', async (_what, type) => {
    const scene = Scene.withTest(TEXT);
    let isLying = true;
    scene.tamper(
      SERVER,
      onType(type, (reply) =>
        isLying ? { ...reply, flags: FLAG.QR, answer: [], authority: [recordOf('. 300 NS a.root.')] } : reply,
      ),
    );
    await scene.start();
    expect((await scene.ask('www.test.', 'A')).status).toBe('SERVFAIL');
    isLying = false;
    await scene.ports.clock.advance(66_000);
    expect((await scene.ask('www.test.', 'A')).status).toBe('NOERROR ad');
    await scene.stop();
  });
});

describe('an empty response', () => {
  /** Servers 1 and 2 are as told, 3 is honest; each question is asked of an empty cache, so that each server is met. */
  async function askMany(tampers: readonly Tamper[]): Promise<string[]> {
    const scene = new Scene();
    scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
    const all = [...tampers, (reply: LooseMessage) => reply];
    const servers = Object.fromEntries(all.map((_, i) => [`ns${i + 1}.test.`, [`192.0.2.${i + 1}`]]));
    scene.zone('test.', { servers, text: `@ IN MX 10 mail\n${TEXT}` });
    for (const [i, tamper] of all.entries()) scene.tamper(`192.0.2.${i + 1}`, tamper);
    await scene.start();
    const seen = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const { answers, rrsets, replies } = scene.instance.caches;
      for (const cache of [answers, rrsets, replies]) cache.clear();
      seen.add((await scene.ask('test.', 'MX')).answer.join());
    }
    await scene.stop();
    return [...seen];
  }
  const bare = (flags: number): Tamper => {
    return onType(TYPE.MX, (reply) => ({
      ...reply,
      flags: FLAG.QR | flags,
      answer: [],
      authority: [],
      additional: [],
    }));
  };

  test('with addresses besides says no more than one without', async () => {
    const withAddresses = onType(TYPE.MX, (reply) => ({ ...reply, answer: [], authority: [] }));
    expect(await askMany([withAddresses])).toEqual(['test. MX 10 mail.test.']);
  });

  test('without AA confirms none with AA: its server speaks for no zone', async () => {
    expect(await askMany([bare(FLAG.AA), bare(0)])).toEqual(['test. MX 10 mail.test.']);
  });
});
