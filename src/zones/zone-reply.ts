/** A zone's answer in the two forms that others take: ranked RRsets for a reply to a client, octets of a response for iteration. */

import { configuredSet, type RankedRRset } from '../terms/ranked-rrset.ts';
import type { Answered } from '../terms/resolution.ts';
import type { MessageBuilder } from '../wire/message-builder.ts';
import type { Section } from '../wire/message-view.ts';
import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { FLAG } from '../wire/rcode.ts';
import type { AnswerSet, ZoneAnswer } from './zone-lookup.ts';

/** For a client: not validated, with authority. */
export function answeredOfZone(answer: ZoneAnswer, question: Question, zone: Name, now: number): Answered {
  const hold = ({ rrset, ttl }: AnswerSet): RankedRRset => configuredSet(rrset, ttl, zone, now);
  const { rcode, denied, authoritative } = answer;
  return {
    kind: 'answered',
    question,
    rcode,
    denied,
    answer: answer.answer.map(hold),
    authority: answer.authority.map(hold),
    additional: answer.additional.map(hold),
    verdict: null,
    expiresAt: now,
    ofZone: { authoritative },
  };
}

/** For iteration: as if a server of the zone had answered. A new array. */
export function responseOfZone(
  builder: MessageBuilder,
  buffer: Uint8Array,
  answer: ZoneAnswer,
  question: Question,
): Uint8Array {
  const flags = FLAG.QR | (answer.authoritative ? FLAG.AA : 0);
  builder.start({ id: 0, flags, rcode: answer.rcode });
  builder.question(question);
  const write = (section: Section, sets: readonly AnswerSet[]): void => {
    for (const { rrset, ttl } of sets) builder.rrset(section, rrset, ttl);
  };
  write('answer', answer.answer);
  write('authority', answer.authority);
  write('additional', answer.additional);
  return buffer.slice(0, builder.finish());
}
