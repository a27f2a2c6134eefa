/**
 * Addresses that came along with an answer about another name (MX, SRV, SVCB) with the zone's own signature, as the answer to a
 * client's question for them: a mail server that has asked for MX asks for them next.
 *
 * RFC 2181 §5.4.1 keeps additional data that is not authenticated from ever being an answer; for what a signature proves it does not
 * matter in which section it stood. Whoever gets what is not checked yet has it validated, and asks when it is not secure.
 * A wildcard's expansion is none of them: its proof does not come along.
 */

import type { RRsetCache } from '../cache/rrset-cache.ts';
import { endOfSet, isUsableSet, mayProve } from '../iterate/usable-data.ts';
import type { FoundResult } from '../terms/iteration-result.ts';
import { isAtOrBelow } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { highestSpeaker, type SpeakersParts } from './speakers.ts';

const NOBODY: ReadonlySet<string> = new Set();

/** The answer, with its verdict or to be validated; null when the question has to be asked. */
export function findSignedAddresses(
  { rrsets, speakers }: { readonly rrsets: RRsetCache; readonly speakers: SpeakersParts },
  question: Question,
): FoundResult | null {
  if (question.type !== TYPE.A && question.type !== TYPE.AAAA) return null;
  const ranked = rrsets.find(question.name, question.type, question.class);
  if (ranked === null) return null;
  const isProven = ranked.verdict?.status === 'secure' && isUsableSet(ranked, question.type, NOBODY);
  if (!isProven && !mayProve(ranked)) return null;
  const highest = highestSpeaker(speakers, question.name);
  if (ranked.zone === null || highest === null || !isAtOrBelow(ranked.zone, highest)) return null;
  return { kind: 'found', aliases: [], end: endOfSet(question, ranked) };
}
