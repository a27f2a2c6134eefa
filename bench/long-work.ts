/**
 * How long one input keeps the event loop busy in one piece: many records at one name (policy zone, local data), a flush in a
 * full cache, an HTTP body in tiny chunks, a transfer without end. In this process. Prints a Markdown table.
 *
 *   node bench/long-work.ts
 */

import { performance } from 'node:perf_hooks';
import { createNodeClock } from '../src/adapters/node-clock.ts';
import { AnswerCache } from '../src/cache/answer-cache.ts';
import { ReplyCache } from '../src/cache/reply-cache.ts';
import { RRsetCache } from '../src/cache/rrset-cache.ts';
import { flushCommands } from '../src/control/commands/flush.ts';
import type { ControlParts } from '../src/control/parts.ts';
import { LocalZones } from '../src/policy/local-zones.ts';
import { NameFilter } from '../src/policy/name-filter.ts';
import { RpzZone } from '../src/policy/rpz-zone.ts';
import { RANK } from '../src/terms/rank.ts';
import { SECURE } from '../src/terms/verdict.ts';
import { Counters } from '../src/trace/counters.ts';
import { ROOT } from '../src/wire/name.ts';
import { mustParseName } from '../src/wire/name-text.ts';
import { questionOf } from '../src/wire/question.ts';
import { TYPE } from '../src/wire/rr-type.ts';
import { packRRset } from '../src/wire/rrset.ts';
import type { ResourceRecord } from '../src/wire/rrsets.ts';
import { HttpReader } from '../src/zones/http-reader.ts';

const GIBIBYTE = 1 << 30;
const CACHED = 300_000;

/** Runs work and returns the longest time that no other turn came, milliseconds, and the time in all. */
async function longestBlock(run: () => unknown): Promise<{ readonly longest: number; readonly whole: number }> {
  let longest = 0;
  let last = performance.now();
  let isOver = false;
  const tick = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  const start = performance.now();
  await run();
  const whole = performance.now() - start;
  isOver = true;
  await new Promise((resolve) => setTimeout(resolve, 5));
  return { longest, whole };
}

function addresses(count: number, owner: string): ResourceRecord[] {
  const name = mustParseName(owner);
  return Array.from({ length: count }, (_, i) => {
    return {
      owner: name,
      type: TYPE.A,
      class: 1,
      ttl: 60,
      rdata: Uint8Array.of(10, i >>> 16, (i >>> 8) & 255, i & 255),
    };
  });
}

function policyZone(): void {
  const options = { override: null, cnameOverride: null, logName: null, signalNxdomainRa: false, tags: null };
  new RpzZone({ ...options, name: mustParseName('rpz.') }).load(addresses(20_000, 'bad.example.rpz.'));
}

function localData(): void {
  const zones = new LocalZones(new NameFilter(), new Counters());
  for (const record of addresses(15_000, 'many.example.')) zones.addRecord(record);
}

/** Full caches, and the command `flush` on them. */
function flushBench(): () => unknown {
  const clock = createNodeClock();
  const random = { bytes: (n: number) => new Uint8Array(n), u16: () => 1, below: () => 0 };
  const rrsets = new RRsetCache({ clock, random, maxBytes: GIBIBYTE });
  const caches = {
    rrsets,
    answers: new AnswerCache({ clock, random, rrsets, maxBytes: GIBIBYTE }),
    replies: new ReplyCache({ clock, random: random as never, maxBytes: 1 << 23 }),
    failures: { removeWhere: () => 0 },
    delegations: { remove: () => false },
    denials: { clear: () => {} },
  };
  const expiresAt = clock.unixSeconds() + 3600;
  for (let i = 0; i < CACHED; i++) {
    const question = questionOf(mustParseName(`n${i}.example.`), TYPE.A);
    const rrset = packRRset({
      owner: question.name,
      type: TYPE.A,
      class: 1,
      rdatas: [Uint8Array.of(192, 0, 2, 1)],
      signatures: [],
    });
    const kept = { receivedAt: expiresAt - 3600, expiresAt, originalTtl: 3600, rank: RANK.validated, verdict: SECURE };
    const ranked = caches.rrsets.store({ rrset, ...kept, server: '192.0.2.53@53', zone: ROOT });
    const end = { kind: 'answer', question, rcode: 0, answer: [ranked], authority: [], additional: [] } as const;
    const found = { kind: 'found', aliases: [], end: { ...end, zone: ROOT, server: null, expiresAt } } as const;
    caches.answers.store(question, { found, verdict: SECURE, storedAt: expiresAt - 3600, expiresAt });
  }
  const parts = { instance: { caches, resolver: {} }, clock } as unknown as ControlParts;
  const flush = flushCommands(parts).find(({ name }) => name === 'flush');
  return () => flush?.run('n7.example');
}

/** As chunks come from the network: 64 KiB at once. */
async function tinyChunks(): Promise<void> {
  const reader = new HttpReader(GIBIBYTE);
  const encoder = new TextEncoder();
  reader.take(encoder.encode('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'));
  const piece = encoder.encode('1\r\nx\r\n'.repeat(10_922));
  for (let i = 0; i < 20; i++) {
    reader.take(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

console.log('| input | longest block, ms | in all, ms |\n| --- | --- | --- |');
const works: readonly (readonly [string, () => unknown])[] = [
  ['policy zone, 20,000 records at one owner', policyZone],
  ['local_datas, 15,000 records at one name', localData],
  ['flush NAME, 300,000 names cached', flushBench()],
  ['HTTP body of 218,440 chunks of one octet', tinyChunks],
];
for (const [name, run] of works) {
  const { longest, whole } = await longestBlock(run);
  console.log(`| ${name} | ${longest.toFixed(1)} | ${whole.toFixed(1)} |`);
}
