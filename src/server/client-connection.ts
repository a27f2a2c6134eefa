/** A connection of a client, whatever is spoken on it, as the slots for connections see it. */

import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Address } from '../ports/network.ts';
import type { Serve } from '../serve/query-server.ts';

export interface ClientConnection {
  readonly remote: Address;
  /** When it last gave or got a whole message, monotonic ms; null while it waits for an answer. */
  readonly idleSinceMs: number | null;
  /** Number of its slot; 0: it has none. Written by those alone. */
  slot: number;
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

/** Ends a connection that has been idle for too long: nothing of it is in the making, and nothing has come or gone. */
export class IdleTimer {
  readonly #clock: Clock;
  /** Milliseconds that the connection may be idle now. */
  readonly #idleMs: () => number;
  readonly #onIdle: () => void;
  #activeAtMs: number;
  #cancelTimer: CancelTimer;
  /** Queries in the making. */
  inTheMaking = 0;

  constructor(clock: Clock, idleMs: () => number, onIdle: () => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
    this.#activeAtMs = clock.monotonicMs();
    this.#cancelTimer = clock.after(this.#leftMs(), this.review);
  }

  /** Monotonic milliseconds; null: something is in the making. */
  get sinceMs(): number | null {
    return this.inTheMaking > 0 ? null : this.#activeAtMs;
  }

  /** Something has come or gone. */
  noteActivity(): void {
    this.#activeAtMs = this.#clock.monotonicMs();
  }

  #leftMs(): number {
    const now = this.#clock.monotonicMs();
    return (this.sinceMs ?? now) + this.#idleMs() - now;
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
