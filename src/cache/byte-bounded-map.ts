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

/** How the map is made. */
interface ByteBoundedMapParts<Value> {
  /** Bound on the sum of sizes, octets. */
  readonly maxBytes: number;
  /** Octets of one value, without its key and `ENTRY_OCTETS`. */
  readonly sizeOf: (value: Value) => number;
}

export class ByteBoundedMap<Value extends object> {
  readonly #entries: LRUCache<string, Value>;

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
    return this.#entries.get(key) ?? null;
  }

  /** The value, without counting as a use. */
  peek(key: string): Value | null {
    return this.#entries.peek(key) ?? null;
  }

  /**
   * Puts a value; one that is larger than its share of the map is not kept (and what had its key is gone). A value
   * that has changed is put again, so that it is counted as large as it has become.
   */
  set(key: string, value: Value): void {
    // lru-cache keeps the size that it first counted when it is given the very same object.
    if (this.#entries.peek(key) === value) this.#entries.delete(key);
    this.#entries.set(key, value);
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
