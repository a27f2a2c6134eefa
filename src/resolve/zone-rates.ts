/**
 * Limits on how often the servers of one zone are asked (ratelimit), so that a flood of random names cannot be passed on to
 * them.
 *
 * Duties: which limit counts for a zone, the chance for one in so many above it. Leaves to others: counting by the second
 * (cache/rate-table.ts), what becomes of a question that is refused.
 */

import { RateTable } from '../cache/rate-table.ts';
import type { ZoneRateGate } from '../iterate/parts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { isBelow, type Name, nameKey, namesEqual } from '../wire/name.ts';

interface NamedRate {
  readonly name: Name;
  /** Questions in a second; 0: any number. */
  readonly perSecond: number;
}

/** The ratelimit family of directives. */
export interface ZoneRateOptions {
  /** Questions in a second for zones without a limit of their own; 0: any number (ratelimit). */
  readonly perSecond: number;
  /** Of questions above the limit one in so many is let through; 0: none (ratelimit-factor). */
  readonly factor: number;
  /** See RateTableParts (ratelimit-backoff). */
  readonly backoff: boolean;
  /** Octets (ratelimit-size). */
  readonly maxBytes: number;
  /** For the zone of exactly that name (ratelimit-for-domain). */
  readonly forZones: readonly NamedRate[];
  /** For zones below that name; the closest counts (ratelimit-below-domain). */
  readonly belowNames: readonly NamedRate[];
}

/** A zone with its rate, for the list that operators ask for. */
interface ZoneRate {
  readonly zone: Name;
  readonly perSecond: number;
  readonly limit: number;
}

export class ZoneRates implements ZoneRateGate {
  readonly #random: Random;
  readonly #options: ZoneRateOptions;
  readonly #table: RateTable;

  constructor(start: { readonly clock: Clock; readonly random: Random; readonly options: ZoneRateOptions }) {
    const { clock, random, options } = start;
    this.#random = random;
    this.#options = options;
    this.#table = new RateTable({ clock, maxBytes: options.maxBytes, backoff: options.backoff });
  }

  /** True when some zone has a limit at all. */
  static isNeeded({ perSecond, forZones, belowNames }: ZoneRateOptions): boolean {
    return perSecond > 0 || [...forZones, ...belowNames].some((named) => named.perSecond > 0);
  }

  /** Counts one question to a zone's servers. */
  count(zone: Name): 'ok' | 'let-through' | 'exceeded' {
    const limit = this.limitOf(zone);
    if (limit === 0 || this.#table.count(nameKey(zone)) <= limit) return 'ok';
    const { factor } = this.#options;
    return factor > 0 && this.#random.below(factor) === 0 ? 'let-through' : 'exceeded';
  }

  /** The limit of a zone: its own, else the closest that counts for what is below a name, else the general one. */
  limitOf(zone: Name): number {
    const { forZones, belowNames, perSecond } = this.#options;
    const own = forZones.find(({ name }) => namesEqual(name, zone));
    if (own !== undefined) return own.perSecond;
    let closest: NamedRate | null = null;
    for (const named of belowNames) {
      if (isBelow(zone, named.name) && (closest === null || named.name.length > closest.name.length)) closest = named;
    }
    return closest?.perSecond ?? perSecond;
  }

  /** Zones at or above their limit now; with `all` every one that is remembered, as in Unbound (ratelimit_list). */
  list(all = false): readonly ZoneRate[] {
    const rates = this.#table.list().map(({ key, perSecond }): ZoneRate => {
      const zone = new Uint8Array(Buffer.from(key, 'latin1')) as Name;
      return { zone, perSecond, limit: this.limitOf(zone) };
    });
    return all ? rates : rates.filter(({ perSecond, limit }) => perSecond > 0 && perSecond >= limit);
  }
}
