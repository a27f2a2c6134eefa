/** Events: one vocabulary for logs, `explain`, tests and statistics. Each is one step of a resolution. */

import type { DenialOutcome, WildcardOutcome } from '../terms/denial-outcome.ts';
import type { Failure } from '../terms/failure.ts';
import type { Limit } from '../terms/limit.ts';
import type { DropReason, ResponseKind } from '../terms/response-kind.ts';
import type { ServerOutcome } from '../terms/server-outcome.ts';
import type { SignatureOutcome } from '../terms/signature-outcome.ts';
import type { BogusReason, IndeterminateReason, InsecureReason, Verdict } from '../terms/verdict.ts';
import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';

/** Where a delegation came from. */
export type DelegationSource = 'hints' | 'priming' | 'referral' | 'cache' | 'stub' | 'forward' | 'auth-zone';

/** Why a zone is not secure, or that there is no zone at the name. */
type ZoneReason = (InsecureReason | BogusReason | IndeterminateReason)['kind'] | 'no zone cut here';

/** One step. Names are wire names: text is made only when somebody reads it. */
export type TraceStep =
  | { readonly kind: 'cache-hit' | 'cache-miss'; readonly question: Question }
  | { readonly kind: 'delegation'; readonly zone: Name; readonly source: DelegationSource; readonly targets: number }
  | {
      readonly kind: 'ask';
      readonly zone: Name;
      readonly server: string;
      readonly question: Question;
      readonly transport: 'udp' | 'tcp' | 'tls';
    }
  | {
      readonly kind: 'response';
      readonly server: string;
      readonly rttMs: number;
      /** What the answer came over in the end. */
      readonly transport: 'udp' | 'tcp' | 'tls';
      readonly classified: ResponseKind;
    }
  | { readonly kind: 'exchange-failed'; readonly server: string; readonly outcome: ServerOutcome }
  | { readonly kind: 'scrubbed'; readonly owner: Name; readonly type: number; readonly why: DropReason }
  | { readonly kind: 'alias'; readonly from: Name; readonly to: Name }
  | {
      readonly kind: 'zone-trust';
      readonly zone: Name;
      readonly status: Verdict['status'];
      readonly why?: ZoneReason;
      /** The whole of it; absent when there is no zone at the name. */
      readonly verdict?: Verdict;
    }
  | {
      readonly kind: 'signature';
      readonly owner: Name;
      readonly type: number;
      readonly keyTag: number;
      readonly outcome: SignatureOutcome['kind'];
    }
  | { readonly kind: 'denial'; readonly outcome: DenialOutcome['kind'] | `wildcard ${WildcardOutcome['kind']}` }
  | { readonly kind: 'limit'; readonly limit: Limit }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'failed'; readonly question: Question; readonly why: Failure }
  | { readonly kind: 'finished'; readonly question: Question; readonly rcode: number };

/** A step with when and for which work. */
export type TraceEvent = TraceStep & {
  readonly atMs: number;
  readonly workId: number;
  readonly parentId: number | null;
};
