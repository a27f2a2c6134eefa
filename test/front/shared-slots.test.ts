/**
 * Proves that what is read from slots that another thread is writing is whole, under the hardest load that one machine makes, and that
 * what was taken back is not read after.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { SharedSlots, WAYS } from '../../src/front/shared-slots.ts';
import { SharedState } from '../../src/front/shared-state.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import type { ReaderReport, ReaderStart } from './shared-slots-reader.ts';

const SLOT_OCTETS = 512;
const HASH = 77;
const READERS = 2;
/** What must have happened, so that the test has seen what it is about: writes, and for each reader whole and refused reads. */
const LEAST_WRITES = 200_000;
const LEAST_WHOLE = 10_000;
const LEAST_REFUSED = 100;

function newTable(): { readonly state: SharedState; readonly slots: SharedSlots } {
  const state = SharedState.create(new SeededRandom(1).bytes(8));
  return { state, slots: SharedSlots.create(state, 8192, SLOT_OCTETS) };
}

/** The entry of the stress test: its number over and over. */
function entryOf(number: number, epoch: number): { hash: number; words: Int32Array; size: number; expiresAt: number } {
  const size = 3 + (number % 100);
  const words = new Int32Array(size).fill(number);
  words[1] = epoch;
  return { hash: HASH, words, size, expiresAt: 0xffff_fff0 };
}

describe('a slot that is read while it is written', () => {
  test('is read whole or not at all, and never after its epoch', async () => {
    const { state, slots } = newTable();
    const counts = new Int32Array(new SharedArrayBuffer(4 * (1 + 2 * READERS)));
    const start = {
      state: state.memory,
      slots: slots.memory,
      slotOctets: SLOT_OCTETS,
      hash: HASH,
      counts: counts.buffer,
    };
    const readers = Array.from({ length: READERS }, (_, number) => {
      const workerData: ReaderStart = { ...start, number };
      return new Worker(new URL('./shared-slots-reader.ts', import.meta.url), { workerData });
    });
    await Promise.all(readers.map((reader) => once(reader, 'message')));
    const reports = readers.map((reader) => once(reader, 'message') as Promise<[ReaderReport]>);
    const hasSeenEnough = (): boolean =>
      readers.every((_, i) => (counts[1 + 2 * i] ?? 0) > LEAST_WHOLE && (counts[2 + 2 * i] ?? 0) > LEAST_REFUSED);
    for (let writes = 0; writes < LEAST_WRITES || !hasSeenEnough(); ) {
      for (let i = 0; i < 2_000; i++) {
        slots.write(entryOf(++writes, state.epoch), 0, writes % WAYS);
        if (writes % 50 === 0) slots.drop(HASH);
        if (writes % 333 === 0) state.startEpoch();
      }
    }
    Atomics.store(counts, 0, 1);
    const total = { mixed: 0, late: 0 };
    for (const [report] of await Promise.all(reports)) {
      for (const name of ['mixed', 'late'] as const) total[name] += report[name];
    }
    expect(total).toEqual({ mixed: 0, late: 0 });
  });

  test('is refused when its words are not those of one entry, whatever its version says', () => {
    const { state, slots } = newTable();
    slots.write(entryOf(5, state.epoch), 0, 0);
    const words = new Int32Array(slots.memory);
    const first = slots.firstOf(HASH);
    expect(slots.read(first, 0, HASH, 0)).toBe(8);
    // A reader that runs ahead of the writer's order: a word of the next entry beside those of this one.
    for (let at = first; at < first + 14; at++) {
      const before = words[at] as number;
      words[at] = before ^ 0x10;
      // The version is the one word that may change by an even number.
      if (at > first) expect([at - first, slots.read(first, 0, HASH, 0)]).toEqual([at - first, 0]);
      words[at] = before;
    }
    expect(slots.read(first, 0, HASH, 0)).toBe(8);
    Atomics.add(words, first, 1);
    expect(slots.read(first, 0, HASH, 0)).toBe(0);
  });
});

describe('slots', () => {
  test('hold what was written until it expires, is dropped or its epoch ends', () => {
    const { state, slots } = newTable();
    const first = slots.firstOf(HASH);
    slots.write({ ...entryOf(7, state.epoch), expiresAt: 100 }, 50, 2);
    expect([slots.read(first, 2, HASH, 99), slots.read(first, 2, HASH, 100), slots.read(first, 2, 78, 99)]).toEqual([
      10, 0, 0,
    ]);
    slots.drop(HASH);
    expect(slots.read(first, 2, HASH, 99)).toBe(0);
    slots.write(entryOf(7, state.epoch), 50, 2);
    expect(slots.read(first, 2, HASH, 99)).toBe(10);
    state.startEpoch();
    expect(slots.read(first, 2, HASH, 99)).toBe(0);
  });

  test('give up the entry that ends first when a set is full, and an empty place before that', () => {
    const { state, slots } = newTable();
    const first = slots.firstOf(HASH);
    for (const expiresAt of [300, 100, 200, 400]) slots.write({ ...entryOf(expiresAt, state.epoch), expiresAt }, 10);
    slots.write({ ...entryOf(500, state.epoch), expiresAt: 500 }, 10);
    const held = Array.from({ length: WAYS }, (_, way) => (slots.read(first, way, HASH, 10) > 0 ? slots.copy[0] : 0));
    expect(held.toSorted()).toEqual([200, 300, 400, 500]);
  });
});
