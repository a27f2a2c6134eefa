/**
 * A map from string keys to values, bounded in bytes, that drops what was used longest ago.
 *
 * Duties: recency and size. Leaves to others: the order of use (recency-list.ts), when a value stops being true. Expiry lives in the
 * values, so that an expired one can still be found (RFC 8767) and so that only the clock port tells the time.
 */

import { RecencyList } from './recency-list.ts';

/**
 * Heap octets of one entry besides its value and the characters of its key: its slot in the map and in four lists, and the
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
  readonly #maxOctets: number;
  readonly #maxValueOctets: number;
  readonly #sizeOf: (value: Value) => number;
  /** Where the entry of a key stands in the lists; it stays there as long as it is held. */
  readonly #slots = new Map<string, number>();
  readonly #keys: (string | undefined)[] = [];
  readonly #values: (Value | undefined)[] = [];
  readonly #octets: number[] = [];
  readonly #order = new RecencyList();
  #total = 0;
  /** Values taken out or replaced so far: what was found is there as long as this stays. */
  changes = 0;
  /** Keys added so far: what was not found is not there as long as this stays. */
  additions = 0;

  constructor({ maxBytes, sizeOf }: ByteBoundedMapParts<Value>) {
    this.#maxOctets = Math.max(1, Math.floor(maxBytes));
    this.#maxValueOctets = Math.max(1, Math.floor(this.#maxOctets * VALUE_SHARE));
    this.#sizeOf = sizeOf;
  }

  /** The value; counts as a use. */
  get(key: string): Value | null {
    const slot = this.#slots.get(key);
    if (slot === undefined) return null;
    this.#order.use(slot);
    return this.#valueAt(slot);
  }

  /** The value, without counting as a use. */
  peek(key: string): Value | null {
    const slot = this.#slots.get(key);
    return slot === undefined ? null : this.#valueAt(slot);
  }

  #valueAt(slot: number): Value | null {
    return this.#values[slot] ?? null;
  }

  /**
   * Puts a value; one that is larger than its share of the map is not kept (and what had its key is gone). A value
   * that has changed is put again, so that it is counted as large as it has become.
   */
  set(key: string, value: Value): void {
    const octets = ENTRY_OCTETS + key.length + Math.ceil(this.#sizeOf(value));
    const known = this.#slots.get(key);
    if (octets > this.#maxValueOctets) {
      if (known !== undefined) this.#free(key, known);
      return;
    }
    if (known === undefined) this.#add(key, value, octets);
    else {
      this.#total += octets - (this.#octets[known] ?? 0);
      if (this.#values[known] !== value) this.changes++;
      this.#values[known] = value;
      this.#octets[known] = octets;
      this.#order.use(known);
    }
    while (this.#total > this.#maxOctets) this.#dropOldest();
  }

  #add(key: string, value: Value, octets: number): void {
    this.additions++;
    const slot = this.#order.add();
    this.#slots.set(key, slot);
    this.#keys[slot] = key;
    this.#values[slot] = value;
    this.#octets[slot] = octets;
    this.#total += octets;
  }

  #dropOldest(): void {
    const slot = this.#order.oldest;
    this.#free(this.#keys[slot] as string, slot);
  }

  #free(key: string, slot: number): void {
    this.changes++;
    this.#slots.delete(key);
    this.#keys[slot] = undefined;
    this.#values[slot] = undefined;
    this.#total -= this.#octets[slot] ?? 0;
    this.#order.remove(slot);
  }

  /** True when there was one. */
  delete(key: string): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    this.#free(key, slot);
    return true;
  }

  /** Removes all values that the test says yes to; how many. */
  removeWhere(test: (value: Value) => boolean): number {
    let removed = 0;
    for (let slot = 0; slot < this.#keys.length; slot++) if (this.#removeIf(slot, test)) removed++;
    return removed;
  }

  #removeIf(slot: number, test: (value: Value) => boolean): boolean {
    const key = this.#keys[slot];
    const value = this.#values[slot];
    return key !== undefined && value !== undefined && test(value) && this.delete(key);
  }

  clear(): void {
    this.changes++;
    this.#slots.clear();
    this.#keys.length = 0;
    this.#values.length = 0;
    this.#octets.length = 0;
    this.#order.clear();
    this.#total = 0;
  }

  /** Values, most recently used first. */
  *values(): Generator<Value> {
    for (const slot of this.#order.newestFirst()) {
      const value = this.#values[slot];
      if (value !== undefined) yield value;
    }
  }

  get count(): number {
    return this.#slots.size;
  }

  /** Estimated octets of all entries. */
  get sizeBytes(): number {
    return this.#total;
  }
}
