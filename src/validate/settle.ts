/** Writes verdicts into RRsets and into the RRset cache, so that no set is checked twice in its life. */

import type { HeldRRset } from '../terms/held-rrset.ts';
import { TRUST } from '../terms/trust.ts';
import { SECURE, type Verdict } from '../terms/verdict.ts';
import type { Judging } from './judging.ts';

/** A secure set: best rank, life capped. The caller has proven all that the set needs, a wildcard's denial included. */
export function settleSecure(judging: Judging, held: HeldRRset, expiresAt: number): HeldRRset {
  const proven = { ...held, trust: TRUST.validated };
  if (!judging.mayKeep) return { ...proven, verdict: SECURE, expiresAt };
  return judging.parts.rrsets.replaceVerdict(proven, SECURE, expiresAt);
}

/** A set that is not secure; bogus ones are believed to be so for a bounded time only. */
export function settle(judging: Judging, held: HeldRRset, verdict: Exclude<Verdict, { status: 'secure' }>): HeldRRset {
  if (!judging.mayKeep) return { ...held, verdict };
  switch (verdict.status) {
    case 'bogus': {
      judging.parts.counters.add('rrset.bogus');
      const until = judging.now + judging.parts.options.bogusTtlSeconds;
      return judging.parts.rrsets.replaceVerdict(held, verdict, Math.min(held.expiresAt, until));
    }
    case 'insecure':
      return judging.parts.rrsets.replaceVerdict(held, verdict, held.expiresAt);
    case 'indeterminate':
      return { ...held, verdict };
    default:
      return verdict satisfies never;
  }
}
