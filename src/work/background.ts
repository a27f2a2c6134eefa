/**
 * Work that nobody waits for (prefetch, a refresh behind a stale answer): started here, so that its failure is heard.
 *
 * Duties: a bound on how many run at once, report of bugs. Leaves to others: what is done, and results: they go to caches.
 */

import { Cancelled } from './cancelled.ts';
import type { Soon } from './soon.ts';

/**
 * Most runs at once. More are refused, as each is only a convenience: a refresh that is refused happens when the entry
 * expires and a client asks. A tenth of the works that Unbound lets one thread have (`num-queries-per-thread` 2048).
 */
export const MAX_BACKGROUND_RUNS = 200;

/** Starts work that nobody waits for. */
export class Background {
  readonly #report: (error: unknown) => void;
  #running = 0;
  /** Runs refused because there were too many. */
  refused = 0;

  /** `report` takes what a run throws, other than a cancellation: a bug. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Starts a run; false when there are too many already. */
  start(run: () => Soon<unknown>): boolean {
    if (this.#running >= MAX_BACKGROUND_RUNS) {
      this.refused++;
      return false;
    }
    this.#running++;
    void this.#finish(run);
    return true;
  }

  get count(): number {
    return this.#running;
  }

  async #finish(run: () => Soon<unknown>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof Cancelled)) this.#report(error);
    } finally {
      this.#running--;
    }
  }
}
