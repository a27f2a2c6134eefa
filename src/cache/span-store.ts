/**
 * Spans of rings as octets: each goes from its own place to the next, the last one back past the end to the first. So stand the
 * names of an NSEC chain (RFC 4034 §6.1) and the hashes of an NSEC3 chain (RFC 5155 §3.1.7).
 *
 * A ring is a list of numbers of spans, in the order of their places; lists are never changed, changes make new ones. A span is
 * there for as long as somebody holds it. Duties: find the span that covers a place and the one that starts there; say which go
 * when a newer one contradicts them. Leaves to others: what spans are worth, bounds.
 */

import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { Bug } from '../terms/unreachable.ts';
import { compareBytes as compare, readU16, readU32, readWord, writeU32 } from '../wire/bytes.ts';
import { newPlacedRRset, type PlacedRRset } from '../wire/rrset.ts';
import { BlockHeap, blockAt } from './block-heap.ts';
import { placeRanked, readRanked, renewRanked, writeRanked } from './packed-rrset.ts';
import { Packer, Unpacker } from './packing.ts';
import { FIELD, RECORD_OCTETS, SlotRecords } from './slot-records.ts';

/** Numbers of spans, in order. */
export type Ring = Uint32Array;

/** The same as octets where they lie, for who only looks. */
export interface PlacedRing {
  octets: Uint8Array;
  at: number;
  /** Spans. */
  count: number;
}

/** Stands for no span where one is named by its number. */
export const NO_SPAN = -1;

/** A span as it is kept. */
interface StoredSpan {
  readonly ranked: RankedRRset;
  /** Unix seconds. */
  readonly learntAt: number;
  /** What orders it: octets whose order is that of names or hashes. */
  readonly from: Uint8Array;
  /** Where it ends, in such octets. */
  readonly to: Uint8Array;
}

/** A span that is to be put into a ring. */
export interface PlacedSpan {
  readonly from: Uint8Array;
  /** Not above `from` in the last span of the ring. */
  readonly to: Uint8Array;
}

/** Offsets in a span's octets; then come where it ends, with the length before it, and the set. */
const EXPIRY_AT = 0;
const LEARNT_AT = 4;
const IS_LAST_AT = 8;
const FROM_LENGTH_AT = 10;
const FROM_AT = 12;

export class SpanStore {
  readonly #slots = new SlotRecords();
  readonly #heap = new BlockHeap((slot, block) => this.#slots.set(slot, FIELD.block, block));
  readonly #packer = new Packer();
  readonly #unpacker = new Unpacker();
  /** Of a set that is compared. */
  readonly #place = newPlacedRRset();
  #count = 0;

