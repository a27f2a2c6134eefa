/**
 * A hash table of slots over keys that lie in an arena: four words a slot, an index with linear probing, two bits of each
 * slot for "used lately" and a hand that moves over the slots (near to least-recently-used, without a list to keep).
 *
 * Duties: find, add, remove, choose whom to evict, grow. Leaves to others: what blocks hold besides the key, bounds.
 * A block's key is its octets from `KEY_WORD` on; keys must be such that none is the beginning of another. Blocks of one key
 * differ in their variant.
 */

import { Bug } from '../terms/unreachable.ts';
import { type Arena, wordAt } from './arena.ts';

/** Word of a block at which its key starts. */
export const KEY_WORD = 6;
/** Word of a block that holds its variant in these bits, see `variantBits`; the others are free for the owner's use. */
export const VARIANT_WORD = 2;
/** Flags that a variant may have. */
const VARIANT_FLAGS = 3;
const VARIANT_MASK_SHIFT = 16;
const VARIANT_VALUE_SHIFT = 18;
/** Stands for no slot where a slot is named by its number. */
export const NO_SLOT = -1;
/** Octets of one slot: its four words, and two index cells of four. */
export const SLOT_OCTETS = 4 * 4 + 2 * 4;
const FIRST_SLOTS = 256;

/** A slot is 16 octets in one piece, so that a look-up loads one line of the processor's cache for it. */
const SLOT_SHIFT = 2;
/** Words of a slot: hash and state, block, and times in unix seconds. */
const HASH = 0;
const BLOCK = 1;
const EXPIRES_AT = 2;
const STORED_AT = 3;
/** The part of a slot's first word that is the hash; the two bits above it are the state. */
const HASH_MASK = 0x3fff_ffff;
const FREE = 0;
const LIVE = 1 << 30;
const VISITED = 1 << 31;

/** What is looked for. Its owner has one object and fills it anew, so that a look-up allocates nothing. */
export interface SlotKey {
  readonly words: Int32Array;
  /** Words of the key, the last one with zeros where the key has ended. */
  count: number;
  /** Bits of the last word that belong to the key. */
  lastMask: number;
  hash: number;
  /** Flags of the variant, and which of them matter to who looks: 0 to `VARIANT_FLAGS`. */
  flags: number;
  mask: number;
}

/** The bits of `VARIANT_WORD` for a block that is right where the flags in `mask` are as in `flags`. */
export function variantBits(flags: number, mask: number): number {
  return ((mask & VARIANT_FLAGS) << VARIANT_MASK_SHIFT) | ((flags & VARIANT_FLAGS) << VARIANT_VALUE_SHIFT);
}

/** The flags and mask that `variantBits` was given. */
export function variantOf(word: number): { readonly flags: number; readonly dependsOn: number } {
  return {
    flags: (word >>> VARIANT_VALUE_SHIFT) & VARIANT_FLAGS,
    dependsOn: (word >>> VARIANT_MASK_SHIFT) & VARIANT_FLAGS,
  };
}

