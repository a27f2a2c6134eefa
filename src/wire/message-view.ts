/**
 * One parsed message over its bytes: parsed once into offsets, fields read in place.
 *
 * Duties: strict framing (RFC 1035 §4.1, RFC 9267): counts checked against the length before anything is allocated, every
 * name well-formed, every rdata inside its RDLENGTH and fitting its type, one bound on the total pointer work.
 * Leaves to others: what the records mean, EDNS options (edns.ts).
 * The view owns its bytes: the caller must not change or reuse them.
 */

import { readU16, readU32 } from './bytes.ts';
import { type Name, type PointerBudget, readName } from './name.ts';
import type { Question } from './question.ts';
import { readRdata } from './rdata-names.ts';
import { TYPE } from './rr-type.ts';

/** Octets of the message header. */
export const HEADER_OCTETS = 12;
/** Smallest record: root owner, type, class, TTL, RDLENGTH. */
const MIN_RECORD_OCTETS = 11;
/** Smallest question: root name, type, class. */
const MIN_QUESTION_OCTETS = 5;
/**
 * Pointers followed in one message, all names together. 64 KiB hold at most about 5,400 records; two pointers each is
 * what a heavily compressed honest message needs. Bounds the pointer-chain attack of dependencies.md 2.4.
 */
export const MAX_POINTERS_PER_MESSAGE = 12_000;

/** Sections of records. */
export type Section = 'answer' | 'authority' | 'additional';

/** Why bytes are not a message. */
export type MalformedReason =
  | 'shorter than a header'
  | 'counts larger than the message'
  | 'bad question'
  | 'bad owner name'
  | 'record cut short'
  | 'bad rdata'
  | 'octets after the last record'
  | 'more than one OPT'
  | 'OPT misplaced';

/** Range of record indexes of a section: from `start` up to but not including `end`. */
export interface SectionRange {
  readonly start: number;
  readonly end: number;
}

/** A view, or why there is none. */
export type ParsedMessage =
  | { readonly ok: true; readonly message: MessageView }
  | { readonly ok: false; readonly reason: MalformedReason };

/** What the parser found, kept by the view. */
interface Offsets {
  readonly questions: readonly Question[];
  readonly questionEnd: number;
  /** Per record: owner offset, offset after the owner. */
  readonly owners: readonly Name[];
  readonly fixedAt: Uint16Array;
  readonly rdatas: readonly Uint8Array[];
  readonly optIndex: number;
}

/** A parsed message. */
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
  readonly #offsets: Offsets;

  constructor(bytes: Uint8Array, offsets: Offsets) {
    this.bytes = bytes;
    this.id = readU16(bytes, 0);
    this.flags = readU16(bytes, 2);
    this.questions = offsets.questions;
    this.questionEnd = offsets.questionEnd;
    const answers = readU16(bytes, 6);
    const authorities = readU16(bytes, 8);
    this.answer = { start: 0, end: answers };
    this.authority = { start: answers, end: answers + authorities };
    this.additional = { start: answers + authorities, end: offsets.owners.length };
    this.optIndex = offsets.optIndex;
    this.#offsets = offsets;
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

  /** Number of records in all three sections. */
  get recordCount(): number {
    return this.#offsets.owners.length;
  }

  owner(index: number): Name {
    return this.#offsets.owners[index] as Name;
  }

  type(index: number): number {
    return readU16(this.bytes, this.#fixedAt(index));
  }

  class(index: number): number {
    return readU16(this.bytes, this.#fixedAt(index) + 2);
  }

  /** TTL in seconds; one with the top bit set counts as 0 (RFC 2181 §8). */
  ttl(index: number): number {
    const ttl = this.ttlField(index);
    return ttl > 0x7fffffff ? 0 : ttl;
  }

  /** The TTL field as it stands (OPT keeps its flags there, RFC 6891 §6.1.3). */
  ttlField(index: number): number {
    return readU32(this.bytes, this.#fixedAt(index) + 4);
  }

  /** Rdata with names uncompressed; may be a view on the message. */
  rdata(index: number): Uint8Array {
    return this.#offsets.rdatas[index] as Uint8Array;
  }

  #fixedAt(index: number): number {
    return this.#offsets.fixedAt[index] as number;
  }
}

/** Parses bytes into a view, strictly. */
export function parseMessage(bytes: Uint8Array): ParsedMessage {
  if (bytes.length < HEADER_OCTETS) return malformed('shorter than a header');
  const questionCount = readU16(bytes, 4);
  const recordCount = readU16(bytes, 6) + readU16(bytes, 8) + readU16(bytes, 10);
  const least = HEADER_OCTETS + questionCount * MIN_QUESTION_OCTETS + recordCount * MIN_RECORD_OCTETS;
  if (least > bytes.length) return malformed('counts larger than the message');
  const budget = { left: MAX_POINTERS_PER_MESSAGE };
  const questions = parseQuestions(bytes, questionCount, budget);
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

function parseQuestions(bytes: Uint8Array, count: number, budget: PointerBudget): ParsedQuestions | null {
  const questions: Question[] = [];
  let at = HEADER_OCTETS;
  for (let i = 0; i < count; i++) {
    const read = readName(bytes, at, bytes.length, budget);
    if (read === null || read.end + 4 > bytes.length) return null;
    questions.push({ name: read.name, type: readU16(bytes, read.end), class: readU16(bytes, read.end + 2) });
    at = read.end + 4;
  }
  return { questions, end: at };
}

function parseRecords(
  bytes: Uint8Array,
  count: number,
  { questions, end: questionEnd }: ParsedQuestions,
  budget: PointerBudget,
): ParsedMessage {
  const owners: Name[] = [];
  const rdatas: Uint8Array[] = [];
  const fixedAt = new Uint16Array(count);
  const additionalStart = readU16(bytes, 6) + readU16(bytes, 8);
  let optIndex = -1;
  let at = questionEnd;
  for (let i = 0; i < count; i++) {
    const owner = readName(bytes, at, bytes.length, budget);
    if (owner === null) return malformed('bad owner name');
    if (owner.end + 10 > bytes.length) return malformed('record cut short');
    const type = readU16(bytes, owner.end);
    const length = readU16(bytes, owner.end + 8);
    at = owner.end + 10 + length;
    if (at > bytes.length) return malformed('record cut short');
    const rdata = readRdata(bytes, owner.end + 10, length, type, budget);
    if (rdata === null) return malformed('bad rdata');
    if (type === TYPE.OPT) {
      // RFC 6891 §6.1.1: at most one OPT, in the additional section, owner the root.
      if (optIndex >= 0) return malformed('more than one OPT');
      if (i < additionalStart || owner.name.length !== 1) return malformed('OPT misplaced');
      optIndex = i;
    }
    owners.push(owner.name);
    rdatas.push(rdata);
    fixedAt[i] = owner.end;
  }
  if (at !== bytes.length) return malformed('octets after the last record');
  return { ok: true, message: new MessageView(bytes, { questions, questionEnd, owners, fixedAt, rdatas, optIndex }) };
}
