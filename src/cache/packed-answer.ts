/**
 * Answers as octets: question, times, verdict, and references to their RRsets, which lie where the RRset cache keeps its own.
 *
 * An answer keeps its sets as they were when it was stored, whatever is replaced or dropped in the RRset cache afterwards; the one
 * thing that shows is that unchecked data was proven meanwhile.
 */

import type { AliasStep, FinalAnswer } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { bytesEqual } from '../wire/bytes.ts';
import type { Name } from '../wire/name.ts';
import { type Question, questionsEqual } from '../wire/question.ts';
import type { AnswerEntry } from './cached-answer.ts';
import type { PackedForm } from './packed-map.ts';
import { readVerdict, writeVerdict } from './packed-verdict.ts';
import type { Packer, Unpacker } from './packing.ts';
import type { RRsetCache } from './rrset-cache.ts';

/** Where the sets of answers lie. */
type Sets = Pick<RRsetCache, 'refer' | 'referred' | 'release'>;

/** Kinds of ends, by number. */
const END_KINDS = ['answer', 'nodata', 'nxdomain'] as const;
/** What is said of an answer in bits, besides its kind. */
const KIND_BITS = 3;
const HAS_OWN_QUESTION = 1 << 2;
const HAS_SERVER = 1 << 3;
const HAS_REFRESH = 1 << 4;
const HAS_STALE = 1 << 5;
const IS_SYNTHESISED = 1 << 6;
const HAS_ALIASES = 1 << 7;
const NOTHING: readonly never[] = [];
/** A reference is written as its slot's number plus one. */
const NO_REFERENCE = 0;

/** The form of answers whose sets lie there. */
export function answerForm(sets: Sets): PackedForm<AnswerEntry> {
  return {
    write: (entry, to) => writeAnswer(entry, to, sets),
    read: (from) => readAnswer(from, sets),
    drop: (from) => dropAnswer(from, sets),
  };
}

function writeAnswer({ question, cached }: AnswerEntry, to: Packer, sets: Sets): void {
  const { aliases, end } = cached.found;
  const isSame = questionsEqual(question, end.question) && bytesEqual(question.name, end.question.name);
  let bits = END_KINDS.indexOf(end.kind);
  if (!isSame) bits |= HAS_OWN_QUESTION;
  if (end.server !== null) bits |= HAS_SERVER;
  if (cached.refreshAt !== undefined) bits |= HAS_REFRESH;
  if (cached.staleSince !== undefined) bits |= HAS_STALE;
  if (end.isSynthesised === true) bits |= IS_SYNTHESISED;
  if (aliases.length > 0) bits |= HAS_ALIASES;
  to.u16(bits);
  to.u16(end.rcode);
  to.u16(question.type);
  to.u16(question.class);
  to.time(cached.expiresAt);
  to.bytes(question.name);
  // First, so that they are found without reading the rest when they are given up.
  writeList(end.answer, to, sets);
  writeList(end.authority, to, sets);
  writeList(end.additional, to, sets);
  if (aliases.length > 0) writeAliases(aliases, to, sets);
  if (!isSame) writeQuestion(end.question, to);
  to.time(end.expiresAt);
  to.time(cached.storedAt);
  if (cached.refreshAt !== undefined) to.time(cached.refreshAt);
  if (cached.staleSince !== undefined) to.time(cached.staleSince);
  to.nameBeside(end.zone, question.name, 0, question.name.length);
  if (end.server !== null) to.text(end.server);
  writeVerdict(cached.verdict, to);
}

