/**
 * Validated spans of names that do not exist: NSEC and NSEC3 records by zone, in their order (RFC 8198).
 *
 * Duties: find the span that covers a name or hash and the record at one; opt-out and other parameters; the bound in
 * octets. Leaves to others: validating (only what the caller says is proven is stored), reading the records, which
 * answers may be made from them.
 */

import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { bytesEqual } from '../wire/bytes.ts';
import { isAtOrBelow, type Name, nameKey, nameKeyFrom, sortKey } from '../wire/name.ts';
import type { Nsec3Parameters } from '../wire/rdata-nsec3.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';
import { sizeOfName, sizeOfRanked, sizeOfText } from './heap-size.ts';
import { SpanList } from './span-list.ts';

/**
 * Most spans of one zone: bounds the work of adding one (moving an array of this length takes some microseconds), and
 * keeps one zone with endless names from taking all the room.
 */
export const MAX_SPANS_PER_ZONE = 4096;

/**
 * Share of the cache that one zone may take: one with endless names (each denied by a record made for it) must not push out
 * the spans of the root and of top-level domains, which save the most questions.
 */
const ZONE_SHARE = 1 / 8;

/** Octets of a span besides its set, names and ordering texts: two objects, a place in an array. */
const SPAN_OCTETS = 360;
/** Octets of the two hashes and the parameters of an NSEC3: four arrays that are views on the set's block, and an object. */
const HASHES_OCTETS = 480;
/** Octets of a zone besides its spans. */
const ZONE_OCTETS = 500;

/** One validated NSEC: nothing exists between `owner` and `next`. */
export interface DenialSpan extends Proven {
  readonly owner: Name;
  /** Next owner in the zone; the zone itself in the last record. */
  readonly next: Name;
}

/** One validated NSEC3: nothing has a hash between `hash` and `next`, unless it is of an opt-out chain. */
export interface HashedSpan extends Proven {
  readonly parameters: ChainParameters;
  readonly hash: Uint8Array;
  /** Hash of the next owner in the zone. */
  readonly next: Uint8Array;
  /** Unsigned delegations may be inside (RFC 5155 §6). */
  readonly isOptOut: boolean;
}

/** What makes one NSEC3 chain differ from another. */
export type ChainParameters = Pick<Nsec3Parameters, 'iterations' | 'salt'>;

/** What spans of both kinds say of where they come from. */
interface Proven {
  readonly zone: Name;
  /** The record's set with its signatures; secure, and with the expiry that counts. */
  readonly ranked: RankedRRset;
  /** When it was proven, unix seconds: it denies for no longer than the SOA's minimum field from then (RFC 9077 §3.3). */
  readonly learntAt: number;
}

/** The spans of a zone. A zone that goes over from one kind to the other has both for a while. */
interface ZoneSpans {
  readonly zone: Name;
  readonly names: SpanList<DenialSpan>;
  readonly hashes: SpanList<HashedSpan>;
  /** Of the chain that `hashes` are from; null when there are none. */
  parameters: ChainParameters | null;
}

export class DenialCache {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #maxZoneOctets: number;
  readonly #zones: ByteBoundedMap<ZoneSpans>;

