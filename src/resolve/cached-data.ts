/** What the caches can say to a question of iteration or validation, without asking anybody. */

import type { AnswerCache } from '../cache/answer-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import { endOfSet, isUsableAnswer, isUsableSet } from '../iterate/usable-data.ts';
import type { FoundResult } from '../terms/iteration-result.ts';
import { MEMORY } from '../validate/ask-chain.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';

/** The caches that are looked into. */
interface KnownData {
  readonly rrsets: RRsetCache;
  readonly answers: AnswerCache;
}

/** Types for which a lone RRset in the cache is an answer to a question of our own (never to a client's). */
const SINGLE_RRSET_TYPES: ReadonlySet<number> = new Set([TYPE.DS, TYPE.DNSKEY, TYPE.A, TYPE.AAAA]);

/**
 * An answer from the caches to a question that iteration or validation asks. Left out: data of the servers in `avoid`,
 * and data that was validated bogus, since it has to be fetched anew from elsewhere; all when memory itself is to be avoided.
 */
export function findForFetch(known: KnownData, question: Question, avoid: ReadonlySet<string>): FoundResult | null {
  if (avoid.has(MEMORY)) return null;
  const ranked = SINGLE_RRSET_TYPES.has(question.type)
    ? known.rrsets.find(question.name, question.type, question.class)
    : null;
  if (ranked !== null && isUsableSet(ranked, question.type, avoid)) {
    return { kind: 'found', aliases: [], end: endOfSet(question, ranked) };
  }
  const cached = known.answers.find(question);
  return cached !== null && isUsableAnswer(cached, avoid) ? cached.found : null;
}
