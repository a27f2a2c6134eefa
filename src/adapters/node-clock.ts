/** The real clock: Node's monotonic time, the system's wall clock, timers, turns of the event loop. */

import type { CancelTimer, Clock } from '../ports/clock.ts';
import { Turns } from './turns.ts';

/** Longest time that one Node timer takes, milliseconds (2^31 - 1); longer ones are set anew when they come. */
const MAX_TIMER_MS = 2_147_483_647;

/** Looked up once: the name is a getter of the global object, and a question reads the time many times. */
const { performance: monotonic } = globalThis;

/** The clock of this process. Its timers keep the process alive. `turns`: those that sockets begin, too. */
export function createNodeClock(turns = new Turns()): Clock {
  const runTurn = (run: () => void): void => turns.run(run);
  return {
    monotonicMs: () => monotonic.now(),
    unixSeconds: turns.unixSeconds,
    after: startTimer,
    inTurn: (run) => void setImmediate(runTurn, run),
    nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

function startTimer(ms: number, run: () => void): CancelTimer {
  if (ms > MAX_TIMER_MS) return startLongTimer(ms, run);
  // Node.js keeps a list for each length of timer, which parts of a millisecond would make a text and a second wake-up of.
  const only = setTimeout(run, Math.max(0, Math.ceil(ms)));
  return () => clearTimeout(only);
}

function startLongTimer(ms: number, run: () => void): CancelTimer {
  let timer: NodeJS.Timeout;
  const start = (left: number): void => {
    const step = Math.min(left, MAX_TIMER_MS);
    timer = setTimeout(() => (left > step ? start(left - step) : run()), step);
  };
  start(ms);
  return () => clearTimeout(timer);
}
