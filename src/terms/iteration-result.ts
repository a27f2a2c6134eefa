/**
 * What iteration found, before validation: the alias steps and what stands at their end. It crosses from `iterate` to
 * `validate` through `resolve`, so it lives here.
 */

import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import type { Failure } from './failure.ts';
import type { RankedRRset } from './ranked-rrset.ts';

export interface AliasStep {
  readonly via: 'cname' | 'dname';
  /** The question that this step answered. */
  readonly question: Question;
  /** The CNAME RRset, or the DNAME RRset that covers the name. */
  readonly alias: RankedRRset;
  /** For a DNAME: the CNAME that follows from it (RFC 6672 §3.1), unsigned. Null for a CNAME. */
  readonly synthesised: RankedRRset | null;
  readonly to: Name;
  /** NSEC and NSEC3 sets that came with it (wildcard proof, RFC 4035 §5.3.4). */
  readonly proof: readonly RankedRRset[];
}

/** What stands at the end of the alias chain. */
export interface FinalAnswer {
  /**
   * `answer`: the RRsets asked for (one, or many for ANY), or with rcode YXDOMAIN the DNAME. `nodata`, `nxdomain`: denied,
   * proof in `authority`. A chain that is not followed on purpose ends as a `nodata` without proof.
   */
  readonly kind: 'answer' | 'nodata' | 'nxdomain';
  /** The question that it answers: the last alias target, with the type asked. */
  readonly question: Question;
  /** Rcode to give; NOERROR or NXDOMAIN, or YXDOMAIN for a DNAME that makes too long a name. */
  readonly rcode: number;
  readonly answer: readonly RankedRRset[];
  /** Authority section as received and scrubbed, in order: NS or SOA, NSEC, NSEC3. */
  readonly authority: readonly RankedRRset[];
  readonly additional: readonly RankedRRset[];
  /** Zone cut whose servers answered. */
  readonly zone: Name;
  /** Server that answered (`ip@port`); null when from cache or local. */
  readonly server: string | null;
  /** When this as a whole stops being usable (negative TTL included), unix seconds. */
  readonly expiresAt: number;
  /** A denial made from known ones without asking anybody (RFC 8198). */
  readonly isSynthesised?: true;
  /** From servers whose words no cache may keep; said here too since a denial may have no records. */
  readonly notKept?: true;
}

export type IterationResult =
  | { readonly kind: 'found'; readonly aliases: readonly AliasStep[]; readonly end: FinalAnswer }
  /**
   * `notKept`: it is about servers whose words no cache may keep. `isByMemory`: an alias led here that was remembered,
   * though nobody had validated it; it is forgotten now.
   */
  | { readonly kind: 'failed'; readonly why: Failure; readonly notKept?: true; readonly isByMemory?: true };

/** What was found, when something was. */
export type FoundResult = Extract<IterationResult, { readonly kind: 'found' }>;

/** The sets that a verdict on it is about: aliases with their proofs, answer, authority. What merely came along is not. */
export function validatedSetsOf({ aliases, end }: FoundResult): RankedRRset[] {
  const sets: RankedRRset[] = [];
  for (const { alias, proof } of aliases) sets.push(alias, ...proof);
  sets.push(...end.answer, ...end.authority);
  return sets;
}

/** The same with each of its RRsets as `change` makes it. */
export function withSets(found: FoundResult, change: (ranked: RankedRRset) => RankedRRset): FoundResult {
  const { aliases, end } = found;
  const steps = aliases.map((step) => ({
    ...step,
    alias: change(step.alias),
    synthesised: step.synthesised === null ? null : change(step.synthesised),
    proof: step.proof.map(change),
  }));
  const answer = end.answer.map(change);
  const authority = end.authority.map(change);
  const additional = end.additional.map(change);
  return { ...found, aliases: steps, end: { ...end, answer, authority, additional } };
}

/** True when no cache may keep what was found, since a part of it came from servers that are used so. */
export function isNotKept(found: FoundResult): boolean {
  return found.end.notKept === true || someSet(found, isOfServersNotKept);
}

function isOfServersNotKept({ notKept }: RankedRRset): boolean {
  return notKept === true;
}

/** True when the test says yes to one of all RRsets that an answer holds. */
export function someSet({ aliases, end }: FoundResult, test: (ranked: RankedRRset) => boolean): boolean {
  for (const { alias, synthesised, proof } of aliases) {
    if (test(alias) || (synthesised !== null && test(synthesised)) || proof.some(test)) return true;
  }
  return end.answer.some(test) || end.authority.some(test) || end.additional.some(test);
}
