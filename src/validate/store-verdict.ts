/** Writes verdicts into RRsets and into the RRset cache, so that no set is checked twice in its life. */

import { RANK } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { SECURE, type Verdict } from '../terms/verdict.ts';
import type { ValidationContext } from './validation-context.ts';

/** A secure set: best rank, life capped. The caller has proven all that the set needs, a wildcard's denial included. */
export function storeSecure(validation: ValidationContext, ranked: RankedRRset, expiresAt: number): RankedRRset {
  return validation.keepProven({ ...ranked, rank: RANK.validated, verdict: SECURE, expiresAt });
}

/** A set that is not secure; bogus ones are believed to be so for a bounded time only. */
export function storeVerdict(
  validation: ValidationContext,
  ranked: RankedRRset,
  verdict: Exclude<Verdict, { status: 'secure' }>,
): RankedRRset {
  if (!validation.mayKeep) return { ...ranked, verdict };
  switch (verdict.status) {
    case 'bogus': {
      validation.parts.counters.add('rrset.bogus');
      const until = validation.now + validation.parts.options.bogusTtlSeconds;
      return validation.parts.rrsets.replaceVerdict(ranked, verdict, Math.min(ranked.expiresAt, until));
    }
    case 'insecure':
      return validation.parts.rrsets.replaceVerdict(ranked, verdict, ranked.expiresAt);
    case 'indeterminate':
      return { ...ranked, verdict };
    default:
      return verdict satisfies never;
  }
}
