/** The real clock: Node's monotonic time, the system's wall clock, timers. */

import type { CancelTimer, Clock } from '../ports/clock.ts';

/** Longest time that one Node timer takes, milliseconds (2^31 - 1); longer ones are set anew when they come. */
const MAX_TIMER_MS = 2_147_483_647;

/** The clock of this process. Its timers keep the process alive. */
export function createNodeClock(): Clock {
  return {
    monotonicMs: () => performance.now(),
    unixSeconds: () => Math.floor(Date.now() / 1000),
    after: startTimer,
    nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** Below so many milliseconds timers are as exact as Node.js has them. */
const EXACT_BELOW_MS = 64;

/**
 * Milliseconds up to the next of 16 steps in each doubling, so by a sixteenth at most. Node.js keeps a list for each length of timer,
 * and makes and drops one for each time-out that comes of a measured round trip: of so few lengths the lists are there already.
 */
function roundedUp(ms: number): number {
  if (ms < EXACT_BELOW_MS) return ms;
  const whole = Math.min(Math.ceil(ms), MAX_TIMER_MS);
  const step = 2 ** (27 - Math.clz32(whole));
  return Math.min(Math.ceil(whole / step) * step, MAX_TIMER_MS);
}

function startTimer(ms: number, run: () => void): CancelTimer {
  if (ms <= MAX_TIMER_MS) {
    const only = setTimeout(run, Math.max(0, ms));
    return () => clearTimeout(only);
  }
  let timer: NodeJS.Timeout;
  const start = (left: number): void => {
    const step = Math.min(left, MAX_TIMER_MS);
    timer = setTimeout(() => (left > step ? start(left - step) : run()), roundedUp(step));
  };
  start(ms);
  return () => clearTimeout(timer);
}
