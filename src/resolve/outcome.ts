/** Turns what was found into what is served, and says which outcomes are only true for the one who asked. */

import { type Failure, failureScope, isCallerSpecific } from '../terms/failure.ts';
import type { FoundResult, IterationResult } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import type { Verdict } from '../terms/verdict.ts';
import { type Question, rrsetKey } from '../wire/question.ts';
import { rrsetClass, rrsetOwner, rrsetType } from '../wire/rrset.ts';

/** The sections of a reply: aliases in order before the data, wildcard proofs of aliases before the authority section. */
export function answeredOf(
  question: Question,
  found: FoundResult,
  verdict: Verdict | null,
  expiresAt: number,
): Answered {
  const answer: RankedRRset[] = [];
  const authority: RankedRRset[] = [];
  for (const step of found.aliases) {
    answer.push(step.alias);
    if (step.synthesised !== null) answer.push(step.synthesised);
    authority.push(...step.proof);
  }
  return {
    kind: 'answered',
    question,
    rcode: found.end.rcode,
    denied: found.end.kind !== 'answer',
    answer: eachOnce([...answer, ...found.end.answer]),
    authority: eachOnce([...authority, ...found.end.authority]),
    additional: found.end.additional,
    verdict,
    expiresAt,
  };
}

/** The sets without repetition: a chain may pass one DNAME twice, and one response may prove several steps. */
function eachOnce(sets: readonly RankedRRset[]): RankedRRset[] {
  if (sets.length < 2) return [...sets];
  const seen = new Set<string>();
  return sets.filter(({ rrset }) => {
    const key = rrsetKey(rrsetOwner(rrset), rrsetType(rrset), rrsetClass(rrset));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
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

/** True for a resolution that only the one who asked may take. */
export function isOnlyForCaller(resolution: Resolution): boolean {
  return resolution.kind === 'failed' && failureScope(resolution.why) === 'caller';
}

/** The same for what iteration brought. */
export function isFoundOnlyForCaller(found: IterationResult): boolean {
  return found.kind === 'failed' && isCallerSpecific(found.why);
}
