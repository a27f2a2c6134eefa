/**
 * A hash table of slots over keys that lie in an arena: columns in typed arrays, an index with linear probing, one bit
 * per slot for "used lately" and a hand that moves over the slots (near to least-recently-used, without a list to keep).
 *
 * Duties: find, add, remove, choose whom to evict, grow. Leaves to others: what blocks hold besides the key, bounds.
 * A block's key is its words from `KEY_WORD` on; keys must be such that none is the beginning of another.
 */

import { Bug } from '../terms/unreachable.ts';
import { type Arena, wordAt } from './arena.ts';

/** Word of a block at which its key starts. */
export const KEY_WORD = 3;
/** Stands for no slot where a slot is named by its number. */
export const NO_SLOT = -1;
/** Octets of one slot: four columns of four, the state, and two index cells of four. */
export const SLOT_OCTETS = 4 * 4 + 1 + 2 * 4;
const FIRST_SLOTS = 256;

const FREE = 0;
const LIVE = 1;
const VISITED = 2;

export class SlotTable {
  readonly #arena: Arena;
  #capacity = 0;
  /** Slot number plus one; 0 is an empty cell. Twice as many cells as slots, a power of two. */
  #index = new Int32Array(0);
  #mask = 0;
  #hash = new Int32Array(0);
  #block = new Int32Array(0);
  #expiresAt = new Uint32Array(0);
  #storedAt = new Uint32Array(0);
  #state = new Uint8Array(0);
  /** Free slots, linked through `#block`. */
  #freeHead = NO_SLOT;
  #hand = 0;
  #count = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.clear();
  }

  /** The slot with this key, or `NO_SLOT`. @hot bench/serve-cached-lookup.ts */
  find(hash: number, key: Int32Array, keyWords: number): number {
    const mask = this.#mask;
    const index = this.#index;
    for (let cell = hash & mask; ; cell = (cell + 1) & mask) {
      const slot = (index[cell] as number) - 1;
      if (slot < 0) return NO_SLOT;
      if (this.#hash[slot] === hash && this.#hasKey(slot, key, keyWords)) return slot;
    }
  }

  /** Marks a slot as used lately. @hot bench/serve-cached-lookup.ts */
  visit(slot: number): void {
    this.#state[slot] = VISITED;
  }

  /** Block of a slot. @hot bench/serve-cached-lookup.ts */
  blockOf(slot: number): number {
    return this.#block[slot] as number;
  }

  /** When the slot's entry stops being usable, unix seconds. @hot bench/serve-cached-lookup.ts */
  expiresAt(slot: number): number {
    return this.#expiresAt[slot] as number;
  }

  /** When it was stored, unix seconds. @hot bench/serve-cached-lookup.ts */
  storedAt(slot: number): number {
    return this.#storedAt[slot] as number;
  }

  /** A slot that is not in use, to be passed to `fill`; `NO_SLOT` when all are. */
  freeSlot(): number {
    return this.#freeHead;
  }

  /** Puts an entry into the slot that `freeSlot` gave; its key must not be in the table. */
  fill(slot: number, entry: SlotEntry): void {
    if (slot !== this.#freeHead) throw new Bug('slot is not the free one', { slot });
    this.#freeHead = this.blockOf(slot);
    this.#hash[slot] = entry.hash;
    this.#block[slot] = entry.block;
    this.#expiresAt[slot] = entry.expiresAt;
    this.#storedAt[slot] = entry.storedAt;
    this.#state[slot] = LIVE;
    this.#count++;
    this.#link(slot);
  }

  /** Takes an entry out and gives its block back to the arena. */
  remove(slot: number): void {
    if (this.#state[slot] === FREE) throw new Bug('slot is free already', { slot });
    this.#unlink(slot);
    this.#arena.free(this.blockOf(slot));
    this.#state[slot] = FREE;
    this.#block[slot] = this.#freeHead;
    this.#freeHead = slot;
    this.#count--;
  }

  /** The slot to evict next: expired, or not used since the hand last came by; `NO_SLOT` when the table is empty. */
  nextToEvict(nowSeconds: number): number {
    if (this.#count === 0) return NO_SLOT;
    for (;;) {
      const slot = this.#hand;
      this.#hand = slot + 1 === this.#capacity ? 0 : slot + 1;
      const state = this.#state[slot];
      if (state === FREE) continue;
      if (state === LIVE || this.expiresAt(slot) <= nowSeconds) return slot;
      this.#state[slot] = LIVE;
    }
  }

  /** True when the slot holds an entry. */
  isLive(slot: number): boolean {
    return this.#state[slot] !== FREE;
  }

  /** Doubles the slots. */
  grow(): void {
    this.#resize(this.#capacity * 2);
  }

  /** Forgets all entries (not their blocks) and goes back to the first size. */
  clear(): void {
    this.#capacity = 0;
    this.#count = 0;
    this.#hand = 0;
    this.#freeHead = NO_SLOT;
    this.#resize(FIRST_SLOTS);
  }

  get capacity(): number {
    return this.#capacity;
  }

  get count(): number {
    return this.#count;
  }

  /** Octets of all columns and the index. */
  get sizeBytes(): number {
    return this.#capacity * SLOT_OCTETS;
  }

  #hasKey(slot: number, key: Int32Array, keyWords: number): boolean {
    const block = this.#block[slot] as number;
    const words = this.#arena.wordsOf(block);
    const at = wordAt(block) + KEY_WORD;
    for (let i = 0; i < keyWords; i++) if (words[at + i] !== key[i]) return false;
    return true;
  }

  #link(slot: number): void {
    let cell = (this.#hash[slot] as number) & this.#mask;
    while (this.#index[cell] !== 0) cell = (cell + 1) & this.#mask;
    this.#index[cell] = slot + 1;
  }

  /** Takes a slot out of the index, moving later ones of its run up so that no gap cuts them off. */
  #unlink(slot: number): void {
    const mask = this.#mask;
    let hole = (this.#hash[slot] as number) & mask;
    while (this.#index[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let cell = (hole + 1) & mask; this.#index[cell] !== 0; cell = (cell + 1) & mask) {
      const home = (this.#hash[(this.#index[cell] as number) - 1] as number) & mask;
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
      this.#index[hole] = this.#index[cell] as number;
      hole = cell;
    }
    this.#index[hole] = 0;
  }

  #resize(capacity: number): void {
    const before = this.#capacity;
    this.#hash = resized(this.#hash, new Int32Array(capacity), before);
    this.#block = resized(this.#block, new Int32Array(capacity), before);
    this.#expiresAt = resized(this.#expiresAt, new Uint32Array(capacity), before);
    this.#storedAt = resized(this.#storedAt, new Uint32Array(capacity), before);
    this.#state = resized(this.#state, new Uint8Array(capacity), before);
    for (let slot = capacity - 1; slot >= before; slot--) {
      this.#block[slot] = this.#freeHead;
      this.#freeHead = slot;
    }
    this.#capacity = capacity;
    this.#index = new Int32Array(capacity * 2);
    this.#mask = capacity * 2 - 1;
    for (let slot = 0; slot < before; slot++) if (this.isLive(slot)) this.#link(slot);
  }
}

/** What a slot is filled with. */
interface SlotEntry {
  readonly hash: number;
  readonly block: number;
  readonly expiresAt: number;
  readonly storedAt: number;
}

function resized<Column extends Int32Array | Uint32Array | Uint8Array>(
  from: Column,
  to: Column,
  count: number,
): Column {
  for (let i = 0; i < count; i++) to[i] = from[i] ?? 0;
  return to;
}
