/**
 * The end of a chain when there is data: every RRset of the answer is validated by itself; the answer is worth what the worst
 * of them is (RFC 4035 §3.2.3). Questions of type ANY bring several.
 */

import type { FinalAnswer } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { SECURE, type Verdict, worse } from '../terms/verdict.ts';
import { isBelow, namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rrsetOwner, rrsetType } from '../wire/rrset.ts';
import type { Soon } from '../work/soon.ts';
import { isDenialSet } from './prove-denial.ts';
import { recordOf, recordRef } from './signature-reason.ts';
import { keepProven, replaceValidated } from './unrequested-rrsets.ts';
import { followsFrom, inherit } from './validate-alias.ts';
import { type ValidatedSet, validateExpanded } from './validate-expanded.ts';
import { withVerdict } from './validate-rrset.ts';
import type { ValidationContext } from './validation-context.ts';
import { isSigned } from './verify-rrset.ts';

export interface ValidatedEnd {
  readonly verdict: Verdict;
  readonly end: FinalAnswer;
}

/** At once, when the keys of all zones concerned are known and their algorithms are fast. */
export function validatePositive(validation: ValidationContext, end: FinalAnswer): Soon<ValidatedEnd> {
  // RFC 4035 §2.2: there is no RRSIG over an RRSIG, so such an answer can be neither secure nor bogus.
  if (end.question.type === TYPE.RRSIG) return signaturesOnly(end);
  const most = end.question.type === TYPE.ANY ? validation.parts.options.limits.anySets : end.answer.length;
  const wanted = wantedSets(end, most);
  if (wanted.length === 0) return nothingWanted(end);
  return validateSets(validation, end, wanted, { verdict: SECURE, answer: NONE, proof: NONE });
}

const NONE: readonly never[] = [];

/** The sets that answer the question, no more than `most`; mostly all that there are. */
function wantedSets({ answer, question }: FinalAnswer, most: number): readonly RankedRRset[] {
  const only = answer[0];
  if (answer.length === 1 && only !== undefined) return answers(only, question) && most > 0 ? answer : NONE;
  return answer.filter((ranked) => answers(ranked, question)).slice(0, most);
}

/** Sets of an answer that are validated already. */
interface Progress {
  verdict: Verdict;
  answer: readonly RankedRRset[];
  proof: readonly RankedRRset[];
}

/** Validates the wanted sets that are not in `done` yet. */
function validateSets(
  validation: ValidationContext,
  end: FinalAnswer,
  wanted: readonly RankedRRset[],
  done: Progress,
): Soon<ValidatedEnd> {
  for (let next = wanted[done.answer.length]; next !== undefined; next = wanted[done.answer.length]) {
    const validated =
      fromDname(validation, next, done.answer, end.question) ?? validateExpanded(validation, next, end.authority);
    if (validated instanceof Promise) return validateSetsAfter(validation, end, wanted, { done, next: validated });
    take(done, validated);
  }
  const { verdict, answer, proof } = done;
  const authority = proof.length === 0 ? end.authority : replaceValidated(end.authority, proof);
  if (verdict.status !== 'secure') return { verdict, end: { ...end, answer, authority } };
  return withProvenUnrequested(validation, end, { answer, authority, expiresAt: end.expiresAt });
}

// Functions of their own for what waits: one that holds a closure makes a context whenever it is called.
/** Goes on when the next set, for which it has to wait, is validated. */
function validateSetsAfter(
  validation: ValidationContext,
  end: FinalAnswer,
  wanted: readonly RankedRRset[],
  { done, next }: { readonly done: Progress; readonly next: Promise<ValidatedSet> },
): Promise<ValidatedEnd> {
  return next.then((late) => {
    take(done, late);
    return validateSets(validation, end, wanted, done);
  });
}

function take(done: Progress, { verdict, ranked, proof }: ValidatedSet): void {
  done.verdict = worse(done.verdict, verdict);
  done.answer = done.answer.length === 0 ? [ranked] : [...done.answer, ranked];
  if (proof.length > 0) done.proof = [...done.proof, ...proof];
}

function answers({ rrset }: RankedRRset, question: Question): boolean {
  const type = rrsetType(rrset);
  const mayBeMade = question.type === TYPE.CNAME || question.type === TYPE.ANY;
  if (type === TYPE.DNAME && mayBeMade && isBelow(question.name, rrsetOwner(rrset))) return true;
  if (!namesEqual(rrsetOwner(rrset), question.name)) return false;
  return question.type === TYPE.ANY ? type !== TYPE.RRSIG : type === question.type;
}

