/**
 * Proves what a reply served from bytes is: the kept reply with the id, flags, case and time of this query; when there is
 * none; that the cache stays within its bound whatever is stored; that a hit allocates nothing.
 */

import { describe, expect, test } from 'vitest';
import { REPLY_FLAG, ReplyCache, type ReplyRequest, type ReplyToStore } from '../../src/cache/reply-cache.ts';
import { readU32 } from '../../src/wire/bytes.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import type { Question } from '../../src/wire/question.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { questionFrom } from '../support/records.ts';
import { HandClock, messageStart, name, replyTo, START } from './cache-parts.ts';

const clock = new HandClock();

function newCache(maxBytes = 1024 * 1024): ReplyCache {
  clock.now = START;
  return new ReplyCache({ clock, random: new SeededRandom(7), maxBytes });
}

function requestFor(question: Question, parts: Partial<ReplyRequest> = {}): ReplyRequest {
  const query = Uint8Array.from(messageStart(question, [0xab, 0xcd, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  return {
    query,
    questionEnd: query.length,
    flags: 0,
    maxOctets: 1232,
    nowSeconds: clock.now,
    out: new Uint8Array(65_536),
    ...parts,
  };
}

function entryFor(question: Question, ttls: readonly number[], parts: Partial<ReplyToStore> = {}): ReplyToStore {
  const { bytes, ttlOffsets } = replyTo(question, ttls);
  return {
    reply: bytes,
    replyLength: bytes.length,
    questionEnd: 12 + question.name.length + 4,
    flags: 0,
    dependsOn: REPLY_FLAG.do | REPLY_FLAG.cd,
    secure: false,
    ttlOffsets,
    expiresAt: clock.now + 3600,
    options: new Uint8Array(),
    ...parts,
  };
}

describe('a kept reply', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 62])('of a name of any length is found whatever its capitals: %i', (octets) => {
    // HTTPS is 65 and 97 is free: the octet of a capital is none where it is a type.
    const cache = newCache();
    const label = 'ab@[`{z-'.repeat(8).slice(0, octets);
    const question = { ...questionFrom(`${label}.`), type: 65 };
    cache.store(entryFor(question, [300]));
    const capitals = requestFor({ ...questionFrom(`${label.toUpperCase()}.`), type: 65 });
    expect(cache.serve(capitals)).toBeGreaterThan(0);
    expect([...capitals.out.subarray(12, capitals.questionEnd)]).toEqual([...capitals.query.subarray(12)]);
    const lower = requestFor(question);
    expect(cache.serve(lower)).toBeGreaterThan(0);
    expect([...lower.out.subarray(12, lower.questionEnd)]).toEqual([...lower.query.subarray(12)]);
    expect(cache.serve(requestFor({ ...question, type: 97 }))).toBe(0);
    expect(cache.serve(requestFor(questionFrom(`${label}a. A`)))).toBe(0);
  });

  test.each([0, 1, 2, 3, 4])('goes to a buffer that begins %i octets into its memory', (at) => {
    const cache = newCache();
    for (const ttls of [[300], Array.from({ length: 20 }, () => 300)]) {
      const entry = entryFor(questionFrom('www.example.'), ttls);
      cache.store(entry);
      const out = new Uint8Array(new ArrayBuffer(4096), at);
      const length = cache.serve(requestFor(questionFrom('www.example.'), { out }));
      expect(length).toBe(entry.replyLength);
      expect(out.slice(12, length)).toEqual(entry.reply.slice(12, length));
    }
  });

  test('goes to many buffers in turn, and to one that it just fits', () => {
    const cache = newCache();
    const entry = entryFor(questionFrom('www.example.'), [300]);
    cache.store(entry);
    const outs = Array.from({ length: 20 }, () => new Uint8Array(entry.replyLength));
    for (const out of [...outs, ...outs]) {
      out.fill(0);
      expect(cache.serve(requestFor(questionFrom('www.example.'), { out }))).toBe(entry.replyLength);
      expect(out.slice(12)).toEqual(entry.reply.slice(12, entry.replyLength));
    }
  });

  test('is served with the id, the question case and the RD bit of the query', () => {
    const cache = newCache();
    expect(cache.store(entryFor(questionFrom('www.example.'), [300]))).toBe(true);
    const request = requestFor(questionFrom('wWw.eXample.'));
    const length = cache.serve(request);
    const parsed = parseMessage(request.out.slice(0, length));
    expect(parsed.ok).toBe(true);
    expect([...request.out.subarray(0, 4)]).toEqual([0xab, 0xcd, 0x81, 0x80]);
    expect([...request.out.subarray(12, request.questionEnd)]).toEqual([...request.query.subarray(12)]);
    expect(cache.hits).toBe(1);
  });

  test('counts every TTL down by the time since it was kept, and ends with the smallest', () => {
    const cache = newCache();
    const entry = entryFor(questionFrom('www.example.'), [300, 40, 70_000]);
    cache.store(entry);
    clock.now = START + 39;
    const request = requestFor(questionFrom('www.example.'));
    expect(cache.serve(request)).toBe(entry.replyLength);
    expect(entry.ttlOffsets.map((at) => readU32(request.out, at))).toEqual([261, 1, 69_961]);
    clock.now = START + 40;
    expect(cache.serve(requestFor(questionFrom('www.example.')))).toBe(0);
  });

  test('ends when the caller says, even when its TTLs are longer', () => {
    const cache = newCache();
    cache.store(entryFor(questionFrom('www.example.'), [300], { expiresAt: START + 10 }));
    clock.now = START + 10;
    expect(cache.serve(requestFor(questionFrom('www.example.')))).toBe(0);
  });

  test.each([
    ['secure data, wanted', true, REPLY_FLAG.ad, 0x20],
    ['secure data, not wanted', true, 0, 0],
    ['other data, wanted', false, REPLY_FLAG.ad, 0],
  ])('carries AD only for secure data and a client that wants it: %s', (_case, secure, wanted, expected) => {
    const cache = newCache();
    const entry = entryFor(questionFrom('www.example.'), [300], { secure });
    entry.reply[3] = 0xa0;
    cache.store(entry);
    const request = requestFor(questionFrom('www.example.'), { flags: wanted });
    cache.serve(request);
    expect((request.out[3] ?? 0) & 0x20).toBe(expected);
  });

  test('answers only its name, type and the flags that it depends on', () => {
    const cache = newCache();
    cache.store(entryFor(questionFrom('www.example.'), [300]));
    expect(cache.serve(requestFor(questionFrom('ww.example.')))).toBe(0);
    expect(cache.serve(requestFor(questionFrom('www.example. AAAA')))).toBe(0);
    for (const flags of [REPLY_FLAG.do, REPLY_FLAG.cd, REPLY_FLAG.do | REPLY_FLAG.cd]) {
      expect(cache.serve(requestFor(questionFrom('www.example.'), { flags }))).toBe(0);
    }
    // 0x0141 and 0x0161 differ in the bit that letters differ in.
    cache.store(entryFor(questionFrom('x. TYPE321'), [300]));
    expect(cache.serve(requestFor(questionFrom('x. TYPE353')))).toBe(0);
    expect(cache.misses).toBe(6);
  });

  const { do: doBit, cd } = REPLY_FLAG;
  test.each([
    ['DO and CD', doBit | cd, [doBit]],
    ['DO alone', doBit, [doBit, doBit | cd]],
    ['CD alone', cd, [0, doBit]],
    ['neither', 0, [0, doBit, cd, doBit | cd]],
  ])('that depends on %s answers every query which is the same to it', (_what, dependsOn, answered) => {
    const cache = newCache();
    cache.store(entryFor(questionFrom('www.example.'), [300], { flags: doBit, dependsOn }));
    const variants = [0, doBit, cd, doBit | cd];
    const served = variants.filter((flags) => cache.serve(requestFor(questionFrom('www.example.'), { flags })) !== 0);
    expect(served).toEqual(answered);
  });

  test('takes the place of those that it answers for, and of no other', () => {
    const cache = newCache();
    const question = questionFrom('www.example.');
    const dependsOn = doBit | cd;
    for (const flags of [0, doBit, cd, doBit | cd]) cache.store(entryFor(question, [300], { flags, dependsOn }));
    expect(cache.count).toBe(4);
    const newer = entryFor(question, [300, 300], { flags: doBit, dependsOn: doBit });
    cache.store(newer);
    const lengths = [0, doBit, cd, doBit | cd].map((flags) => cache.serve(requestFor(question, { flags })));
    expect(cache.count).toBe(3);
    expect(lengths.map((length) => length === newer.replyLength)).toEqual([false, true, false, true]);
    cache.store(entryFor(question, [300], { dependsOn: 0 }));
    expect(cache.count).toBe(1);
  });

  test('longer than the client takes is a miss', () => {
    const cache = newCache();
    const entry = entryFor(questionFrom('www.example.'), [300, 300]);
    cache.store(entry);
    expect(cache.serve(requestFor(questionFrom('www.example.'), { maxOctets: entry.replyLength - 1 }))).toBe(0);
    expect(cache.serve(requestFor(questionFrom('www.example.'), { maxOctets: entry.replyLength }))).toBe(
      entry.replyLength,
    );
  });

  test('brings its options along', () => {
    const cache = newCache();
    const options = Uint8Array.of(0, 15, 0, 2, 0, 3);
    cache.store(entryFor(questionFrom('a.example.'), [300], { options }));
    cache.store(entryFor(questionFrom('b.example.'), [300]));
    const request = requestFor(questionFrom('a.example.'));
    const length = cache.serve(request);
    expect(cache.optionsLength).toBe(6);
    expect(cache.copyOptions(request.out, length)).toBe(length + 6);
    expect([...request.out.subarray(length, length + 6)]).toEqual([...options]);
    cache.serve(requestFor(questionFrom('b.example.')));
    expect(cache.optionsLength).toBe(0);
  });

  test('is replaced by a newer one', () => {
    const cache = newCache();
    cache.store(entryFor(questionFrom('www.example.'), [300]));
    const newer = entryFor(questionFrom('WWW.example.'), [100, 100]);
    cache.store(newer);
    expect(cache.count).toBe(1);
    expect(cache.serve(requestFor(questionFrom('www.example.')))).toBe(newer.replyLength);
  });
});

