/**
 * How much of one message is used, whatever its sender puts into it: sets of each kind, addresses of servers, octets of the
 * cache. What is over them is left out and counted (`limit.message-sets`, `limit.server-addresses`, `limit.cache-share`).
 * A message holds 64 KiB, thousands of sets: each would cost time and push others out of the cache.
 */

import type { Counters } from '../trace/counters.ts';

/** Sets of one section that are looked at: an honest section has some dozens, with the addresses of many mail hosts. */
export const MAX_SETS_LOOKED_AT = 256;
/** NSEC and NSEC3 sets: an honest denial needs 3 (RFC 5155 §7.2.2), each wildcard alias of a chain one or two more. */
export const MAX_DENIAL_SETS_KEPT = 24;
/** SOA sets, and DS sets, of the authority section: one is right, some servers of several zones give two. */
export const MAX_SETS_OF_KIND = 2;
/** Sets of the additional section: two families for 20 name servers, or for 32 mail hosts. */
export const MAX_ADDITIONAL_SETS = 64;
/** Sets of an answer to ANY (RFC 8482 §4.1: a subset is an answer): as many as are validated. */
export const MAX_ANY_SETS = 24;

/** Addresses of one family of one server name. Large anycast providers give 4. */
export const MAX_ADDRESSES_PER_SET = 16;
/** Addresses of all servers of a zone. 13 root servers have 26, the largest top-level domains under 30. */
export const MAX_ADDRESSES_PER_ZONE = 160;
/** Addresses of one family that a server has in any case, however many servers there are. */
const FEWEST_ADDRESSES_PER_SET = 4;

/** Addresses of one family of each of so many server names of a zone. */
export function addressesPerSet(names: number): number {
  const share = Math.floor(MAX_ADDRESSES_PER_ZONE / 2 / Math.max(1, names));
  return Math.min(MAX_ADDRESSES_PER_SET, Math.max(FEWEST_ADDRESSES_PER_SET, share));
}

/** Part of the RRset cache that one message may fill: an answer of 64 KiB in one set fits into the default 4 MiB. */
const MESSAGE_SHARE = 1 / 32;

/** Octets of the RRset cache that one message may still fill. */
export class CacheShare {
  #leftOctets: number;
  readonly #counters: Pick<Counters, 'add'>;

  constructor(cacheOctets: number, counters: Pick<Counters, 'add'>) {
    this.#counters = counters;
    this.#leftOctets = cacheOctets * MESSAGE_SHARE;
  }

  /** True when a set of so many octets may be kept. */
  take(octets: number): boolean {
    if (octets > this.#leftOctets) {
      this.#counters.add('limit.cache-share');
      return false;
    }
    this.#leftOctets -= octets;
    return true;
  }
}
