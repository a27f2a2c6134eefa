/**
 * A map from string keys to values, bounded in bytes, that drops what was used longest ago.
 *
 * Duties: recency and size (lru-cache inside). Leaves to others: when a value stops being true. Expiry lives in the
 * values, so that an expired one can still be found (RFC 8767) and so that only the clock port tells the time.
 */

import { LRUCache } from 'lru-cache';

/**
 * Heap octets of one entry besides its value and the characters of its key: the slot in lru-cache with `maxSize`, and the
 * string object (measured with bench/cache-heap.ts).
 */
export const ENTRY_OCTETS = 120;

/** Part of a map that one value may take: whoever makes a large one must not push out most others with it. */
const VALUE_SHARE = 1 / 4;

/** Values that are looked at before others get their turn: about a millisecond. */
export const VALUES_PER_TURN = 500;

/** How the map is made. */
interface ByteBoundedMapParts<Value> {
  /** Bound on the sum of sizes, octets. */
  readonly maxBytes: number;
  /** Octets of one value, without its key and `ENTRY_OCTETS`. */
  readonly sizeOf: (value: Value) => number;
}

export class ByteBoundedMap<Value extends object> {
  readonly #entries: LRUCache<string, Value>;
  /** What is being banned: neither found nor kept until the sweep has gone through everything; mostly null. */
  #bans: readonly ((value: Value) => boolean)[] | null = null;

  constructor({ maxBytes, sizeOf }: ByteBoundedMapParts<Value>) {
    const maxSize = Math.max(1, Math.floor(maxBytes));
    this.#entries = new LRUCache<string, Value>({
      maxSize,
      maxEntrySize: Math.max(1, Math.floor(maxSize * VALUE_SHARE)),
      sizeCalculation: (value, key) => ENTRY_OCTETS + key.length + Math.ceil(sizeOf(value)),
    });
  }

  /** The value; counts as a use. */
  get(key: string): Value | null {
    const value = this.#entries.get(key) ?? null;
    return this.#bans === null ? value : this.#unlessBanned(value);
  }

  /** The value, without counting as a use. */
  peek(key: string): Value | null {
    const value = this.#entries.peek(key) ?? null;
    return this.#bans === null ? value : this.#unlessBanned(value);
  }

  /**
   * Puts a value; one that is larger than its share of the map, or banned, is not kept (and what had its key is gone). A value
   * that has changed is put again, so that it is counted as large as it has become.
   */
  set(key: string, value: Value): void {
    // lru-cache keeps the size that it first counted when it is given the very same object.
    if (this.#entries.peek(key) === value) this.#entries.delete(key);
    if (this.#bans !== null && this.#isBanned(value)) this.#entries.delete(key);
    else this.#entries.set(key, value);
  }

  /** True when there was one. */
  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  /** Removes all values that the test says yes to; how many. */
  removeWhere(test: (value: Value) => boolean): number {
    const keys: string[] = [];
    for (const [key, value] of this.#entries.entries()) if (test(value)) keys.push(key);
    for (const key of keys) this.#entries.delete(key);
    return keys.length;
  }

  /**
   * The same a piece at a time, so that large maps keep nobody waiting: `pause` is called between pieces. What is put there
   * meanwhile is newer than the call and is not looked at, unless it took the place of something older.
   */
  async removeInTurns(test: (value: Value) => boolean, pause: () => Promise<void>): Promise<number> {
    let removed = 0;
    // Keys stand at one place as long as they are held, whatever is used or added meanwhile; iterating in order of use would
    // miss those that are used between two pieces, and copying all keys first takes longer than the work itself.
    const { keyList } = LRUCache.unsafeExposeInternals(this.#entries);
    for (let at = 0; at < keyList.length; at++) {
      const key = keyList[at];
      const value = key === undefined ? undefined : this.#entries.peek(key);
      if (key !== undefined && value !== undefined && test(value) && this.#entries.delete(key)) removed++;
      if ((at + 1) % VALUES_PER_TURN === 0) await pause();
    }
    return removed;
  }

  /**
   * Removes all values that the test says yes to a piece at a time, for values that must not be used for one turn more: from
   * the call on none of them is found, and until the end none is kept, since it may have been made of what is removed.
   */
  async banInTurns(test: (value: Value) => boolean, pause: () => Promise<void>): Promise<number> {
    this.#bans = [...(this.#bans ?? []), test];
    try {
      return await this.removeInTurns(test, pause);
    } finally {
      const left = (this.#bans ?? []).filter((each) => each !== test);
      this.#bans = left.length === 0 ? null : left;
    }
  }

  #isBanned(value: Value): boolean {
    return this.#bans?.some((test) => test(value)) === true;
  }

  #unlessBanned(value: Value | null): Value | null {
    return value === null || this.#isBanned(value) ? null : value;
  }

  /** Values in no order; each that is held from beginning to end comes, also when others have their turn in between. */
  *unordered(): Generator<Value> {
    const { keyList } = LRUCache.unsafeExposeInternals(this.#entries);
    for (let at = 0; at < keyList.length; at++) {
      const key = keyList[at];
      const value = key === undefined ? null : this.peek(key);
      if (value !== null) yield value;
    }
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Values, most recently used first. */
  values(): Iterable<Value> {
    return this.#entries.values();
  }

  get count(): number {
    return this.#entries.size;
  }

  /** Estimated octets of all entries. */
  get sizeBytes(): number {
    return this.#entries.calculatedSize;
  }
}
