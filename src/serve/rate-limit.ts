/**
 * Limits on how often one client address asks (ip-ratelimit).
 *
 * Duties: who is answered, the chance for one in so many above the limit. Leaves to others: counting by the second
 * (cache/rate-table.ts), what becomes of a query that is not admitted: it is dropped, as a reply would help a flood with a
 * forged source.
 */

import { RateTable } from '../cache/rate-table.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';

/** The ip-ratelimit family of directives. */
export interface ClientRateOptions {
  /** Queries of one address in a second; 0: any number (ip-ratelimit). */
  readonly perSecond: number;
  /** The same for clients with a valid cookie; 0: any number (ip-ratelimit-cookie). */
  readonly perSecondWithCookie: number;
  /** Of queries above the limit one in so many is answered; 0: none (ip-ratelimit-factor). */
  readonly factor: number;
  /** See RateTableParts (ip-ratelimit-backoff). */
  readonly backoff: boolean;
  /** Octets (ip-ratelimit-size). */
  readonly maxBytes: number;
}

/** An address with its rate, for the list that operators ask for. */
interface ClientRate {
  readonly ip: string;
  readonly perSecond: number;
  readonly limit: number;
}

export class ClientRates {
  readonly #random: Random;
  readonly #options: ClientRateOptions;
  readonly #table: RateTable;

  constructor(start: { readonly clock: Clock; readonly random: Random; readonly options: ClientRateOptions }) {
    const { clock, random, options } = start;
    this.#random = random;
    this.#options = options;
    this.#table = new RateTable({ clock, maxBytes: options.maxBytes, backoff: options.backoff });
  }

  /** Some clients may be limited. */
  get isLimited(): boolean {
    return this.#options.perSecond !== 0;
  }

  /** Counts a query of this address; false when it must not be answered. @hot bench/serve-hot-query.ts */
  admits(ip: string, hasValidCookie = false): boolean {
    const { perSecond, perSecondWithCookie, factor } = this.#options;
    if (perSecond === 0) return true;
    const limit = hasValidCookie ? perSecondWithCookie : perSecond;
    if (this.#table.count(ip) <= limit || limit === 0) return true;
    return factor > 0 && this.#random.below(factor) === 0;
  }

  /** Addresses at or above the limit now; with `all` every one that is remembered, as in Unbound (ip_ratelimit_list). */
  list(all = false): readonly ClientRate[] {
    const limit = this.#options.perSecond;
    const rates = this.#table.list().map(({ key, perSecond }): ClientRate => ({ ip: key, perSecond, limit }));
    return all ? rates : rates.filter(({ perSecond }) => perSecond > 0 && perSecond >= limit);
  }
}
