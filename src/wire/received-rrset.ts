/**
 * RRsets as a received message has them: told apart by numbers and octets in place, and packed when somebody looks into one.
 *
 * Duties: one set per owner (without case), type and class of a section, with the RRSIGs that stand in it; lowest TTL of a set
 * (RFC 2181 §5.2); the one copy out of the message, names uncompressed, equal records once.
 * Leaves to others: what the sender may speak of, whether the signatures verify.
 */

import { readU16, sharedBytes, writeU16 } from './bytes.ts';
import type { MessageView, SectionRange } from './message-view.ts';
import type { Name } from './name.ts';
import { TYPE } from './rr-type.ts';
import {
  beginRRset,
  endRdatas,
  endRRset,
  firstRdatasOf,
  firstSignaturesOf,
  OWNER_AT,
  packRRset,
  type RRset,
  rdataCount,
  signatureCount,
  unpackRRset,
} from './rrset.ts';
import { type KeyedRRset, SetIndex } from './rrsets.ts';

const NOTHING: ReceivedRRset[] = [];

/** Reads the sets of one class out of a message. */
export class RRsetReader {
  readonly message: MessageView;
  /** By a record's index: the index of the next record of the same set, or of the next RRSIG over it. */
  readonly following: number[];
  /** Records that made one set more than there may be in a section. */
  leftOut = 0;
  readonly #class: number;
  readonly #maxSets: number;

  /** `maxSets`: of each section. */
  constructor(message: MessageView, rrClass: number, maxSets: number) {
    this.message = message;
    this.following = new Array<number>(message.recordCount);
    this.#class = rrClass;
    this.#maxSets = maxSets;
  }

  /**
   * The sets of a section. RRSIGs whose covered set is not there form a set of type RRSIG, so that a question for RRSIG or ANY
   * keeps its answer.
   */
  read({ start, end }: SectionRange): ReceivedRRset[] {
    if (start === end) return NOTHING;
    const { message } = this;
    const sets = new SetIndex<ReceivedRRset>();
    let hasSignatures = false;
    for (let i = start; i < end; i++) {
      if (i === message.optIndex || message.class(i) !== this.#class) continue;
      const type = message.type(i);
      if (type === TYPE.RRSIG) hasSignatures = true;
      else this.#add(sets, i, type);
    }
    if (hasSignatures) this.#readSignatures(sets, start, end);
    return sets.list;
  }

  /** Octets of a list of records, each with its length. */
  octetsOf(first: number, count: number): number {
    let octets = 0;
    for (let i = first, left = count; left > 0; i = this.following[i] as number, left--) {
      octets += 2 + this.message.rdataOctets(i);
    }
    return octets;
  }

  /** Copies them; the offset after the last. */
  copy(first: number, count: number, block: Uint8Array, to: number): number {
    let at = to;
    for (let i = first, left = count; left > 0; i = this.following[i] as number, left--) {
      const end = this.message.copyRdata(i, block, at + 2);
      writeU16(block, at, end - at - 2);
      at = end;
    }
    return at;
  }

  #readSignatures(sets: SetIndex<ReceivedRRset>, start: number, end: number): void {
    const { message } = this;
    for (let i = start; i < end; i++) {
      if (message.type(i) !== TYPE.RRSIG || message.class(i) !== this.#class) continue;
      // RFC 4034 §3.1: the covered type comes first, and the signer's name is behind it.
      const coveredType = readU16(message.bytes, message.rdataAt(i));
      const covered = coveredType === TYPE.RRSIG ? undefined : sets.find(message.owner(i), coveredType, this.#class);
      if (covered === undefined) this.#add(sets, i, TYPE.RRSIG);
      else covered.addSignature(i);
    }
  }

  #add(sets: SetIndex<ReceivedRRset>, index: number, type: number): void {
    const set = sets.find(this.message.owner(index), type, this.#class);
    if (set !== undefined) set.add(index);
    else if (sets.list.length >= this.#maxSets) this.leftOut++;
    else sets.add(new ReceivedRRset(this, index, type));
  }
}

/** A set of a received message. It holds the message until it is packed. */
export class ReceivedRRset implements KeyedRRset {
  readonly owner: Name;
  readonly type: number;
  readonly class: number;
  /** Lowest TTL of all records and RRSIGs of the set, seconds (RFC 2181 §5.2). */
  ttl: number;
  #reader: RRsetReader | null;
  #rrset: RRset | null = null;
  #first: number;
  #last: number;
  #count = 1;
  #firstSignature = -1;
  #lastSignature = -1;
  #signatures = 0;

  /** Of one record so far. */
  constructor(reader: RRsetReader, index: number, type: number) {
    const { message } = reader;
    this.owner = message.owner(index);
    this.type = type;
    this.class = message.class(index);
    this.ttl = message.ttl(index);
    this.#reader = reader;
    this.#first = index;
    this.#last = index;
  }

  /** Records in it, equal ones counted each until it is packed. */
  get count(): number {
    return this.#rrset === null ? this.#count : rdataCount(this.#rrset);
  }

  get rrset(): RRset {
    if (this.#reader !== null) {
      this.#rrset = this.#pack(this.#reader);
      this.#reader = null;
    }
    return this.#rrset as RRset;
  }

  /** The same records, some left out or signatures added. */
  set rrset(rrset: RRset) {
    this.#rrset = rrset;
    this.#reader = null;
  }

  /** One record more of the message, before it is packed. */
  add(index: number): void {
    const reader = this.#reader as RRsetReader;
    reader.following[this.#last] = index;
    this.#last = index;
    this.#count++;
    this.ttl = Math.min(this.ttl, reader.message.ttl(index));
  }

  /** One RRSIG more that covers it, before it is packed. */
  addSignature(index: number): void {
    const reader = this.#reader as RRsetReader;
    if (this.#signatures++ === 0) this.#firstSignature = index;
    else reader.following[this.#lastSignature] = index;
    this.#lastSignature = index;
    this.ttl = Math.min(this.ttl, reader.message.ttl(index));
  }

  /** Keeps the first so many records, and so many RRSIGs, and no more. */
  limit(records: number, signatures: number): void {
    this.#count = Math.min(this.#count, records);
    this.#signatures = Math.min(this.#signatures, signatures);
    if (this.#rrset !== null) this.#rrset = firstOf(this.#rrset, records, signatures);
  }

  #pack(reader: RRsetReader): RRset {
    const first = this.#first;
    const firstSignature = this.#firstSignature;
    const octets = reader.octetsOf(first, this.#count) + reader.octetsOf(firstSignature, this.#signatures);
    const block = sharedBytes(OWNER_AT + this.owner.length + octets);
    const from = beginRRset(block, this.owner, this.type, this.class);
    const middle = endRdatas(block, from, reader.copy(first, this.#count, block, from), this.#count);
    const end = reader.copy(firstSignature, this.#signatures, block, middle);
    return endRRset(block, middle, end, this.#signatures);
  }
}

function firstOf(rrset: RRset, records: number, signatures: number): RRset {
  if (rdataCount(rrset) <= records && signatureCount(rrset) <= signatures) return rrset;
  const first = { rdatas: firstRdatasOf(rrset, records), signatures: firstSignaturesOf(rrset, signatures) };
  return packRRset({ ...unpackRRset(rrset), ...first });
}
