/** Which cached data may answer a question of iteration or validation, and the answer that one RRset makes. */

import type { KnownAnswer } from '../cache/cached-answer.ts';
import type { DelegationCache } from '../cache/delegation-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { FinalAnswer } from '../terms/iteration-result.ts';
import { RANK } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { type Name, namesEqual, ROOT } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { signatureCount } from '../wire/rrset.ts';
import { isExpanded, isSignedFromAbove } from '../wire/signed-labels.ts';

/** Ranks of data that came in an answer section. */
const ANSWER_RANKS: ReadonlySet<number> = new Set([
  RANK.answerNonAuthoritative,
  RANK.answerAuthoritative,
  RANK.validated,
  RANK.configured,
]);

const ADDRESS_TYPES = [TYPE.A, TYPE.AAAA] as const;

/** True for a set that answers a question of the type: neither bogus, nor of a server to avoid, nor in need of a proof. */
export function isUsableSet(ranked: RankedRRset, type: number, avoid: ReadonlySet<string>): boolean {
  if (ranked.verdict?.status === 'bogus' || (ranked.server !== null && avoid.has(ranked.server))) return false;
  // RFC 4035 §5.3.4: the proof that no closer name exists is no part of the set.
  if (isExpanded(ranked.rrset)) return false;
  // A DS in a referral is as good as asked for: the chain proves it. Other data must come from an answer (RFC 2181 §5.4.1).
  return type === TYPE.DS ? ranked.rank >= RANK.authorityAuthoritative : ANSWER_RANKS.has(ranked.rank);
}

/** True for a set that came along with another answer and that no one has checked yet, but the signatures of a zone above it may prove. */
export function mayProve({ rrset, rank, verdict }: RankedRRset): boolean {
  const isAlong = rank === RANK.additionalAuthoritative && verdict === null;
  return isAlong && signatureCount(rrset) > 0 && isSignedFromAbove(rrset) && !isExpanded(rrset);
}

/**
 * True when the name, or the one above it whose first label is at `at`, is known to be no cut below the zone: by what its servers said
 * of it, or by addresses that they gave as its own.
 */
export function isKnownNoCut(
  { delegations, rrsets }: { readonly delegations: DelegationCache; readonly rrsets: RRsetCache },
  name: Name,
  zone: Name,
  at = 0,
): boolean {
  if (delegations.isNoCut(name, at)) return true;
  return ADDRESS_TYPES.some((type) => {
    const ranked = rrsets.find(name, type, CLASS.IN, at);
    if (ranked === null || ranked.zone === null || !namesEqual(ranked.zone, zone)) return false;
    return ranked.verdict?.status === 'secure' || mayProve(ranked);
  });
}

/** True for a whole answer that is not bogus and not of a server to avoid. */
export function isUsableAnswer({ verdict, found }: KnownAnswer, avoid: ReadonlySet<string>): boolean {
  const { server } = found.end;
  return verdict?.status !== 'bogus' && (server === null || !avoid.has(server));
}

/** The answer that one set makes by itself. */
export function endOfSet(question: Question, ranked: RankedRRset): FinalAnswer {
  return {
    kind: 'answer',
    question,
    rcode: RCODE.NOERROR,
    answer: [ranked],
    authority: [],
    additional: [],
    zone: ranked.zone ?? ROOT,
    server: ranked.server,
    expiresAt: ranked.expiresAt,
  };
}
