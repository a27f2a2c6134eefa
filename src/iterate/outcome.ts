/** What a way down the tree comes to, and what it does next. */

import type { Failure } from '../terms/failure.ts';
import type { AliasStep, FinalAnswer, IterationResult } from '../terms/iteration-result.ts';
import type { Response } from './read-response.ts';
import type { Candidate } from './server-selection.ts';

export type Outcome =
  | { readonly kind: 'end'; readonly steps: readonly AliasStep[]; readonly end: FinalAnswer }
  /** `isUnvalidated`: from the cache, and no verdict on it is known. */
  | { readonly kind: 'alias'; readonly steps: readonly AliasStep[]; readonly isUnvalidated?: true }
  | Extract<IterationResult, { readonly kind: 'failed' }>;

/** What is done next about the servers of the present zone. */
export type NextStep =
  | { readonly kind: 'ask'; readonly candidate: Candidate }
  /** No server does better than one that has answered already. */
  | { readonly kind: 'use-fallback'; readonly response: Response }
  /** There are other servers now. */
  | { readonly kind: 'restart' }
  | { readonly kind: 'failed'; readonly why: Failure };
