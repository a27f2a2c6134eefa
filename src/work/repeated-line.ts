/** When a line about trouble that goes on is written again: whoever brings the trouble about must not fill the log. */

import type { Clock } from '../ports/clock.ts';

/** Milliseconds between two lines about the same trouble. */
export const REPEAT_LINE_MS = 60_000;

/** One line, however often there is reason to write it. */
export class RepeatedLine {
  readonly #clock: Clock;
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it is to be written now; then it is not for a minute. */
  isDue(): boolean {
    const now = this.#clock.monotonicMs();
    if (now - this.#writtenAtMs < REPEAT_LINE_MS) return false;
    this.#writtenAtMs = now;
    return true;
  }
}
