/** Has the next client find what a fetch brought. */

import type { FoundResult, IterationResult } from '../terms/iteration-result.ts';
import type { Taker } from '../work/taker.ts';
import type { Work } from '../work/work.ts';

/** Stands before the asker of a fetch: what was found is kept first. */
export class KeptFetch implements Taker<IterationResult> {
  readonly #keep: (work: Work, found: FoundResult) => void;
  readonly #work: Work;
  readonly #asker: Taker<IterationResult>;

  constructor(keep: (work: Work, found: FoundResult) => void, work: Work, asker: Taker<IterationResult>) {
    this.#keep = keep;
    this.#work = work;
    this.#asker = asker;
  }

  take(found: IterationResult): void {
    try {
      if (found.kind === 'found') this.#keep(this.#work, found);
    } catch (error) {
      this.#asker.fail(error);
      return;
    }
    this.#asker.take(found);
  }

  fail(error: unknown): void {
    this.#asker.fail(error);
  }
}
