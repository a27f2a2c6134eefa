/** Which cached data may answer a question of iteration or validation, and the answer that one RRset makes. */

import type { CachedAnswer } from '../cache/answer-cache.ts';
import type { End } from '../terms/found.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import { TRUST } from '../terms/trust.ts';
import { ROOT } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import { isExpanded } from '../wire/signed-labels.ts';

/** Ranks of data that came in an answer section. */
const ANSWER_RANKS: ReadonlySet<number> = new Set([
  TRUST.answerNonAuthoritative,
  TRUST.answerAuthoritative,
  TRUST.validated,
  TRUST.configured,
]);

/** True for a set that answers a question of the type: neither bogus, nor of a server to avoid, nor in need of a proof. */
export function isUsableSet(held: HeldRRset, type: number, avoid: ReadonlySet<string>): boolean {
  if (held.verdict?.status === 'bogus' || (held.server !== null && avoid.has(held.server))) return false;
  // RFC 4035 §5.3.4: the proof that no closer name exists is no part of the set.
  if (isExpanded(held.rrset)) return false;
  // A DS in a referral is as good as asked for: the chain proves it. Other data must come from an answer (RFC 2181 §5.4.1).
  return type === TYPE.DS ? held.trust >= TRUST.authorityAuthoritative : ANSWER_RANKS.has(held.trust);
}

/** True for a whole answer that is not bogus and not of a server to avoid. */
export function isUsableAnswer({ verdict, found }: CachedAnswer, avoid: ReadonlySet<string>): boolean {
  const { server } = found.end;
  return verdict?.status !== 'bogus' && (server === null || !avoid.has(server));
}

/** The answer that one set makes by itself. */
export function endOfSet(question: Question, held: HeldRRset): End {
  return {
    kind: 'answer',
    question,
    rcode: RCODE.NOERROR,
    answer: [held],
    authority: [],
    additional: [],
    zone: held.zone ?? ROOT,
    server: held.server,
    expiresAt: held.expiresAt,
  };
}
