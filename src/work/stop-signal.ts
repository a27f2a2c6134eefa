/**
 * Tells those who wait that a work was stopped. What waits need of the platform's AbortSignal, which may stand in its place;
 * that one costs more than the rest of a wait, and each question to a server is one.
 */

/** Who listens for the end of a work. */
export interface StopSignal {
  readonly aborted: boolean;
  addEventListener(event: 'abort', run: () => void, options?: { readonly once: boolean }): void;
  removeEventListener(event: 'abort', run: () => void): void;
}

/** The signal of one work, and what raises it. Each listener is called once. */
export class StopSource implements StopSignal {
  aborted = false;
  /** In the order of coming; one work waits for few things at a time. */
  #listeners: (() => void)[] = [];

  addEventListener(_event: 'abort', run: () => void): void {
    if (!this.aborted) this.#listeners.push(run);
  }

  removeEventListener(_event: 'abort', run: () => void): void {
    const at = this.#listeners.lastIndexOf(run);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const run of listeners) run();
  }
}
