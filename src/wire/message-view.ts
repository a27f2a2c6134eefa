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
import { type Name, type PointerBudget, type ReadName, readName, skipName } from './name.ts';
import type { Question } from './question.ts';
import { readRdata } from './rdata-names.ts';
import { TYPE } from './rr-type.ts';

/** Octets of the message header (RFC 1035 §4.1.1). */
export const HEADER_OCTETS = 12;
/** Smallest record: root owner, type, class, TTL, RDLENGTH. */
const MIN_RECORD_OCTETS = 11;
/** Smallest question: root name, type, class. */
const MIN_QUESTION_OCTETS = 5;
/**
 * Pointers followed in one message, all names together. 64 KiB hold at most about 5,400 records; two pointers each is
 * what a heavily compressed honest message needs. Bounds the work that chains of pointers cost.
 */
const MAX_POINTERS_PER_MESSAGE = 12_000;

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

/** Range of record indexes of a section: from `start` up to but not including `end`. */
export interface SectionRange {
  readonly start: number;
  readonly end: number;
}

/** A view, or why there is none. */
type ParsedMessage =
  | { readonly ok: true; readonly message: MessageView }
  | { readonly ok: false; readonly reason: MalformedReason };

/** What the parser found, kept by the view. */
interface Offsets {
  readonly questions: readonly Question[];
  readonly questionEnd: number;
  /** Per record: owner offset, offset after the owner. */
  readonly owners: readonly Name[];
  readonly fixedAt: readonly number[];
  readonly rdatas: readonly Uint8Array[];
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
  readonly #offsets: Offsets;

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

  /** Number of records in all three sections, without those left out. */
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

/** Parses bytes into a view. */
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

/** Reads owners. Most are a pointer to the question's name or to an owner before: such a one is the same object. */
class OwnerNames {
  readonly #bytes: Uint8Array;
  readonly #budget: PointerBudget;
  readonly #starts: number[] = [];
  readonly #names: Name[] = [];

  constructor(bytes: Uint8Array, questions: readonly Question[], budget: PointerBudget) {
    this.#bytes = bytes;
    this.#budget = budget;
    const [first] = questions;
    if (first !== undefined) this.#remember(HEADER_OCTETS, first.name);
  }

  read(at: number): ReadName | null {
    const target = readU16(this.#bytes, at) - 0xc000;
    const known = target < 0 ? -1 : this.#starts.indexOf(target);
    const name = this.#names[known];
    if (name !== undefined && --this.#budget.left >= 0) return { name, end: at + 2 };
    const read = readName(this.#bytes, at, this.#bytes.length, this.#budget);
    if (read !== null && target < 0 && this.#starts.length < MAX_OWNERS_REMEMBERED) this.#remember(at, read.name);
    return read;
  }

  #remember(start: number, name: Name): void {
    this.#starts.push(start);
    this.#names.push(name);
  }
}

function parseRecords(
  bytes: Uint8Array,
  count: number,
  { questions, end: questionEnd }: ParsedQuestions,
  budget: PointerBudget,
): ParsedMessage {
  const names = new OwnerNames(bytes, questions, budget);
  const owners: Name[] = [];
  const rdatas: Uint8Array[] = [];
  const dropped: DroppedRecord[] = [];
  const fixedAt: number[] = [];
  const answers = readU16(bytes, 6);
  const authorities = readU16(bytes, 8);
  let [answerEnd, authorityEnd, optIndex, at] = [0, 0, -1, questionEnd];
  for (let i = 0; i < count; i++) {
    const section: Section = i < answers ? 'answer' : i < answers + authorities ? 'authority' : 'additional';
    const owner = names.read(at);
    const ownerEnd = owner?.end ?? skipName(bytes, at);
    // Without its end, or with no pointers left to follow, nothing after it can be read.
    if (ownerEnd < 0 || budget.left < 0) return malformed('bad owner name');
    if (ownerEnd + 10 > bytes.length) return malformed('record cut short');
    const type = readU16(bytes, ownerEnd);
    const length = readU16(bytes, ownerEnd + 8);
    at = ownerEnd + 10 + length;
    if (at > bytes.length) return malformed('record cut short');
    const rdata = readRdata(bytes, { start: ownerEnd + 10, end: at }, type, budget);
    if (budget.left < 0) return malformed('bad rdata');
    // RFC 6891 §6.1.1: at most one OPT, in the additional section, owner the root.
    const isBadOpt = type === TYPE.OPT && (optIndex >= 0 || section !== 'additional' || owner?.name.length !== 1);
    if (owner === null || rdata === null || isBadOpt) {
      dropped.push({ section, owner: owner?.name ?? null, type, class: readU16(bytes, ownerEnd + 2) });
      continue;
    }
    if (type === TYPE.OPT) optIndex = owners.length;
    fixedAt.push(ownerEnd);
    owners.push(owner.name);
    rdatas.push(rdata);
    if (section === 'answer') answerEnd = owners.length;
    if (section !== 'additional') authorityEnd = owners.length;
  }
  const offsets = { questions, questionEnd, owners, fixedAt, rdatas, optIndex, answerEnd, authorityEnd, dropped };
  return { ok: true, message: new MessageView(bytes, offsets) };
}
