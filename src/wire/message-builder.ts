/**
 * Writes a message into a buffer given by the caller, names compressed.
 *
 * Duties: header, question, RRsets (whole or not at all: RFC 2181 §9), OPT, counts, the offsets of the TTL fields (the
 * reply cache patches them). Reusable: `start` begins a new message in the same buffer and allocates nothing.
 * Leaves to others: which records belong in an answer, the TC flag (`truncated` says when to set it).
 */

import { readU8, readU16, writeU16, writeU32 } from './bytes.ts';
import { EDNS_FLAG_DO, type EdnsOut, ednsOctets, optRdata } from './edns.ts';
import { HEADER_OCTETS, RECORD_FIXED_OCTETS, type Section } from './message-view.ts';
import { type Name, nameEnd } from './name.ts';
import { MAX_POINTER_OFFSET, NameCompressor } from './name-compressor.ts';
import type { Question } from './question.ts';
import { mayCompressNames, rdataLayout } from './rdata-layout.ts';
import { TYPE } from './rr-type.ts';
import { type RRset, rdataCount, rdatasAt, rrsetClass, rrsetOwner, rrsetType, signatureCount } from './rrset.ts';
import type { ResourceRecord } from './rrsets.ts';
import { shorten } from './shorten.ts';

/** Longest message (RFC 1035 §4.2.2: the length of a stream message has 16 bits). */
export const MAX_MESSAGE_OCTETS = 65_535;
/** Above this many octets a bulk copy beats a loop, although it makes a view. */
const BULK_COPY_OCTETS = 64;

const NOWHERE = -1;

/** Header of a message to write. */
interface HeaderOut {
  readonly id: number;
  /** Bits of rcode.ts FLAG and the opcode in place; the low four bits are ignored. */
  readonly flags: number;
  /** Up to 4095; what does not fit in four bits goes into the OPT (RFC 6891 §6.1.3). */
  readonly rcode: number;
}

/** How to write an RRset. */
interface RRsetOut {
  /** Default true: RRSIGs follow their records. */
  readonly withSignatures?: boolean;
  /** Another owner than the set's own. */
  readonly owner?: Name;
}

/** What is the same for all records of a set that is being written. */
interface RecordShape {
  type: number;
  class: number;
  ttl: number;
  /** Where the owner stands already; `NOWHERE`: it is written for the first time. */
  ownerAt: number;
}

/** Writes messages into one buffer, one after the other. */
export class MessageBuilder {
  /** Offsets of the TTL fields of all records written, OPT excepted. Reused by the next `start`. */
  readonly ttlOffsets: number[] = [];
  readonly #buffer: Uint8Array;
  readonly #names: NameCompressor;
  readonly #counts = new Uint16Array(4);
  readonly #shape: RecordShape = { type: 0, class: 0, ttl: 0, ownerAt: NOWHERE };
  #at = HEADER_OCTETS;
  #max = 0;
  #reserved = 0;
  #section = 0;
  #upperRcode = 0;
  #truncated = false;

  constructor(buffer: Uint8Array) {
    this.#buffer = buffer;
    this.#names = new NameCompressor(buffer);
    this.#max = Math.min(buffer.length, MAX_MESSAGE_OCTETS);
  }

  /** True when an RRset of the answer or authority section was left out: the caller sets TC with `setFlags`. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Octets written so far. */
  get length(): number {
    return this.#at;
  }

