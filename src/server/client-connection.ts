/** A connection of a client, whatever is spoken on it, as the slots for connections see it. */

import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Address } from '../ports/network.ts';
import type { Serve } from '../serve/query-server.ts';

export interface ClientConnection {
  readonly remote: Address;
  /** When it last gave or got a whole message, monotonic ms; null while it waits for an answer. */
  readonly idleSinceMs: number | null;
  /** Looks at the idle time anew: there may be less of it now. */
  reviewIdleTime(): void;
  /** Closes at once. */
  close(): void;
}

/** What connections of every kind share. */
export interface SharedParts {
  readonly clock: Clock;
  /** Who answers now; another one after a reload. */
  readonly serve: () => Serve;
  /** Milliseconds that a connection may be idle now: fewer when slots are scarce. */
  readonly idleMs: () => number;
  readonly onClosed: (connection: ClientConnection) => void;
}

/** Ends a connection that has been idle for too long. */
export class IdleTimer {
  readonly #clock: Clock;
  /** Milliseconds that are left to the connection now. */
  readonly #leftMs: () => number;
  readonly #onIdle: () => void;
  #cancelTimer: CancelTimer;

  constructor(clock: Clock, leftMs: () => number, onIdle: () => void) {
    this.#clock = clock;
    this.#leftMs = leftMs;
    this.#onIdle = onIdle;
    this.#cancelTimer = clock.after(leftMs(), this.review);
  }

  /** Looks at the time that is left. */
  readonly review = (): void => {
    this.#cancelTimer();
    const leftMs = this.#leftMs();
    if (leftMs > 0) this.#cancelTimer = this.#clock.after(leftMs, this.review);
    else this.#onIdle();
  };

  stop(): void {
    this.#cancelTimer();
  }
}
