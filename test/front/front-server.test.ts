/**
 * Proves what a front thread answers by itself: exactly what the resolving thread would answer, for the queries and clients that
 * it was shown, and nothing after it was taken back; that all else is handed over; that each query is counted once.
 */

import { describe, expect, test } from 'vitest';
import { MAX_SHARED_SECONDS } from '../../src/front/shared-replies.ts';
import { ServerCookies } from '../../src/serve/cookies.ts';
import { ClientRates } from '../../src/serve/rate-limit.ts';
import { Followers } from '../../src/trace/followers.ts';
import { EDNS_OPTION } from '../../src/wire/edns.ts';
import { mustParsePrefix } from '../../src/wire/ip-prefix.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { PolicyBench } from '../policy/policy-bench.ts';
import { answered, BOGUS, INSECURE, NOW, queryFor, ranked } from '../serve/serving.ts';
import { questionFrom } from '../support/records.ts';
import { FrontBench } from './front-bench.ts';

const MX = questionFrom('mx.example. A');
const FOUND = answered(MX, { answer: [ranked(['mx.example. A 192.0.2.1'])] });

function knowing(...start: ConstructorParameters<typeof FrontBench>): FrontBench {
  const bench = new FrontBench(...start);
  bench.resolver.know(FOUND);
  return bench;
}

describe('a front thread', () => {
  test('answers what the resolving thread has served from its cache before', () => {
    const bench = knowing();
    expect([1, 2, 3, 4].map(() => bench.ask(MX).by)).toEqual(['resolver', 'resolver', 'front', 'front']);
  });

  test.each([
    { doBit: true, udpSize: 1232 },
    { doBit: false, udpSize: 1232 },
    { ad: true },
    { cd: true },
    { id: 0xfeed },
    { cd: true, doBit: true, udpSize: 512 },
  ])('answers octet for octet as the resolving thread does: %o', (asking) => {
    const bench = knowing();
    const served = bench.askThrice(MX, asking);
    expect(served.by).toBe('front');
    expect(served.reply).toEqual(knowing().resolver.reply(MX, asking));
  });

  test('gives the id, spelling and RD of this query back', () => {
    const bench = knowing();
    bench.askThrice(MX);
    const query = queryFor(questionFrom('mX.eXample. A'), { id: 77 });
    const { by, reply } = bench.send(query);
    expect(by).toBe('front');
    if (reply === null || reply === 'handed over') throw new Error('no reply');
    expect(reply.message.id).toBe(77);
    expect([...reply.message.bytes.subarray(12, query.length)]).toEqual([...query.subarray(12)]);
  });

  test('counts TTLs down, and ends with the reply', () => {
    const bench = knowing();
    bench.askThrice(MX);
    bench.resolver.clock.skip(10_000);
    expect(bench.ask(MX)).toMatchObject({ by: 'front', reply: { records: ['mx.example.\t290\tIN\tA\t192.0.2.1'] } });
    const short = answered(questionFrom('s.example. A'), {
      answer: [ranked(['s.example. A 192.0.2.1'], { ttl: 5 })],
      expiresAt: NOW + 15,
    });
    bench.resolver.know(short);
    bench.askThrice(short.question);
    bench.resolver.clock.skip(6_000);
    expect(bench.ask(short.question).by).toBe('resolver');
  });

  test(`asks again after ${MAX_SHARED_SECONDS} seconds, so that the cache knows what is in use`, () => {
    const bench = knowing();
    bench.askThrice(MX);
    bench.resolver.clock.skip((MAX_SHARED_SECONDS + 1) * 1000);
    expect([bench.ask(MX).by, bench.ask(MX).by]).toEqual(['resolver', 'front']);
  });

  test('hands over where the clock was set back: TTLs would be longer than they were', () => {
    const bench = knowing();
    bench.askThrice(MX);
    bench.resolver.clock.setUnixSeconds(NOW - 100);
    expect(bench.ask(MX).by).toBe('resolver');
  });

  test('keeps replies that depend on DO or CD apart', () => {
    const bench = knowing();
    const plain = bench.askThrice(MX, { udpSize: 1232 });
    const signed = bench.askThrice(MX, { udpSize: 1232, doBit: true });
    expect(plain).toMatchObject({ by: 'front', reply: { answer: ['mx.example. A'] } });
    expect(signed).toMatchObject({ by: 'front', reply: { answer: ['mx.example. A', 'mx.example. RRSIG'] } });
  });

  test('serves a bogus answer as what it is, with its extended error', () => {
    const bench = new FrontBench();
    bench.resolver.know(answered(MX, { answer: [ranked(['mx.example. A 192.0.2.1'])], verdict: BOGUS }));
    const { by, reply } = bench.askThrice(MX, { udpSize: 1232 });
    if (reply === null || reply === 'handed over') throw new Error('no reply');
    expect([by, reply.rcode, reply.answer, reply.errors.length]).toEqual(['front', 2, [], 1]);
    expect(bench.stats.read().bogusAnswers).toBe(1);
  });

  test('sets AD for secure data alone', () => {
    const bench = knowing();
    const question = questionFrom('plain.example. A');
    bench.resolver.know(answered(question, { answer: [ranked(['plain.example. A 192.0.2.1'])], verdict: INSECURE }));
    expect(bench.askThrice(MX, { ad: true })).toMatchObject({ by: 'front', reply: { flags: 'QR RD RA AD' } });
    expect(bench.askThrice(question, { ad: true })).toMatchObject({ by: 'front', reply: { flags: 'QR RD RA' } });
  });

  test('hands over what does not fit the client, to be truncated', () => {
    const bench = new FrontBench();
    const question = questionFrom('many.example. A');
    const many = ranked(Array.from({ length: 60 }, (_, i) => `many.example. A 192.0.2.${i}`));
    bench.resolver.know(answered(question, { answer: [many] }));
    expect(bench.askThrice(question, { udpSize: 1232 }).by).toBe('front');
    expect(bench.ask(question)).toMatchObject({ by: 'resolver', reply: { flags: 'QR TC RD RA' } });
  });

  test('hands over what is larger than a place in shared memory', () => {
    const bench = new FrontBench({ maxUdpOctets: 4096 });
    bench.change({ maxUdpOctets: 4096 });
    const question = questionFrom('huge.example. A');
    const huge = ranked(Array.from({ length: 200 }, (_, i) => `huge.example. A 192.0.2.${i}`));
    bench.resolver.know(answered(question, { answer: [huge] }));
    expect(bench.askThrice(question, { udpSize: 4096 }).by).toBe('resolver');
  });
});

