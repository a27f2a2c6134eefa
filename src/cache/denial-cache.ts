/**
 * Validated spans of names that do not exist: NSEC and NSEC3 records by zone, in their order (RFC 8198).
 *
 * Duties: which spans stay, opt-out and other parameters, the bound in octets. Leaves to others: finding the one for a name
 * (known-zone.ts), validating (only what the caller says is proven is stored), reading the records, which answers may be made from them.
 */

import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { bytesEqual, compareBytes } from '../wire/bytes.ts';
import { isAtOrBelow, type Name, sortKey } from '../wire/name.ts';
import type { PlacedRRset } from '../wire/rrset.ts';
import type { KeyHash } from './key-hash.ts';
import { type ChainParameters, KnownZone } from './known-zone.ts';
import { type PackedForm, PackedMap } from './packed-map.ts';
import type { Packer, Unpacker } from './packing.ts';
import { type PlacedSpan, type Ring, SpanStore } from './span-store.ts';

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

/** What spans of both kinds say of where they come from. */
export interface Proven {
  readonly zone: Name;
  /** The record's set with its signatures; secure, and with the expiry that counts. */
  readonly ranked: RankedRRset;
  /** When it was proven, unix seconds: it denies for no longer than the SOA's minimum field from then (RFC 9077 §3.3). */
  readonly learntAt: number;
}

/** What happens when a span contradicts others that are kept: these go, as for what was just proven, or it is left. */
export type SpanConflict = 'replace' | 'leave';

/** The spans of a zone. A zone that goes over from one kind to the other has both for a while. */
interface ZoneSpans {
  readonly zone: Name;
  readonly names: Ring;
  readonly hashes: Ring;
  /** Of the chain that `hashes` are from; null when there are none. */
  readonly parameters: ChainParameters | null;
  /** Octets of all spans. */
  readonly octets: number;
}

/** The spans of a zone while some are added; who adds one holds it. */
interface ChangedZone extends Pick<ZoneSpans, 'zone'> {
  names: Ring;
  hashes: Ring;
  parameters: ChainParameters | null;
  readonly added: number[];
}

/** Spans that are read before others get their turn: about a tenth of a millisecond. */
const SPANS_PER_PIECE = 50;
const NOTHING = new Uint32Array();
/** Zones are found by name alone. */
const NO_TYPE = 0;
const NO_CLASS = 0;

interface DenialCacheParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Of all caches that are asked about the same names; one of its own where none is given. */
  readonly hash?: KeyHash | undefined;
  readonly maxBytes: number;
}

export class DenialCache {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #maxZoneOctets: number;
  readonly #spans = new SpanStore();
  readonly #zones: PackedMap<ZoneSpans>;
  /** Pointed at the zone that is looked at. */
  readonly #known: KnownZone;

  constructor({ clock, random, hash, maxBytes }: DenialCacheParts) {
    this.#clock = clock;
    this.#random = random;
    this.#maxZoneOctets = maxBytes * ZONE_SHARE;
    const othersOctets = () => this.#spans.sizeBytes;
    this.#zones = new PackedMap({ random, hash, maxBytes, form: zoneForm(this.#spans), othersOctets });
    this.#known = new KnownZone(clock, this.#spans);
  }

