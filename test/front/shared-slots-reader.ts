/** The reading side of the stress test: reads as fast as it can, and reports what was whole, refused, or mixed. */

import { parentPort, workerData } from 'node:worker_threads';
import { SharedSlots, WAYS } from '../../src/front/shared-slots.ts';
import { SharedState } from '../../src/front/shared-state.ts';

/** What the reader is given, and what it reports. */
export interface ReaderStart {
  readonly state: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
  readonly slotOctets: number;
  readonly hash: number;
  /** First word: set to 1 by the writer when it has ended. Then, for each reader, how much was whole and how much refused so far. */
  readonly counts: SharedArrayBuffer;
  readonly number: number;
}
export interface ReaderReport {
  readonly mixed: number;
  /** Entries of an epoch that had ended before the read began. */
  readonly late: number;
}

const { state, slots, slotOctets, hash, number: reader, counts: memory } = workerData as ReaderStart;
const shared = new SharedState(state);
const table = new SharedSlots(shared, slots, slotOctets);
const first = table.firstOf(hash);
const counts = new Int32Array(memory);
let [whole, refused, mixed, late] = [0, 0, 0, 0];
parentPort?.postMessage('reading');
while (Atomics.load(counts, 0) === 0) {
  Atomics.store(counts, 1 + 2 * reader, whole);
  Atomics.store(counts, 2 + 2 * reader, refused);
  for (let way = 0; way < WAYS; way++) {
    const before = shared.epoch;
    const size = table.read(first, way, hash, 0);
    if (size === 0) {
      refused++;
      continue;
    }
    whole++;
    // Each entry is one number over and over, in a length that depends on it, and the epoch that it was written in.
    const number = table.copy[0] as number;
    if ((table.copy[1] as number) < before) late++;
    if (size !== 3 + (number % 100)) mixed++;
    else for (let i = 2; i < size; i++) if (table.copy[i] !== number) mixed++;
  }
}
parentPort?.postMessage({ mixed, late } satisfies ReaderReport);
