/**
 * In which slots the values lie that were read or written last, by the objects themselves: who has just found or kept a value and
 * refers to it need not look for it again.
 *
 * Leaves to others: saying when a slot holds something else (packed-map.ts).
 */

import { NO_SLOT } from './slot-records.ts';

/** Values that are remembered, a power of two: of an answer that was just proven all sets are among the last five. */
const PLACES = 8;

export class RecentValues<Value extends object> {
  readonly #values: (Value | null)[] = new Array(PLACES).fill(null);
  readonly #slots = new Int32Array(PLACES).fill(NO_SLOT);
  #next = 0;

  /** The slot holds this very value. */
  add(value: Value, slot: number): void {
    this.#values[this.#next] = value;
    this.#slots[this.#next] = slot;
    this.#next = (this.#next + 1) & (PLACES - 1);
  }

  /** `NO_SLOT`: it is not known. */
  slotOf(value: Value): number {
    for (let place = 0; place < PLACES; place++) if (this.#values[place] === value) return this.#slots[place] as number;
    return NO_SLOT;
  }

  /** The slot holds something else from now on, or nothing. */
  forget(slot: number): void {
    for (let place = 0; place < PLACES; place++) {
      if (this.#slots[place] !== slot) continue;
      this.#slots[place] = NO_SLOT;
      this.#values[place] = null;
    }
  }

  clear(): void {
    this.#values.fill(null);
    this.#slots.fill(NO_SLOT);
  }
}
