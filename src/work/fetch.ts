/** Fetch: how lower rooms ask another question, as a child of their work, without knowing who answers it. */

import type { IterationResult } from '../terms/iteration-result.ts';
import type { Question } from '../wire/question.ts';
import type { Soon } from './soon.ts';
import type { Work } from './work.ts';

/** What changes about a fetch. */
export interface FetchOptions {
  /** Why it is asked. Default `normal`. `for-validation`: DS and DNSKEY, alias chains are not followed. */
  readonly mode?: 'normal' | 'for-validation';
  /** Servers (`ip@port`) whose data was bad: not asked again, and data of theirs in the cache is not used. */
  readonly avoid?: ReadonlySet<string>;
}

/**
 * Gets what the tree says, unvalidated (RRsets may carry a verdict from the cache); at once, where the caches know it. Never rejects
 * but by cancellation.
 */
export type Fetch = (parent: Work, question: Question, options?: FetchOptions) => Soon<IterationResult>;
