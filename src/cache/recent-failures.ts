/**
 * Which servers were of no use for which zone a short time ago: they are asked after those of whom that is not known, so that
 * a client that asks again gets to the one good server among many, though each question gives up after a few.
 *
 * Duties: remembering for a bounded time and in bounded memory. Leaves to others: what is known of an address for all its
 * zones, and lameness that is beyond doubt (server-cache.ts).
 */

import type { Clock } from '../ports/clock.ts';
import { ByteBoundedMap, ENTRY_OCTETS } from './byte-bounded-map.ts';
import type { KnownServer } from './known-server.ts';

/** How long a failure counts, ms: a server that works again is found when the others fail, else it is not missed. */
const REMEMBERED_MS = 300_000;
/** Pairs of server and zone that are remembered; the one used longest ago gives way. */
const MAX_PAIRS = 10_000;
/** Octets of one pair besides its entry: an object with four fields. */
const PAIR_OCTETS = 80;

/** How it failed: nothing was heard, or something that is of no use. */
type RecentFailure = 'silent' | 'useless';

interface Pair {
  readonly server: string;
  readonly failure: RecentFailure;
  readonly untilMs: number;
}

export class RecentFailures {
  readonly #clock: Clock;
  readonly #pairs = new ByteBoundedMap<Pair>({
    maxBytes: MAX_PAIRS * (ENTRY_OCTETS + PAIR_OCTETS),
    sizeOf: () => PAIR_OCTETS,
  });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note({ server, key }: KnownServer, failure: RecentFailure): void {
    const untilMs = this.#clock.monotonicMs() + REMEMBERED_MS;
    this.#pairs.set(key, { server, failure, untilMs });
  }

  /** The server was of use. */
  forget({ key }: KnownServer): void {
    if (this.#pairs.count > 0) this.#pairs.delete(key);
  }

  /** How the server failed the zone; null when it did not, or long ago. */
  find({ key }: KnownServer): RecentFailure | null {
    if (this.#pairs.count === 0) return null;
    const pair = this.#pairs.get(key);
    return pair !== null && pair.untilMs > this.#clock.monotonicMs() ? pair.failure : null;
  }

  removeServer(server: string): void {
    this.#pairs.removeWhere((pair) => pair.server === server);
  }

  clear(): void {
    this.#pairs.clear();
  }
}
