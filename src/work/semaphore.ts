/** A number of slots (sockets, connections): who finds none free waits in line, within time. */

import type { Clock } from '../ports/clock.ts';
import type { StopSignal } from './stop-signal.ts';
import { TransientMap } from './transient-map.ts';
import { waitFor } from './wait.ts';

export class Semaphore {
  readonly #clock: Clock;
  /** By numbers that are given once. */
  readonly #line = new TransientMap<number, () => void>();
  #lastNumber = 0;
  #free: number;

  constructor(clock: Clock, count: number) {
    this.#clock = clock;
    this.#free = count;
  }

  get isFull(): boolean {
    return this.#free === 0;
  }

  /** How many wait in line. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Takes a slot when one is free. */
  takeFree(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** True when a slot was taken, false when none became free in time. Rejects with `Cancelled` when stopped. */
  async take(signal: StopSignal, timeoutMs: number): Promise<boolean> {
    if (this.takeFree()) return true;
    // 0: it never stood in line.
    let number = 0;
    let isTaken = false;
    try {
      const end = await waitFor<'in'>({
        clock: this.#clock,
        ...{ signal, timeoutMs },
        start: (settle) => {
          number = ++this.#lastNumber;
          this.#line.set(number, () => settle('in'));
        },
      });
      isTaken = end === 'in';
      return isTaken;
    } finally {
      // A slot that was given in the moment of giving up goes to the next in line.
      const wasIn = number > 0 && !this.#line.delete(number);
      if (!isTaken && wasIn) this.release();
    }
  }

  /** Gives a slot back: to the first in line, if somebody waits. */
  release(): void {
    const enter = this.#line.takeOldest();
    if (enter === undefined) this.#free++;
    else enter();
  }
}
