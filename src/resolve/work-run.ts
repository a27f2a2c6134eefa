/**
 * One work of the resolver on its way: asks until what comes is not bogus, no server is left to blame, or it was asked often enough.
 * The one place where being stopped becomes a value.
 *
 * Duties: the order of the steps, whatever they wait for. Leaves to others: the steps themselves (resolver.ts).
 */

import type { FoundResult, IterationResult } from '../terms/iteration-result.ts';
import type { Resolution } from '../terms/resolution.ts';
import type { Validated } from '../validate/validate-answer.ts';
import { Cancelled } from '../work/cancelled.ts';
import type { Soon } from '../work/soon.ts';
import { type Taker, tellOf } from '../work/taker.ts';
import type { Work } from '../work/work.ts';
import { Tries } from './tries.ts';

type FailedResult = Extract<IterationResult, { readonly kind: 'failed' }>;

/** What a run is made of, one for all. */
export interface WorkRunSteps {
  /** Unchecked data; null: the asker is told later. */
  findData(work: Work, tries: Tries, asker: Taker<IterationResult>): Soon<IterationResult> | null;
  validate(work: Work, found: FoundResult): Soon<Validated>;
  /** How the work ends that found an answer, or nothing; null: it asks again. */
  endOfAnswer(work: Work, tries: Tries, found: FoundResult, validated: Validated): Resolution | null;
  endOfFailure(work: Work, tries: Tries, found: FailedResult): Resolution | null;
  cancelled(work: Work): Resolution;
  /** Has the work validate by what is trusted now, since who asked after that waits for it too; false: it has done so. */
  renewTrust(work: Work): boolean;
  /** It runs no more. */
  release(work: Work): void;
}

export class WorkRun implements Taker<IterationResult> {
  readonly #steps: WorkRunSteps;
  readonly #work: Work;
  readonly #first: Tries;
  readonly #end: Taker<Resolution>;
  #tries: Tries;

  constructor(steps: WorkRunSteps, work: Work, first: Tries, end: Taker<Resolution>) {
    this.#steps = steps;
    this.#work = work;
    this.#first = first;
    this.#tries = first;
    this.#end = end;
  }

  /** The resolution if that is at once; null: `end` is told later. To be called once. Throws only for bugs. */
  start(): Resolution | null {
    return this.#run(() => this.#ask());
  }

  take(found: IterationResult): void {
    this.#goOn(() => this.#takeIn(found));
  }

  fail(error: unknown): void {
    this.#goOn(() => {
      throw error;
    });
  }

  /** Takes a step and tells of the end, if that is one. */
  #goOn(step: () => Resolution | null): void {
    let resolution: Resolution | null;
    try {
      resolution = this.#run(step);
    } catch (bug) {
      this.#end.fail(bug);
      return;
    }
    if (resolution !== null) this.#end.take(resolution);
  }

  /** Takes a step; a work that has ended, however that came, runs no more. */
  #run(step: () => Resolution | null): Resolution | null {
    let isEnd = true;
    try {
      const resolution = step();
      isEnd = resolution !== null;
      return resolution;
    } catch (error) {
      if (error instanceof Cancelled) return this.#steps.cancelled(this.#work);
      throw error;
    } finally {
      if (isEnd) this.#steps.release(this.#work);
    }
  }

  #ask(): Resolution | null {
    const found = this.#steps.findData(this.#work, this.#tries, this);
    if (!(found instanceof Promise)) return found === null ? null : this.#takeIn(found);
    tellOf(found, this);
    return null;
  }

  #takeIn(found: IterationResult): Resolution | null {
    if (found.kind === 'failed') return this.#conclude(this.#steps.endOfFailure(this.#work, this.#tries, found));
    const validated = this.#steps.validate(this.#work, found);
    if (!(validated instanceof Promise)) return this.#judge(found, validated);
    validated.then(
      (late) => this.#goOn(() => this.#judge(found, late)),
      (error: unknown) => this.fail(error),
    );
    return null;
  }

  #judge(found: FoundResult, validated: Validated): Resolution | null {
    return this.#conclude(this.#steps.endOfAnswer(this.#work, this.#tries, found, validated));
  }

  #conclude(end: Resolution | null): Resolution | null {
    if (end === null) return this.#ask();
    if (this.#tries !== this.#first || !this.#steps.renewTrust(this.#work)) return end;
    this.#tries = new Tries(null, 0);
    return this.#ask();
  }
}
