/**
 * What one hit in the reply cache costs: nanoseconds and octets allocated, for answers of several sizes and for a hot and
 * a cold working set. Run: `node --expose-gc bench/serve-cached-lookup.ts`.
 */

import { REPLY_FLAG, ReplyCache, type ReplyRequest } from '../src/cache/reply-cache.ts';
import { mustParseName } from '../src/wire/name-text.ts';
import { TYPE } from '../src/wire/rr-type.ts';
import { stillClock } from './still-clock.ts';

const NOW = Math.floor(Date.now() / 1000);
const HITS = 1_000_000;
const ROUNDS = 5;

const clock = stillClock(NOW);
const random = {
  u16: () => 1,
  below: (n: number) => n - 1,
  bytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)),
};

function queryFor(n: number): Uint8Array {
  const question = [...mustParseName(`host-${n}.mail.example.`), 0, TYPE.A, 0, 1];
  return Uint8Array.from([n & 255, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...question]);
}

/** A cache with `names` replies of `records` A records, and the queries for them. */
function filled(names: number, records: number): { cache: ReplyCache; queries: Uint8Array[] } {
  const cache = new ReplyCache({ clock, random, maxBytes: 256 * 1024 * 1024 });
  const queries = Array.from({ length: names }, (_, n) => queryFor(n));
  for (const query of queries) {
    const bytes = [...query];
    bytes[2] = 0x81;
    bytes[3] = 0x80;
    bytes[7] = records;
    const ttlOffsets: number[] = [];
    for (let i = 0; i < records; i++) {
      ttlOffsets.push(bytes.length + 6);
      bytes.push(0xc0, 12, 0, TYPE.A, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, i);
    }
    const reply = Uint8Array.from(bytes);
    cache.store({
      reply,
      replyLength: reply.length,
      questionEnd: query.length,
      flags: 0,
      dependsOn: REPLY_FLAG.do,
      secure: true,
      ttlOffsets,
      expiresAt: NOW + 3600,
      options: new Uint8Array(),
    });
  }
  return { cache, queries };
}

function measure(names: number, records: number): void {
  const { cache, queries } = filled(names, records);
  const request: ReplyRequest = {
    query: queryFor(0),
    questionEnd: 0,
    flags: REPLY_FLAG.ad,
    maxOctets: 4096,
    nowSeconds: NOW + 5,
    out: new Uint8Array(65_536),
  };
  let length = 0;
  const hit = (times: number): void => {
    for (let i = 0, n = 0; i < times; i++) {
      n = n + 7919 < names ? n + 7919 : (n + 7919) % names;
      const query = queries[n] as Uint8Array;
      request.query = query;
      request.questionEnd = query.length;
      length = cache.serve(request);
      if (length === 0) throw new Error('miss');
    }
  };
  hit(HITS);
  let bestNs = Number.POSITIVE_INFINITY;
  let leastOctets = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc?.();
    const before = process.memoryUsage();
    const start = performance.now();
    hit(HITS);
    const ns = ((performance.now() - start) * 1e6) / HITS;
    const after = process.memoryUsage();
    bestNs = Math.min(bestNs, ns);
    leastOctets = Math.min(leastOctets, after.heapUsed + after.external - before.heapUsed - before.external);
  }
  const perHit = (leastOctets / HITS).toFixed(4);
  const kept = (cache.sizeBytes / cache.count).toFixed(0);
  console.log(
    `${names} names, reply of ${length} octets: ${bestNs.toFixed(0)} ns a hit, ${perHit} octets allocated a hit, ${kept} octets kept a reply`,
  );
}

console.log(`node ${process.version}`);
for (const [names, records] of [
  [100, 1],
  [100, 4],
  [100, 30],
  [100_000, 1],
  [100_000, 4],
] as const) {
  measure(names, records);
}
