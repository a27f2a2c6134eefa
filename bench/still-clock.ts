/** A clock that stands still, for benches of what never waits. */

import type { Clock } from '../src/ports/clock.ts';

/** `unixSeconds`: what it shows. */
export function stillClock(unixSeconds: number): Clock {
  return {
    monotonicMs: () => 0,
    unixSeconds: () => unixSeconds,
    after: () => () => {},
    inTurn: () => {},
    nextTurn: async () => {},
  };
}
