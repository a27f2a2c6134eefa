/**
 * One parsed message over its bytes: parsed once into offsets, fields read in place.
 *
 * Duties: strict framing (RFC 1035 §4.1, RFC 9267): counts checked against the length before anything is allocated, every
 * name well-formed, every rdata inside its RDLENGTH and fitting its type, one bound on the total pointer work. A record that
 * cannot be, but whose end is known, is left out and noted; octets after the last record are not looked at.
 * Leaves to others: what the records mean, what follows from one that was left out, EDNS options (edns.ts).
 * The view owns its bytes: the caller must not change or reuse them.
 */

import { readU16, readU32 } from './bytes.ts';
import { type Name, type PointerBudget, readName, skipName } from './name.ts';
import type { Question } from './question.ts';
import { expandRdata, measureRdata } from './rdata-names.ts';
import { TYPE } from './rr-type.ts';
import { shorten } from './shorten.ts';

/** Octets of the message header (RFC 1035 §4.1.1). */
export const HEADER_OCTETS = 12;
/** Octets between an owner and its rdata: type, class, TTL, RDLENGTH (RFC 1035 §4.1.3). */
export const RECORD_FIXED_OCTETS = 10;
/** Smallest record: that, with the root as owner. */
const MIN_RECORD_OCTETS = 1 + RECORD_FIXED_OCTETS;
/** Smallest question: root name, type, class. */
const MIN_QUESTION_OCTETS = 5;
/**
 * Pointers followed in one message, all names together. 64 KiB hold at most about 5,400 records; two pointers each is
 * what a heavily compressed honest message needs. Bounds the work that chains of pointers cost.
 */
const MAX_POINTERS_PER_MESSAGE = 12_000;

/** Octets above which a view and one call for all take less than a loop. */
const BULK_COPY_OCTETS = 32;

/** Owners of one message that are kept to be pointed to: a denial or a referral has no more, and each is compared with. */
const MAX_OWNERS_REMEMBERED = 8;

export type Section = 'answer' | 'authority' | 'additional';

/** Why bytes are not a message. */
export type MalformedReason =
  | 'shorter than a header'
  | 'counts larger than the message'
  | 'bad question'
  | 'bad owner name'
  | 'record cut short'
  | 'bad rdata';

/** A record that was left out: its rdata does not fit its type, its owner is no name, or it is an OPT out of place. */
export interface DroppedRecord {
  readonly section: Section;
  /** Null: it has no owner that can be read. */
  readonly owner: Name | null;
  readonly type: number;
  readonly class: number;
}

const NO_RECORDS: DroppedRecord[] = [];

/** Range of record indexes of a section: from `start` up to but not including `end`. */
export interface SectionRange {
  readonly start: number;
  readonly end: number;
}

/** A view, or why there is none. */
type ParsedMessage =
  | { readonly ok: true; readonly message: MessageView }
  | { readonly ok: false; readonly reason: MalformedReason };

/** What is kept of each record in numbers. */
const FIELDS = 4;
/** Offset after the owner. */
const FIXED_AT = 0;
const RECORD_TYPE = 1;
const RECORD_CLASS = 2;
/** Octets of the rdata, as a negative number where names in it are compressed. */
const RDATA_OCTETS = 3;

/** What the parser found. */
interface Offsets {
  readonly questions: readonly Question[];
  readonly questionEnd: number;
  readonly owners: readonly Name[];
  /** Of each record `FIELDS` numbers. */
  readonly fields: readonly number[];
  readonly optIndex: number;
  /** Records up to the end of the answer section, and of the authority section. */
  readonly answerEnd: number;
  readonly authorityEnd: number;
  readonly dropped: readonly DroppedRecord[];
}

export class MessageView {
  readonly bytes: Uint8Array;
  readonly id: number;
  readonly flags: number;
  readonly questions: readonly Question[];
  /** Offset after the question section. */
  readonly questionEnd: number;
  readonly answer: SectionRange;
  readonly authority: SectionRange;
  readonly additional: SectionRange;
  /** Index of the OPT record; -1 when there is none. */
  readonly optIndex: number;
  /** Records that were left out of the sections. */
  readonly dropped: readonly DroppedRecord[];
  readonly #owners: readonly Name[];
  readonly #fields: readonly number[];

  constructor(bytes: Uint8Array, offsets: Offsets) {
    this.bytes = bytes;
    this.id = readU16(bytes, 0);
    this.flags = readU16(bytes, 2);
    this.questions = offsets.questions;
    this.questionEnd = offsets.questionEnd;
    this.answer = { start: 0, end: offsets.answerEnd };
    this.authority = { start: offsets.answerEnd, end: offsets.authorityEnd };
    this.additional = { start: offsets.authorityEnd, end: offsets.owners.length };
    this.optIndex = offsets.optIndex;
    this.dropped = offsets.dropped;
    this.#owners = offsets.owners;
    this.#fields = offsets.fields;
  }

