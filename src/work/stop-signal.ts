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

/** What is stopped with a work. */
export interface Stoppable {
  stop(): void;
}

/** The signal of one work, and what raises it. Each listener is called once. */
export class StopSource implements StopSignal {
  aborted = false;
  /** In the order of coming; one work waits for few things at a time. Null: for none. */
  #listeners: (Stoppable | (() => void))[] | null = null;

  addEventListener(_event: 'abort', run: () => void): void {
    this.add(run);
  }

  removeEventListener(_event: 'abort', run: () => void): void {
    this.remove(run);
  }

  /** The same, also for who needs no function of its own for it. */
  add(listener: Stoppable | (() => void)): void {
    if (this.aborted) return;
    if (this.#listeners === null) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  remove(listener: Stoppable | (() => void)): void {
    const listeners = this.#listeners;
    if (listeners === null) return;
    const last = listeners.length - 1;
    if (listeners[last] === listener) {
      listeners.pop();
      return;
    }
    const at = listeners.lastIndexOf(listener);
    if (at >= 0) listeners.splice(at, 1);
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    const listeners = this.#listeners ?? [];
    this.#listeners = null;
    for (const listener of listeners) {
      if (typeof listener === 'function') listener();
      else listener.stop();
    }
  }
}
