/**
 * Datagrams that were sent while our own line was taken to be down, and are waited for: they are lost. Some of them are sent again and
 * again, and when somebody else asks, to see whether the line is back, and all of them once when it is, so that nobody waits for what
 * was lost.
 *
 * Leaves to others: whether the line is cut (cache/own-line.ts), how long is waited (udp-attempt.ts).
 */

import type { ServerCache } from '../cache/server-cache.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';

/** How often it is tried, ms: as long a client waits longer than it must. */
const EVERY_MS = 100;
/** How often at most, ms, when questions come in that wait for what was lost: a new one learns at once that the line is back. */
const AT_MOST_EVERY_MS = 10;
/** Datagrams sent again each time while the line is cut; nothing of them reaches anybody, but they cost time here. */
const PROBES = 3;

/** A datagram that is waited for. */
interface Lost {
  /** `ip@port`. */
  readonly server: string;
  readonly send: () => void;
}

export class LostDatagrams {
  readonly #clock: Clock;
  readonly #servers: Pick<ServerCache, 'isLineCut'>;
  readonly #waiting = new Set<Lost>();
  #cancel: CancelTimer = () => {};
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor({ clock, servers }: { readonly clock: Clock; readonly servers: Pick<ServerCache, 'isLineCut'> }) {
    this.#clock = clock;
    this.#servers = servers;
  }

  /** Takes a datagram that was just sent to a server; gives what ends the wait for it. Does nothing while no line is cut. */
  add(server: string, send: () => void): () => void {
    if (!this.#servers.isLineCut(server)) return () => {};
    const lost: Lost = { server, send };
    this.#waiting.add(lost);
    if (this.#waiting.size === 1) this.#cancel = this.#clock.after(EVERY_MS, () => this.#tryAgain());
    return () => {
      this.#waiting.delete(lost);
      if (this.#waiting.size === 0) this.#cancel();
    };
  }

  /** Somebody waits from now on for what was sent before, and a server may have answered meanwhile. */
  noteWaiter(): void {
    if (this.#waiting.size === 0 || this.#clock.monotonicMs() - this.#triedMs < AT_MOST_EVERY_MS) return;
    this.#cancel();
    this.#tryAgain();
  }

  /** A server answered, with which the wait that `stop` ends is over: the line is back, or was never cut. */
  noteAnswer(stop: () => void): void {
    stop();
    if (this.#waiting.size === 0) return;
    this.#cancel();
    this.#tryAgain();
  }

  #tryAgain(): void {
    this.#triedMs = this.#clock.monotonicMs();
    let probes = 0;
    // One turn of them all: those that are put back come again at the end.
    for (const lost of [...this.#waiting]) {
      const isCut = this.#servers.isLineCut(lost.server);
      if (isCut && probes++ >= PROBES) continue;
      this.#waiting.delete(lost);
      if (isCut) this.#waiting.add(lost);
      lost.send();
    }
    if (this.#waiting.size > 0) this.#cancel = this.#clock.after(EVERY_MS, () => this.#tryAgain());
  }
}
