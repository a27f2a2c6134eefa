/**
 * The turns of the event loop that begin in an adapter: what the loop calls back, and all that the promises it settled go on with.
 *
 * Within such a turn the wall clock is read once: a turn takes milliseconds, and a question looks at dozens of expiry times. Between
 * turns, and in those that begin elsewhere (streams, timers, other threads' work), each reading is the system's: no reading is
 * ever older than the turn that it is taken in.
 */

/** Where a turn begins, and what is the same all through it. One for a process, or for a thread of it. */
export class Turns {
  readonly #runPromises: (() => void) | undefined;
  #isUnderWay = false;
  /** Of the turn under way, once they were asked for; -1: they were not. */
  #seconds = -1;

  constructor() {
    this.#runPromises = (process as { readonly _tickCallback?: () => void })._tickCallback;
  }

  /**
   * Runs what the loop calls as a turn. Node.js runs promises only after callbacks that it makes itself, and those that come from C
   * are not: here they run before the turn ends.
   */
  run(work: () => void): void {
    this.#isUnderWay = true;
    this.#seconds = -1;
    try {
      work();
      // Without that function they run after an immediate, in a turn that begins elsewhere.
      if (this.#runPromises === undefined) setImmediate(() => {});
      else this.#runPromises.call(process);
    } finally {
      this.#isUnderWay = false;
    }
  }

  /** Whole seconds since 1970-01-01T00:00Z. */
  readonly unixSeconds = (): number => {
    if (!this.#isUnderWay) return wallSeconds();
    if (this.#seconds < 0) this.#seconds = wallSeconds();
    return this.#seconds;
  };
}

function wallSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