  /** Keeps a span and holds it; its number. */
  add({ ranked, learntAt, from, to }: StoredSpan): number {
    const packer = this.#packer;
    packer.length = 0;
    packer.time(ranked.expiresAt);
    packer.time(learntAt);
    packer.u16(compare(from, to) < 0 ? 0 : 1);
    packer.u16(from.length);
    packer.bytes(from);
    packer.u16(to.length);
    packer.bytes(to);
    writeRanked(ranked, packer);
    const slot = this.#slots.take();
    const block = this.#heap.allocate(packer.length, slot);
    packer.octets.copy(this.#heap.octetsOf(block), blockAt(block), 0, packer.length);
    this.#slots.set(slot, FIELD.block, block);
    this.#slots.set(slot, FIELD.references, 1);
    this.#count++;
    return slot;
  }

  /** Proven again: the very same span is given its life from then. False: the one at this place is another, or there is none. */
  renew(ring: Ring, { ranked, learntAt, from, to }: StoredSpan): boolean {
    const span = this.findMatch(placed(ring), from);
    if (span === NO_SPAN) return false;
    const block = this.#slots.get(span, FIELD.block);
    const octets = this.#heap.octetsOf(block);
    const at = blockAt(block);
    const toAt = afterPart(octets, at + FROM_LENGTH_AT);
    placeRanked(this.#place, octets, this.#heap.textOf(block), afterPart(octets, toAt));
    if (orderOf(octets, toAt, to) !== 0 || !renewRanked(ranked, this.#place)) return false;
    writeU32(octets, at + EXPIRY_AT, ranked.expiresAt);
    writeU32(octets, at + LEARNT_AT, learntAt);
    return true;
  }

  hold(span: number): void {
    this.#slots.set(span, FIELD.references, this.#slots.get(span, FIELD.references) + 1);
  }

  /** Ends a hold; the last one ends the span. */
  release(span: number): void {
    const holds = this.#slots.get(span, FIELD.references) - 1;
    if (holds < 0) throw new Bug('nobody holds this span', { span });
    this.#slots.set(span, FIELD.references, holds);
    if (holds > 0) return;
    this.#heap.free(this.#slots.get(span, FIELD.block));
    this.#slots.free(span);
    this.#count--;
  }

  read(span: number): StoredSpan {
    const block = this.#slots.get(span, FIELD.block);
    const from = this.#unpacker;
    from.octets = this.#heap.octetsOf(block);
    from.characters = this.#heap.textOf(block);
    from.at = blockAt(block) + LEARNT_AT;
    const learntAt = from.time();
    from.at += FROM_LENGTH_AT - IS_LAST_AT;
    const start = from.bytes(from.u16());
    const to = from.bytes(from.u16());
    return { from: start, learntAt, to, ranked: readRanked(from) };
  }

  /** Where a span's set lies. */
  place(span: number, to: PlacedRRset): void {
    const block = this.#slots.get(span, FIELD.block);
    const octets = this.#heap.octetsOf(block);
    const end = afterPart(octets, afterPart(octets, blockAt(block) + FROM_LENGTH_AT));
    placeRanked(to, octets, this.#heap.textOf(block), end);
  }

  /** When a span ends, unix seconds. */
  expiryOf(span: number): number {
    const block = this.#slots.get(span, FIELD.block);
    return readU32(this.#heap.octetsOf(block), blockAt(block) + EXPIRY_AT);
  }

  /** When a span was learnt, unix seconds. */
  learntAt(span: number): number {
    const block = this.#slots.get(span, FIELD.block);
    return readU32(this.#heap.octetsOf(block), blockAt(block) + LEARNT_AT);
  }

  /** Octets that a span takes. */
  octetsOf(span: number): number {
    return this.#heap.lengthOf(this.#slots.get(span, FIELD.block)) + RECORD_OCTETS;
  }

  /** The span that holds the place strictly inside; `NO_SPAN` when none is known. */
  findCover(ring: PlacedRing, at: Uint8Array): number {
    if (ring.count === 0) return NO_SPAN;
    // Below the first known span only the last of the ring reaches.
    const index = this.#firstNotBelow(ring, at);
    const before = spanAt(ring, (index === 0 ? ring.count : index) - 1);
    return this.#isCover(before, at) ? before : NO_SPAN;
  }

  /** True when a span holds the place strictly inside. */
  #isCover(span: number, at: Uint8Array): boolean {
    const block = this.#slots.get(span, FIELD.block);
    const octets = this.#heap.octetsOf(block);
    const start = blockAt(block);
    const isAbove = orderOf(octets, start + FROM_LENGTH_AT, at) < 0;
    const isBelow = orderOf(octets, afterPart(octets, start + FROM_LENGTH_AT), at) > 0;
    return isAbove === isBelow ? isAbove : readU16(octets, start + IS_LAST_AT) !== 0;
  }

  /** The span that starts at the place; `NO_SPAN` when none is known. */
  findMatch(ring: PlacedRing, at: Uint8Array): number {
    const index = this.#firstNotBelow(ring, at);
    const found = index < ring.count ? spanAt(ring, index) : NO_SPAN;
    return found !== NO_SPAN && this.#order(found, at) === 0 ? found : NO_SPAN;
  }

  /** The ring with a span put where it starts, after `makeWay` has made way for it. */
  insert(ring: Ring, span: number, from: Uint8Array): Ring {
    const at = this.#firstNotBelow(placed(ring), from);
    const longer = new Uint32Array(ring.length + 1);
    longer.set(ring.subarray(0, at));
    longer[at] = span;
    longer.set(ring.subarray(at), at + 1);
    return longer;
  }

  /**
   * The ring without what contradicts a span: one of the same start, those that start inside of it, and one that it starts inside
   * of.
   */
  makeWay(ring: Ring, { from, to }: PlacedSpan): Ring {
    const start = this.#firstNotBelow(placed(ring), from);
    const isIn = (span: number | undefined): boolean =>
      span !== undefined && (this.#order(span, from) === 0 || covers(from, to, this.#placeOf(span)));
    let end = start;
    while (end < ring.length && isIn(ring[end])) end++;
    // The last span of the ring reaches past the end.
    let front = 0;
    if (compare(from, to) >= 0) while (front < start && isIn(ring[front])) front++;
    const before = ring[(start === 0 ? ring.length : start) - 1];
    const isBeforeCut = before !== undefined && this.#isCover(before, from);
    if (start === end && front === 0 && !isBeforeCut) return ring;
    return ring.filter((span, i) => (i < start || i >= end) && i >= front && !(isBeforeCut && span === before));
  }

  clear(): void {
    this.#slots.clear();
    this.#heap.clear();
    this.#count = 0;
  }

  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#heap.liveOctets + this.#count * RECORD_OCTETS;
  }

  /** Index of the first span that does not start before `at`. */
  #firstNotBelow(ring: PlacedRing, at: Uint8Array): number {
    let low = 0;
    let high = ring.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order(spanAt(ring, middle), at) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Below 0 when the span starts before the place, 0 when there. */
  #order(span: number, place: Uint8Array): number {
    const block = this.#slots.get(span, FIELD.block);
    return orderOf(this.#heap.octetsOf(block), blockAt(block) + FROM_LENGTH_AT, place);
  }

  #placeOf(span: number): Uint8Array {
    const block = this.#slots.get(span, FIELD.block);
    const octets = this.#heap.octetsOf(block);
    const at = blockAt(block);
    return octets.subarray(at + FROM_AT, at + FROM_AT + readU16(octets, at + FROM_LENGTH_AT));
  }
}

/** A ring where it lies: its own octets. */
function placed(ring: Ring): PlacedRing {
  return { octets: new Uint8Array(ring.buffer, ring.byteOffset, ring.byteLength), at: 0, count: ring.length };
}

function spanAt(ring: PlacedRing, index: number): number {
  return readWord(ring.octets, ring.at + 4 * index);
}

/** Offset after a part with its length before it. */
function afterPart(octets: Uint8Array, at: number): number {
  return at + 2 + readU16(octets, at);
}

/** Below 0 when the part with its length before it comes before the place, 0 when it is the place. */
function orderOf(octets: Uint8Array, at: number, place: Uint8Array): number {
  const length = readU16(octets, at);
  const shorter = Math.min(length, place.length);
  for (let i = 0; i < shorter; i++) {
    const difference = (octets[at + 2 + i] as number) - (place[i] as number);
    if (difference !== 0) return difference;
  }
  return length - place.length;
}

function covers(from: Uint8Array, to: Uint8Array, at: Uint8Array): boolean {
  const isAbove = compare(from, at) < 0;
  const isBelow = compare(at, to) < 0;
  return compare(from, to) < 0 ? isAbove && isBelow : isAbove || isBelow;
}