  /**
   * The zone that is the name from the label at `at` on, for who looks for spans of it, good until another is found or anything is
   * kept or dropped; null: nothing is kept of it.
   */
  find(name: Name, at = 0): KnownZone | null {
    const from = this.#zones.find(name, NO_TYPE, NO_CLASS, at);
    if (from === null) return null;
    placeZone(this.#known, from);
    return this.#known;
  }

  /** Where the set of a span lies. */
  place(span: number, to: PlacedRRset): void {
    this.#spans.place(span, to);
  }

  /** The span as it was kept. */
  read(span: number): Omit<Proven, 'zone'> {
    return this.#spans.read(span);
  }

  /** Keeps a validated span; those that it contradicts go, or it does not come. False when it is expired or not of its zone. */
  store(span: DenialSpan, conflict: SpanConflict = 'replace'): boolean {
    return this.#change(span.zone, (changed) => this.#addNames(changed, span, conflict));
  }

  /**
   * Keeps a validated NSEC3 without opt-out; those that it contradicts go, and all of a chain with other parameters: one chain
   * of a zone is hashed for, no more. One with opt-out only takes others away (RFC 8198 §5.2: it denies nothing that was not
   * asked for). False when it is not kept.
   */
  storeHashed(span: HashedSpan, conflict: SpanConflict = 'replace'): boolean {
    return this.#change(span.zone, (changed) => this.#addHashes(changed, span, conflict));
  }

  /** Keeps what one answer of a zone brought, as `store` and `storeHashed` do, and writes the zone once. */
  storeAll(zone: Name, names: readonly DenialSpan[], hashes: readonly HashedSpan[]): void {
    if (names.length + hashes.length === 0) return;
    this.#change(zone, (changed) => {
      for (const span of names) this.#addNames(changed, span, 'replace');
      for (const span of hashes) this.#addHashes(changed, span, 'replace');
      return true;
    });
  }

  #addNames(changed: ChangedZone, span: DenialSpan, conflict: SpanConflict): boolean {
    const { zone, owner, next, ranked, learntAt } = span;
    if (ranked.expiresAt <= this.#clock.unixSeconds()) return false;
    if (!isAtOrBelow(owner, zone) || !isAtOrBelow(next, zone)) return false;
    const placed: PlacedSpan = { from: sortKey(owner), to: sortKey(next) };
    // RFC 4034 §4.1.1: only the last NSEC goes back, and then to the apex.
    const isLast = compareBytes(placed.to, placed.from) <= 0;
    if (isLast && !bytesEqual(placed.to, sortKey(zone))) return false;
    const stored = { ranked, learntAt, ...placed };
    if (conflict === 'replace' && this.#spans.renew(changed.names, stored)) return true;
    const free = this.#spans.makeWay(changed.names, placed);
    if (conflict === 'leave' && free !== changed.names) return false;
    const added = this.#spans.add(stored);
    changed.added.push(added);
    changed.names = this.#spans.insert(free, added, placed.from);
    return true;
  }

  #addHashes(changed: ChangedZone, span: HashedSpan, conflict: SpanConflict): boolean {
    const { parameters, hash, next, isOptOut, ranked, learntAt } = span;
    if (ranked.expiresAt <= this.#clock.unixSeconds()) return false;
    const isSameChain = changed.parameters !== null && areEqual(changed.parameters, parameters);
    const before = isSameChain ? changed.hashes : NOTHING;
    const stored = { ranked, learntAt, from: hash, to: next };
    if (conflict === 'replace' && !isOptOut && this.#spans.renew(before, stored)) return true;
    const free = this.#spans.makeWay(before, stored);
    const isFree = changed.parameters === null || (isSameChain && free === before);
    if (conflict === 'leave' && !isFree) return false;
    const added = isOptOut ? null : this.#spans.add(stored);
    if (added !== null) changed.added.push(added);
    changed.hashes = added === null ? free : this.#spans.insert(free, added, hash);
    changed.parameters = changed.hashes.length === 0 ? null : parameters;
    return added !== null;
  }

  /** All spans, a few at a time, by zones in the order of use or in none; others may have their turn in between. */
  *pieces(isOrdered: boolean): Generator<readonly Proven[]> {
    for (const { zone } of isOrdered ? this.#zones.values() : this.#zones.unordered()) {
      for (let at = 0; ; at += SPANS_PER_PIECE) {
        const known = this.#zones.peek(zone, NO_TYPE, NO_CLASS);
        const piece = known === null ? [] : [...known.names, ...known.hashes].slice(at, at + SPANS_PER_PIECE);
        if (piece.length === 0) break;
        yield piece.map((span): Proven => {
          const { ranked, learntAt } = this.#spans.read(span);
          return { zone, ranked, learntAt };
        });
      }
    }
  }

  /** Removes the spans of all zones at or below a name; how many zones. */
  removeBelow(name: Name): number {
    return this.#zones.removeWhere(({ zone }) => isAtOrBelow(zone, name));
  }

  clear(): void {
    this.#zones.clear();
    this.#spans.clear();
  }

  get count(): number {
    return this.#spans.count;
  }

  get sizeBytes(): number {
    return this.#zones.sizeBytes;
  }

  #zoneFor(zone: Name): ZoneSpans {
    const nothing = { zone, names: NOTHING, hashes: NOTHING, parameters: null, octets: 0 };
    return this.#zones.get(zone, NO_TYPE, NO_CLASS) ?? nothing;
  }

  /** Changes a zone's spans and puts it into the map, no more than its share; the holds on those that were added end. */
  #change(zone: Name, change: (changed: ChangedZone) => boolean): boolean {
    const before = this.#zoneFor(zone);
    const changed: ChangedZone = { ...before, added: [] };
    const isKept = change(changed);
    const { names, hashes, parameters, added } = changed;
    if (names !== before.names || hashes !== before.hashes)
      this.#keep(this.#withOctets({ ...before, names, hashes, parameters }, countOf(before), added));
    for (const span of added) this.#spans.release(span);
    return isKept;
  }

  /** With the octets of its spans, which were so many before those were added. */
  #withOctets(changed: ZoneSpans, countBefore: number, added: readonly number[]): ZoneSpans {
    if (countOf(changed) !== countBefore + added.length) return this.#counted(changed);
    return { ...changed, octets: added.reduce((sum, span) => sum + this.#spans.octetsOf(span), changed.octets) };
  }

  #keep(changed: ZoneSpans): void {
    let known = changed;
    while (countOf(known) > 1 && (countOf(known) > MAX_SPANS_PER_ZONE || known.octets > this.#maxZoneOctets))
      known = this.#counted(this.#withRoom(known));
    if (countOf(known) > 0) this.#zones.set(known);
    else this.#zones.delete(known.zone, NO_TYPE, NO_CLASS);
  }

  #counted(known: ZoneSpans): ZoneSpans {
    let octets = 0;
    for (const span of known.names) octets += this.#spans.octetsOf(span);
    for (const span of known.hashes) octets += this.#spans.octetsOf(span);
    return { ...known, octets };
  }

  /** The zone without what has expired, and when that is nothing, without one span by chance. */
  #withRoom(known: ZoneSpans): ZoneSpans {
    const { names, hashes } = known;
    const now = this.#clock.unixSeconds();
    const isFresh = (span: number): boolean => this.#spans.expiryOf(span) > now;
    const fresh = { ...known, names: names.filter(isFresh), hashes: hashes.filter(isFresh) };
    if (countOf(fresh) < countOf(known)) return fresh;
    const index = this.#random.below(countOf(known));
    const without = (ring: Ring, at: number): Ring => ring.filter((_, i) => i !== at);
    return { ...known, names: without(names, index), hashes: without(hashes, index - names.length) };
  }
}

