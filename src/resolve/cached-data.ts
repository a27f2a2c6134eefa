/** What the caches can say to a question of iteration or validation, without asking anybody. */

import type { AnswerCache } from '../cache/answer-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import { TRUST } from '../terms/trust.ts';
import { MEMORY } from '../validate/ask-chain.ts';
import { ROOT } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { FoundData } from './outcome.ts';

/** The caches that are looked into. */
interface KnownData {
  readonly rrsets: RRsetCache;
  readonly answers: AnswerCache;
}

/** Types for which a lone RRset in the cache is an answer to a question of our own (never to a client's). */
const SINGLE_RRSET_TYPES: ReadonlySet<number> = new Set([TYPE.DS, TYPE.DNSKEY, TYPE.A, TYPE.AAAA]);

/** Ranks of data that came in an answer section. */
const ANSWER_RANKS: ReadonlySet<number> = new Set([
  TRUST.answerNonAuthoritative,
  TRUST.answerAuthoritative,
  TRUST.validated,
  TRUST.configured,
]);

/**
 * An answer from the caches to a question that iteration or validation asks. Left out: data of the servers in `avoid`,
 * and data that was judged bogus, since it has to be fetched anew from elsewhere; all when memory itself is to be avoided.
 */
export function findForFetch(known: KnownData, question: Question, avoid: ReadonlySet<string>): FoundData | null {
  if (avoid.has(MEMORY)) return null;
  const held = SINGLE_RRSET_TYPES.has(question.type)
    ? known.rrsets.find(question.name, question.type, question.class)
    : null;
  if (held !== null && isUsable(held, question, avoid)) return foundOf(question, held);
  const cached = known.answers.find(question);
  if (cached === null || cached.verdict?.status === 'bogus') return null;
  const { server } = cached.found.end;
  return server !== null && avoid.has(server) ? null : cached.found;
}

function isUsable(held: HeldRRset, question: Question, avoid: ReadonlySet<string>): boolean {
  if (held.verdict?.status === 'bogus' || (held.server !== null && avoid.has(held.server))) return false;
  // A DS in a referral is as good as asked for: the chain proves it. An address must come from an answer (RFC 2181 §5.4.1).
  return question.type === TYPE.DS || ANSWER_RANKS.has(held.trust);
}

function foundOf(question: Question, held: HeldRRset): FoundData {
  return {
    kind: 'found',
    aliases: [],
    end: {
      kind: 'answer',
      question,
      rcode: RCODE.NOERROR,
      answer: [held],
      authority: [],
      additional: [],
      zone: held.zone ?? ROOT,
      server: held.server,
      expiresAt: held.expiresAt,
    },
  };
}