/**
 * An unsigned CNAME beside a DNAME validated before it is worth what that is, when it follows from it (RFC 6672 §5.3.1); it
 * must follow from a secure one.
 */
function fromDname(
  validation: ValidationContext,
  cname: RankedRRset,
  validated: readonly RankedRRset[],
  question: Question,
): ValidatedSet | null {
  const dname = validated.find(({ rrset }) => rrsetType(rrset) === TYPE.DNAME);
  if (dname === undefined || dname.verdict === null) return null;
  if (rrsetType(cname.rrset) !== TYPE.CNAME || isSigned(cname.rrset)) return null;
  if (followsFrom(dname, cname, question.name)) {
    return { verdict: dname.verdict, ranked: inherit(cname, dname, dname.verdict), proof: [], zone: null };
  }
  if (dname.verdict.status !== 'secure') return null;
  const why = {
    kind: 'alias-not-synthesised',
    ...recordOf(cname.rrset, dname.zone ?? rrsetOwner(dname.rrset)),
  } as const;
  const verdict = { status: 'bogus', why } as const;
  return { verdict, ranked: withVerdict(validation, cname, verdict), proof: [], zone: null };
}

function signaturesOnly(end: FinalAnswer): ValidatedEnd {
  const zone = formatName(end.zone);
  return { verdict: { status: 'insecure', why: { kind: 'signature-not-signed', zone } }, end };
}

/** Data of another name or type than was asked for stands where the answer should: nothing is proven of the question. */
function nothingWanted(end: FinalAnswer): ValidatedEnd {
  const { name, type } = end.question;
  const why = { kind: 'denial-missing', ...recordRef(name, type, end.zone) } as const;
  return { verdict: { status: 'bogus', why }, end };
}

/** What is proven of an answer, and how long it may be used, unix seconds. */
type ProvenParts = Pick<FinalAnswer, 'answer' | 'authority' | 'expiresAt'>;

/**
 * A secure answer without what is not proven: unsigned NS sets that middleboxes add, unrequested RRsets that a server threw in
 * (val-clean-additional).
 */
export function withProvenUnrequested(
  validation: ValidationContext,
  end: FinalAnswer,
  proven: ProvenParts,
): Soon<ValidatedEnd> {
  const authority = keepProven(validation, proven.authority);
  return authority instanceof Promise
    ? withAuthorityAfter(validation, end, proven, authority)
    : withProvenAdditional(validation, end, proven, authority);
}

function withAuthorityAfter(
  validation: ValidationContext,
  end: FinalAnswer,
  proven: ProvenParts,
  authority: Promise<RankedRRset[]>,
): Promise<ValidatedEnd> {
  return authority.then((late) => withProvenAdditional(validation, end, proven, late));
}

function withProvenAdditional(
  validation: ValidationContext,
  end: FinalAnswer,
  { answer, expiresAt }: ProvenParts,
  authority: readonly RankedRRset[],
): Soon<ValidatedEnd> {
  const mustClean = validation.parts.options.cleanAdditional;
  const proven = { answer, authority, expiresAt: earliestExpiry({ answer, authority, expiresAt }) };
  const additional = mustClean ? keepProven(validation, end.additional) : end.additional;
  return additional instanceof Promise
    ? withAdditionalAfter(end, proven, additional)
    : secureEnd(end, proven, additional);
}

function withAdditionalAfter(
  end: FinalAnswer,
  proven: ProvenParts,
  additional: Promise<RankedRRset[]>,
): Promise<ValidatedEnd> {
  return additional.then((late) => secureEnd(end, proven, late));
}

function secureEnd(
  end: FinalAnswer,
  { answer, authority, expiresAt }: ProvenParts,
  additional: readonly RankedRRset[],
): ValidatedEnd {
  return { verdict: SECURE, end: { ...end, answer, authority, additional, expiresAt } };
}

/** The whole lives no longer than the data and the proofs in it. */
export function earliestExpiry({ answer, authority, expiresAt }: ProvenParts): number {
  let earliest = expiresAt;
  for (let i = 0; i < answer.length; i++) earliest = Math.min(earliest, (answer[i] as RankedRRset).expiresAt);
  for (let i = 0; i < authority.length; i++) {
    const ranked = authority[i] as RankedRRset;
    if (isDenialSet(ranked)) earliest = Math.min(earliest, ranked.expiresAt);
  }
  return earliest;
}
