/** The end of a chain of aliases, as the servers said it: what is validated, cached and given to clients. */

import type { FinalAnswer } from '../terms/iteration-result.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { DelegationPoint } from './delegation.ts';
import { expiryOf, type KeptResponse } from './keep-response.ts';
import type { Response } from './read-response.ts';

interface Asked {
  readonly question: Question;
  /** Whose servers answered. */
  readonly zone: Name;
  /** Unix seconds. */
  readonly now: number;
}

/** The answer or denial that a response is. */
export function finalAnswer(
  { classified, scrubbed, rcode, isFull, server }: Response,
  kept: KeptResponse,
  { question, zone, now }: Asked,
): FinalAnswer {
  // RFC 6672 §2.2: the DNAME that makes too long a name is given with YXDOMAIN.
  const isAnswer = classified.kind === 'answer' || classified.kind === 'yxdomain';
  const isNxdomain = classified.kind === 'denial' && classified.denial === 'nxdomain';
  const name = scrubbed.chain.end;
  return {
    kind: isAnswer ? 'answer' : isNxdomain ? 'nxdomain' : 'nodata',
    question: isFull && name !== question.name ? questionAt(name, question) : question,
    rcode: classified.kind === 'yxdomain' ? RCODE.YXDOMAIN : isNxdomain ? rcode : RCODE.NOERROR,
    // What is no answer must not carry data: nobody would validate it.
    answer: isAnswer ? kept.answer : [],
    authority: kept.authority,
    additional: kept.additional,
    zone,
    server,
    expiresAt: expiryOf(kept, !isAnswer, now),
  };
}

function questionAt(name: Name, question: Question): Question {
  return { name, type: question.type, class: question.class };
}

/** Who answers for a name is no cut's parent; but DS and NSEC at a cut are the parent's (RFC 4035 §2.4, §2.3). */
export function saysNoCut(
  { isFull, isAuthoritative, scrubbed }: Response,
  { kind }: FinalAnswer,
  { zone, isForward, copy }: DelegationPoint,
  { name, type }: Question,
): boolean {
  const isOwn = isFull && isAuthoritative && !isForward && copy === null && scrubbed.chain.steps.length === 0;
  const isParents = type === TYPE.DS || type === TYPE.NSEC || type === TYPE.ANY || type === TYPE.RRSIG;
  return isOwn && !isParents && kind !== 'nxdomain' && !namesEqual(name, zone);
}
