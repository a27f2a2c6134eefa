/** Waits for a result, but not for ever: an earlier end for the one who waits, while the work itself goes on. */

import type { Clock } from '../ports/clock.ts';

/** A moment at which the wait may end early. */
export interface ClientTimer<T> {
  /** Milliseconds from the start of the wait. */
  readonly afterMs: number;
  /** What is taken then in place of the result; null: the wait goes on. */
  readonly take: () => T | null;
}

interface ClientTimerParts {
  readonly clock: Clock;
  /** Takes a rejection of the result that comes when nobody waits any more; a bug. */
  readonly report: (error: unknown) => void;
}

/** The result, or what the first early end that has something gives. Rejects as `result` does, unless it ended before. */
export function withClientTimers<T>(
  parts: ClientTimerParts,
  result: Promise<T>,
  ends: readonly ClientTimer<T>[],
): Promise<T> {
  const { clock, report } = parts;
  let hasEnded = false;
  return new Promise<T>((resolve, reject) => {
    const timers = ends.map(({ afterMs, take }) =>
      clock.after(Math.max(0, afterMs), () => {
        const taken = take();
        if (taken !== null) finish(() => resolve(taken));
      }),
    );
    const finish = (end: () => void): void => {
      hasEnded = true;
      for (const cancel of timers) cancel();
      end();
    };
    result.then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => (hasEnded ? report(error) : finish(() => reject(error))),
    );
  });
}
