/** Waits for a result, but not for ever: an earlier end for the one who waits, while the work itself goes on. */

import type { Deadlines, Waiting } from '../work/deadlines.ts';

/** A moment at which the wait may end early. */
export interface ClientTimer<T> {
  /** Milliseconds from the start of the wait. */
  readonly afterMs: number;
  /** What is taken then in place of the result; null: the wait goes on. */
  readonly take: () => T | null;
}

interface ClientTimerParts {
  readonly deadlines: Deadlines;
  /** Takes a rejection of the result that comes when nobody waits any more; a bug. */
  readonly report: (error: unknown) => void;
}

/** The result, or what the first early end that has something gives. Rejects as `result` does, unless it ended before. */
export function withClientTimers<T>(
  parts: ClientTimerParts,
  result: Promise<T>,
  ends: readonly ClientTimer<T>[],
): Promise<T> {
  return new ClientWait(parts, ends).until(result);
}

class ClientWait<T> {
  readonly #parts: ClientTimerParts;
  readonly #timers: readonly EarlyEnd<T>[];
  #resolve!: (value: T) => void;
  #hasEnded = false;

  constructor(parts: ClientTimerParts, ends: readonly ClientTimer<T>[]) {
    this.#parts = parts;
    this.#timers = ends.map((end) => new EarlyEnd(this, end));
    for (const timer of this.#timers) parts.deadlines.add(timer, timer.afterMs);
  }

  until(result: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      result.then(
        (value) => this.end(value),
        (error: unknown) => {
          if (this.#hasEnded) this.#parts.report(error);
          else {
            this.#stopTimers();
            reject(error);
          }
        },
      );
    });
  }

  end(value: T): void {
    this.#stopTimers();
    this.#resolve(value);
  }

  #stopTimers(): void {
    this.#hasEnded = true;
    for (const timer of this.#timers) this.#parts.deadlines.remove(timer);
  }
}

class EarlyEnd<T> implements Waiting {
  readonly afterMs: number;
  readonly #wait: ClientWait<T>;
  readonly #take: () => T | null;
  dueMs = 0;
  place = -1;

  constructor(wait: ClientWait<T>, { afterMs, take }: ClientTimer<T>) {
    this.afterMs = Math.max(0, afterMs);
    this.#wait = wait;
    this.#take = take;
  }

  fallDue(): void {
    const taken = this.#take();
    if (taken !== null) this.#wait.end(taken);
  }
}
