/**
 * When memory goes back to the system: V8 keeps what a flood of questions made it take, garbage too, until there is need for it.
 *
 * A collection costs processor time by what lives, and its last piece stops everything for some ms. A process that has little to do
 * gives back all that it can; a busy one what has been too much for a while. Neither more often than once a minute.
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
/** The same for a busy process, whose next questions take some of it again; for so many looks in a row. */
const WORTH_BUSY_OCTETS = 24 * 1024 * 1024;
const WORTH_BUSY_SHARE = 1;
const BUSY_LOOKS = 3;
/** Octets in use, garbage too, up to which it is done: what is more is mostly policy, which would be gone through for nothing. */
const MOST_USED_OCTETS = 256 * 1024 * 1024;

/** Looks at the memory from now on; the result ends it. */
export function giveBackMemory(clock: Clock, memory: OwnMemory): CancelTimer {
  const giving = new GivingBack(clock, memory);
  let cancel: CancelTimer = () => {};
  const check = (): void => {
    giving.look();
    cancel = clock.after(LOOK_MS, check);
  };
  cancel = clock.after(LOOK_MS, check);
  return () => cancel();
}

class GivingBack {
  readonly #clock: Clock;
  readonly #memory: OwnMemory;
  /** Octets that V8 held when the last collection was over. */
  #heldThen = 0;
  #beganAtMs = Number.NEGATIVE_INFINITY;
  #isBegun = false;
  #looksWithMuch = 0;
  #before: { readonly atMs: number; readonly processorMs: number };

  constructor(clock: Clock, memory: OwnMemory) {
    this.#clock = clock;
    this.#memory = memory;
    this.#before = this.#now();
  }

  look(): void {
    const now = this.#now();
    const { atMs, processorMs } = this.#before;
    const isQuiet = (now.processorMs - processorMs) * 100 <= (now.atMs - atMs) * QUIET_PERCENT;
    if (this.#isBegun) this.#finish(isQuiet);
    else if (this.#isWorthIt(isQuiet) && now.atMs - this.#beganAtMs >= PAUSE_MS) {
      this.#beganAtMs = now.atMs;
      this.#isBegun = true;
      this.#memory.beginCollection(isQuiet);
    }
    // What giving back takes itself does not count.
    this.#before = this.#now();
  }

  /** The collection that began with the last look is over. */
  #finish(isQuiet: boolean): void {
    this.#isBegun = false;
    this.#looksWithMuch = 0;
    this.#memory.trim();
    if (isQuiet) this.#memory.letGoOfProgram();
    this.#heldThen = this.#memory.look().held;
  }

  #isWorthIt(isQuiet: boolean): boolean {
    const { used, held } = this.#memory.look();
    const more = held - this.#heldThen;
    this.#looksWithMuch =
      more >= Math.max(WORTH_BUSY_OCTETS, this.#heldThen * WORTH_BUSY_SHARE) ? this.#looksWithMuch + 1 : 0;
    if (used > MOST_USED_OCTETS) return false;
    return isQuiet ? more >= Math.max(WORTH_OCTETS, this.#heldThen * WORTH_SHARE) : this.#looksWithMuch >= BUSY_LOOKS;
  }

  #now(): { readonly atMs: number; readonly processorMs: number } {
    return { atMs: this.#clock.monotonicMs(), processorMs: this.#memory.processorMs() };
  }
}
