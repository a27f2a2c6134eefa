/** What the resolver is made of, and the values of configuration that it obeys. */

import type { AnswerCache } from '../cache/answer-cache.ts';
import type { KnownAnswer } from '../cache/cached-answer.ts';
import type { FailureCache } from '../cache/failure-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { SignatureTime } from '../dnssec/signature-time.ts';
import type { Iterate } from '../iterate/iterate.ts';
import type { Clock } from '../ports/clock.ts';
import type { FoundResult } from '../terms/iteration-result.ts';
import type { ProvenDenial } from '../terms/proven-denial.ts';
import type { BogusReason, Verdict } from '../terms/verdict.ts';
import type { Counters } from '../trace/counters.ts';
import type { Trace } from '../trace/trace.ts';
import type { Validate } from '../validate/validate-answer.ts';
import type { Question } from '../wire/question.ts';
import type { Allowance } from '../work/budget.ts';
import type { Fetch } from '../work/fetch.ts';
import type { RequestSlotsOptions } from './request-slots.ts';
import type { ServeExpiredOptions } from './serve-expired.ts';
import type { SharedCache } from './shared-cache.ts';

export interface ResolveOptions extends RequestSlotsOptions {
  /** Times that bogus data is asked for again from other servers (val-max-restart). */
  readonly maxRestarts: number;
  /** Seconds that a bogus answer is believed to be so (val-bogus-ttl). */
  readonly bogusTtlSeconds: number;
  /** Seconds that a failure is remembered (RFC 9520 §3.2: 1 to 300). */
  readonly failureTtlSeconds: number;
  /**
   * Milliseconds that a client's question may take before it fails with `deadline`. A stub resolver of glibc gives up
   * after 2 tries of 5 s: an answer that says why must come before that.
   */
  readonly wallTimeMs: number;
  /** Milliseconds after `wallTimeMs` that a work may go on without its clients, to fill the cache for those who ask again. */
  readonly graceMs: number;
  /** What one client query may spend. */
  readonly allowance: Allowance;
  /** Popular answers are fetched again before they expire (prefetch). */
  readonly prefetch: boolean;
  readonly serveExpired: ServeExpiredOptions;
}

/** What the resolver is made of. `makeIterate` and `makeValidate` get the fetch that only the resolver can make. */
export interface ResolverParts {
  readonly clock: Clock;
  readonly rrsets: RRsetCache;
  readonly answers: AnswerCache;
  readonly failures: FailureCache;
  readonly counters: Counters;
  readonly options: ResolveOptions;
  /** A denial that follows from what is proven already; absent: none is made. */
  readonly deny?: (question: Question) => KnownAnswer | ProvenDenial | null;
  /** Addresses that came along with another answer and are signed, checked or not; absent: none are used. */
  readonly signedAddresses?: (question: Question) => FoundResult | null;
  /** Answers that other hosts have found (cachedb); null or absent: none. */
  readonly shared?: SharedCache | null;
  /** The second at which signatures are checked; the clock's when absent. */
  readonly signatureTime?: SignatureTime;
  /** Takes the verdict of each resolution (a wrong clock shows in them); absent: nobody does. */
  readonly onVerdict?: (verdict: Verdict) => void;
  /** Takes the question of each resolution that ended bogus, with why; absent: nobody does. */
  readonly onBogus?: (question: Question, why: BogusReason) => void;
  /** Takes the steps of a question and of what it starts (verbosity 2, followers); null or absent: nobody does. */
  readonly stepTrace?: (question: Question) => Trace | null;
  /** Takes a bug in a work that nobody waits for any more. */
  readonly report: (error: unknown) => void;
  readonly makeIterate: (fetch: Fetch) => Iterate;
  readonly makeValidate: (fetch: Fetch) => Validate;
}
