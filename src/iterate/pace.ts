/**
 * Lets few steps of iteration run in one turn of the event loop, in the order in which they came.
 *
 * Duties: when hundreds of servers' answers are there at once, the questions of clients that wait meanwhile (most of which
 * the caches answer in microseconds) are taken in between.
 * Leaves to others: how much work there may be at all (budgets, limits on questions).
 */

import type { Clock } from '../ports/clock.ts';

/** Steps in one turn: of a fraction of a millisecond each, so that a turn stays near one millisecond. */
const STEPS_PER_TURN = 4;

/** The pace of one process. */
export class Pace {
  readonly #clock: Clock;
  #taken = 0;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Asks for a step: null when it may be taken at once, else what resolves when it may. */
  step(): Promise<void> | null {
    if (this.#taken >= STEPS_PER_TURN) return new Promise((resolve) => this.#waiting.push(resolve));
    if (this.#taken++ === 0) this.#startTurn();
    return null;
  }

  #startTurn(): void {
    void this.#clock.nextTurn().then(() => this.#endTurn());
  }

  #endTurn(): void {
    const released = this.#waiting.splice(0, STEPS_PER_TURN);
    this.#taken = released.length;
    if (released.length === 0) return;
    this.#startTurn();
    for (const release of released) release();
  }
}
