/**
 * Slots in memory that several threads read while one writes: what a reader takes away is whole, or nothing.
 *
 * A slot has a version, odd while it is written. A reader copies the slot, and takes the copy only if the version before and
 * after was the same even number and the checksum in the slot is that of the copy. On x64 the version alone is enough; on
 * machines that may read out of order (arm64) an ordinary read can move past the second look at the version, and there the
 * checksum refuses what is mixed of two entries. A refused copy is a miss: the query goes to the resolving thread.
 *
 * A set of four neighbouring slots takes an entry, by its hash. Nothing is allocated and nothing moves, so there is no memory
 * that a reader could hold on to.
 */

import type { SharedState } from './shared-state.ts';

/** Slots that an entry may be in. */
export const WAYS = 4;
/** Words of a slot before its content. */
const VERSION = 0;
const EPOCH = 1;
const HASH = 2;
/** Words of content that are in use. */
const SIZE = 3;
const EXPIRES_AT = 4;
const SUM = 5;
const HEADER_WORDS = 6;

/** What a slot is filled with. */
interface SlotContent {
  readonly hash: number;
  readonly words: Int32Array;
  /** Words that count. */
  readonly size: number;
  /** Unix seconds. */
  readonly expiresAt: number;
}

export class SharedSlots {
  readonly memory: SharedArrayBuffer;
  /** Words of content that a slot holds at most. */
  readonly capacity: number;
  /** The content that was read last. */
  readonly copy: Int32Array;
  readonly #state: SharedState;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #setMask: number;

  /** `slotOctets`: a multiple of 4, as the memory was made with. */
  constructor(state: SharedState, memory: SharedArrayBuffer, slotOctets: number) {
    this.memory = memory;
    this.#state = state;
    this.#words = new Int32Array(memory);
    this.#stride = slotOctets >> 2;
    this.capacity = this.#stride - HEADER_WORDS;
    this.copy = new Int32Array(this.capacity);
    this.#setMask = memory.byteLength / slotOctets / WAYS - 1;
  }

  /** Memory for as many sets of slots as go into `octets`, a power of two of them. What is never used is never resident. */
  static create(state: SharedState, octets: number, slotOctets: number): SharedSlots {
    const sets = 2 ** Math.max(0, Math.floor(Math.log2(octets / (slotOctets * WAYS))));
    return new SharedSlots(state, new SharedArrayBuffer(sets * WAYS * slotOctets), slotOctets);
  }

  /** Where the set of a hash begins. @hot bench/serve-hot-query.ts */
  firstOf(hash: number): number {
    return (hash & this.#setMask) * WAYS * this.#stride;
  }

  /**
   * Copies the content of the slot that is `way` places behind `first`; its words, 0 when it is not one of this hash and epoch
   * that holds now, or was being written. @hot bench/serve-hot-query.ts
   */
  read(first: number, way: number, hash: number, now: number): number {
    const words = this.#words;
    const at = first + way * this.#stride;
    const version = Atomics.load(words, at + VERSION);
    if ((version & 1) !== 0 || words[at + HASH] !== hash) return 0;
    const epoch = words[at + EPOCH] as number;
    const size = words[at + SIZE] as number;
    const expiresAt = words[at + EXPIRES_AT] as number;
    if (size <= 0 || size > this.capacity || epoch !== this.#state.epoch || expiresAt >>> 0 <= now) return 0;
    const copy = this.copy;
    const from = at + HEADER_WORDS;
    let sum = startSum(epoch, hash, size, expiresAt);
    for (let i = 0; i < size; i++) {
      const word = words[from + i] as number;
      copy[i] = word;
      sum = addToSum(sum, word);
    }
    if (words[at + SUM] !== sum || Atomics.load(words, at + VERSION) !== version) return 0;
    return size;
  }

  /** Writes an entry: over the one in `way` of its set, else over the one that ends first. For the one writing thread. */
  write(content: SlotContent, now: number, way = this.#wayToGive(this.firstOf(content.hash), now)): void {
    const { hash, words: from, size, expiresAt } = content;
    const words = this.#words;
    const at = this.firstOf(hash) + way * this.#stride;
    const epoch = this.#state.epoch;
    this.#begin(at);
    words[at + EPOCH] = epoch;
    words[at + HASH] = hash;
    words[at + SIZE] = size;
    words[at + EXPIRES_AT] = expiresAt;
    let sum = startSum(epoch, hash, size, expiresAt | 0);
    for (let i = 0; i < size; i++) {
      const word = from[i] as number;
      words[at + HEADER_WORDS + i] = word;
      sum = addToSum(sum, word);
    }
    words[at + SUM] = sum;
    this.#end(at);
  }

  /** Takes back every entry with this hash. */
  drop(hash: number): void {
    const first = this.firstOf(hash);
    for (let way = 0; way < WAYS; way++) {
      const at = first + way * this.#stride;
      if (this.#words[at + HASH] !== hash || this.#words[at + EPOCH] === 0) continue;
      this.#begin(at);
      this.#words[at + EPOCH] = 0;
      this.#end(at);
    }
  }

  /** One that holds nothing, else the one that ends first. */
  #wayToGive(first: number, now: number): number {
    const epoch = this.#state.epoch;
    let best = 0;
    let soonest = Number.POSITIVE_INFINITY;
    for (let way = 0; way < WAYS; way++) {
      const at = first + way * this.#stride;
      const expiresAt = (this.#words[at + EXPIRES_AT] as number) >>> 0;
      if (this.#words[at + EPOCH] !== epoch || expiresAt <= now) return way;
      if (expiresAt >= soonest) continue;
      best = way;
      soonest = expiresAt;
    }
    return best;
  }

  /** Read-modify-write, so that no word of the entry is seen changed while the version is still even. */
  #begin(at: number): void {
    Atomics.add(this.#words, at + VERSION, 1);
  }

  #end(at: number): void {
    Atomics.add(this.#words, at + VERSION, 1);
  }
}

/** The checksum covers what says whether the entry holds, too. @hot bench/serve-hot-query.ts */
function startSum(epoch: number, hash: number, size: number, expiresAt: number): number {
  return Math.imul(
    epoch ^ Math.imul(hash ^ Math.imul(size ^ Math.imul(expiresAt, 0x27d4eb2f), 0x165667b1), 0x85ebca6b),
    0xc2b2ae35,
  );
}

/** Each step is a bijection of the sum, so that one word that differs always shows. @hot bench/serve-hot-query.ts */
function addToSum(sum: number, word: number): number {
  const mixed = Math.imul(sum ^ word, 0x9e3779b1);
  return (mixed << 13) | (mixed >>> 19);
}
