/**
 * What entries of the caches take on the heap, beside what the caches believe; from it come the constants in
 * `byte-bounded-map.ts`, `heap-size.ts`, `packed-map.ts`. Run: `node --expose-gc bench/cache-heap.ts`.
 */

import { AnswerCache } from '../src/cache/answer-cache.ts';
import { FailureCache } from '../src/cache/failure-cache.ts';
import { RRsetCache } from '../src/cache/rrset-cache.ts';
import { RANK } from '../src/terms/rank.ts';
import type { RankedRRset } from '../src/terms/ranked-rrset.ts';
import { mustParseName } from '../src/wire/name-text.ts';
import { questionOf } from '../src/wire/question.ts';
import { CLASS, TYPE } from '../src/wire/rr-type.ts';
import { packRRset } from '../src/wire/rrset.ts';

const ENTRIES = 100_000;
const clock = { monotonicMs: () => 0, unixSeconds: () => 1, after: () => () => {}, nextTurn: async () => {} };
const zone = mustParseName('example.');

function setFor(n: number, records: number): RankedRRset {
  const rrset = packRRset({
    owner: mustParseName(`host-${n}.mail.example.`),
    type: TYPE.A,
    class: CLASS.IN,
    rdatas: Array.from({ length: records }, (_, i) => Uint8Array.of(192, 0, 2, i)),
    signatures: records > 1 ? [new Uint8Array(96).fill(n)] : [],
  });
  const trust = RANK.answerAuthoritative;
  const times = { receivedAt: 0, expiresAt: 3600, originalTtl: 60 };
  return { rrset, ...times, rank: trust, verdict: null, server: '192.0.2.1@53', zone };
}

function used(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

interface Sized {
  readonly count: number;
  readonly sizeBytes: number;
}

function report<Cache extends Sized>(what: string, make: () => Cache, add: (cache: Cache, n: number) => void): void {
  const before = used();
  const cache = make();
  for (let n = 0; n < ENTRIES; n++) add(cache, n);
  const real = (used() - before) / cache.count;
  console.log(`${what}: ${real.toFixed(0)} octets an entry, believed ${(cache.sizeBytes / cache.count).toFixed(0)}`);
}

const random = { bytes: (n: number) => new Uint8Array(n), u16: () => 0, below: () => 0 };
const room = { clock, random, maxBytes: 2 ** 31 };

console.log(`node ${process.version}`);
for (const records of [1, 4]) {
  report(
    `RRsets of ${records} A${records > 1 ? ' with RRSIG' : ''}`,
    () => new RRsetCache(room),
    (cache, n) => cache.store(setFor(n, records)),
  );
}
report(
  'answers of one A with their set',
  () => new AnswerCache({ ...room, rrsets: new RRsetCache(room) }),
  (cache, n) => {
    const ranked = setFor(n, 1);
    const question = questionOf(mustParseName(`host-${n}.mail.example.`), TYPE.A);
    const end = { question, rcode: 0, answer: [ranked], authority: [], additional: [], zone, server: null };
    cache.store(question, {
      found: { kind: 'found', aliases: [], end: { kind: 'answer', ...end, expiresAt: 3600 } },
      verdict: null,
      storedAt: 0,
      expiresAt: 3600,
    });
  },
);
report(
  'failures',
  () => new FailureCache(room),
  (cache, n) =>
    cache.store(questionOf(mustParseName(`host-${n}.mail.example.`), TYPE.A), {
      failure: { kind: 'no-reachable-server', zone: `zone-${n}.example.`, networkError: false, tried: `192.0.2.${n}` },
    }),
);
