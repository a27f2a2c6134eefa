/**
 * How a way down the tree goes on when what it waits for has come: a server's answer, a turn of the event loop, or something else.
 * Nearly all waits are for the first two, and make no promise.
 *
 * Leaves to others: the steps themselves (iterative-query.ts), who waits for their outcome (iterate.ts).
 */

import type { Taker } from '../work/taker.ts';
import type { TurnLimiter, TurnWaiter } from '../work/turn-limiter.ts';
import type { Outcome } from './outcome.ts';
import { stepsFor } from './turn-share.ts';
import type { UpstreamResult } from './upstream-query.ts';

/** What is done between two waits; each gives the outcome, or null when there is something to wait for. */
interface Steps {
  begin(): Outcome | null;
  takeIn(result: UpstreamResult): Outcome | null;
  /** Owed when a step has thrown, or what it waited for is not to come: nobody is to wait for this one. */
  giveUp(): void;
}

/** The waits of one way down, one at a time. */
export class StepWaits implements Taker<UpstreamResult>, TurnWaiter {
  readonly #steps: Steps;
  readonly #pace: TurnLimiter;
  readonly #asker: Taker<Outcome>;
  /** Waits for its turn. */
  #arrived: UpstreamResult | null = null;

  /** `asker` gets the outcome where `start` has none, once. */
  constructor(steps: Steps, pace: TurnLimiter, asker: Taker<Outcome>) {
    this.#steps = steps;
    this.#pace = pace;
    this.#asker = asker;
  }

  /** The outcome if that is at once; null: the asker is told after this has returned. To be called once. */
  start(): Outcome | null {
    if (!this.#pace.takeFor(this, stepsFor(0))) return null;
    try {
      return this.#steps.begin();
    } catch (error) {
      this.#steps.giveUp();
      throw error;
    }
  }

  /** A server has answered, or has not. */
  take(result: UpstreamResult): void {
    this.#arrived = result;
    const octets = result.kind === 'response' ? result.message.bytes.length : 0;
    if (this.#pace.takeFor(this, stepsFor(octets))) this.goOn();
  }

  /** It is its turn. */
  goOn(): void {
    const arrived = this.#arrived;
    this.#arrived = null;
    let outcome: Outcome | null;
    try {
      outcome = arrived === null ? this.#steps.begin() : this.#steps.takeIn(arrived);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (outcome !== null) this.#asker.take(outcome);
  }

  fail(error: unknown): void {
    this.#steps.giveUp();
    this.#asker.fail(error);
  }

  /** Goes on when that has come. */
  after<T>(waited: Promise<T>, next: (value: T) => Outcome | null): null {
    const goOn = (value: T): void => {
      const outcome = next(value);
      if (outcome !== null) void Promise.resolve(outcome).then((late) => this.#asker.take(late));
    };
    waited.then(goOn).catch((error: unknown) => this.fail(error));
    return null;
  }
}
