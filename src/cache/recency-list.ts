/**
 * Slots in the order of their last use: two numbers for each, no object. A slot that is given up is given out again.
 *
 * Leaves to others: what is in a slot (byte-bounded-map.ts).
 */

/** Stands for no slot. */
const NONE = -1;

export class RecencyList {
  /** The slot that was used after, and before, each; of free slots `#newer` is the next free one, and `#older` what it was. */
  #newer: number[] = [];
  #older: number[] = [];
  #newest = NONE;
  #oldest = NONE;
  #free = NONE;
  #count = 0;

  /** The slot that was used longest ago; -1: there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  /** A slot, as the one used last. */
  add(): number {
    const slot = this.#free === NONE ? this.#count++ : this.#free;
    if (slot === this.#free) this.#free = this.#newer[slot] as number;
    this.#putFirst(slot);
    return slot;
  }

  /** Notes a use. */
  use(slot: number): void {
    if (slot === this.#newest) return;
    this.#takeOut(slot);
    this.#putFirst(slot);
  }

  /** Gives a slot up. */
  remove(slot: number): void {
    this.#takeOut(slot);
    // Who goes through the slots and has come to this one goes on from it.
    this.#newer[slot] = this.#free;
    this.#free = slot;
  }

  clear(): void {
    this.#newer = [];
    this.#older = [];
    this.#newest = NONE;
    this.#oldest = NONE;
    this.#free = NONE;
    this.#count = 0;
  }

  /** Slots from the one used last; the next one is looked up when it is asked for. */
  *newestFirst(): Generator<number> {
    for (let slot = this.#newest; slot !== NONE; slot = this.#older[slot] as number) yield slot;
  }

  #putFirst(slot: number): void {
    this.#newer[slot] = NONE;
    this.#older[slot] = this.#newest;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
  }

  #takeOut(slot: number): void {
    const newer = this.#newer[slot] as number;
    const older = this.#older[slot] as number;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
  }
}
