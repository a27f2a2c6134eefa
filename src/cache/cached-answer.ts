/** What the cache of answers keeps. */

import type { FoundResult } from '../terms/iteration-result.ts';
import type { Verdict } from '../terms/verdict.ts';
import type { Question } from '../wire/question.ts';

/** What is known without asking: an answer that is kept, or a denial that follows from others. */
export interface KnownAnswer {
  readonly found: FoundResult;
  /** Null: not checked yet. */
  readonly verdict: Verdict | null;
  /** When it stops being usable, unix seconds. */
  readonly expiresAt: number;
}

/** An answer that iteration gave, and what it is worth. */
export interface CachedAnswer extends KnownAnswer {
  /** When it was found or, where it has a verdict, that was given; unix seconds. */
  readonly storedAt: number;
  /** From when on a question for it is a reason to fetch it again before it expires (prefetch), unix seconds. */
  readonly refreshAt?: number;
  /** From when its time as expired data counts, unix seconds, when not from `expiresAt` (serve-expired-ttl-reset). */
  readonly staleSince?: number;
}

/** An answer with the question that it is kept under. */
export interface AnswerEntry {
  readonly question: Question;
  readonly cached: CachedAnswer;
}