describe('what was published', () => {
  test.each([
    ['everything is flushed', (bench: FrontBench) => bench.resolver.replies.clear()],
    ['a zone is flushed', (bench: FrontBench) => bench.resolver.replies.removeBelow(questionFrom('example.').name)],
    ['another instance is in force', (bench: FrontBench) => bench.change({})],
  ])('is taken back when %s', (_, change) => {
    const bench = knowing();
    bench.askThrice(MX);
    change(bench);
    expect(bench.ask(MX).by).toBe('resolver');
  });

  test('is taken back when replies are forgotten piece by piece', async () => {
    const bench = knowing();
    bench.askThrice(MX);
    await bench.resolver.replies.removeInTurns(
      () => true,
      async () => {},
    );
    expect(bench.ask(MX).by).toBe('resolver');
  });

  test('is taken back when another reply is kept for its question, and only that', () => {
    const bench = knowing();
    const other = questionFrom('other.example. A');
    bench.resolver.know(answered(other, { answer: [ranked(['other.example. A 192.0.2.2'])] }));
    bench.askThrice(MX);
    bench.askThrice(other);
    // The reply with signatures is made anew, and nothing of the question before it counts.
    bench.ask(MX, { doBit: true, udpSize: 1232 });
    expect([bench.ask(MX).by, bench.ask(other).by]).toEqual(['resolver', 'front']);
  });
});

