/**
 * Proves that a cached answer is served without an allocation that grows with the answer, and without one at all for what an
 * operator configures: policy, rates, cookies; access control by address and statistics are always there.
 */

import { expect, test } from 'vitest';
import { parseConfigText } from '../../src/config/load-config.ts';
import { makePolicy } from '../../src/policy/make-policy.ts';
import { DEFAULT_ACCESS } from '../../src/serve/access-control.ts';
import { ServerCookies } from '../../src/serve/cookies.ts';
import { REPLY_BUFFER_OCTETS } from '../../src/serve/query-server.ts';
import { ClientRates } from '../../src/serve/rate-limit.ts';
import { Counters } from '../../src/trace/counters.ts';
import { EDNS_OPTION } from '../../src/wire/edns.ts';
import { buildQuery } from '../../src/wire/query.ts';
import type { Question } from '../../src/wire/question.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { FakeLog } from '../fake/fake-log.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { questionFrom } from '../support/records.ts';
import { answered, NOW, PlayedResolver, queryFor, ranked } from './serving.ts';

const FROM = { ip: '127.0.0.1', port: 40_000 };
const CHANNEL = { transport: 'tcp', deliver: () => {}, local: { ip: '127.0.0.1', port: 53 } } as const;
/** Hits in one measure. */
const HITS = 50_000;
/** Octets of heap that one hit may cost, whatever the answer: a fifth of what one view on a reply would. */
const MOST_OCTETS_PER_HIT = 20;

/** Rounds at most: on a busy machine V8's compiler comes late, and code that it has not seen allocates more. */
const MAX_ROUNDS = 20;

/** Smallest growth of the heap of some rounds, until it is within the bound: the test runner allocates beside it. */
function octetsPerHit(server: PlayedResolver, records: number, queryOf: (question: Question) => Uint8Array): number {
  const question = questionFrom('www.example. TXT');
  const lines = Array.from({ length: records }, (_, i) => `www.example. TXT "record number ${i}"`);
  server.know(answered(question, { answer: [ranked(lines)] }));
  const query = queryOf(question);
  const out = new Uint8Array(REPLY_BUFFER_OCTETS);
  const serve = (times: number): void => {
    for (let i = 0; i < times; i++) if (server.serve.query(query, FROM, CHANNEL, out) <= 0) throw new Error('no reply');
  };
  serve(100_000);
  server.known.clear();
  let smallest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < MAX_ROUNDS && smallest >= MOST_OCTETS_PER_HIT * HITS; round++) {
    const before = process.memoryUsage();
    serve(HITS);
    const after = process.memoryUsage();
    const growth = after.heapUsed - before.heapUsed + (after.external - before.external);
    if (growth >= 0) smallest = Math.min(smallest, growth);
  }
  return smallest / HITS;
}

const withDo = (question: Question): Uint8Array => queryFor(question, { udpSize: 1232, doBit: true });
const withCookie = (question: Question): Uint8Array => {
  const options = [{ code: EDNS_OPTION.COOKIE, data: new Uint8Array(8).fill(3) }];
  return buildQuery({ id: 1, question, flags: FLAG.RD, edns: { udpSize: 1232, doBit: true, options } });
};

/** A policy with rules about other names, and the zones that are local by default. */
function otherPolicy(): ReturnType<typeof makePolicy>['policy'] {
  const loaded = parseConfigText('server:\n local-zone: other. refuse\n', 'test.conf', {
    readText: () => null,
  } as never);
  if (!loaded.ok) throw new Error('no configuration');
  const serversOf = async (): Promise<never> => {
    throw new Error('not asked for');
  };
  const blocks = { accessBlocks: [], defaultBlocks: DEFAULT_ACCESS, listenKeys: () => [] };
  return makePolicy({
    config: loaded.config,
    log: new FakeLog(),
    clock: new FakeClock(NOW),
    counters: new Counters(),
    ...blocks,
    serversOf,
  }).policy;
}

function rates(): ClientRates {
  const options = { perSecond: 1e9, perSecondWithCookie: 1e9, factor: 10, backoff: true, maxBytes: 1 << 20 };
  return new ClientRates({ clock: new FakeClock(NOW), random: new SeededRandom(1), options });
}

test.each([1, 30])('an answer of %i records costs next to no heap', (records) => {
  expect(octetsPerHit(new PlayedResolver(), records, withDo)).toBeLessThan(MOST_OCTETS_PER_HIT);
});

test('policy costs no heap', () => {
  expect(octetsPerHit(new PlayedResolver({}, otherPolicy()), 2, withDo)).toBeLessThan(MOST_OCTETS_PER_HIT);
});

test('an action for the address that the client asks (interface-action) costs no heap', () => {
  const server = new PlayedResolver({ accessByListener: new Map([['127.0.0.1@53', 'allow']]) });
  expect(octetsPerHit(server, 2, withDo)).toBeLessThan(MOST_OCTETS_PER_HIT);
});

test('a cookie costs no heap', () => {
  const server = new PlayedResolver({}, null, { cookies: new ServerCookies([new Uint8Array(16).fill(7)]) });
  expect(octetsPerHit(server, 2, withCookie)).toBeLessThan(MOST_OCTETS_PER_HIT);
  expect(server.serve.stats.cookiesClient).toBeGreaterThan(HITS);
});

test('rates, with all the rest, cost no heap', () => {
  const more = { cookies: new ServerCookies([new Uint8Array(16).fill(7)]), clientRates: rates() };
  const server = new PlayedResolver({}, otherPolicy(), more);
  expect(octetsPerHit(server, 2, withCookie)).toBeLessThan(MOST_OCTETS_PER_HIT);
});
