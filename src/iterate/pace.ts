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
/** Octets of a message that count as one step more: thousands of records take milliseconds, so the largest have a turn each. */
const OCTETS_PER_STEP = 4096;

/** A step that waits for a later turn. */
interface WaitingStep {
  readonly weight: number;
  readonly release: () => void;
}

/** The pace of one process. */
export class Pace {
  readonly #clock: Clock;
  #taken = 0;
  #waiting: WaitingStep[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Asks for a step that takes in so many octets: null when it may be taken at once, else what resolves when it may. */
  step(octets = 0): Promise<void> | null {
    const weight = Math.min(STEPS_PER_TURN, 1 + Math.floor(octets / OCTETS_PER_STEP));
    if (this.#taken > 0 && this.#taken + weight > STEPS_PER_TURN) {
      return new Promise((release) => this.#waiting.push({ weight, release }));
    }
    if (this.#taken === 0) this.#startTurn();
    this.#taken += weight;
    return null;
  }

  #startTurn(): void {
    void this.#clock.nextTurn().then(() => this.#endTurn());
  }

  #endTurn(): void {
    this.#taken = 0;
    let count = 0;
    for (const { weight } of this.#waiting) {
      if (count > 0 && this.#taken + weight > STEPS_PER_TURN) break;
      this.#taken += weight;
      count++;
      if (this.#taken >= STEPS_PER_TURN) break;
    }
    if (count === 0) return;
    this.#startTurn();
    for (const { release } of this.#waiting.splice(0, count)) release();
  }
}
