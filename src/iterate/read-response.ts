/**
 * A response as the way down acts upon it: scrubbed, classified, with who was asked what.
 *
 * Duties: from a message to that; whether it surely speaks for the zone asked. Leaves to others: acting on it (iterative-query.ts).
 */

import type { DropReason } from '../terms/response-kind.ts';
import type { ZoneCopies, ZoneCopy } from '../terms/upstream-zone.ts';
import type { TraceStep } from '../trace/events.ts';
import { type MessageView, parseMessage } from '../wire/message-view.ts';
import { commonAncestorAt, isAtOrBelow, isBelow, labelAfter, type Name, namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { FLAG } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { KeyedRRset } from '../wire/rrsets.ts';
import { type Classified, classifyResponse } from './classify-response.ts';
import type { DelegationPoint } from './delegation.ts';
import type { IterateOptions } from './options.ts';
import type { IterativeQueryParts } from './parts.ts';
import { type Scrubbed, type ScrubContext, scrub } from './scrub.ts';
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

/** A message, and who is told of the records of it that are dropped; null: nobody. */
interface Received {
  readonly message: MessageView;
  readonly note: ((step: () => TraceStep) => void) | null;
}

type ReadingParts = Pick<IterativeQueryParts, 'options' | 'copies' | 'delegations' | 'expectsSignatures' | 'counters'>;

/** Reads a message that answers a question to the servers given. */
export function readResponse(
  parts: ReadingParts,
  servers: DelegationPoint,
  from: ResponseOrigin,
  { message, note }: Received,
): Response {
  const { candidate, server, asked, isFull, recursion } = from;
  const scrubbed = scrub(message, new Context(parts, servers, asked, note));
  const { rcode } = message;
  const isAuthoritative = message.has(FLAG.AA);
  const classified = classifyResponse({
    rcode,
    isAuthoritative,
    offersRecursion: message.has(FLAG.RA),
    askedForRecursion: recursion,
    isForwarder: servers.isForward,
    question: asked,
    zone: servers.zone,
    scrubbed,
  });
  if (scrubbed.bounded > 0) parts.counters.add('limit.message-sets', scrubbed.bounded);
  return { candidate, server, asked, isFull, scrubbed, classified, rcode, isAuthoritative };
}

/** What scrubbing asks of the way down; most responses need none of it. */
class Context implements ScrubContext {
  readonly question: Question;
  readonly zone: Name;
  readonly options: IterateOptions;
  readonly copies: ZoneCopies | undefined;
  readonly #parts: ReadingParts;
  readonly #servers: DelegationPoint;
  readonly #note: Received['note'];

  constructor(parts: ReadingParts, servers: DelegationPoint, question: Question, note: Received['note']) {
    this.question = question;
    this.zone = servers.zone;
    this.options = parts.options;
    this.copies = parts.copies;
    this.#parts = parts;
    this.#servers = servers;
    this.#note = note;
  }

  get isValidated(): boolean {
    return this.#servers.hasDs || this.#parts.expectsSignatures(this.zone);
  }

  /** As is known from other answers, or from this one. A forwarder and a local copy see to that themselves. */
  isInZone(name: Name): boolean {
    const { isForward, copy } = this.#servers;
    if (isForward || copy !== null) return true;
    const asked = this.question.name;
    if (isAtOrBelow(asked, name) || !isBelow(name, this.zone)) return true;
    const { delegations } = this.#parts;
    const seenFrom = Math.min(commonAncestorAt(name, asked), name.length - this.zone.length);
    for (let at = 0; at < seenFrom; at = labelAfter(name, at)) if (!delegations.isNoCut(name, at)) return false;
    return true;
  }

  onDropped({ owner, type }: KeyedRRset, why: DropReason): void {
    this.#note?.(() => ({ kind: 'scrubbed', owner, type, why }));
  }
}

/** What the local copy of a zone says to a question; null: it cannot be used. */
export function responseOfCopy(copy: ZoneCopy, question: Question): MessageView | null {
  const octets = copy.respond(question);
  const parsed = octets === null ? null : parseMessage(octets);
  return parsed?.ok === true ? parsed.message : null;
}

/** True when the response is surely of the zone asked, not of a parent or child on the same server. */
export function speaksForZone({ scrubbed, classified }: Response, { zone }: DelegationPoint): boolean {
  const isApex = ({ owner, type }: KeyedRRset): boolean =>
    (type === TYPE.SOA || type === TYPE.NS || type === TYPE.DNSKEY) && namesEqual(owner, zone);
  if (classified.kind === 'referral') return false;
  return scrubbed.chain.data.some(isApex) || scrubbed.authority.some(isApex);
}
