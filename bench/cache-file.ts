/**
 * What the cache file costs: octets for an answer, milliseconds to write and to take it, and how long the pieces are
 * between which others have their turn. Run: `node bench/cache-file.ts`.
 */

import { createNodeCrypto } from '../src/adapters/node-crypto.ts';
import { EntryReader } from '../src/cache/entry-reader.ts';
import { defaultConfig } from '../src/config/config.ts';
import { makeImage, openImage } from '../src/daemon/cache-image.ts';
import { makeCaches } from '../src/daemon/caches.ts';
import { StoredEntries } from '../src/daemon/stored-entries.ts';
import { BY_THE_CLOCK } from '../src/dnssec/signature-time.ts';
import { RANK } from '../src/terms/rank.ts';
import { SECURE } from '../src/terms/verdict.ts';
import { concatBytes } from '../src/wire/bytes.ts';
import { mustParseName } from '../src/wire/name-text.ts';
import { questionOf } from '../src/wire/question.ts';
import { CLASS, TYPE } from '../src/wire/rr-type.ts';
import { packRRset } from '../src/wire/rrset.ts';
import type { Steps } from '../src/wire/steps.ts';
import { stillClock } from './still-clock.ts';

const ANSWERS = 20_000;
const ENTRIES_PER_TURN = 50;
const NOW = 1_800_000_000;
const clock = stillClock(NOW);
const random = { bytes: (n: number) => new Uint8Array(n), u16: () => 0, below: () => 0 };
const server = { ...defaultConfig().server, msgCacheSize: 2 ** 28, rrsetCacheSize: 2 ** 28 };
const config = { ...defaultConfig(), server };
const crypto = createNodeCrypto();
const digest = new Uint8Array(32);
const parts = { crypto, key: digest, basis: { trust: digest, data: digest }, now: NOW };
const zone = mustParseName('mail.example.');

/** RRSIG rdata whose times hold; the signature itself is nobody's. */
function signature(): Uint8Array {
  const head = new DataView(new ArrayBuffer(18));
  head.setUint16(0, TYPE.A);
  head.setUint8(2, 13);
  head.setUint8(3, 3);
  head.setUint32(4, 3600);
  head.setUint32(8, NOW + 86_400);
  head.setUint32(12, NOW - 86_400);
  return concatBytes(new Uint8Array(head.buffer), zone, new Uint8Array(64).fill(7));
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Runs to the end; milliseconds of processor in all, and of clock for 99 of 100 pieces. */
function timed<T>(steps: Steps<T>): { readonly value: T; readonly text: string } {
  const from = cpuMs();
  const pieces: number[] = [];
  for (;;) {
    const start = performance.now();
    const step = steps.next();
    pieces.push(performance.now() - start);
    if (step.done !== true) continue;
    const p99 = pieces.sort((a, b) => a - b)[Math.floor(pieces.length * 0.99)] ?? 0;
    const p50 = pieces[Math.floor(pieces.length / 2)] ?? 0;
    const text = `${(cpuMs() - from).toFixed(0)} ms of processor, pieces p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(1)} ms`;
    return { value: step.value, text };
  }
}

const caches = makeCaches(config, { clock, random, crypto: createNodeCrypto() });
for (let n = 0; n < ANSWERS; n++) {
  const question = questionOf(mustParseName(`host-${n}.mail.example.`), TYPE.A);
  const rrset = packRRset({
    owner: question.name,
    type: TYPE.A,
    class: CLASS.IN,
    rdatas: [Uint8Array.of(192, 0, 2, n & 0xff)],
    signatures: [signature()],
  });
  const held = { receivedAt: NOW, expiresAt: NOW + 3600, originalTtl: 3600, rank: RANK.validated, verdict: SECURE };
  const ranked = caches.rrsets.store({ ...held, rrset, server: '192.0.2.1@53', zone });
  const end = { kind: 'answer', question, rcode: 0, answer: [ranked], authority: [], additional: [], zone } as const;
  const found = { kind: 'found', aliases: [], end: { ...end, server: '192.0.2.1@53', expiresAt: NOW + 3600 } } as const;
  caches.answers.store(question, { found, verdict: SECURE, storedAt: NOW, expiresAt: NOW + 3600 });
}
const source = { caches, maxOctets: 2 ** 30, withExpired: false, isOrdered: false };
const made = timed(makeImage(parts, source));
console.log(`${caches.answers.count} answers, ${(made.value.length / caches.answers.count).toFixed(0)} octets each`);
console.log(`made: ${made.text}`);
const opened = timed(openImage(parts, made.value));
console.log(`checked: ${opened.text}`);
if (opened.value.kind !== 'usable') throw new Error(opened.value.why);
const { entries } = opened.value;
const fresh = makeCaches(config, { clock, random, crypto: createNodeCrypto() });

function* take(): Steps<number> {
  const reader = new EntryReader(entries);
  const isOfUse = (): boolean => true;
  const taker = new StoredEntries({
    caches: fresh,
    now: NOW,
    signatureTime: BY_THE_CLOCK,
    keepsVerdicts: true,
    isOfUse,
  });
  for (let taken = 1; !reader.isAtEnd; taken++) {
    const entry = reader.next();
    if (entry === null) throw new Error('an entry cannot be read');
    taker.take(entry);
    if (taken % ENTRIES_PER_TURN === 0) yield;
  }
  return taker.count.answers;
}

const taken = timed(take());
console.log(`taken: ${taken.value} answers, ${taken.text}`);
