/** Time, as the resolver sees it. Both readings come from one source so that a test can hold them together. */

/** Stops a timer; calling it again, or after the timer has run, does nothing. */
export type CancelTimer = () => void;

export interface Clock {
  /** Milliseconds from an arbitrary start, never backwards; may have a fraction. For durations and deadlines. */
  monotonicMs(): number;
  /**
   * Whole seconds since 1970-01-01T00:00Z. For TTL expiry and signature times. May be those at the beginning of the present turn of the
   * event loop, never of an earlier one.
   */
  unixSeconds(): number;
  /** Calls `run` once, `ms` (0 or more) from now. */
  after(ms: number, run: () => void): CancelTimer;
  /** Calls `run` in a later turn of the event loop, after input that is already waiting has been handled. */
  inTurn(run: () => void): void;
  /** Resolves in such a turn. */
  nextTurn(): Promise<void>;
}
