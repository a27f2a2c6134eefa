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

const NOBODY: ReadonlySet<string> = new Set();

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

/**
 * True for an answer to a question of validation that is one set and nothing beside it, which the RRset cache holds as it came: there
 * it is looked for first, and who looks for the whole answer would find no more.
 */
export function isKeptAsSet({ rrsets }: Pick<KnownData, 'rrsets'>, { aliases, end }: FoundResult): boolean {
  const [only] = end.answer;
  if (end.kind !== 'answer' || end.answer.length !== 1 || aliases.length > 0 || only === undefined) return false;
  if (end.authority.length > 0 || end.additional.length > 0) return false;
  const { type } = end.question;
  return SINGLE_RRSET_TYPES.has(type) && isUsableSet(only, type, NOBODY) && rrsets.holds(only);
}
