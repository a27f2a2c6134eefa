/** What an instance does when the wall clock was set: what was validated or timed by the wrong time must not go on. */

import { forgetAll, forgetTrust } from '../cache/forget.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { ClockDoubt } from '../resolve/clock-doubt.ts';
import type { Counters } from '../trace/counters.ts';
import type { AnchorTracker } from '../validate/anchor-tracker.ts';
import { ROOT } from '../wire/name.ts';
import type { Caches } from './caches.ts';

/** What is put right. */
interface StepParts {
  readonly clock: Clock;
  readonly caches: Caches;
  readonly counters: Counters;
  readonly clockDoubt: ClockDoubt;
  readonly tracker: AnchorTracker;
  readonly log: LogSink;
}

/** `seconds`: how far the clock was set, below 0 for back. */
export function afterClockStep(
  seconds: number,
  { clock, caches, counters, clockDoubt, tracker, log }: StepParts,
): void {
  counters.add('clock.steps');
  const how = seconds < 0 ? 'back' : 'forward';
  log.write(
    'warning',
    `the clock was set ${how} by ${Math.abs(seconds)} seconds: what was validated by the time before is forgotten`,
  );
  // Set back, everything that is held would live longer than its servers said by as much.
  if (seconds < 0) forgetAll(caches);
  else void forgetTrust({ caches, pause: () => clock.nextTurn() }, ROOT);
  clockDoubt.clear();
  tracker.clockStepped(seconds);
}
