/**
 * A clock that stands still until a test moves it, and the turns of the event loop that goes with it.
 *
 * Duties: both readings of time, timers in order of their due time, turns (one callback, then all its microtasks, as Node
 * does it), work outside the turn order (promises of real crypto) that has to be waited for, and the word for a hang:
 * nothing can happen any more and the test still waits.
 * Leaves to others: sockets (fake-network.ts puts its deliveries into the turns and timers here).
 */

import type { CancelTimer, Clock } from '../../src/ports/clock.ts';

/** Turns in one `settle` that count as two parties playing ping-pong for ever. */
const MAX_TURNS_PER_SETTLE = 2_000_000;
/** Where the monotonic reading starts: not 0, so that a forgotten initial value is noticed. */
const MONOTONIC_START_MS = 1_000;

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** What `runUntil` waits for. */
export interface WaitOptions {
  /** Fake milliseconds after which the wait counts as a hang. Default 10 minutes. */
  readonly maxMs?: number;
  /** What is waited for, for the message. */
  readonly waitingFor?: string;
}

/** Nothing can happen any more, or nothing did in time: the message says what is still open. */
export class HangError extends Error {}

/** A clock under the test's control. */
export class FakeClock implements Clock {
  #nowMs = MONOTONIC_START_MS;
  #unixOffsetMs: number;
  #order = 0;
  /** Sorted by due time, then by order of registration. */
  readonly #timers: Timer[] = [];
  #turns: (() => void)[] = [];
  #outside = 0;
  /** Turns and timers that have run so far: what is done while it stands still is done in one turn. */
  turnsRun = 0;
  /** While true, moving time moves the monotonic reading alone: waits pass, but no TTL runs down. */
  calendarStands = false;
  #wakeOutside: (() => void) | null = null;
  readonly #describers: (() => string)[] = [];

  constructor(startUnixSeconds: number) {
    this.#unixOffsetMs = startUnixSeconds * 1000 - this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  unixSeconds(): number {
    return Math.floor((this.#nowMs + this.#unixOffsetMs) / 1000);
  }

  after(ms: number, run: () => void): CancelTimer {
    const timer = { dueMs: this.#nowMs + Math.max(0, ms), order: this.#order++, run };
    this.#timers.splice(this.#indexOf(timer), 0, timer);
    return () => {
      const index = this.#indexOf(timer);
      if (this.#timers[index] === timer) this.#timers.splice(index, 1);
    };
  }

  nextTurn(): Promise<void> {
    return new Promise((resolve) => this.inTurn(resolve));
  }

  inTurn(run: () => void): void {
    this.#turns.push(run);
  }

  /** Counts a promise that settles outside the turn order; `settle` waits for it. */
  outside<T>(promise: Promise<T>): Promise<T> {
    this.#outside++;
    const done = () => {
      this.#outside--;
      this.#wakeOutside?.();
    };
    promise.then(done, done);
    return promise;
  }

  /** Adds a line to what a hang's message says (open sockets, unfinished works). */
  describeOpenWith(describe: () => string): void {
    this.#describers.push(describe);
  }

  /** Sets the calendar without touching the monotonic reading. */
  setUnixSeconds(seconds: number): void {
    this.#unixOffsetMs = seconds * 1000 - this.#nowMs;
  }

  /** Number of timers that are set. */
  get timerCount(): number {
    return this.#timers.length;
  }

  /** Number of turns, due timers and outside operations that can still happen without time passing. */
  get readyCount(): number {
    const due = this.#timers.filter((timer) => timer.dueMs <= this.#nowMs).length;
    return this.#turns.length + due + this.#outside;
  }

  /** Lets everything happen that can happen without time passing. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < MAX_TURNS_PER_SETTLE; turns++) {
      await drainMicrotasks();
      const turn = this.#turns.shift() ?? this.#takeDueTimer();
      if (turn !== undefined) {
        this.turnsRun++;
        turn();
      } else if (this.#outside > 0) await this.#outsideChange();
      else return;
    }
    throw new HangError(`no rest after ${MAX_TURNS_PER_SETTLE} turns at one instant; ${this.describeOpen()}`);
  }

  /** Time passes, every timer at its own time. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.settle();
    for (;;) {
      const next = this.#timers[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.skip(next.dueMs - this.#nowMs);
      await this.settle();
    }
    this.skip(endMs - this.#nowMs);
    await this.settle();
  }

  /** Time jumps, as after a suspended machine wakes: what fell due meanwhile runs late, each timer once. */
  async leap(ms: number): Promise<void> {
    await this.settle();
    this.skip(ms);
    await this.settle();
  }

  /** Time jumps, and nothing runs yet. */
  skip(ms: number): void {
    if (ms <= 0) return;
    this.#nowMs += ms;
    if (this.calendarStands) this.#unixOffsetMs -= ms;
  }

  /** Moves on to the next timer and lets it run; false when there is none, or none within `maxMs`. */
  async jumpToNextTimer(maxMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    await this.settle();
    const next = this.#timers[0];
    if (next === undefined || next.dueMs > this.#nowMs + maxMs) return false;
    this.skip(next.dueMs - this.#nowMs);
    await this.settle();
    return true;
  }

  /** Settles and jumps until `isDone`; a hang (no timer left, or too much time gone) throws HangError. */
  async runUntil(isDone: () => boolean, { maxMs = 600_000, waitingFor = 'the end' }: WaitOptions = {}): Promise<void> {
    const endMs = this.#nowMs + maxMs;
    await this.settle();
    while (!isDone()) {
      if (!(await this.jumpToNextTimer(endMs - this.#nowMs))) {
        throw new HangError(`hang: waiting for ${waitingFor}; ${this.describeOpen()}`);
      }
    }
  }

  /** Runs until a promise has settled and gives its result; a hang throws HangError. */
  async runUntilSettled<T>(promise: Promise<T>, options: WaitOptions = {}): Promise<T> {
    let isSettled = false;
    const note = () => {
      isSettled = true;
    };
    promise.then(note, note);
    await this.runUntil(() => isSettled, options);
    return promise;
  }

  /** What is open, for a message. */
  describeOpen(): string {
    const next = this.#timers[0];
    const timers =
      next === undefined ? 'no timer' : `${this.#timers.length} timers, next in ${next.dueMs - this.#nowMs} ms`;
    const parts = [timers, `${this.#turns.length} turns`, `${this.#outside} operations outside`];
    return [...parts, ...this.#describers.map((describe) => describe())].join('; ');
  }

  #takeDueTimer(): (() => void) | undefined {
    const next = this.#timers[0];
    if (next === undefined || next.dueMs > this.#nowMs) return undefined;
    this.#timers.shift();
    return next.run;
  }

  #outsideChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeOutside = () => {
        this.#wakeOutside = null;
        resolve();
      };
    });
  }

  /** Where the timer is or belongs. */
  #indexOf(timer: Timer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle] as Timer;
      if (other.dueMs < timer.dueMs || (other.dueMs === timer.dueMs && other.order < timer.order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Node runs all microtasks and ticks before it enters the check phase, where immediates run. */
function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
