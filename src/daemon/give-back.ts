/**
 * When memory goes back to the system: V8 keeps what a flood of questions made it take, garbage too, until there is need for it.
 *
 * A collection costs processor time by what lives, and its last piece stops everything for some ms. A process that has little to do
 * gives back all that it can; a busy one what has been too much for a while. Either at most once a minute.
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
  /** Octets that V8 held when the last collection was over, and the last one that made all small: those after floods hold more. */
  #heldThen = 0;
  #heldWhenSmall = 0;
  /** When the last of each kind began, monotonic ms. */
  #beganAtMs = Number.NEGATIVE_INFINITY;
  #madeSmallAtMs = Number.NEGATIVE_INFINITY;
  #underWay: 'collection' | 'making small' | null = null;
  #heldAtBegin = 0;
  /** Nothing came of making small: V8 had just collected by itself, and did not begin again. */
  #isVain = false;
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
    if (this.#underWay !== null) this.#finish(isQuiet);
    else this.#beginIfWorthIt(isQuiet, now.atMs);
    // What giving back takes itself does not count.
    this.#before = this.#now();
  }

  #beginIfWorthIt(isQuiet: boolean, nowMs: number): void {
    const { used, held } = this.#memory.look();
    const isMuch = held - this.#heldThen >= Math.max(WORTH_BUSY_OCTETS, this.#heldThen * WORTH_BUSY_SHARE);
    this.#looksWithMuch = isMuch ? this.#looksWithMuch + 1 : 0;
    if (used > MOST_USED_OCTETS) return;
    if (isQuiet) {
      const isWorthIt = held - this.#heldWhenSmall >= Math.max(WORTH_OCTETS, this.#heldWhenSmall * WORTH_SHARE);
      if (!isWorthIt || nowMs - this.#madeSmallAtMs < PAUSE_MS) return;
      this.#madeSmallAtMs = nowMs;
    } else if (this.#looksWithMuch < BUSY_LOOKS || nowMs - this.#beganAtMs < PAUSE_MS) return;
    this.#beganAtMs = nowMs;
    this.#heldAtBegin = held;
    this.#underWay = isQuiet ? 'making small' : 'collection';
    this.#memory.beginCollection(isQuiet);
  }

  /** The collection that began with the last look is over. */
  #finish(isQuiet: boolean): void {
    this.#memory.trim();
    if (isQuiet) this.#memory.letGoOfProgram();
    this.#heldThen = this.#memory.look().held;
    if (this.#underWay === 'making small') {
      // It is tried once more; if nothing comes of that either, all of it is needed.
      this.#isVain = !this.#isVain && this.#heldThen >= this.#heldAtBegin;
      if (!this.#isVain) this.#heldWhenSmall = this.#heldThen;
    }
    this.#looksWithMuch = 0;
    this.#underWay = null;
  }

  #now(): { readonly atMs: number; readonly processorMs: number } {
    return { atMs: this.#clock.monotonicMs(), processorMs: this.#memory.processorMs() };
  }
}