describe('a front thread hands over', () => {
  test.each([
    ['without recursion desired', { rd: false }],
    ['that asks who the server is', { udpSize: 1232, optionCodes: [EDNS_OPTION.NSID] }],
    ['from an address that it does not know', { from: '127.0.0.2' }],
  ])('a query %s', (_, asking) => {
    const bench = knowing({ nsid: Uint8Array.of(1) });
    bench.askThrice(MX);
    expect(bench.ask(MX, asking).by).toBe('resolver');
  });

  test('a malformed query', () => {
    const bench = knowing();
    bench.askThrice(MX);
    const query = queryFor(MX);
    expect(bench.send(query.subarray(0, 20)).by).toBe('resolver');
    const response = query.slice();
    response[2] = 0x81;
    expect(bench.send(response)).toEqual({ by: 'resolver', reply: null });
  });

  test('a query with a cookie, where cookies are answered', () => {
    const cookies = new ServerCookies([new Uint8Array(16)]);
    const bench = knowing({}, null, { cookies });
    bench.change({ checksCookies: true });
    const query = queryFor(MX, { udpSize: 1232, optionCodes: [] });
    bench.send(query);
    bench.send(query);
    expect(bench.send(query).by).toBe('front');
    const withCookie = Uint8Array.from([...query, 0, EDNS_OPTION.COOKIE, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    withCookie[query.length - 1] = 12;
    expect(bench.send(withCookie).by).toBe('resolver');
  });

  test('a large query where those are dropped', () => {
    const bench = knowing({ dropLargeQueries: true });
    bench.change({ dropLargeQueries: true });
    bench.askThrice(MX, { udpSize: 1232 });
    const query = queryFor(MX, { udpSize: 1232 });
    const large = new Uint8Array(query.length + 600);
    large.set(query);
    large[query.length - 2] = 600 >> 8;
    large[query.length - 1] = 600 & 255;
    large.set([0, EDNS_OPTION.PADDING, 596 >> 8, 596 & 255], query.length);
    expect(bench.send(large)).toEqual({ by: 'resolver', reply: null });
  });
});

describe('the resolving thread keeps to itself', () => {
  const policyOf = (text: string) => new PolicyBench(`server:\n${text}`).policy;

  test.each([
    ['strangers', { access: [{ ...mustParsePrefix('127.0.0.0/8'), action: 'refuse' as const }] }],
    [
      'clients that must bring a cookie',
      { access: [{ ...mustParsePrefix('127.0.0.0/8'), action: 'allow_cookie' as const }] },
    ],
    ['everybody, where the address asked decides', { accessByListener: new Map([['127.0.0.1@53', 'allow' as const]]) }],
  ])('%s', (_, options) => {
    expect(knowing(options).askThrice(MX).by).toBe('resolver');
  });

  test('every query, where queries or replies are logged', () => {
    const logging = {
      queries: true,
      replies: false,
      failures: false,
      tagged: false,
      bogusLevel: 0,
      destination: false,
    };
    expect(knowing({ logging }).askThrice(MX).by).toBe('resolver');
    expect(knowing({ logging: { ...logging, queries: false, replies: true } }).askThrice(MX).by).toBe('resolver');
  });

  test('every query while somebody follows them', () => {
    const followers = new Followers();
    const bench = knowing({}, null, { followers });
    expect(bench.askThrice(MX).by).toBe('front');
    const stop = followers.add({ matches: () => true, reply: () => {}, step: null });
    bench.state.startEpoch();
    expect(bench.askThrice(MX).by).toBe('resolver');
    stop();
    expect(bench.askThrice(MX).by).toBe('front');
  });

  test('every query, where clients have a rate', () => {
    const options = { perSecond: 100, perSecondWithCookie: 0, factor: 10, backoff: false, maxBytes: 4096 };
    const clientRates = new ClientRates({ clock: new FakeClock(NOW), random: new SeededRandom(1), options });
    expect(knowing({}, null, { clientRates }).askThrice(MX).by).toBe('resolver');
  });

  test.each([
    ['a name with local data', '  local-data: "mx.example. A 192.0.2.9"'],
    ['a local zone that logs', '  local-zone: "example." inform'],
    [
      'a zone for clients with tags',
      '  define-tag: "t"\n  local-zone: "example." transparent\n  local-zone-tag: "example." "t"',
    ],
    [
      'a zone that is another for some',
      '  local-zone: "example." transparent\n  local-zone-override: "example." 10.0.0.0/8 refuse',
    ],
    ['a client with a view', '  access-control-view: 127.0.0.0/8 "v"\nview:\n  name: "v"'],
    ['a client with tags', '  define-tag: "t"\n  access-control-tag: 127.0.0.0/8 "t"'],
    [
      'everything, where a policy zone is configured',
      '  module-config: "respip validator iterator"\nrpz:\n  name: "p."',
    ],
  ])('%s', (_, text) => {
    expect(knowing({}, policyOf(text)).askThrice(MX).by).toBe('resolver');
  });

  test('nothing of names beside local data', () => {
    const policy = policyOf('  local-data: "a.example. A 192.0.2.9"\n  local-data: "b.test. A 192.0.2.9"');
    expect(knowing({}, policy).askThrice(MX).by).toBe('front');
  });

  test('local data that comes later, once what was published is taken back', () => {
    const policy = policyOf('  local-data: "a.example. A 192.0.2.9"');
    const bench = knowing({}, policy);
    expect(bench.askThrice(MX).by).toBe('front');
    expect(policy.localZones.addRecordText('mx.example. 60 IN A 192.0.2.77')).toBeNull();
    bench.state.startEpoch();
    expect(bench.askThrice(MX)).toMatchObject({
      by: 'resolver',
      reply: { records: ['mx.example.\t60\tIN\tA\t192.0.2.77'] },
    });
  });

  test('names of a zone that is held here, whether it has data or not', () => {
    const zones = { answer: () => null, notify: () => 'unknown-zone' as const, isEmpty: false, hasZoneFor: () => true };
    expect(knowing({}, null, { zones }).askThrice(MX).by).toBe('resolver');
  });
});

describe('statistics', () => {
  test('count each query once, where it was answered', () => {
    const bench = knowing();
    bench.askThrice(MX, { udpSize: 1232, doBit: true });
    bench.ask(MX, { from: '::1', udpSize: 1232, doBit: true });
    bench.ask(MX, { from: '::1', udpSize: 1232, doBit: true });
    const front = bench.stats.read();
    const { stats } = bench.resolver.serve;
    expect([front.queries, front.cacheHits, front.secureAnswers, front.withForm(2)]).toEqual([2, 2, 2, 1]);
    expect([stats.queries, stats.cacheHits, stats.secureAnswers, stats.withForm(2)]).toEqual([3, 3, 3, 1]);
  });

  test('start anew after a reset, and go on when a thread is started again', () => {
    const bench = knowing();
    bench.askThrice(MX);
    bench.stats.reset();
    bench.ask(MX);
    expect(bench.stats.read().queries).toBe(1);
    expect(bench.stats.read().byType[1]).toBe(1);
  });
});
