/**
 * What entries of the caches take on the heap, beside what the caches believe; from it come the constants in
 * `byte-bounded-map.ts`, `heap-size.ts`, `packed-map.ts`.
 *
 *   node --expose-gc bench/cache-heap.ts
 *   node --expose-gc bench/cache-heap.ts million   a million signed RRsets: what they take, and how long a full collection stops
 */

import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownMemory } from '../src/adapters/own-memory.ts';
import { AnswerCache } from '../src/cache/answer-cache.ts';
import { FailureCache } from '../src/cache/failure-cache.ts';
import { RRsetCache } from '../src/cache/rrset-cache.ts';
import { RANK } from '../src/terms/rank.ts';
import type { RankedRRset } from '../src/terms/ranked-rrset.ts';
import type { Name } from '../src/wire/name.ts';
import { mustParseName } from '../src/wire/name-text.ts';
import { questionOf } from '../src/wire/question.ts';
import { CLASS, TYPE } from '../src/wire/rr-type.ts';
import { packRRset } from '../src/wire/rrset.ts';
import { stillClock } from './still-clock.ts';

const ENTRIES = 100_000;
const clock = stillClock(1);
const zone = mustParseName('example.');

const nameOf = (n: number): Name => mustParseName(`host-${n}.mail.example.`);

function setFor(n: number, records: number): RankedRRset {
  const rrset = packRRset({
    owner: nameOf(n),
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

const MILLION = 1_000_000;
const COLLECTIONS = 7;

/** Milliseconds of each stop that V8 reports, of collections of all. */
function watchStops(): number[] {
  const stops: number[] = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = Reflect.get(entry, 'detail') as { readonly kind: number };
      if (kind !== constants.NODE_PERFORMANCE_GC_MINOR) stops.push(entry.duration);
    }
  }).observe({ entryTypes: ['gc'] });
  return stops;
}

async function fillWithAMillion(): Promise<void> {
  used();
  const before = { resident: process.memoryUsage.rss(), octets: used() };
  const cache = new RRsetCache(room);
  for (let n = 0; n < MILLION; n++) cache.store(setFor(n, 2));
  const held = (used() - before.octets) / cache.count;
  const resident = (process.memoryUsage.rss() - before.resident) / cache.count;
  const counted = cache.sizeBytes / cache.count;
  console.log(
    `${cache.count} sets, octets each: ${counted.toFixed(0)} counted, ${held.toFixed(0)} held, ${resident.toFixed(0)} resident`,
  );
  const cpuMs = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  const atOnce: string[] = [];
  for (let i = 0; i < COLLECTIONS; i++) {
    const [from, fromCpu] = [performance.now(), cpuMs()];
    globalThis.gc?.();
    atOnce.push(`${(performance.now() - from).toFixed(1)} (${(cpuMs() - fromCpu).toFixed(1)})`);
  }
  console.log(`a full collection at once, ms, and of this thread's processor time: ${atOnce.join(', ')}`);
  const stops = watchStops();
  const memory = ownMemory();
  let lately: unknown[] = [];
  for (let i = 0; i < COLLECTIONS; i++) {
    for (let n = 0; n < 100_000; n++) lately.push({ n });
    globalThis.gc?.({ type: 'minor' });
    lately = [];
    // The first ones are those of the filling.
    if (i === 0) stops.length = 0;
    memory.beginCollection(i === COLLECTIONS - 1);
    await sleep(1000);
  }
  const longest = stops.sort((a, b) => b - a).map((ms) => ms.toFixed(1));
  console.log(`in pieces, the stops, ms: ${longest.join(', ')}`);
  memory.trim();
  const left = (process.memoryUsage.rss() - before.resident) / cache.count;
  console.log(`resident after it: ${left.toFixed(0)} octets each`);
}

console.log(`node ${process.version}`);
if (process.argv[2] === 'million') {
  await fillWithAMillion();
  process.exit(0);
}
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
    const question = questionOf(nameOf(n), TYPE.A);
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
    cache.store(questionOf(nameOf(n), TYPE.A), {
      failure: { kind: 'no-reachable-server', zone: `zone-${n}.example.`, networkError: false, tried: `192.0.2.${n}` },
    }),
);
