/** Events: one vocabulary for logs, `explain`, tests and statistics. Each is one step of a resolution. */

import type { Failure } from '../terms/failure.ts';
import type { Limit } from '../terms/limit.ts';
import type { Verdict } from '../terms/verdict.ts';
import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';

/** Where a delegation came from. */
export type DelegationSource = 'hints' | 'priming' | 'referral' | 'cache' | 'stub' | 'forward' | 'auth-zone';

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
  | { readonly kind: 'response'; readonly server: string; readonly rttMs: number; readonly classified: string }
  | { readonly kind: 'exchange-failed'; readonly server: string; readonly outcome: string }
  | { readonly kind: 'scrubbed'; readonly owner: Name; readonly type: number; readonly why: string }
  | { readonly kind: 'alias'; readonly from: Name; readonly to: Name }
  | { readonly kind: 'joined' | 'refused-join'; readonly other: number }
  | { readonly kind: 'zone-trust'; readonly zone: Name; readonly status: Verdict['status']; readonly why?: string }
  | {
      readonly kind: 'signature';
      readonly owner: Name;
      readonly type: number;
      readonly keyTag: number;
      readonly outcome: string;
    }
  | { readonly kind: 'denial'; readonly outcome: string }
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
