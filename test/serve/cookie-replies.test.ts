/** Proves what clients with and without cookies get: cookies in all replies, what allow_cookie demands, limits, counters. */

import { describe, expect, it } from 'vitest';
import { CLIENT_COOKIE_OCTETS, COOKIE_OCTETS, ServerCookies } from '../../src/serve/cookies.ts';
import { ClientRates } from '../../src/serve/rate-limit.ts';
import type { ServeOptions } from '../../src/serve/serve-options.ts';
import { EDNS_OPTION, findOption } from '../../src/wire/edns.ts';
import { parseIp } from '../../src/wire/ip.ts';
import { buildQuery } from '../../src/wire/query.ts';
import type { Question } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { questionFrom } from '../support/records.ts';
import { answered, NOW, PlayedResolver, type Reply, ranked } from './serving.ts';

const CLIENT = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
const HERE = '192.0.2.1';
const QUESTION = questionFrom('www.example.');
const ANSWER = answered(QUESTION, { answer: [ranked(['www.example. A 192.0.2.80'])] });

function instance(options: Partial<ServeOptions> = {}, clientRates?: ClientRates): PlayedResolver {
  const access = [{ address: parseIp('192.0.2.0') as Uint8Array, prefixLength: 24, action: 'allow' as const }];
  const cookies = new ServerCookies([new Uint8Array(16).fill(7)]);
  return new PlayedResolver({ access, ...options }, null, {
    cookies,
    ...(clientRates === undefined ? {} : { clientRates }),
  });
}

/** As `server`, for clients that must have a cookie. */
function strictServer(options: Partial<ServeOptions> = {}): PlayedResolver {
  const access = [{ address: parseIp('192.0.2.0') as Uint8Array, prefixLength: 24, action: 'allow_cookie' as const }];
  return instance({ access, ...options });
}

function query(question: Question, cookies: readonly Uint8Array[], udpSize = 1232): Uint8Array {
  const options = cookies.map((data) => ({ code: EDNS_OPTION.COOKIE, data }));
  return buildQuery({ id: 1, question, flags: FLAG.RD, edns: { udpSize, doBit: false, options } });
}

function cookieOf(reply: Reply): Uint8Array | null {
  return reply.edns === null ? null : (findOption(reply.edns, EDNS_OPTION.COOKIE)?.data ?? null);
}

function asked(
  at: PlayedResolver,
  cookies: readonly Uint8Array[],
  { from = HERE, transport = 'udp' as 'udp' | 'tcp', udpSize = 1232 } = {},
): Reply {
  const reply = at.send(query(QUESTION, cookies, udpSize), { from, transport });
  if (reply === null || reply === 'handed over') throw new Error(`no reply at once: ${reply}`);
  return reply;
}

/** A cookie that the resolver has given to the client. */
function learnt(at: PlayedResolver, from = HERE): Uint8Array {
  const cookie = cookieOf(asked(at, [CLIENT], { from }));
  if (cookie === null) throw new Error('no cookie was given');
  return cookie.slice();
}

describe('replies to queries with a cookie', () => {
  it('carry the client cookie and ours, on a miss of the reply cache and on a hit', () => {
    const at = instance().know(ANSWER);
    for (const reply of [asked(at, [CLIENT]), asked(at, [CLIENT])]) {
      expect(reply.answer).toEqual(['www.example. A']);
      expect(cookieOf(reply)?.length).toBe(COOKIE_OCTETS);
      expect(cookieOf(reply)?.slice(0, CLIENT_COOKIE_OCTETS)).toEqual(CLIENT);
    }
  });

  it('never show a cookie to another client, out of the reply cache either', () => {
    const at = instance().know(ANSWER);
    const first = learnt(at);
    expect(cookieOf(asked(at, []))).toBeNull();
    expect(cookieOf(asked(at, [CLIENT], { from: '192.0.2.2' }))).not.toEqual(first);
  });

  it('carry each waiting client its own cookie when one resolution answers many', async () => {
    const at = instance();
    for (const from of [HERE, '192.0.2.2']) expect(at.send(query(QUESTION, [CLIENT]), { from })).toBe('handed over');
    await at.end(ANSWER);
    const cookies = at.late.map((reply) => Buffer.from((reply && cookieOf(reply)) ?? []).toString('hex'));
    expect(new Set(cookies).size).toBe(2);
    for (const cookie of cookies) expect(cookie).toMatch(/^0102030405060708/);
  });

  it('answer the first of two cookies', () => {
    const other = CLIENT.map((octet) => octet + 1);
    expect(cookieOf(asked(instance().know(ANSWER), [CLIENT, other]))?.slice(0, 8)).toEqual(CLIENT);
  });

  it('carry it when the query is refused', () => {
    const reply = instance().send(query({ ...QUESTION, class: 4 }, [CLIENT]), { from: HERE }) as Reply;
    expect(reply.rcode).toBe(RCODE.REFUSED);
    expect(cookieOf(reply)?.length).toBe(COOKIE_OCTETS);
  });

  it('are truncated rather than sent without it', () => {
    const lines = Array.from({ length: 28 }, (_, i) => `www.example. A 192.0.2.${i}`);
    const at = instance().know(answered(QUESTION, { answer: [ranked(lines, { signed: false })] }));
    for (const reply of [asked(at, [CLIENT], { udpSize: 512 }), asked(at, [CLIENT], { udpSize: 512 })]) {
      expect(reply.flags).toContain('TC');
      expect(cookieOf(reply)?.length).toBe(COOKIE_OCTETS);
      expect(reply.octets).toBeLessThanOrEqual(512);
    }
    expect(asked(at, [], { udpSize: 512 }).flags).not.toContain('TC');
  });

  it('are FORMERR when its length cannot be (RFC 7873 §5.2.2)', () => {
    for (const octets of [0, 7, 9, 15, 41]) {
      const reply = asked(instance().know(ANSWER), [new Uint8Array(octets)]);
      expect(reply.rcode).toBe(RCODE.FORMERR);
      expect(cookieOf(reply)).toBeNull();
    }
  });

  it('have none where cookies are not answered, whatever is sent', () => {
    const at = new PlayedResolver().know(ANSWER);
    for (const data of [CLIENT, new Uint8Array(3)]) {
      const reply = asked(at, [data], { from: '127.0.0.1' });
      expect(reply.rcode).toBe(RCODE.NOERROR);
      expect(cookieOf(reply)).toBeNull();
    }
    expect(at.serve.stats.cookiesClient).toBe(0);
  });
});

