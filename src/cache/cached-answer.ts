/** What the cache of answers keeps. */

import type { FoundResult } from '../terms/iteration-result.ts';
import type { Verdict } from '../terms/verdict.ts';
import type { Question } from '../wire/question.ts';

/** An answer that iteration gave, and what it is worth. */
export interface CachedAnswer {
  readonly found: FoundResult;
  /** Null: not checked yet. */
  readonly verdict: Verdict | null;
  /** When it stops being usable, unix seconds. */
  readonly expiresAt: number;
  /** From when on a question for it is a reason to fetch it again before it expires (prefetch), unix seconds. */
  readonly refreshAt?: number;
  /** From when its time as expired data counts, unix seconds, when not from `expiresAt` (serve-expired-ttl-reset). */
  readonly staleSince?: number;
  /** When its verdict was given, unix seconds; absent: it was loaded, or has none. */
  readonly judgedAt?: number;
}

/** An answer with the question that it is kept under. */
export interface AnswerEntry {
  readonly question: Question;
  readonly cached: CachedAnswer;
}
