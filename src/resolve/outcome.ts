/** Turns what was found into what is served, and says which outcomes are only true for the one who asked. */

import type { Failure } from '../terms/failure.ts';
import type { Found } from '../terms/found.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import type { Verdict } from '../terms/verdict.ts';
import { type Question, rrsetKey } from '../wire/question.ts';
import { rrsetClass, rrsetOwner, rrsetType } from '../wire/rrset.ts';

/** What iteration found, when it found something. */
export type FoundData = Extract<Found, { kind: 'found' }>;

/** The sections of a reply: aliases in order before the data, wildcard proofs of aliases before the authority section. */
export function answeredOf(question: Question, found: FoundData, verdict: Verdict | null, expiresAt: number): Answered {
  const answer: HeldRRset[] = [];
  const authority: HeldRRset[] = [];
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
function eachOnce(sets: readonly HeldRRset[]): HeldRRset[] {
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
export function earliestExpiry(found: FoundData): number {
  let earliest = found.end.expiresAt;
  for (const step of found.aliases) {
    earliest = Math.min(earliest, step.alias.expiresAt);
    for (const held of step.proof) earliest = Math.min(earliest, held.expiresAt);
  }
  return earliest;
}

/**
 * True for a failure that tells about the work that ran, not about the name: it is never cached, and one who joined that
 * work starts again by itself (ARCHITECTURE.md, "Sharing").
 */
export function isPersonalFailure(why: Failure): boolean {
  return (
    why.kind === 'cancelled' ||
    why.kind === 'limit' ||
    why.kind === 'no-sockets' ||
    why.kind === 'dependency-cycle' ||
    why.kind === 'deadline' ||
    why.kind === 'rate-limited' ||
    why.kind === 'zone-unusable' ||
    why.kind === 'overload'
  );
}

/** True when the servers that might have answered were not all asked. */
export function hasUntriedServers(why: Failure): boolean {
  return (why.kind === 'no-reachable-server' || why.kind === 'all-servers-lame') && (why.untried ?? 0) > 0;
}

/**
 * True for a failure of a client's question that is remembered (RFC 9520 §2.1 and §3.2): time or limits that ran out for one
 * client do so for the next as well, so they must not be spent again for every client that asks.
 */
export function isRemembered(why: Failure): boolean {
  return why.kind === 'deadline' || why.kind === 'limit' || !isPersonalFailure(why);
}

/** True for a resolution that only the one who asked may take. */
export function isPersonal(resolution: Resolution): boolean {
  return resolution.kind === 'failed' && !isRemembered(resolution.why);
}
