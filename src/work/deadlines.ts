/**
 * Waits that mostly end before their time: as many as there are share one timer, and are remembered without an object or a
 * function for each.
 */

import type { CancelTimer, Clock } from '../ports/clock.ts';

/** What waits. The two fields are written here alone. */
export interface Waiting {
  /** Monotonic ms at which its time is over. */
  dueMs: number;
  /** Where it stands among those that wait; -1: it does not wait. */
  place: number;
  /** Its time is over, and it waits no more. */
  fallDue(): void;
}

/** Who waits, as a heap: none is due before the one at half its place. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #heap: Waiting[] = [];
  #cancel: CancelTimer | null = null;
  /** When the timer runs out; what it was set for may have ended meanwhile. */
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#heap.length;
  }

  /** Has it wait for so many ms (0 or more) from now on, or from `nowMs`, which was just read; not one that waits already. */
  add(waiting: Waiting, ms: number, nowMs = this.#clock.monotonicMs()): void {
    waiting.dueMs = nowMs + ms;
    this.#rise(waiting, this.#heap.length);
    if (waiting.dueMs < this.#timerMs) this.#setTimer(waiting.dueMs, ms);
  }

  /** Has it wait until then; for a moment that is over, until a later turn. */
  addUntil(waiting: Waiting, dueMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.add(waiting, Math.max(0, dueMs - nowMs), nowMs);
  }

  /** Ends a wait; without effect on one that has ended. */
  remove(waiting: Waiting): void {
    const { place } = waiting;
    if (place < 0) return;
    waiting.place = -1;
    const last = this.#heap.pop() as Waiting;
    if (last !== waiting) this.#put(last, place);
    // A process ends when nobody waits for anything.
    if (this.#heap.length === 0) this.#stopTimer();
  }

  #setTimer(dueMs: number, ms: number): void {
    this.#cancel?.();
    this.#timerMs = dueMs;
    this.#cancel = this.#clock.after(ms, this.#onTimer);
  }

  #stopTimer(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }

  readonly #onTimer = (): void => {
    this.#cancel = null;
    this.#timerMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    try {
      for (let first = this.#heap[0]; first !== undefined && first.dueMs <= nowMs; first = this.#heap[0]) {
        this.remove(first);
        first.fallDue();
      }
    } finally {
      const next = this.#heap[0];
      if (next !== undefined && next.dueMs < this.#timerMs) this.#setTimer(next.dueMs, Math.max(0, next.dueMs - nowMs));
    }
  };

  /** Puts it into a place that has become free: there, or further up or down. */
  #put(waiting: Waiting, place: number): void {
    const above = place > 0 ? this.#heap[(place - 1) >> 1] : undefined;
    if (above !== undefined && above.dueMs > waiting.dueMs) this.#rise(waiting, place);
    else this.#sink(waiting, place);
  }

  #rise(waiting: Waiting, from: number): void {
    let place = from;
    while (place > 0) {
      const above = this.#heap[(place - 1) >> 1] as Waiting;
      if (above.dueMs <= waiting.dueMs) break;
      this.#heap[place] = above;
      above.place = place;
      place = (place - 1) >> 1;
    }
    this.#heap[place] = waiting;
    waiting.place = place;
  }

  #sink(waiting: Waiting, from: number): void {
    const heap = this.#heap;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      const second = heap[below + 1];
      if (second !== undefined && second.dueMs < (heap[below] as Waiting).dueMs) below++;
      const earliest = heap[below];
      if (earliest === undefined || earliest.dueMs >= waiting.dueMs) break;
      heap[place] = earliest;
      earliest.place = place;
      place = below;
    }
    heap[place] = waiting;
    waiting.place = place;
  }
}
