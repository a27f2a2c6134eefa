/**
 * A response as the way down acts upon it: scrubbed, classified, with who was asked what.
 *
 * Duties: from a message to that; whether it surely speaks for the zone asked. Leaves to others: acting on it (iterative-query.ts).
 */

import type { TraceStep } from '../trace/events.ts';
import type { MessageView } from '../wire/message-view.ts';
import { commonAncestor, isAtOrBelow, isBelow, labelAfter, type Name, namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { FLAG } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { RRsetGroup } from '../wire/rrsets.ts';
import { type Classified, classifyResponse } from './classify-response.ts';
import type { DelegationPoint } from './delegation.ts';
import type { IterativeQueryParts } from './parts.ts';
import { type Scrubbed, scrub } from './scrub.ts';
import type { Candidate } from './server-selection.ts';

/** A response that may be acted upon. */
export interface Response {
  /** Who sent it; null: it is of a local copy of the zone. */
  readonly candidate: Candidate | null;
  /** `ip@port`, or the key of the copy. */
  readonly server: string;
  readonly asked: Question;
  /** The question asked was the real one, not a minimised one. */
  readonly isFull: boolean;
  readonly scrubbed: Scrubbed;
  readonly classified: Classified;
  readonly rcode: number;
  readonly isAuthoritative: boolean;
}

/** Who was asked what, and how. */
export interface ResponseOrigin extends Pick<Response, 'candidate' | 'server' | 'asked' | 'isFull'> {
  /** RD was set. */
  readonly recursion: boolean;
}

/** A message, and who is told of the records of it that are dropped. */
interface Received {
  readonly message: MessageView;
  readonly note: (step: () => TraceStep) => void;
}

/** Reads a message that answers a question to the servers given. */
export function readResponse(
  parts: Pick<IterativeQueryParts, 'options' | 'copies' | 'delegations' | 'expectsSignatures' | 'counters'>,
  servers: DelegationPoint,
  from: ResponseOrigin,
  { message, note }: Received,
): Response {
  const { options, copies } = parts;
  const { zone, isForward, hasDs } = servers;
  const scrubbed = scrub(message, {
    question: from.asked,
    zone,
    options,
    ...(copies === undefined ? {} : { copies }),
    isValidated: hasDs || parts.expectsSignatures(zone),
    isInZone: (name) => isInZone(parts, servers, name, from.asked.name),
    onDropped: (_section, { owner, type }, why) => note(() => ({ kind: 'scrubbed', owner, type, why })),
  });
  const isAuthoritative = message.has(FLAG.AA);
  const classified = classifyResponse({
    rcode: message.rcode,
    isAuthoritative,
    offersRecursion: message.has(FLAG.RA),
    askedForRecursion: from.recursion,
    isForwarder: isForward,
    question: from.asked,
    zone,
    scrubbed,
  });
  if (scrubbed.bounded > 0) parts.counters.add('limit.message-sets', scrubbed.bounded);
  const { candidate, server, asked, isFull } = from;
  const { rcode } = message;
  return { candidate, server, asked, isFull, scrubbed, classified, rcode, isAuthoritative };
}

/**
 * True when no zone cut lies between the zone asked and a name below it, as is known from other answers or from this one to
 * `asked`. A forwarder and a local copy see to that themselves.
 */
function isInZone(
  { delegations }: Pick<IterativeQueryParts, 'delegations'>,
  { zone, isForward, copy }: DelegationPoint,
  name: Name,
  asked: Name,
): boolean {
  if (isForward || copy !== null) return true;
  if (isAtOrBelow(asked, name) || !isBelow(name, zone)) return true;
  const seenFrom = name.length - Math.max(commonAncestor(asked, name).length, zone.length);
  for (let at = 0; at < seenFrom; at = labelAfter(name, at)) if (!delegations.isNoCut(name, at)) return false;
  return true;
}

/** True when the response is surely of the zone asked, not of a parent or child on the same server. */
export function speaksForZone({ scrubbed, classified }: Response, { zone }: DelegationPoint): boolean {
  const isApex = (group: RRsetGroup): boolean =>
    namesEqual(group.owner, zone) && (group.type === TYPE.SOA || group.type === TYPE.NS || group.type === TYPE.DNSKEY);
  if (classified.kind === 'referral') return false;
  return [...scrubbed.chain.data, ...scrubbed.authority].some(isApex);
}
