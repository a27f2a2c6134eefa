/**
 * Validated spans of names that do not exist: NSEC records by zone, in canonical order (RFC 8198).
 *
 * Duties: find the span that covers a name and the record at a name; drop spans that newer ones contradict; the bound in
 * octets. Leaves to others: validating (only what the caller says is proven is stored), reading the records, which
 * answers may be made from them.
 */

import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import { isAtOrBelow, type Name, nameKey, sortKey } from '../wire/name.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';
import { sizeOfHeld, sizeOfName, sizeOfText } from './held-size.ts';

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
const SPAN_OCTETS = 300;
/** Octets of a zone besides its spans. */
const ZONE_OCTETS = 300;

/** One validated NSEC: nothing exists between `owner` and `next`. */
export interface DenialSpan {
  readonly zone: Name;
  readonly owner: Name;
  /** Next owner in the zone; the zone itself in the last record. */
  readonly next: Name;
  /** The NSEC set with its signatures; secure, and with the expiry that counts. */
  readonly nsec: HeldRRset;
  /** When it was proven, unix seconds: it denies for no longer than the SOA's minimum field from then (RFC 9077 §3.3). */
  readonly learntAt: number;
}

/** A span with the texts that order it: latin1 of `sortKey`. */
interface Ordered {
  readonly span: DenialSpan;
  readonly from: string;
  /** Null in the last record of a zone: everything after `from` is covered. */
  readonly to: string | null;
  readonly octets: number;
}

/** The spans of a zone, by `from`. */
interface ZoneSpans {
  readonly zone: Name;
  readonly spans: Ordered[];
  octets: number;
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
      sizeOf: (zone) => ZONE_OCTETS + zone.octets,
    });
  }

  /** The fresh span of the zone with `owner` before and `next` after the name; null when none is known. */
  findCover(zone: Name, name: Name): DenialSpan | null {
    const known = this.#zones.get(nameKey(zone));
    if (known === null || !isAtOrBelow(name, zone)) return null;
    const at = orderText(name);
    const before = known.spans[firstNotBelow(known.spans, at) - 1];
    return before !== undefined && covers(before, at) ? this.#fresh(before) : null;
  }

  /** The fresh record at exactly this name; null when none is known. */
  findMatch(zone: Name, name: Name): DenialSpan | null {
    const known = this.#zones.get(nameKey(zone));
    if (known === null) return null;
    const at = orderText(name);
    const found = known.spans[firstNotBelow(known.spans, at)];
    return found !== undefined && found.from === at ? this.#fresh(found) : null;
  }

  /** Keeps a validated span; those that it contradicts go. False when it is expired or not of its zone. */
  store(span: DenialSpan): boolean {
    const { zone, owner, next } = span;
    if (span.nsec.expiresAt <= this.#clock.unixSeconds()) return false;
    if (!isAtOrBelow(owner, zone) || !isAtOrBelow(next, zone)) return false;
    const from = orderText(owner);
    const nextText = orderText(next);
    const isLast = nextText === orderText(zone);
    if (!isLast && nextText <= from) return false;
    const key = nameKey(zone);
    const known = this.#zones.get(key) ?? { zone, spans: [], octets: 0 };
    const texts = sizeOfText(from) + sizeOfText(nextText);
    const octets = SPAN_OCTETS + sizeOfHeld(span.nsec) + sizeOfName(owner) + sizeOfName(next) + texts;
    insert(known, { span, from, to: isLast ? null : nextText, octets });
    while (known.spans.length > 1 && this.#isTooLarge(known)) this.#makeRoom(known);
    this.#zones.set(key, known);
    return true;
  }

  /** Removes the spans of all zones at or below a name; how many zones. */
  removeBelow(name: Name): number {
    return this.#zones.removeWhere(({ zone }) => isAtOrBelow(zone, name));
  }

  clear(): void {
    this.#zones.clear();
  }

  /** Number of spans. */
  get count(): number {
    let count = 0;
    for (const { spans } of this.#zones.values()) count += spans.length;
    return count;
  }

  get sizeBytes(): number {
    return this.#zones.sizeBytes;
  }

  #fresh({ span }: Ordered): DenialSpan | null {
    return span.nsec.expiresAt > this.#clock.unixSeconds() ? span : null;
  }

  #isTooLarge({ spans, octets }: ZoneSpans): boolean {
    return spans.length > MAX_SPANS_PER_ZONE || octets > this.#maxZoneOctets;
  }

  /** Drops what has expired, and when that was nothing, one span by chance. */
  #makeRoom(known: ZoneSpans): void {
    const now = this.#clock.unixSeconds();
    const fresh = known.spans.filter(({ span }) => span.nsec.expiresAt > now);
    if (fresh.length === known.spans.length) fresh.splice(this.#random.below(fresh.length), 1);
    known.spans.splice(0, known.spans.length, ...fresh);
    known.octets = fresh.reduce((sum, { octets }) => sum + octets, 0);
  }
}

/** Text whose order is the canonical order of names (RFC 4034 §6.1). */
function orderText(name: Name): string {
  return Buffer.from(sortKey(name)).toString('latin1');
}

/** Index of the first span that does not start before `at`. */
function firstNotBelow(spans: readonly Ordered[], at: string): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const span = spans[middle];
    if (span !== undefined && span.from < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function covers(span: Ordered, at: string): boolean {
  return span.from < at && (span.to === null || at < span.to);
}

/** Puts a span in its place, in that of an equal one, of those whose owners it denies, and of one that denies its owner. */
function insert(known: ZoneSpans, added: Ordered): void {
  const { spans } = known;
  let start = firstNotBelow(spans, added.from);
  let end = start;
  while (end < spans.length && isContradicted(spans[end], added)) end++;
  const before = spans[start - 1];
  if (before !== undefined && covers(before, added.from)) start--;
  const removed = spans.splice(start, end - start, added);
  known.octets += added.octets - removed.reduce((sum, { octets }) => sum + octets, 0);
}

function isContradicted(span: Ordered | undefined, added: Ordered): boolean {
  return span !== undefined && (span.from === added.from || covers(added, span.from));
}
