/** What a resolution ends as: sections ready for a reply, with a verdict; or a failure. */

import type { Question } from '../wire/question.ts';
import type { Failure } from './failure.ts';
import type { RankedRRset } from './ranked-rrset.ts';
import type { Verdict } from './verdict.ts';

/** An answer or a denial, whole. */
export interface Answered {
  readonly kind: 'answered';
  readonly question: Question;
  readonly rcode: number;
  /** True when the question's type does not exist at the end of the chain, or the name does not. */
  readonly denied: boolean;
  /** Aliases in order, then the data. */
  readonly answer: readonly RankedRRset[];
  readonly authority: readonly RankedRRset[];
  readonly additional: readonly RankedRRset[];
  /** Of answer and authority together (RFC 4035 §3.2.3); null when validation was not asked for. */
  readonly verdict: Verdict | null;
  /** Until when it may be given again without asking the resolver, unix seconds. */
  readonly expiresAt: number;
  /** True for expired data that is served because nothing better is to be had (RFC 8767). */
  readonly isStale?: boolean;
  /** Present for an answer out of the local copy of a zone: whether it is given with authority (AA; a referral is not). */
  readonly ofZone?: { readonly authoritative: boolean };
}

export type Resolution = Answered | { readonly kind: 'failed'; readonly question: Question; readonly why: Failure };
