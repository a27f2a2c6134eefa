/** Turns what was found into what is served, and says which outcomes are only true for the one who asked. */

import { type Failure, isCallerSpecific } from '../terms/failure.ts';
import type { AliasStep, FoundResult, IterationResult } from '../terms/iteration-result.ts';
import { RANK } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import type { Verdict } from '../terms/verdict.ts';
import { type Question, rrsetKey } from '../wire/question.ts';
import { haveSameKey, rrsetClass, rrsetOwner, rrsetType } from '../wire/rrset.ts';

/** The sections of a reply: aliases in order before the data, wildcard proofs of aliases before the authority section. */
export function answeredOf(
  question: Question,
  found: FoundResult,
  verdict: Verdict | null,
  expiresAt: number,
): Answered {
  const { aliases, end } = found;
  return {
    kind: 'answered',
    question,
    rcode: end.rcode,
    denied: end.kind !== 'answer',
    answer: eachOnce(aliases.length === 0 ? end.answer : [...aliases.flatMap(setsOfAlias), ...end.answer]),
    authority: eachOnce(
      aliases.length === 0 ? end.authority : [...aliases.flatMap(({ proof }) => proof), ...end.authority],
    ),
    additional: end.additional,
    verdict,
    expiresAt,
  };
}

function setsOfAlias({ alias, synthesised }: AliasStep): readonly RankedRRset[] {
  return synthesised === null ? [alias] : [alias, synthesised];
}

/** Sets above which repetition is looked for by key and not by comparing each with each. */
const MAX_COMPARED = 8;

/** The sets without repetition: a chain may pass one DNAME twice, and one response may prove several steps. */
function eachOnce(sets: readonly RankedRRset[]): readonly RankedRRset[] {
  if (sets.length <= MAX_COMPARED && areDistinct(sets)) return sets;
  const seen = new Set<string>();
  return sets.filter(({ rrset }) => {
    const key = rrsetKey(rrsetOwner(rrset), rrsetType(rrset), rrsetClass(rrset));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function areDistinct(sets: readonly RankedRRset[]): boolean {
  for (let i = 1; i < sets.length; i++) {
    for (let j = 0; j < i; j++)
      if (haveSameKey((sets[i] as RankedRRset).rrset, (sets[j] as RankedRRset).rrset)) return false;
  }
  return true;
}

/** True for what may be served as an answer: secure or insecure (RFC 4035 §5.5). */
export function isGoodVerdict(verdict: Verdict | null): boolean {
  return verdict?.status === 'secure' || verdict?.status === 'insecure';
}

/** When the whole stops being usable: the earliest of its parts, unix seconds. */
export function earliestExpiry(found: FoundResult): number {
  let earliest = found.end.expiresAt;
  for (const step of found.aliases) {
    earliest = Math.min(earliest, step.alias.expiresAt);
    for (const ranked of step.proof) earliest = Math.min(earliest, ranked.expiresAt);
  }
  return earliest;
}

/** True when the servers that might have answered were not all asked. */
export function hasUntriedServers(why: Failure): boolean {
  return (why.kind === 'no-reachable-server' || why.kind === 'all-servers-lame') && (why.untried ?? 0) > 0;
}

/** True for what came along with another answer and is none unless it is proven (RFC 2181 §5.4.1). */
export function isOnlyAlong({ end }: FoundResult): boolean {
  return end.kind === 'answer' && end.answer.some(({ rank }) => rank === RANK.additionalAuthoritative);
}

/** Of a question whose work waits for the asker's. */
export function refused(question: Question): Extract<Resolution, { readonly kind: 'failed' }> {
  return { kind: 'failed', question, why: { kind: 'dependency-cycle' } };
}

/** True for a resolution that no other client may take. */
export function isOnlyForClient(resolution: Resolution): boolean {
  return resolution.kind === 'failed' && isCallerSpecific(resolution.why, 'client');
}

/** True for what iteration brought and no other work may take. */
export function isOnlyForWork(found: IterationResult): boolean {
  return found.kind === 'failed' && isCallerSpecific(found.why, 'work');
}
