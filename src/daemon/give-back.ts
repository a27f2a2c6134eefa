/**
 * When memory goes back to the system: V8 keeps what a flood of questions made it take, garbage too, until there is need for it.
 *
 * A collection that gives all back stops everything for some ms for each MB in use, so it is for a process that has little to do,
 * holds much that is not in use, and does not hold more than can be gone through in an instant. Never twice within a minute.
 */

import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { OwnMemory } from '../ports/own-memory.ts';

/** Milliseconds between looks: long enough that a quiet one says something, and a flood's memory is back soon after. */
const LOOK_MS = 5_000;
/** Processor time in that, percent, up to which the process has little to do. */
const QUIET_PERCENT = 5;
/** Milliseconds from one time to the next at least. */
const PAUSE_MS = 60_000;
/** Octets that have come since the last time, for which it is worth it: a usual start takes 20 MB, of which 8 are not needed. */
const WORTH_OCTETS = 8 * 1024 * 1024;
/** Where more was left the last time, this part of it: the time it takes goes by that. */
const WORTH_SHARE = 1 / 4;
/** Octets in use, garbage too, up to which everything may stop: what is more is mostly policy, which would be gone through for nothing. */
const MOST_USED_OCTETS = 256 * 1024 * 1024;

/** Looks at the memory from now on; the result ends it. */
export function giveBackWhenQuiet(clock: Clock, memory: OwnMemory): CancelTimer {
  let heldThen = 0;
  let gaveAtMs = Number.NEGATIVE_INFINITY;
  let before = { atMs: clock.monotonicMs(), processorMs: memory.processorMs() };
  let cancel: CancelTimer = () => {};
  const check = (): void => {
    const now = { atMs: clock.monotonicMs(), processorMs: memory.processorMs() };
    const isQuiet = (now.processorMs - before.processorMs) * 100 <= (now.atMs - before.atMs) * QUIET_PERCENT;
    before = now;
    if (isQuiet && now.atMs - gaveAtMs >= PAUSE_MS && isWorthIt(memory, heldThen)) {
      gaveAtMs = now.atMs;
      heldThen = memory.giveBack();
      before = { ...now, processorMs: memory.processorMs() };
    }
    cancel = clock.after(LOOK_MS, check);
  };
  cancel = clock.after(LOOK_MS, check);
  return () => cancel();
}

function isWorthIt(memory: OwnMemory, heldThen: number): boolean {
  const { used, held } = memory.look();
  return used <= MOST_USED_OCTETS && held - heldThen >= Math.max(WORTH_OCTETS, heldThen * WORTH_SHARE);
}
