/**
 * Datagrams that were sent while our own line was taken to be down, and are waited for: they are lost. Some of them are sent again and
 * again, and when somebody else asks, to see whether the line is back, and all of them once when it is, so that nobody waits for what
 * was lost.
 *
 * Leaves to others: whether the line is cut (cache/own-line.ts), how long is waited (udp-attempt.ts).
 */

import type { KnownServer } from '../cache/known-server.ts';
import type { ServerCache } from '../cache/server-cache.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import { TransientMap } from '../work/transient-map.ts';

/** How often it is tried, ms: as long a client waits longer than it must. */
const EVERY_MS = 100;
/** How often at most, ms, when questions come in that wait for what was lost: a new one learns at once that the line is back. */
const AT_MOST_EVERY_MS = 10;
/** Datagrams sent again each time while the line is cut; nothing of them reaches anybody, but they cost time here. */
const PROBES = 3;

/** A datagram that is waited for. The last field is written here alone. */
export interface Resendable {
  /** The server that it goes to. */
  readonly known: KnownServer;
  send(): void;
  /** Its number among what was lost; 0: it is not kept. */
  lostAs: number;
}

export class LostDatagrams {
  readonly #clock: Clock;
  readonly #servers: Pick<ServerCache, 'isLineCut'>;
  readonly #waiting = new TransientMap<number, Resendable>();
  #lastNumber = 0;
  #cancel: CancelTimer = () => {};
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor({ clock, servers }: { readonly clock: Clock; readonly servers: Pick<ServerCache, 'isLineCut'> }) {
    this.#clock = clock;
    this.#servers = servers;
  }

  /** Takes a datagram that was just sent to a server, until `remove`; while no line is cut it is not kept. */
  add(datagram: Resendable): void {
    if (!this.#servers.isLineCut(datagram.known)) return;
    datagram.lostAs = ++this.#lastNumber;
    this.#waiting.set(datagram.lostAs, datagram);
    if (this.#waiting.size === 1) this.#cancel = this.#clock.after(EVERY_MS, () => this.#tryAgain());
  }

  /** Ends the wait for one; without effect on one that is not kept. */
  remove(datagram: Resendable): void {
    if (datagram.lostAs === 0) return;
    this.#leave(datagram);
    if (this.#waiting.size === 0) this.#cancel();
  }

  #leave(datagram: Resendable): void {
    this.#waiting.delete(datagram.lostAs);
    datagram.lostAs = 0;
  }

  /** Somebody waits from now on for what was sent before, and a server may have answered meanwhile. */
  noteWaiter(): void {
    if (this.#waiting.size === 0 || this.#clock.monotonicMs() - this.#triedMs < AT_MOST_EVERY_MS) return;
    this.#cancel();
    this.#tryAgain();
  }

  /** A server answered one, which may have been taken: the line is back, or was never cut. */
  noteAnswer(answered: Resendable): void {
    if (this.#waiting.size === 0) return;
    this.#leave(answered);
    this.#cancel();
    this.#tryAgain();
  }

  #tryAgain(): void {
    this.#triedMs = this.#clock.monotonicMs();
    let probes = 0;
    // One turn of them all: those that are put back come again at the end.
    for (const lost of this.#waiting.list()) {
      // What another one's sending led to may have ended it.
      if (lost.lostAs === 0) continue;
      const isCut = this.#servers.isLineCut(lost.known);
      if (isCut && probes++ >= PROBES) continue;
      if (isCut) this.#putLast(lost);
      else this.#leave(lost);
      lost.send();
    }
    if (this.#waiting.size > 0) this.#cancel = this.#clock.after(EVERY_MS, () => this.#tryAgain());
  }

  #putLast(lost: Resendable): void {
    this.#waiting.delete(lost.lostAs);
    this.#waiting.set(lost.lostAs, lost);
  }
}