  get opcode(): number {
    return (this.flags >>> 11) & 15;
  }

  /** Rcode with the OPT record's upper bits (RFC 6891 §6.1.3). */
  get rcode(): number {
    const upper = this.optIndex < 0 ? 0 : this.ttlField(this.optIndex) >>> 24;
    return (upper << 4) | (this.flags & 15);
  }

  /** True when all bits of `flag` (rcode.ts FLAG) are set. */
  has(flag: number): boolean {
    return (this.flags & flag) === flag;
  }

  /** Number of records in all three sections, without those left out. */
  get recordCount(): number {
    return this.#owners.length;
  }

  owner(index: number): Name {
    return this.#owners[index] as Name;
  }

  type(index: number): number {
    return this.#fields[FIELDS * index + RECORD_TYPE] as number;
  }

  class(index: number): number {
    return this.#fields[FIELDS * index + RECORD_CLASS] as number;
  }

  /** TTL in seconds; one with the top bit set counts as 0 (RFC 2181 §8). */
  ttl(index: number): number {
    const ttl = this.ttlField(index);
    return ttl > 0x7fffffff ? 0 : ttl;
  }

  /** The TTL field as it stands (OPT keeps its flags there, RFC 6891 §6.1.3). */
  ttlField(index: number): number {
    return readU32(this.bytes, (this.#fields[FIELDS * index + FIXED_AT] as number) + 4);
  }

  /** Rdata with names uncompressed; a view on the message where nothing was compressed. */
  rdata(index: number): Uint8Array {
    const start = this.rdataAt(index);
    const octets = this.#fields[FIELDS * index + RDATA_OCTETS] as number;
    if (octets >= 0) return this.bytes.subarray(start, start + octets);
    const rdata = new Uint8Array(-octets);
    expandRdata(this.bytes, start, rdata, 0);
    return rdata;
  }

  /** Octets of the rdata with names uncompressed. */
  rdataOctets(index: number): number {
    const octets = this.#fields[FIELDS * index + RDATA_OCTETS] as number;
    return octets < 0 ? -octets : octets;
  }

  /** Copies the rdata with names uncompressed; the offset after it. */
  copyRdata(index: number, into: Uint8Array, at: number): number {
    const start = this.rdataAt(index);
    const octets = this.#fields[FIELDS * index + RDATA_OCTETS] as number;
    if (octets < 0) return expandRdata(this.bytes, start, into, at);
    if (octets > BULK_COPY_OCTETS) into.set(this.bytes.subarray(start, start + octets), at);
    else for (let i = 0; i < octets; i++) into[at + i] = this.bytes[start + i] as number;
    return at + octets;
  }

  /** Where the rdata begins; names in it may be compressed. */
  rdataAt(index: number): number {
    return (this.#fields[FIELDS * index + FIXED_AT] as number) + RECORD_FIXED_OCTETS;
  }
}

/** Parses bytes into a view. Where they say the question `expected`, octet for octet, it is that one and no copy. */
export function parseMessage(bytes: Uint8Array, expected: Question | null = null): ParsedMessage {
  if (bytes.length < HEADER_OCTETS) return malformed('shorter than a header');
  const questionCount = readU16(bytes, 4);
  const recordCount = readU16(bytes, 6) + readU16(bytes, 8) + readU16(bytes, 10);
  const least = HEADER_OCTETS + questionCount * MIN_QUESTION_OCTETS + recordCount * MIN_RECORD_OCTETS;
  if (least > bytes.length) return malformed('counts larger than the message');
  const budget = { left: MAX_POINTERS_PER_MESSAGE };
  const questions =
    expected !== null && questionCount === 1 && isQuestionAt(bytes, HEADER_OCTETS, expected)
      ? { questions: [expected], end: HEADER_OCTETS + expected.name.length + 4 }
      : parseQuestions(bytes, questionCount, budget);
  if (questions === null) return malformed('bad question');
  return parseRecords(bytes, recordCount, questions, budget);
}

function malformed(reason: MalformedReason): ParsedMessage {
  return { ok: false, reason };
}

interface ParsedQuestions {
  readonly questions: readonly Question[];
  readonly end: number;
}

function isQuestionAt(bytes: Uint8Array, at: number, { name, type, class: rrClass }: Question): boolean {
  const end = at + name.length;
  if (end + 4 > bytes.length || readU16(bytes, end) !== type || readU16(bytes, end + 2) !== rrClass) return false;
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
  return true;
}

function parseQuestions(bytes: Uint8Array, count: number, budget: PointerBudget): ParsedQuestions | null {
  const questions = new Array<Question>(count);
  let at = HEADER_OCTETS;
  for (let i = 0; i < count; i++) {
    const name = readName(bytes, at, bytes.length, budget);
    const end = skipName(bytes, at);
    if (name === null || end + 4 > bytes.length) return null;
    questions[i] = { name, type: readU16(bytes, end), class: readU16(bytes, end + 2) };
    at = end + 4;
  }
  return { questions, end: at };
}

/** Where the owners that are remembered begin. One message is read at a time. */
const ownerStarts = new Uint16Array(MAX_OWNERS_REMEMBERED);

/** Reads owners. Most are a pointer to the question's name or to an owner before: such a one is the same object. */
class OwnerNames {
  readonly #bytes: Uint8Array;
  readonly #budget: PointerBudget;
  readonly #names = new Array<Name>(MAX_OWNERS_REMEMBERED);
  #count = 0;

  constructor(bytes: Uint8Array, questions: readonly Question[], budget: PointerBudget) {
    this.#bytes = bytes;
    this.#budget = budget;
    const [first] = questions;
    if (first !== undefined) this.#remember(HEADER_OCTETS, first.name);
  }

  read(at: number): Name | null {
    const target = readU16(this.#bytes, at) - 0xc000;
    if (target >= 0) {
      for (let i = 0; i < this.#count; i++) {
        if (ownerStarts[i] === target && --this.#budget.left >= 0) return this.#names[i] as Name;
      }
    }
    const name = readName(this.#bytes, at, this.#bytes.length, this.#budget);
    if (name !== null && target < 0 && this.#count < MAX_OWNERS_REMEMBERED) this.#remember(at, name);
    return name;
  }

  #remember(start: number, name: Name): void {
    ownerStarts[this.#count] = start;
    this.#names[this.#count++] = name;
  }
}

function parseRecords(
  bytes: Uint8Array,
  count: number,
  { questions, end: questionEnd }: ParsedQuestions,
  budget: PointerBudget,
): ParsedMessage {
  const names = new OwnerNames(bytes, questions, budget);
  const owners = new Array<Name>(count);
  const fields = new Array<number>(FIELDS * count);
  let dropped = NO_RECORDS;
  const answers = readU16(bytes, 6);
  const beforeAdditional = answers + readU16(bytes, 8);
  let kept = 0;
  let answerEnd = 0;
  let authorityEnd = 0;
  let optIndex = -1;
  let at = questionEnd;
  for (let i = 0; i < count; i++) {
    const owner = names.read(at);
    const ownerEnd = skipName(bytes, at);
    // Without its end, or with no pointers left to follow, nothing after it can be read.
    if (ownerEnd < 0 || budget.left < 0) return malformed('bad owner name');
    if (ownerEnd + 10 > bytes.length) return malformed('record cut short');
    const type = readU16(bytes, ownerEnd);
    const rrClass = readU16(bytes, ownerEnd + 2);
    at = ownerEnd + 10 + readU16(bytes, ownerEnd + 8);
    if (at > bytes.length) return malformed('record cut short');
    const octets = measureRdata(bytes, { start: ownerEnd + 10, end: at }, type, budget);
    if (budget.left < 0) return malformed('bad rdata');
    // RFC 6891 §6.1.1: at most one OPT, in the additional section, owner the root.
    const isBadOpt = type === TYPE.OPT && (optIndex >= 0 || i < beforeAdditional || owner?.length !== 1);
    if (owner === null || octets === null || isBadOpt) {
      const section: Section = i < answers ? 'answer' : i < beforeAdditional ? 'authority' : 'additional';
      if (dropped === NO_RECORDS) dropped = [];
      dropped.push({ section, owner, type, class: rrClass });
      continue;
    }
    if (type === TYPE.OPT) optIndex = kept;
    owners[kept] = owner;
    const field = FIELDS * kept++;
    fields[field + FIXED_AT] = ownerEnd;
    fields[field + RECORD_TYPE] = type;
    fields[field + RECORD_CLASS] = rrClass;
    fields[field + RDATA_OCTETS] = octets;
    if (i < answers) answerEnd = kept;
    if (i < beforeAdditional) authorityEnd = kept;
  }
  shorten(owners, kept);
  const offsets = { questions, questionEnd, owners, fields, optIndex, answerEnd, authorityEnd, dropped };
  return { ok: true, message: new MessageView(bytes, offsets) };
}
