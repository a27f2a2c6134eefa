/**
 * Whether a store that may be down is worth asking: after some faults in a row it is left alone for a while, then one question
 * tries it again. So a dead store costs nothing, and a slow one a few waits a minute.
 */

import type { Clock } from '../ports/clock.ts';

/** Faults in a row after which it is left alone: one may be the connection's first moment. */
const FAULTS_TO_OPEN = 3;
/** Milliseconds that it is left alone first, twice as long after each try that failed, and at most. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

export class StoreBreaker {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #faults = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #closedUntilMs = 0;
  #isTrying = false;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** It has failed again and again, and was not heard of since. */
  get isDown(): boolean {
    return this.#faults >= FAULTS_TO_OPEN;
  }

  /** Whether to ask now. Who is told yes says how it went. */
  mayAsk(): boolean {
    if (!this.isDown) return true;
    if (this.#isTrying || this.#clock.monotonicMs() < this.#closedUntilMs) return false;
    this.#isTrying = true;
    return true;
  }

  /** True when it was down. */
  noteAnswer(): boolean {
    const wasDown = this.isDown;
    this.#faults = 0;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#isTrying = false;
    return wasDown;
  }

  /** True when it has gone down by this. */
  noteFault(): boolean {
    // What was asked before it went down says nothing new.
    if (this.isDown && !this.#isTrying) return false;
    this.#isTrying = false;
    this.#faults++;
    if (!this.isDown) return false;
    this.#closedUntilMs = this.#clock.monotonicMs() + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
    return this.#faults === FAULTS_TO_OPEN;
  }
}