describe('allow_cookie over UDP', () => {
  it('sends a client without a cookie to TCP', () => {
    const reply = asked(strictServer().know(ANSWER), []);
    expect(reply.rcode).toBe(RCODE.REFUSED);
    expect(reply.flags).toContain('TC');
    expect(reply.answer).toEqual([]);
  });

  it('answers BADCOOKIE with a cookie, and the query that brings it', () => {
    const at = strictServer().know(ANSWER);
    const first = asked(at, [CLIENT]);
    expect(first.rcode | ((first.edns?.extendedRcode ?? 0) << 4)).toBe(RCODE.BADCOOKIE);
    expect(first.answer).toEqual([]);
    const second = asked(at, [cookieOf(first)?.slice() ?? CLIENT]);
    expect(second.rcode).toBe(RCODE.NOERROR);
    expect(second.answer).toEqual(['www.example. A']);
  });

  it('takes no cookie of another address', () => {
    const at = strictServer().know(ANSWER);
    const reply = asked(at, [learnt(at)], { from: '192.0.2.2' });
    expect(reply.edns?.extendedRcode).toBe(RCODE.BADCOOKIE >>> 4);
  });

  it('asks nothing of a client over TCP', () => {
    expect(asked(strictServer().know(ANSWER), [], { transport: 'tcp' }).answer).toEqual(['www.example. A']);
  });
});

describe('a client with a valid cookie', () => {
  it('may wait for as many questions as wait-limit-cookie says', () => {
    const at = instance({ waitLimit: 1, waitLimitCookie: 2 });
    const cookie = learnt(at.know(ANSWER));
    const sent = ['a.', 'b.', 'c.'].map((name) => at.send(query(questionFrom(name), [cookie]), { from: HERE }));
    expect(sent).toEqual(['handed over', 'handed over', null]);
    const without = ['d.', 'e.'].map((name) => at.send(query(questionFrom(name), []), { from: '192.0.2.2' }));
    expect(without).toEqual(['handed over', null]);
  });
});

describe('ip-ratelimit', () => {
  it('holds back those without a valid cookie; those with one have a limit of their own', () => {
    const random = new SeededRandom(1);
    const options = { perSecond: 2, perSecondWithCookie: 5, factor: 0, backoff: false, maxBytes: 1 << 16 };
    const rates = new ClientRates({ clock: new FakeClock(NOW), random, options });
    const admitted = [false, false, false, true, true, true].map((isProven) => rates.admits(HERE, isProven));
    expect(admitted).toEqual([true, true, false, true, true, false]);
  });

  it('has none for valid cookies with ip-ratelimit-cookie: 0, its default', () => {
    const random = new SeededRandom(1);
    const options = { perSecond: 1, perSecondWithCookie: 0, factor: 0, backoff: false, maxBytes: 1 << 16 };
    const rates = new ClientRates({ clock: new FakeClock(NOW), random, options });
    const at = instance({}, rates).know(ANSWER);
    const cookie = learnt(at);
    for (let i = 0; i < 5; i++) expect(asked(at, [cookie]).rcode).toBe(RCODE.NOERROR);
    expect(at.send(query(QUESTION, [CLIENT]), { from: HERE })).toBeNull();
    expect(at.serve.stats.overRate).toBe(1);
  });
});

describe('counters', () => {
  it('tell valid cookies, the client part alone, and others apart; reset clears them', () => {
    const at = instance().know(ANSWER);
    const cookie = learnt(at);
    asked(at, [cookie]);
    asked(at, [cookie]);
    asked(at, [cookie], { from: '192.0.2.2' });
    asked(at, []);
    const { stats } = at.serve;
    expect([stats.cookiesValid, stats.cookiesClient, stats.cookiesInvalid]).toEqual([2, 1, 1]);
    stats.reset();
    expect([stats.cookiesValid, stats.cookiesClient, stats.cookiesInvalid]).toEqual([0, 0, 0]);
  });
});
