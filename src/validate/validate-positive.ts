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
export function validatePositive(
  validation: ValidationContext,
  end: FinalAnswer,
): ValidatedEnd | Promise<ValidatedEnd> {
  // RFC 4035 §2.2: there is no RRSIG over an RRSIG, so such an answer can be neither secure nor bogus.
  if (end.question.type === TYPE.RRSIG) return signaturesOnly(end);
  const most = end.question.type === TYPE.ANY ? validation.parts.options.limits.anySets : end.answer.length;
  const wanted = end.answer.filter((ranked) => answers(ranked, end.question)).slice(0, most);
  if (wanted.length === 0) return nothingWanted(end);
  return validateSets(validation, end, wanted, { verdict: SECURE, answer: [], proof: [] });
}

/** Sets of an answer that are validated already. */
interface Progress {
  verdict: Verdict;
  readonly answer: RankedRRset[];
  readonly proof: RankedRRset[];
}

/** Validates the wanted sets that are not in `done` yet. */
function validateSets(
  validation: ValidationContext,
  end: FinalAnswer,
  wanted: readonly RankedRRset[],
  done: Progress,
): ValidatedEnd | Promise<ValidatedEnd> {
  for (let next = wanted[done.answer.length]; next !== undefined; next = wanted[done.answer.length]) {
    const validated =
      fromDname(validation, next, done.answer, end.question) ?? validateExpanded(validation, next, end.authority);
    if (validated instanceof Promise) {
      return validated.then((late) => {
        take(done, late);
        return validateSets(validation, end, wanted, done);
      });
    }
    take(done, validated);
  }
  const { verdict, answer, proof } = done;
  const authority = proof.length === 0 ? end.authority : replaceValidated(end.authority, proof);
  const whole = { ...end, answer, authority };
  if (verdict.status !== 'secure') return { verdict, end: whole };
  const proven = withProvenUnrequested(validation, whole);
  return proven instanceof Promise ? proven.then((late) => ({ verdict, end: late })) : { verdict, end: proven };
}

function take(done: Progress, { verdict, ranked, proof }: ValidatedSet): void {
  done.verdict = worse(done.verdict, verdict);
  done.answer.push(ranked);
  for (const one of proof) done.proof.push(one);
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

/**
 * A secure answer without what is not proven: unsigned NS sets that middleboxes add, unrequested RRsets that a server threw in
 * (val-clean-additional).
 */
export function withProvenUnrequested(
  validation: ValidationContext,
  end: FinalAnswer,
): FinalAnswer | Promise<FinalAnswer> {
  const authority = keepProven(validation, end.authority);
  if (authority instanceof Promise) return authority.then((late) => withProvenAdditional(validation, end, late));
  return withProvenAdditional(validation, end, authority);
}

function withProvenAdditional(
  validation: ValidationContext,
  end: FinalAnswer,
  authority: readonly RankedRRset[],
): FinalAnswer | Promise<FinalAnswer> {
  if (!validation.parts.options.cleanAdditional) return { ...end, authority };
  const additional = keepProven(validation, end.additional);
  if (additional instanceof Promise) return additional.then((late) => ({ ...end, authority, additional: late }));
  return { ...end, authority, additional };
}