export class SlotTable {
  readonly #arena: Arena;
  #capacity = 0;
  /** Slot number plus one; 0 is an empty cell. Twice as many cells as slots, a power of two. */
  #index = new Int32Array(0);
  #mask = 0;
  #slots = new Int32Array(0);
  /** Free slots, linked through the word of their block. */
  #freeHead = NO_SLOT;
  #hand = 0;
  #count = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.clear();
  }

  /** A slot with this key whose block is right for the variant; `NO_SLOT`: there is none. @hot bench/serve-cached-lookup.ts */
  find(key: SlotKey): number {
    const mask = this.#mask;
    const index = this.#index;
    const slots = this.#slots;
    const hash = key.hash & HASH_MASK;
    for (let cell = hash & mask; ; cell = (cell + 1) & mask) {
      const slot = (index[cell] as number) - 1;
      if (slot < 0) return NO_SLOT;
      const at = slot << SLOT_SHIFT;
      if (((slots[at] as number) & HASH_MASK) === hash && this.#hasKey(slots[at + BLOCK] as number, key)) return slot;
    }
  }

  /** Marks a slot as used lately. @hot bench/serve-cached-lookup.ts */
  visit(slot: number): void {
    const at = slot << SLOT_SHIFT;
    const word = this.#slots[at] as number;
    if ((word & VISITED) === 0) this.#slots[at] = word | VISITED;
  }

  /** Block of a slot. @hot bench/serve-cached-lookup.ts */
  blockOf(slot: number): number {
    return this.#slots[(slot << SLOT_SHIFT) + BLOCK] as number;
  }

  /** When the slot's entry stops being usable, unix seconds. @hot bench/serve-cached-lookup.ts */
  expiresAt(slot: number): number {
    return (this.#slots[(slot << SLOT_SHIFT) + EXPIRES_AT] as number) >>> 0;
  }

  /** When it was stored, unix seconds. @hot bench/serve-cached-lookup.ts */
  storedAt(slot: number): number {
    return (this.#slots[(slot << SLOT_SHIFT) + STORED_AT] as number) >>> 0;
  }

  /** A slot that is not in use, to be passed to `fill`; `NO_SLOT` when all are. */
  freeSlot(): number {
    return this.#freeHead;
  }

  /** Puts an entry into the slot that `freeSlot` gave; its key and variant must not be in the table. */
  fill(slot: number, entry: SlotEntry): void {
    if (slot !== this.#freeHead) throw new Bug('slot is not the free one', { slot });
    this.#freeHead = this.blockOf(slot);
    const at = slot << SLOT_SHIFT;
    this.#slots[at + HASH] = (entry.hash & HASH_MASK) | LIVE;
    this.#slots[at + BLOCK] = entry.block;
    this.#slots[at + EXPIRES_AT] = entry.expiresAt;
    this.#slots[at + STORED_AT] = entry.storedAt;
    this.#count++;
    this.#link(slot);
  }

  /** Takes an entry out and gives its block back to the arena. */
  remove(slot: number): void {
    if (!this.isLive(slot)) throw new Bug('slot is free already', { slot });
    this.#unlink(slot);
    this.#arena.free(this.blockOf(slot));
    const at = slot << SLOT_SHIFT;
    this.#slots[at + HASH] = FREE;
    this.#slots[at + BLOCK] = this.#freeHead;
    this.#freeHead = slot;
    this.#count--;
  }

  /** The slot to evict next: expired, or not used since the hand last came by; `NO_SLOT` when the table is empty. */
  nextToEvict(nowSeconds: number): number {
    if (this.#count === 0) return NO_SLOT;
    for (;;) {
      const slot = this.#hand;
      this.#hand = slot + 1 === this.#capacity ? 0 : slot + 1;
      if (!this.isLive(slot)) continue;
      const word = this.#slots[slot << SLOT_SHIFT] as number;
      if ((word & VISITED) === 0 || this.expiresAt(slot) <= nowSeconds) return slot;
      this.#slots[slot << SLOT_SHIFT] = word & ~VISITED;
    }
  }

  /** True when the slot holds an entry. */
  isLive(slot: number): boolean {
    return ((this.#slots[slot << SLOT_SHIFT] as number) & LIVE) !== 0;
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
    this.#slots = new Int32Array(0);
    this.#resize(FIRST_SLOTS);
  }

  get capacity(): number {
    return this.#capacity;
  }

  get count(): number {
    return this.#count;
  }

  /** Octets of all slots and the index. */
  get sizeBytes(): number {
    return this.#capacity * SLOT_OCTETS;
  }

  #hasKey(block: number, key: SlotKey): boolean {
    const words = this.#arena.wordsOf(block);
    const at = wordAt(block);
    const variant = words[at + VARIANT_WORD] as number;
    if ((((variant >>> VARIANT_VALUE_SHIFT) ^ key.flags) & (variant >>> VARIANT_MASK_SHIFT) & key.mask) !== 0)
      return false;
    const from = at + KEY_WORD;
    const last = key.count - 1;
    const wanted = key.words;
    for (let i = 0; i < last; i++) if (words[from + i] !== wanted[i]) return false;
    return ((words[from + last] as number) & key.lastMask) === wanted[last];
  }

  #link(slot: number): void {
    let cell = this.#home(slot);
    while (this.#index[cell] !== 0) cell = (cell + 1) & this.#mask;
    this.#index[cell] = slot + 1;
  }

  /** Takes a slot out of the index, moving later ones of its run up so that no gap cuts them off. */
  #unlink(slot: number): void {
    const mask = this.#mask;
    let hole = this.#home(slot);
    while (this.#index[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let cell = (hole + 1) & mask; this.#index[cell] !== 0; cell = (cell + 1) & mask) {
      const home = this.#home((this.#index[cell] as number) - 1);
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
      this.#index[hole] = this.#index[cell] as number;
      hole = cell;
    }
    this.#index[hole] = 0;
  }

  /** The cell at which the search for a slot begins. */
  #home(slot: number): number {
    return (this.#slots[slot << SLOT_SHIFT] as number) & HASH_MASK & this.#mask;
  }

  #resize(capacity: number): void {
    const before = this.#capacity;
    const slots = new Int32Array(capacity << SLOT_SHIFT);
    slots.set(this.#slots);
    this.#slots = slots;
    for (let slot = capacity - 1; slot >= before; slot--) {
      slots[(slot << SLOT_SHIFT) + BLOCK] = this.#freeHead;
      this.#freeHead = slot;
    }
    this.#capacity = capacity;
    this.#index = new Int32Array(capacity * 2);
    this.#mask = capacity * 2 - 1;
    for (let slot = 0; slot < before; slot++) if (this.isLive(slot)) this.#link(slot);
  }
}

interface SlotEntry {
  readonly hash: number;
  readonly block: number;
  readonly expiresAt: number;
  readonly storedAt: number;
}
