/**
 * How often things happened in this second, by key: for limits on questions to a zone and from a client.
 *
 * Duties: counting by whole seconds, the bound in octets. Leaves to others: limits and what follows from them.
 */

import type { Clock } from '../ports/clock.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';

/** Octets of one counter: an object of three numbers that shares its key with the map. */
const COUNTER_OCTETS = 56;

/** How the table is made. */
interface RateTableParts {
  readonly clock: Clock;
  /** Bound on the estimated heap, octets. Keys that are counted least recently are forgotten. */
  readonly maxBytes: number;
  /**
   * True: the rate is that of the busier of this second and the last one, so that who goes on stays above the limit until it
   * is quiet for a second. False: every second starts anew.
   */
  readonly backoff: boolean;
}

interface Counter {
  readonly key: string;
  /** Unix second that `count` is of. */
  second: number;
  count: number;
  /** Count of the second before that one. */
  previous: number;
}

interface Rate {
  readonly key: string;
  readonly perSecond: number;
}

export class RateTable {
  readonly #clock: Clock;
  readonly #backoff: boolean;
  readonly #counters: ByteBoundedMap<Counter>;

  constructor({ clock, maxBytes, backoff }: RateTableParts) {
    this.#clock = clock;
    this.#backoff = backoff;
    this.#counters = new ByteBoundedMap<Counter>({ maxBytes, sizeOf: () => COUNTER_OCTETS });
  }

  /** Counts one event; returns the rate with it. */
  count(key: string): number {
    const now = this.#clock.unixSeconds();
    const known = this.#counters.get(key);
    if (known === null) {
      this.#counters.set(key, { key, second: now, count: 1, previous: 0 });
      return 1;
    }
    if (known.second !== now) {
      known.previous = known.second === now - 1 ? known.count : 0;
      known.second = now;
      known.count = 0;
    }
    known.count++;
    return this.#backoff ? Math.max(known.count, known.previous) : known.count;
  }

  /** All rates, 0 for what is quiet now. */
  list(): readonly Rate[] {
    const now = this.#clock.unixSeconds();
    const rates: Rate[] = [];
    for (const { key, second, count, previous } of this.#counters.values()) {
      const last = second === now ? previous : second === now - 1 ? count : 0;
      const current = second === now ? count : 0;
      const perSecond = this.#backoff ? Math.max(current, last) : current;
      rates.push({ key, perSecond });
    }
    return rates;
  }

  get sizeBytes(): number {
    return this.#counters.sizeBytes;
  }
}
