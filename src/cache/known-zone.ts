/**
 * What is known of one zone's names and hashes, looked at where it lies: no span is copied.
 *
 * Duties: the fresh span that covers a name or hash and the one that starts there. Leaves to others: which spans are kept
 * (denial-cache.ts), what their records say.
 */

import type { Clock } from '../ports/clock.ts';
import { type Name, sortKey } from '../wire/name.ts';
import type { Nsec3Parameters } from '../wire/rdata-nsec3.ts';
import { NO_SPAN, type PlacedRing, type SpanStore } from './span-store.ts';

/** What makes one NSEC3 chain differ from another. */
export type ChainParameters = Pick<Nsec3Parameters, 'iterations' | 'salt'>;

/** How a zone's spans lie one after another: the salt, the ring of names, that of hashes. */
interface ZoneLayout {
  /** Where the salt is. */
  readonly at: number;
  /** Below 0: nothing is known by hashes. */
  readonly saltOctets: number;
  readonly iterations: number;
  readonly nameCount: number;
  readonly hashCount: number;
}

const NO_OCTETS: Uint8Array = new Uint8Array();

/** A zone's spans, for as long as nothing is kept or dropped. One object is pointed at one zone after another. */
export class KnownZone {
  readonly #clock: Clock;
  readonly #spans: SpanStore;
  readonly #names: PlacedRing = { octets: NO_OCTETS, at: 0, count: 0 };
  readonly #hashes: PlacedRing = { octets: NO_OCTETS, at: 0, count: 0 };
  #saltAt = 0;
  #saltOctets = -1;
  #iterations = 0;
  /** The name whose place was asked for last, and that place: a match is looked for before a cover. */
  #name: Name | null = null;
  #place = NO_OCTETS;

  constructor(clock: Clock, spans: SpanStore) {
    this.#clock = clock;
    this.#spans = spans;
  }

  point(octets: Uint8Array, { at, saltOctets, iterations, nameCount, hashCount }: ZoneLayout): void {
    this.#saltAt = at;
    this.#saltOctets = saltOctets;
    this.#iterations = iterations;
    this.#names.octets = octets;
    this.#names.at = at + Math.max(0, saltOctets);
    this.#names.count = nameCount;
    this.#hashes.octets = octets;
    this.#hashes.at = this.#names.at + 4 * nameCount;
    this.#hashes.count = hashCount;
  }

  get hasNames(): boolean {
    return this.#names.count > 0;
  }

  /** How names of the zone are hashed to be looked for; null when no NSEC3 of it is known. */
  get chain(): ChainParameters | null {
    if (this.#saltOctets < 0) return null;
    const saltEnd = this.#saltAt + this.#saltOctets;
    const salt = this.#saltOctets === 0 ? NO_OCTETS : this.#names.octets.slice(this.#saltAt, saltEnd);
    return { iterations: this.#iterations, salt };
  }

  /** The fresh span at exactly this name; `NO_SPAN` when none is known. */
  match(name: Name): number {
    return this.#fresh(this.#spans.findMatch(this.#names, this.#placeOf(name)));
  }

  /** The fresh span with its owner before and its next name after this one of the zone; `NO_SPAN` when none is known. */
  cover(name: Name): number {
    return this.#fresh(this.#spans.findCover(this.#names, this.#placeOf(name)));
  }

  /** The fresh span of exactly this hash; `NO_SPAN` when none is known. */
  matchHash(hash: Uint8Array): number {
    return this.#fresh(this.#spans.findMatch(this.#hashes, hash));
  }

  /** The fresh span that covers a hash of the zone's chain; `NO_SPAN` when none is known. None has opt-out. */
  coverHash(hash: Uint8Array): number {
    return this.#fresh(this.#spans.findCover(this.#hashes, hash));
  }

  /** When a span ends, unix seconds. `minimum`: of the SOA, which bounds it from when it was learnt (RFC 9077 §3.3). */
  endOf(span: number, minimum: number): number {
    return Math.min(this.#spans.expiryOf(span), this.#spans.learntAt(span) + minimum);
  }

  #fresh(span: number): number {
    return span !== NO_SPAN && this.#spans.expiryOf(span) > this.#clock.unixSeconds() ? span : NO_SPAN;
  }

  #placeOf(name: Name): Uint8Array {
    // Names are never changed.
    if (this.#name !== name) {
      this.#name = name;
      this.#place = sortKey(name);
    }
    return this.#place;
  }
}
