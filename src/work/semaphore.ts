/** A number of slots (sockets, connections): who finds none free waits in line, within time. */

import type { Clock } from '../ports/clock.ts';
import type { StopSignal } from './stop-signal.ts';
import { waitFor } from './wait.ts';

export class Semaphore {
  readonly #clock: Clock;
  readonly #line = new Set<() => void>();
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
    let enter: (() => void) | null = null;
    const isIn = (): boolean => enter !== null && !this.#line.has(enter);
    let isTaken = false;
    try {
      const end = await waitFor<'in'>({
        clock: this.#clock,
        ...{ signal, timeoutMs },
        start: (settle) => {
          enter = () => settle('in');
          this.#line.add(enter);
        },
      });
      isTaken = end === 'in';
      return isTaken;
    } finally {
      // A slot that was given in the moment of giving up goes to the next in line.
      if (!isTaken && isIn()) this.release();
      if (enter !== null) this.#line.delete(enter);
    }
  }

  /** Gives a slot back: to the first in line, if somebody waits. */
  release(): void {
    // Looked at first: mostly nobody waits, and the way to the first in line makes two objects.
    if (this.#line.size === 0) this.#free++;
    else this.#letIn();
  }

  #letIn(): void {
    for (const first of this.#line) {
      this.#line.delete(first);
      first();
      return;
    }
  }
}