function countOf({ names, hashes }: ZoneSpans): number {
  return names.length + hashes.length;
}

function areEqual(a: ChainParameters, b: ChainParameters): boolean {
  return a.iterations === b.iterations && bytesEqual(a.salt, b.salt);
}

/** Zones as octets; each holds its spans. */
function zoneForm(spans: SpanStore): PackedForm<ZoneSpans> {
  return {
    write: (zone, to) => {
      writeZone(zone, to);
      for (const span of zone.names) spans.hold(span);
      for (const span of zone.hashes) spans.hold(span);
    },
    read: readZone,
    drop: (from) => {
      const { names, hashes } = readZone(from);
      for (const span of names) spans.release(span);
      for (const span of hashes) spans.release(span);
    },
  };
}

function writeZone({ zone, names, hashes, parameters, octets }: ZoneSpans, to: Packer): void {
  to.u16(names.length);
  to.u16(hashes.length);
  to.u16(NO_TYPE);
  to.u16(NO_CLASS);
  to.u16(parameters?.iterations ?? 0);
  to.u16(parameters === null ? 0 : 1 + parameters.salt.length);
  to.bytes(zone);
  to.u32(octets);
  if (parameters !== null) to.bytes(parameters.salt);
  to.words(names);
  to.words(hashes);
}

function readZone(from: Unpacker): ZoneSpans {
  const nameCount = from.u16();
  const hashCount = from.u16();
  from.at += 4;
  const iterations = from.u16();
  const saltOctets = from.u16() - 1;
  const zone = from.name();
  const octets = from.u32();
  const parameters = saltOctets < 0 ? null : { iterations, salt: from.bytes(saltOctets) };
  return { zone, names: from.words(nameCount), hashes: from.words(hashCount), parameters, octets };
}

/** Points at a zone that `writeZone` wrote. */
function placeZone(known: KnownZone, from: Unpacker): void {
  const nameCount = from.u16();
  const hashCount = from.u16();
  from.at += 4;
  const iterations = from.u16();
  const saltOctets = from.u16() - 1;
  from.skipName();
  from.at += 4;
  known.point(from.octets, { nameCount, hashCount, iterations, saltOctets, at: from.at });
}
