/**
 * Proves what serving counts: each query once by flags, form, type, class and opcode; each reply by rcode and by what DNSSEC
 * said, from whichever cache it comes; TLSA outcomes; waits by span; and that all of it goes back to 0.
 */

import { describe, expect, test } from 'vitest';
import { COUNTED_FLAGS, FORM, HISTOGRAM_SPANS, ServeStats, spanEnd } from '../../src/serve/serve-stats.ts';
import type { Resolution } from '../../src/terms/resolution.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { questionFrom } from '../support/records.ts';
import { answered, BOGUS, INSECURE, PlayedResolver, queryFor, ranked } from './serving.ts';

const MX = questionFrom('mx.example.');
const TLSA = questionFrom('_25._tcp.mx.example. TLSA');
const RECORD = ranked([`_25._tcp.mx.example. TLSA 3 1 1 ${'00'.repeat(32)}`]);

describe('queries', () => {
  test('are counted by each of their traits, alone and together', () => {
    const stats = new ServeStats();
    const query = { type: TYPE.A, class: CLASS.IN, opcode: 0, flags: FLAG.RD | FLAG.AD, hasEdns: true, doBit: true };
    stats.countQuery(query, { transport: 'tcp' }, false);
    stats.countQuery({ ...query, flags: FLAG.RD | FLAG.CD, doBit: false }, { transport: 'udp' }, true);
    stats.countQuery(
      { ...query, type: 700, class: 300, flags: 0, hasEdns: false, doBit: false },
      { transport: 'udp' },
      false,
    );
    const flags = COUNTED_FLAGS.map(([name, flag]) => `${name} ${stats.withFlag(flag)}`);
    expect(flags).toEqual(['QR 0', 'AA 0', 'TC 0', 'RD 2', 'RA 0', 'Z 0', 'AD 1', 'CD 1']);
    const forms = [FORM.tcp, FORM.ipv6, FORM.edns, FORM.dnssecOk].map((form) => stats.withForm(form));
    expect(forms).toEqual([1, 1, 2, 1]);
    expect([stats.queries, stats.byType[TYPE.A], stats.otherTypes, stats.otherClasses]).toEqual([3, 2, 1, 1]);
  });

  test('over TLS and HTTPS are counted as such and as TCP, as in Unbound; sessions that were taken up again too', () => {
    const stats = new ServeStats();
    const query = { type: TYPE.A, class: CLASS.IN, opcode: 0, flags: 0, hasEdns: false, doBit: false };
    const channels = [
      { layer: 'tls' },
      { layer: 'tls', isResumed: true },
      { layer: 'https', isResumed: true },
      { layer: 'http' },
      {},
    ] as const;
    for (const channel of channels) stats.countQuery(query, { transport: 'tcp', ...channel }, false);
    const forms = [FORM.tcp, FORM.tls, FORM.https, FORM.resumed].map((form) => stats.withForm(form));
    expect(forms).toEqual([5, 3, 2, 2]);
  });

  test('that cannot be read are not counted as queries of a type', () => {
    const server = new PlayedResolver();
    server.send(Uint8Array.of(0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect([server.serve.stats.queries, server.serve.stats.malformed]).toEqual([0, 1]);
  });
});

describe('replies', () => {
  test('without records count by their whole rcode, of which the header has four bits', () => {
    const server = new PlayedResolver();
    const query = queryFor(MX, { udpSize: 1232 });
    // The version stands in the OPT, in the second octet of its TTL.
    query[query.length - 5] = 1;
    expect(server.send(query)).toMatchObject({ rcode: RCODE.BADVERS });
    const { byRcode, nodata } = server.serve.stats;
    expect([byRcode[RCODE.NOERROR], byRcode[RCODE.BADVERS], nodata]).toEqual([0, 1, 0]);
  });

  test('count as secure whether resolved, found, or served from the reply cache without AD', async () => {
    const server = new PlayedResolver();
    server.send(queryFor(MX));
    await server.end(answered(MX, { answer: [ranked(['mx.example. A 192.0.2.1'])] }));
    server.reply(MX);
    server.reply(MX, { ad: true });
    expect(server.replies.hits).toBe(2);
    expect([server.serve.stats.secureAnswers, server.serve.stats.bogusAnswers]).toEqual([3, 0]);
  });

  test('count as bogus each time, from the reply cache too', async () => {
    const server = new PlayedResolver();
    server.send(queryFor(MX));
    await server.end(answered(MX, { verdict: BOGUS }));
    server.reply(MX);
    expect(server.replies.hits).toBe(1);
    expect([server.serve.stats.secureAnswers, server.serve.stats.bogusAnswers]).toEqual([0, 2]);
    expect(server.serve.stats.byRcode[RCODE.SERVFAIL]).toBe(2);
  });

  test('to TLSA questions count by what a mail server makes of them', () => {
    const failed: Resolution = { kind: 'failed', question: TLSA, why: { kind: 'deadline' } };
    const cases: readonly (readonly [Resolution, string])[] = [
      [answered(TLSA, { answer: [RECORD] }), 'secure'],
      [answered(TLSA, { answer: [RECORD], verdict: INSECURE }), 'insecure'],
      [answered(TLSA, { denied: true }), 'absent'],
      [answered(TLSA, { denied: true, rcode: RCODE.NXDOMAIN }), 'absent'],
      [answered(TLSA, { denied: true, verdict: INSECURE }), 'insecure'],
      [answered(TLSA, { answer: [RECORD], verdict: BOGUS }), 'bogus'],
      [failed, 'nothing'],
    ];
    const counted = cases.map(([resolution]) => {
      const server = new PlayedResolver().know(resolution);
      server.reply(TLSA);
      return Object.entries(server.serve.stats.tlsa).find(([, count]) => count === 1)?.[0] ?? 'nothing';
    });
    expect(counted).toEqual(cases.map(([, outcome]) => outcome));
  });

  test('without an answer record count as nodata', () => {
    const server = new PlayedResolver().know(answered(MX, { denied: true }));
    server.reply(MX);
    expect(server.serve.stats.nodata).toBe(1);
  });
});

describe('waits', () => {
  test('fall into the first span that is long enough', () => {
    const stats = new ServeStats();
    const microseconds = [0, 1, 1.5, 2, 3, 524_288, 524_289, 1_000_000, 1_000_001, 1e15];
    for (const each of microseconds) stats.countRecursion(each / 1000);
    const spans = [...stats.histogram].flatMap((count, span) => (count > 0 ? [[spanEnd(span), count]] : []));
    expect(spans).toEqual([
      [1, 2],
      [2, 2],
      [4, 1],
      [524_288, 1],
      [1_000_000, 2],
      [2_000_000, 1],
      [524_288_000_000, 1],
    ]);
    expect(HISTOGRAM_SPANS).toBe(40);
  });

  test('and misses tell how many questions were in progress', () => {
    const server = new PlayedResolver();
    for (const name of ['a.example.', 'b.example.', 'c.example.']) server.send(queryFor(questionFrom(name)));
    const { cacheMisses, requestListSum, requestListMax } = server.serve.stats;
    expect([cacheMisses, requestListSum, requestListMax]).toEqual([3, 0 + 1 + 2, 2]);
  });
});

test('everything goes back to 0', async () => {
  const server = new PlayedResolver({
    logging: { queries: false, replies: false, failures: false, tagged: false, bogusLevel: 0, destination: false },
  });
  server.send(queryFor(MX, { udpSize: 1232, doBit: true }));
  await server.end(answered(MX, { verdict: BOGUS }));
  server.know(answered(TLSA, { denied: true })).reply(TLSA, { transport: 'tcp' });
  server.serve.stats.reset();
  expect(JSON.stringify(server.serve.stats)).toBe(JSON.stringify(new ServeStats()));
  expect([server.serve.stats.withForm(FORM.tcp), server.serve.stats.withFlag(FLAG.RD)]).toEqual([0, 0]);
});

test('every counter goes back to 0, whichever there are', () => {
  const stats = new ServeStats();
  const raise = (counters: object): void => {
    for (const [name, value] of Object.entries(counters)) {
      if (typeof value === 'number') Reflect.set(counters, name, 7);
      else if (value instanceof Float64Array) value.fill(7);
      else raise(value);
    }
  };
  raise(stats);
  expect([stats.queries, stats.bugs, stats.byType[1], stats.tlsa.absent]).toEqual([7, 7, 7, 7]);
  expect(stats.withFlag(FLAG.RD)).toBeGreaterThan(0);
  stats.reset();
  expect(stats).toEqual(new ServeStats());
});
