/** Notices that the wall clock was set: it went another way than the monotonic clock between two looks. */

import type { CancelTimer, Clock } from '../ports/clock.ts';

/** Milliseconds between looks: verdicts by the wrong time live no longer than this after a step. */
const LOOK_MS = 10_000;
/** Seconds that count as a step; slewing (NTP) moves a clock by 5 ms in this time, and signatures have an hour's skew. */
export const LEAST_STEP_SECONDS = 60;

/** Calls `onStep` with the seconds of each step, below 0 when the clock was set back; the result ends it. */
export function watchClockSteps(clock: Clock, onStep: (seconds: number) => void): CancelTimer {
  let cancel: CancelTimer = () => {};
  const look = (last: { readonly wall: number; readonly monotonicMs: number }): void => {
    cancel = clock.after(LOOK_MS, () => {
      const now = { wall: clock.unixSeconds(), monotonicMs: clock.monotonicMs() };
      const step = Math.round(now.wall - last.wall - (now.monotonicMs - last.monotonicMs) / 1000);
      if (Math.abs(step) >= LEAST_STEP_SECONDS) onStep(step);
      look(now);
    });
  };
  look({ wall: clock.unixSeconds(), monotonicMs: clock.monotonicMs() });
  return () => cancel();
}