  constructor(start: { readonly clock: Clock; readonly random: Random; readonly maxBytes: number }) {
    this.#clock = start.clock;
    this.#random = start.random;
    this.#maxZoneOctets = start.maxBytes * ZONE_SHARE;
    this.#zones = new ByteBoundedMap<ZoneSpans>({
      maxBytes: start.maxBytes,
      sizeOf: ({ names, hashes }) => ZONE_OCTETS + names.octets + hashes.octets,
    });
  }

  /** The fresh span of the zone with `owner` before and `next` after the name; null when none is known. */
  findCover(zone: Name, name: Name): DenialSpan | null {
    const known = this.#zones.get(nameKey(zone));
    if (known === null || !isAtOrBelow(name, zone)) return null;
    return this.#fresh(known.names.findCover(orderText(name)));
  }

  /** The fresh record at exactly this name; null when none is known. */
  findMatch(zone: Name, name: Name): DenialSpan | null {
    return this.#fresh(this.#zones.get(nameKey(zone))?.names.findMatch(orderText(name)) ?? null);
  }

  /** True when something is kept of the zone whose name begins at an offset of this one. */
  hasZoneFrom(name: Name, at: number): boolean {
    return this.#zones.peek(nameKeyFrom(name, at)) !== null;
  }

  /** How names of the zone are hashed to be looked for; null when no NSEC3 of it is known. */
  chainOf(zone: Name): ChainParameters | null {
    return this.#zones.get(nameKey(zone))?.parameters ?? null;
  }

  /** The fresh span, without opt-out, that covers a hash of the zone's chain; null when none is known. */
  findHashCover(zone: Name, hash: Uint8Array): HashedSpan | null {
    return this.#fresh(this.#zones.get(nameKey(zone))?.hashes.findCover(octetText(hash)) ?? null);
  }

  /** The fresh record, without opt-out, of exactly this hash; null when none is known. */
  findHashMatch(zone: Name, hash: Uint8Array): HashedSpan | null {
    return this.#fresh(this.#zones.get(nameKey(zone))?.hashes.findMatch(octetText(hash)) ?? null);
  }

  /** Keeps a validated span; those that it contradicts go. False when it is expired or not of its zone. */
  store(span: DenialSpan): boolean {
    const { zone, owner, next } = span;
    if (span.ranked.expiresAt <= this.#clock.unixSeconds()) return false;
    if (!isAtOrBelow(owner, zone) || !isAtOrBelow(next, zone)) return false;
    const from = orderText(owner);
    const to = orderText(next);
    // RFC 4034 §4.1.1: only the last NSEC goes back, and then to the apex.
    if (to <= from && to !== orderText(zone)) return false;
    const known = this.#zoneFor(zone);
    known.names.add({ span, from, to, octets: sizeOfSpan(span, from, to) + sizeOfName(owner) + sizeOfName(next) });
    this.#keep(known);
    return true;
  }

  /**
   * Keeps a validated NSEC3 without opt-out; those that it contradicts go, and all of a chain with other parameters: one chain
   * of a zone is hashed for, no more. One with opt-out only takes others away (RFC 8198 §5.2: it denies nothing that was not
   * asked for). False when it is not kept.
   */
  storeHashed(span: HashedSpan): boolean {
    const { zone, parameters, isOptOut } = span;
    if (span.ranked.expiresAt <= this.#clock.unixSeconds()) return false;
    const from = octetText(span.hash);
    const to = octetText(span.next);
    const octets = sizeOfSpan(span, from, to) + HASHES_OCTETS;
    const known = this.#zoneFor(zone);
    if (known.parameters === null || !areEqual(known.parameters, parameters)) known.hashes.keep(() => false);
    if (isOptOut) known.hashes.makeWay({ span, from, to, octets });
    else known.hashes.add({ span, from, to, octets });
    known.parameters = known.hashes.count === 0 ? null : parameters;
    this.#keep(known);
    return !isOptOut;
  }

  /** Removes the spans of all zones at or below a name; how many zones. */
  removeBelow(name: Name): number {
    return this.#zones.removeWhere(({ zone }) => isAtOrBelow(zone, name));
  }

  clear(): void {
    this.#zones.clear();
  }

  get count(): number {
    let count = 0;
    for (const zone of this.#zones.values()) count += countOf(zone);
    return count;
  }

  get sizeBytes(): number {
    return this.#zones.sizeBytes;
  }

  #zoneFor(zone: Name): ZoneSpans {
    const known = this.#zones.get(nameKey(zone));
    return known ?? { zone, names: new SpanList(), hashes: new SpanList(), parameters: null };
  }

  /** Puts a zone's changed spans into the map, no more than its share. */
  #keep(known: ZoneSpans): void {
    while (countOf(known) > 1 && this.#isTooLarge(known)) this.#makeRoom(known);
    if (countOf(known) > 0) this.#zones.set(nameKey(known.zone), known);
    else this.#zones.delete(nameKey(known.zone));
  }

  #fresh<Span extends Proven>(span: Span | null): Span | null {
    return span !== null && span.ranked.expiresAt > this.#clock.unixSeconds() ? span : null;
  }

  #isTooLarge(known: ZoneSpans): boolean {
    return countOf(known) > MAX_SPANS_PER_ZONE || known.names.octets + known.hashes.octets > this.#maxZoneOctets;
  }

  /** Drops what has expired, and when that was nothing, one span by chance. */
  #makeRoom(known: ZoneSpans): void {
    const { names, hashes } = known;
    const now = this.#clock.unixSeconds();
    const isFresh = ({ ranked }: Proven): boolean => ranked.expiresAt > now;
    if (names.keep(isFresh) + hashes.keep(isFresh) > 0) return;
    const index = this.#random.below(countOf(known));
    if (index < names.count) names.dropAt(index);
    else hashes.dropAt(index - names.count);
  }
}

function countOf({ names, hashes }: ZoneSpans): number {
  return names.count + hashes.count;
}

function areEqual(a: ChainParameters, b: ChainParameters): boolean {
  return a.iterations === b.iterations && bytesEqual(a.salt, b.salt);
}

/** Octets of a span but for its names or hashes. */
function sizeOfSpan({ ranked }: Proven, from: string, to: string): number {
  return SPAN_OCTETS + sizeOfRanked(ranked) + sizeOfText(from) + sizeOfText(to);
}

/** Text whose order is the canonical order of names (RFC 4034 §6.1). */
function orderText(name: Name): string {
  return octetText(sortKey(name));
}

/** Text whose order is the order of octets. */
function octetText(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
}
