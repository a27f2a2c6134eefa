/**
 * Writes names into a message with compression (RFC 1035 §4.1.4), in bounded work.
 *
 * Names already written form a tree: one entry per label, found by its parent entry and its octets without case. A name
 * is looked up from the root down, so each label is hashed once and compared at most MAX_PROBES times, whatever the names
 * are; when the table is full names are just written longer.
 * Leaves to others: where compression is allowed (rdata-layout.ts).
 */

import { readU8, readU16, writeU16 } from './bytes.ts';
import { lowerOctet } from './name.ts';

/** Labels remembered in one message: an ordinary answer has under 40, a referral to 13 servers about 30. */
export const MAX_REMEMBERED_LABELS = 255;
/** Slots looked at for one label: bounds work when labels collide on purpose. */
const MAX_PROBES = 8;
/** Power of two, twice the entries. */
const SLOTS = 512;
/** Highest offset that a pointer can name. */
export const MAX_POINTER_OFFSET = 0x3fff;
/** The two top bits of a compression pointer (RFC 1035 §4.1.4). */
export const POINTER = 0xc000;
/** What a capital letter of ASCII lacks to be a small one. */
const CASE_BIT = 0x20;
/** Most labels in a name. */
const MAX_LABELS = 127;

/** Remembers the names of one message. Entry 0 is the root. */
export class NameCompressor {
  /** Octets of the buffer that may be used. */
  limit: number;
  readonly #out: Uint8Array;
  readonly #slots = new Uint8Array(SLOTS);
  readonly #slotOf = new Uint16Array(MAX_REMEMBERED_LABELS + 1);
  readonly #parentOf = new Uint8Array(MAX_REMEMBERED_LABELS + 1);
  readonly #labelAt = new Uint16Array(MAX_REMEMBERED_LABELS + 1);
  readonly #labelStarts = new Uint8Array(MAX_LABELS + 1);
  #entries = 0;
  /** Of the label that was looked for last. */
  #hash = 0;

  constructor(out: Uint8Array) {
    this.#out = out;
    this.limit = out.length;
  }

  /** Forgets all names: a new message begins. @hot bench/serve-hot-query.ts */
  reset(): void {
    // A message has few names: clearing their slots costs less than one call that clears all.
    this.undo(0);
  }

  /** State to give to `undo`. */
  mark(): number {
    return this.#entries;
  }

  /** Forgets the names written after `mark`. Entries leave in the reverse of the order they came, so no gap remains. */
  undo(mark: number): void {
    while (this.#entries > mark) {
      this.#slots[this.#slotOf[this.#entries] ?? 0] = 0;
      this.#entries--;
    }
  }

  /**
   * Writes the uncompressed, well-formed name at `nameAt` of `bytes` to `at` of the buffer.
   * Returns the offset after it, -1 when it does not fit. @hot bench/serve-hot-query.ts
   */
  write(at: number, bytes: Uint8Array, nameAt: number): number {
    const starts = this.#labelStarts;
    let labels = 0;
    let cursor = nameAt;
    for (let length = readU8(bytes, cursor); length !== 0 && labels < MAX_LABELS; length = readU8(bytes, cursor)) {
      starts[labels++] = cursor - nameAt;
      cursor += length + 1;
    }
    let entry = 0;
    let literalLabels = labels;
    while (literalLabels > 0) {
      const child = this.#find(bytes, nameAt + (starts[literalLabels - 1] ?? 0), entry);
      if (child === 0) break;
      entry = child;
      literalLabels--;
    }
    const literal = literalLabels === labels ? cursor - nameAt : (starts[literalLabels] ?? 0);
    const end = at + literal + (entry === 0 ? 1 : 2);
    if (end > this.limit) return -1;
    for (let i = 0; i < literal; i++) this.#out[at + i] = readU8(bytes, nameAt + i);
    if (entry === 0) this.#out[at + literal] = 0;
    else writeU16(this.#out, at + literal, POINTER | (this.#labelAt[entry] ?? 0));
    this.#remember(at, literalLabels, entry);
    return end;
  }

  /**
   * Writes to `at` the name that was written at `firstAt`, without looking for it; by the rules of `write`.
   * @hot bench/serve-hot-query.ts
   */
  writeAgain(at: number, firstAt: number): number {
    const first = readU8(this.#out, firstAt);
    const end = at + (first === 0 ? 1 : 2);
    if (end > this.limit) return -1;
    if (first === 0) this.#out[at] = 0;
    else writeU16(this.#out, at, first >= 0xc0 ? readU16(this.#out, firstAt) : POINTER | firstAt);
    return end;
  }

  /** Remembers the first `count` labels of the name just written at `at`, the deepest known one being `parent`. */
  #remember(at: number, count: number, parent: number): void {
    let above = parent;
    for (let i = count - 1; i >= 0; i--) {
      const labelAt = at + (this.#labelStarts[i] ?? 0);
      if (labelAt > MAX_POINTER_OFFSET || this.#entries === MAX_REMEMBERED_LABELS) return;
      // The first one was looked for just now, in vain.
      const slot = this.#freeSlot(i === count - 1 ? this.#hash : hashLabel(this.#out, labelAt, above));
      if (slot < 0) return;
      const entry = ++this.#entries;
      this.#slots[slot] = entry;
      this.#slotOf[entry] = slot;
      this.#parentOf[entry] = above;
      this.#labelAt[entry] = labelAt;
      above = entry;
    }
  }

  /** Entry of the label at `labelAt` of `bytes` below `parent`; 0 when there is none. */
  #find(bytes: Uint8Array, labelAt: number, parent: number): number {
    const hash = hashLabel(bytes, labelAt, parent);
    this.#hash = hash;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const entry = this.#slots[(hash + probe) & (SLOTS - 1)] ?? 0;
      if (entry === 0) return 0;
      if (this.#parentOf[entry] === parent && labelsEqual(bytes, labelAt, this.#out, this.#labelAt[entry] ?? 0)) {
        return entry;
      }
    }
    return 0;
  }

  #freeSlot(hash: number): number {
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (hash + probe) & (SLOTS - 1);
      if (this.#slots[slot] === 0) return slot;
    }
    return -1;
  }
}

/** Hash of a label and of its parent entry, the same for labels that differ in case (and for a few that differ otherwise). */
function hashLabel(bytes: Uint8Array, at: number, parent: number): number {
  let hash = 0x811c9dc5 ^ parent;
  const end = at + readU8(bytes, at);
  for (let i = at; i <= end; i++) hash = Math.imul(hash ^ (readU8(bytes, i) | CASE_BIT), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function labelsEqual(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  const length = readU8(a, aAt);
  if (length !== readU8(b, bAt)) return false;
  for (let i = 1; i <= length; i++) {
    const octet = readU8(a, aAt + i);
    const other = readU8(b, bAt + i);
    if (octet !== other && lowerOctet(octet) !== lowerOctet(other)) return false;
  }
  return true;
}
