/** A wait that ends by an event, by a timer, or by the work being stopped; whichever comes first, exactly once. */

import type { Clock } from '../ports/clock.ts';
import { Cancelled } from './cancelled.ts';
import type { StopSignal } from './stop-signal.ts';

const ONCE = { once: true };

interface Wait<T> {
  readonly clock: Clock;
  readonly signal: StopSignal;
  readonly timeoutMs: number;
  /** Starts what may end the wait; `settle` may be called more than once, the first counts. */
  readonly start: (settle: (value: T) => void) => void;
}

/** The settled value, or 'timeout'. Rejects with `Cancelled` when the signal is aborted. */
export function waitFor<T>(wait: Wait<T>): Promise<T | 'timeout'> {
  const { clock, signal, timeoutMs, start } = wait;
  if (signal.aborted) return Promise.reject(new Cancelled());
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      cancelTimer();
      reject(new Cancelled());
    };
    const settle = (value: T | 'timeout'): void => {
      cancelTimer();
      signal.removeEventListener('abort', stop);
      resolve(value);
    };
    const cancelTimer = clock.after(Math.max(0, timeoutMs), () => settle('timeout'));
    signal.addEventListener('abort', stop, ONCE);
    start(settle);
  });
}