describe('the reply cache does not keep', () => {
  const question = questionFrom('www.example.');
  const good = () => entryFor(question, [300]);
  test.each<[string, () => ReplyToStore]>([
    ['a reply with a TTL of 0', () => entryFor(question, [300, 0])],
    ['an expired reply', () => ({ ...good(), expiresAt: START })],
    ['a truncated reply', () => withOctet(good(), 2, 0x82)],
    ['a query', () => withOctet(good(), 2, 0)],
    ['a message with two questions', () => withOctet(good(), 5, 2)],
    ['a reply whose question end is wrong', () => ({ ...good(), questionEnd: 20 })],
    ['a reply whose TTL offset is outside', () => ({ ...good(), ttlOffsets: [good().replyLength - 3] })],
    ['a reply larger than the largest block', () => entryFor(question, Array<number>(1_100).fill(300))],
  ])('%s', (_what, entry) => {
    const cache = newCache();
    expect(cache.store(entry())).toBe(false);
    expect(cache.count).toBe(0);
  });

  test('anything in too small a bound', () => {
    expect(newCache(10_000).store(good())).toBe(false);
  });
});

function withOctet(entry: ReplyToStore, at: number, octet: number): ReplyToStore {
  entry.reply[at] = octet;
  return entry;
}

describe('the reply cache as a whole', () => {
  test('survives questions that are cut short or too long', () => {
    const cache = newCache();
    cache.store(entryFor(questionFrom('www.example.'), [300]));
    for (const questionEnd of [0, 11, 12, 16, 17, 28, 29, 300, 70_000]) {
      expect(cache.serve({ ...requestFor(questionFrom('www.example.')), questionEnd })).toBe(
        questionEnd === 29 ? 45 : 0,
      );
    }
  });

  test('forgets what is at or below a name', () => {
    const cache = newCache();
    for (const owner of ['example.', 'www.eXample.', 'example.org.', 'wwwexample.']) {
      cache.store(entryFor(questionFrom(owner), [300]));
    }
    expect(cache.removeBelow(name('EXAMPLE.'))).toBe(2);
    expect(cache.serve(requestFor(questionFrom('www.example.')))).toBe(0);
    expect(cache.serve(requestFor(questionFrom('example.org.')))).not.toBe(0);
    cache.clear();
    expect(cache.count).toBe(0);
    expect(cache.serve(requestFor(questionFrom('example.org.')))).toBe(0);
    expect(cache.store(entryFor(questionFrom('example.org.'), [300]))).toBe(true);
  });

  test('stays within its bound and never serves a wrong reply, over a long mix of sizes', () => {
    const maxBytes = 400_000;
    const cache = newCache(maxBytes);
    const random = new SeededRandom(11);
    const lengths = new Map<number, number>();
    let served = 0;
    for (let step = 0; step < 30_000; step++) {
      const n = random.below(4_000);
      const question = questionFrom(`host-${n}.example.`);
      if (step % 500 === 0) clock.now += 1;
      if (random.below(2) === 0) {
        const records = random.below(10) === 0 ? random.below(500) + 1 : random.below(12) + 1;
        const entry = entryFor(question, Array<number>(records).fill(30));
        if (cache.store(entry)) lengths.set(n, entry.replyLength);
        expect(cache.sizeBytes).toBeLessThanOrEqual(maxBytes);
      } else {
        const length = cache.serve(requestFor(question, { maxOctets: 65_535, out: scratch }));
        if (length === 0) continue;
        served++;
        expect(length).toBe(lengths.get(n));
        expect(parseMessage(scratch.slice(0, length)).ok).toBe(true);
      }
    }
    expect(served).toBeGreaterThan(500);
  });

  test('keeps what is asked often when room runs out', () => {
    const cache = newCache(200_000);
    const popular = questionFrom('popular.example.');
    cache.store(entryFor(popular, [3600]));
    for (let n = 0; n < 5_000; n++) {
      cache.store(entryFor(questionFrom(`host-${n}.example.`), [3600]));
      expect(cache.serve(requestFor(popular, { out: scratch }))).not.toBe(0);
    }
    expect(cache.count).toBeLessThan(3_000);
  });

  test('allocates nothing on a hit', () => {
    const cache = newCache();
    const question = questionFrom('www.example.');
    cache.store(entryFor(question, Array<number>(60).fill(3600), { options: Uint8Array.of(0, 15, 0, 2, 0, 3) }));
    const request = requestFor(question, { out: scratch });
    const hit = (times: number) => {
      for (let i = 0; i < times; i++) if (cache.serve(request) === 0 || cache.optionsLength === 0) throw new Error();
    };
    hit(20_000);
    const octets = smallestGrowth(() => hit(100_000));
    // One octet a hit would be 100,000; a view on the reply 10,000,000.
    expect(octets).toBeLessThan(50_000);
  });
});

const scratch = new Uint8Array(65_536);

/** Growth of the used heap while `run` runs: the smallest of five, as the test runner allocates beside it. */
function smallestGrowth(run: () => void): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = process.memoryUsage();
    run();
    const after = process.memoryUsage();
    const growth = after.heapUsed - before.heapUsed + (after.external - before.external);
    if (growth >= 0) smallest = Math.min(smallest, growth);
  }
  return smallest;
}
