/**
 * Questions that could not be answered a short time ago (RFC 9520), so that a name that does not work is not tried for
 * every client that asks.
 *
 * Duties: the bounds on how long a failure is remembered, and longer waits for failures that repeat (RFC 9520 §3.2).
 * Leaves to others: which failures are about the name and which about the caller (terms/failure.ts); the latter are not taken.
 */

import type { Clock } from '../ports/clock.ts';
import { type Failure, failureScope, isKeptFailure } from '../terms/failure.ts';
import type { Verdict } from '../terms/verdict.ts';
import { type Question, questionKey } from '../wire/question.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';
import { sizeOfName, sizeOfText } from './heap-size.ts';

/** Shortest time, seconds: RFC 9520 §3.2 wants at least one. */
export const MIN_FAILURE_SECONDS = 1;
/** Longest time, seconds: RFC 9520 §3.2 allows five minutes. */
export const MAX_FAILURE_SECONDS = 300;
/** First time when the caller has no better figure, seconds: what RFC 9520 §3.2 suggests and Unbound uses. */
export const DEFAULT_FAILURE_SECONDS = 5;
/** Default bound, octets: about 1,200 failures. */
export const FAILURE_CACHE_OCTETS = 1024 * 1024;

/** Octets of one failure besides its question's name and the texts of its reason: four objects. */
const FAILURE_OCTETS = 280;

/** Why there was no answer: a failure of iteration, or a verdict that forbids to give one. */
type FailureCause = { readonly failure: Failure } | { readonly verdict: Verdict };

export interface CachedFailure {
  readonly question: Question;
  readonly why: FailureCause;
  /** When it may be tried again, unix seconds. */
  readonly expiresAt: number;
  /** When it failed last, unix seconds. */
  readonly failedAt: number;
  /** How often in a row it has failed; 1 the first time. */
  readonly times: number;
}

export class FailureCache {
  readonly #clock: Clock;
  readonly #failures: ByteBoundedMap<CachedFailure>;

  constructor({ clock, maxBytes }: { readonly clock: Clock; readonly maxBytes: number }) {
    this.#clock = clock;
    this.#failures = new ByteBoundedMap<CachedFailure>({ maxBytes, sizeOf: sizeOfFailure });
  }

  /** The failure, while the question may not be tried again. */
  find(question: Question): CachedFailure | null {
    // Mostly there is none, and a key is dear.
    const failure = this.#failures.count === 0 ? null : this.#failures.get(questionKey(question));
    return failure !== null && failure.expiresAt > this.#clock.unixSeconds() ? failure : null;
  }

  /**
   * Remembers a failure for `seconds`, doubled for each time in a row that the question fails again, within RFC 9520's
   * bounds. False when it is one that must not be remembered.
   */
  store(question: Question, why: FailureCause, seconds: number = DEFAULT_FAILURE_SECONDS): boolean {
    if ('failure' in why && !isKeptFailure(why.failure)) return false;
    const now = this.#clock.unixSeconds();
    const key = questionKey(question);
    const before = this.#failures.peek(key);
    // RFC 9520 §3.2: repeated failures wait longer; a failure long ago does not count.
    const repeats = isOfOneTry(why)
      ? 0
      : before !== null && now - before.expiresAt <= MAX_FAILURE_SECONDS
        ? before.times
        : 0;
    const wanted = Math.max(MIN_FAILURE_SECONDS, seconds) * 2 ** Math.min(repeats, 9);
    const expiresAt = now + Math.min(MAX_FAILURE_SECONDS, Math.ceil(wanted));
    this.#failures.set(key, { question, why, expiresAt, failedAt: now, times: repeats + 1 });
    return true;
  }

  /** Forgets a failure (the question was answered); true when there was one. */
  remove(question: Question): boolean {
    return this.#failures.delete(questionKey(question));
  }

  /** Removes every failure that the test says yes to (flush commands); how many. */
  removeWhere(test: (failure: CachedFailure) => boolean): number {
    return this.#failures.removeWhere(test);
  }

  clear(): void {
    this.#failures.clear();
  }

  get count(): number {
    return this.#failures.count;
  }

  get sizeBytes(): number {
    return this.#failures.sizeBytes;
  }
}

function sizeOfFailure({ question, why }: CachedFailure): number {
  const reason = 'failure' in why ? why.failure : why.verdict;
  return FAILURE_OCTETS + sizeOfName(question.name) + sizeOfTexts(reason);
}

/** Octets of all texts in a reason, which names zones and servers. */
function sizeOfTexts(reason: object): number {
  let octets = 0;
  for (const value of Object.values(reason) as unknown[]) {
    if (typeof value === 'string') octets += sizeOfText(value);
    else if (typeof value === 'object' && value !== null) octets += sizeOfTexts(value);
  }
  return octets;
}

/** Time or a budget ran out: that says little of how long the name will not work, so the wait does not grow. */
function isOfOneTry(why: FailureCause): boolean {
  return 'failure' in why && failureScope(why.failure) === 'one-try';
}
