/** What the caches say to a client's question at once, and what giving it entails. */

import type { CachedAnswer } from '../cache/cached-answer.ts';
import type { FoundResult } from '../terms/iteration-result.ts';
import type { Resolution } from '../terms/resolution.ts';
import type { Verdict } from '../terms/verdict.ts';
import type { CounterName } from '../trace/counters.ts';
import type { Question } from '../wire/question.ts';
import { answeredOf } from './outcome.ts';
import { refreshTime } from './prefetch.ts';
import type { Proven } from './synthesised-denials.ts';

export interface Known {
  readonly resolution: Resolution | Proven;
  /** Counted when it is given; null: nothing. */
  readonly counter: CounterName | null;
  /** Seconds that are left of what is to be fetched again; null: it need not be. */
  readonly refreshSeconds: number | null;
  /** Kept as an answer when it is given; null: it is one, or is not to be. */
  readonly toKeep: CachedAnswer | null;
}

/** An answer that is kept and was checked. `now`: unix seconds. */
export function knownAnswer(question: Question, cached: CachedAnswer, verdict: Verdict, now: number): Known {
  const { refreshAt, expiresAt, found } = cached;
  const isPrefetched = refreshAt !== undefined && expiresAt > refreshAt;
  const isDue = isPrefetched && now >= refreshAt;
  const until = isDue ? now : isPrefetched ? refreshAt : expiresAt;
  const resolution = answeredOf(question, found, verdict, until);
  return { resolution, counter: null, refreshSeconds: isDue ? expiresAt - now : null, toKeep: null };
}

/** How proven addresses that came along with another answer are given and kept. */
interface AlongOptions {
  /** Unix seconds. */
  readonly now: number;
  readonly prefetch: boolean;
}

/** The same for addresses that came along with another answer; null unless they were proven with it. */
export function knownAlong(question: Question, found: FoundResult, { now, prefetch }: AlongOptions): Known | null {
  const verdict = found.end.answer[0]?.verdict ?? null;
  if (verdict?.status !== 'secure') return null;
  const { expiresAt } = found.end;
  const refreshAt = prefetch ? refreshTime(now, expiresAt) : expiresAt;
  const toKeep = { found, verdict, storedAt: now, expiresAt, refreshAt };
  return { ...knownAnswer(question, toKeep, verdict, now), toKeep };
}
