/**
 * Addresses that came along with an answer about another name (MX, SRV, SVCB) and that the zone's own signature proves, as the
 * answer to a client's question for them: a mail server that has asked for MX asks for them next.
 *
 * RFC 2181 §5.4.1 keeps additional data that is not authenticated from ever being an answer; for these it does not matter in
 * which section they stood. A wildcard's expansion is none of them: its proof does not come along.
 */

import type { RRsetCache } from '../cache/rrset-cache.ts';
import { endOfSet, isUsableSet } from '../iterate/usable-data.ts';
import type { FoundResult } from '../terms/iteration-result.ts';
import { isAtOrBelow } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { highestSpeaker, type SpeakersParts } from './speakers.ts';

const NOBODY: ReadonlySet<string> = new Set();

/** The answer, which its verdict comes with; null when the question has to be asked. */
export function findProvenAddresses(
  { rrsets, speakers }: { readonly rrsets: RRsetCache; readonly speakers: SpeakersParts },
  question: Question,
): FoundResult | null {
  if (question.type !== TYPE.A && question.type !== TYPE.AAAA) return null;
  const ranked = rrsets.find(question.name, question.type, question.class);
  if (ranked?.verdict?.status !== 'secure' || !isUsableSet(ranked, question.type, NOBODY)) return null;
  const highest = highestSpeaker(speakers, question.name);
  if (ranked.zone === null || highest === null || !isAtOrBelow(ranked.zone, highest)) return null;
  return { kind: 'found', aliases: [], end: endOfSet(question, ranked) };
}