function readAnswer(from: Unpacker, sets: Sets): AnswerEntry {
  const bits = from.u16();
  const rcode = from.u16();
  const type = from.u16();
  const rrClass = from.u16();
  const expiresAt = from.time();
  const question: Question = { name: from.name(), type, class: rrClass };
  const answer = readList(from, sets);
  const authority = readList(from, sets);
  const additional = readList(from, sets);
  const aliases = (bits & HAS_ALIASES) === 0 ? NOTHING : readAliases(from, sets);
  const asked = (bits & HAS_OWN_QUESTION) === 0 ? question : readQuestion(from);
  const endsAt = from.time();
  const storedAt = from.time();
  const refresh = (bits & HAS_REFRESH) === 0 ? null : { refreshAt: from.time() };
  const stale = (bits & HAS_STALE) === 0 ? null : { staleSince: from.time() };
  const end: FinalAnswer = {
    kind: END_KINDS[bits & KIND_BITS] ?? 'answer',
    question: asked,
    rcode,
    answer,
    authority,
    additional,
    // Every answer has one.
    zone: from.nameBeside(question.name, 0, question.name.length) as Name,
    server: (bits & HAS_SERVER) === 0 ? null : from.text(),
    expiresAt: endsAt,
    ...((bits & IS_SYNTHESISED) === 0 ? null : { isSynthesised: true }),
  };
  const verdict = readVerdict(from);
  return {
    question,
    cached: { found: { kind: 'found', aliases, end }, verdict, storedAt, expiresAt, ...refresh, ...stale },
  };
}

/** Whether an answer is that the name does not exist; reads no more than that. */
export function saysNxdomain(from: Unpacker): boolean {
  return END_KINDS[from.u16() & KIND_BITS] === 'nxdomain';
}

/** Gives up the references of an answer. */
function dropAnswer(from: Unpacker, sets: Sets): void {
  const bits = from.u16();
  from.at += 2 + 2 + 2 + 4;
  from.skipName();
  for (let list = 0; list < 3; list++) dropList(from, sets);
  if ((bits & HAS_ALIASES) === 0) return;
  for (let left = from.u16(); left > 0; left--) {
    from.u8();
    skipQuestion(from);
    from.skipName();
    release(from.u32(), sets);
    release(from.u32(), sets);
    dropList(from, sets);
  }
}

function writeList(list: readonly RankedRRset[], to: Packer, sets: Sets): void {
  to.u16(list.length);
  for (let i = 0; i < list.length; i++) to.u32(sets.refer(list[i] as RankedRRset) + 1);
}

function readList(from: Unpacker, sets: Sets): readonly RankedRRset[] {
  const count = from.u16();
  if (count === 0) return NOTHING;
  const list: RankedRRset[] = [];
  for (let i = 0; i < count; i++) list.push(sets.referred(from.u32() - 1));
  return list;
}

function dropList(from: Unpacker, sets: Sets): void {
  for (let left = from.u16(); left > 0; left--) release(from.u32(), sets);
}

function release(reference: number, sets: Sets): void {
  if (reference !== NO_REFERENCE) sets.release(reference - 1);
}

function writeAliases(aliases: readonly AliasStep[], to: Packer, sets: Sets): void {
  to.u16(aliases.length);
  for (const { via, question, alias, synthesised, to: target, proof } of aliases) {
    to.u8(via === 'dname' ? 1 : 0);
    writeQuestion(question, to);
    to.bytes(target);
    to.u32(sets.refer(alias) + 1);
    to.u32(synthesised === null ? NO_REFERENCE : sets.refer(synthesised) + 1);
    writeList(proof, to, sets);
  }
}

function readAliases(from: Unpacker, sets: Sets): readonly AliasStep[] {
  const steps: AliasStep[] = [];
  for (let left = from.u16(); left > 0; left--) {
    const via = from.u8() === 1 ? 'dname' : 'cname';
    const question = readQuestion(from);
    const to = from.name();
    const alias = sets.referred(from.u32() - 1);
    const made = from.u32();
    const synthesised = made === NO_REFERENCE ? null : sets.referred(made - 1);
    steps.push({ via, question, alias, synthesised, to, proof: readList(from, sets) });
  }
  return steps;
}

function writeQuestion({ name, type, class: rrClass }: Question, to: Packer): void {
  to.u16(type);
  to.u16(rrClass);
  to.bytes(name);
}

function readQuestion(from: Unpacker): Question {
  const type = from.u16();
  const rrClass = from.u16();
  return { name: from.name(), type, class: rrClass };
}

function skipQuestion(from: Unpacker): void {
  from.at += 4;
  from.skipName();
}