  /** Begins a message; forgets the one before, its limit and its reservation. @hot bench/serve-hot-query.ts */
  start(header: HeaderOut): void {
    this.#at = HEADER_OCTETS;
    this.#max = Math.min(this.#buffer.length, MAX_MESSAGE_OCTETS);
    this.#reserved = 0;
    this.#section = 0;
    this.#upperRcode = header.rcode >>> 4;
    this.#truncated = false;
    for (let i = 0; i < 4; i++) this.#counts[i] = 0;
    this.#names.reset();
    shorten(this.ttlOffsets, 0);
    writeU16(this.#buffer, 0, header.id);
    writeU16(this.#buffer, 2, (header.flags & 0xfff0) | (header.rcode & 15));
    this.#updateLimit();
  }

  /** Sets flag bits in the header, in addition to those that are set. */
  setFlags(flags: number): void {
    writeU16(this.#buffer, 2, readU16(this.#buffer, 2) | (flags & 0xfff0));
  }

  /** Octets that the message may have; never more than the buffer. Call after `start`. */
  limit(maxOctets: number): void {
    this.#max = Math.min(maxOctets, this.#buffer.length, MAX_MESSAGE_OCTETS);
    this.#updateLimit();
  }

  /** Keeps room that only `edns` may use (edns.ts `ednsOctets`). */
  reserve(octets: number): void {
    this.#reserved = octets;
    this.#updateLimit();
  }

  #updateLimit(): void {
    this.#names.limit = this.#max - this.#reserved;
  }

  /** Writes a question; false when it does not fit. @hot bench/serve-hot-query.ts */
  question(question: Question): boolean {
    const names = this.#names.mark();
    const end = this.#names.write(this.#at, question.name, 0);
    if (end < 0 || end + 4 > this.#names.limit) {
      this.#names.undo(names);
      return false;
    }
    writeU16(this.#buffer, end, question.type);
    writeU16(this.#buffer, end + 2, question.class);
    this.#at = end + 4;
    this.#counts[0] = (this.#counts[0] ?? 0) + 1;
    return true;
  }

  /**
   * Writes all records of a set, or none when they do not fit together with their signatures: then the result is false
   * and `truncated` becomes true. A set of the additional section that does not fit is no truncation (RFC 2181 §9).
   * After a truncation nothing more is written but OPT. Sections in order. @hot bench/serve-hot-query.ts
   */
  rrset(section: Section, rrset: RRset, ttl: number, options: RRsetOut | null = null): boolean {
    this.#enter(section);
    if (this.#truncated) return false;
    const start = this.#at;
    const names = this.#names.mark();
    const ttls = this.ttlOffsets.length;
    const records = rdataCount(rrset) + (options?.withSignatures === false ? 0 : signatureCount(rrset));
    if (this.#writeRecords(rrset, records, ttl, options?.owner ?? rrsetOwner(rrset))) {
      this.#counts[this.#section + 1] = (this.#counts[this.#section + 1] ?? 0) + records;
      return true;
    }
    this.#at = start;
    this.#names.undo(names);
    shorten(this.ttlOffsets, ttls);
    this.#truncated = section !== 'additional';
    return false;
  }

  #writeRecords(rrset: RRset, records: number, ttl: number, owner: Name): boolean {
    const shape = this.#shape;
    shape.type = rrsetType(rrset);
    shape.class = rrsetClass(rrset);
    shape.ttl = ttl;
    shape.ownerAt = NOWHERE;
    const start = this.#at;
    const rdatas = rdataCount(rrset);
    let at = rdatasAt(rrset);
    for (let i = 0; i < records; i++) {
      if (i === rdatas) shape.type = TYPE.RRSIG;
      const length = readU16(rrset, at);
      if (!this.#writeRecord(owner, rrset, at + 2, length)) return false;
      if (start <= MAX_POINTER_OFFSET) shape.ownerAt = start;
      at += 2 + length;
    }
    return true;
  }

  /** Writes one record by the rules of `rrset`. */
  record(section: Section, record: ResourceRecord): boolean {
    this.#enter(section);
    if (this.#truncated) return false;
    const start = this.#at;
    const names = this.#names.mark();
    const shape = this.#shape;
    shape.type = record.type;
    shape.class = record.class;
    shape.ttl = record.ttl;
    shape.ownerAt = NOWHERE;
    if (this.#writeRecord(record.owner, record.rdata, 0, record.rdata.length)) {
      this.#counts[this.#section + 1] = (this.#counts[this.#section + 1] ?? 0) + 1;
      return true;
    }
    this.#at = start;
    this.#names.undo(names);
    this.#truncated = section !== 'additional';
    return false;
  }

  /** Writes the OPT, into the reserved room if there is any; false when it does not fit. Call it last. */
  edns(edns: EdnsOut): boolean {
    this.#enter('additional');
    if (this.#at + ednsOctets(edns) > this.#max) return false;
    const rdata = optRdata(edns.options ?? []);
    const at = this.#at;
    this.#buffer[at] = 0;
    writeU16(this.#buffer, at + 1, TYPE.OPT);
    writeU16(this.#buffer, at + 3, edns.udpSize);
    this.#buffer[at + 5] = this.#upperRcode;
    this.#buffer[at + 6] = edns.version ?? 0;
    writeU16(this.#buffer, at + 7, edns.doBit ? EDNS_FLAG_DO : 0);
    writeU16(this.#buffer, at + 9, rdata.length);
    this.#buffer.set(rdata, at + 11);
    this.#at = at + 11 + rdata.length;
    this.#counts[3] = (this.#counts[3] ?? 0) + 1;
    return true;
  }

  /** Writes the counts and returns the length of the message. @hot bench/serve-hot-query.ts */
  finish(): number {
    for (let i = 0; i < 4; i++) writeU16(this.#buffer, 4 + 2 * i, this.#counts[i] ?? 0);
    return this.#at;
  }

  #enter(section: Section): void {
    const number = numberOf(section);
    if (number < this.#section) throw new Error(`section ${section} after a later one`);
    this.#section = number;
  }

  /** Writes one record of the current shape, rdata from `bytes`; false when it does not fit (then `#at` is not moved). */
  #writeRecord(owner: Name, bytes: Uint8Array, rdataAt: number, rdataLength: number): boolean {
    const shape = this.#shape;
    const names = this.#names;
    const fixedAt =
      shape.ownerAt === NOWHERE ? names.write(this.#at, owner, 0) : names.writeAgain(this.#at, shape.ownerAt);
    if (fixedAt < 0) return false;
    const dataAt = fixedAt + RECORD_FIXED_OCTETS;
    if (dataAt > this.#names.limit) return false;
    const end = mayCompressNames(shape.type)
      ? this.#writeNames(dataAt, bytes, rdataAt, rdataAt + rdataLength)
      : this.#copy(dataAt, bytes, rdataAt, rdataAt + rdataLength);
    if (end < 0) return false;
    writeU16(this.#buffer, fixedAt, shape.type);
    writeU16(this.#buffer, fixedAt + 2, shape.class);
    writeU32(this.#buffer, fixedAt + 4, shape.ttl);
    writeU16(this.#buffer, fixedAt + 8, end - dataAt);
    this.ttlOffsets.push(fixedAt + 4);
    this.#at = end;
    return true;
  }

  /** Copies octets to `at`; returns the offset after them, -1 when they do not fit. */
  #copy(at: number, bytes: Uint8Array, from: number, to: number): number {
    const end = at + to - from;
    if (end > this.#names.limit) return -1;
    if (to - from > BULK_COPY_OCTETS) this.#buffer.set(bytes.subarray(from, to), at);
    else for (let i = from; i < to; i++) this.#buffer[at + i - from] = readU8(bytes, i);
    return end;
  }

  /** Writes rdata of a type of RFC 1035 with its names compressed (RFC 3597 §4: no others). */
  #writeNames(at: number, bytes: Uint8Array, from: number, to: number): number {
    let end = at;
    let cursor = from;
    for (const field of rdataLayout(this.#shape.type) ?? []) {
      if (field.kind === 'name') {
        const after = nameEnd(bytes, cursor);
        if (after < 0 || after > to) break;
        end = this.#names.write(end, bytes, cursor);
        cursor = after;
      } else if (field.kind === 'octets') {
        const after = Math.min(cursor + field.length, to);
        end = this.#copy(end, bytes, cursor, after);
        cursor = after;
      }
      if (end < 0) return -1;
    }
    return this.#copy(end, bytes, cursor, to);
  }
}

/** Sections in their order. A table looked into by name would be dearer: V8 keeps no such look-up for more than one name. */
function numberOf(section: Section): number {
  if (section === 'answer') return 0;
  return section === 'authority' ? 1 : 2;
}
