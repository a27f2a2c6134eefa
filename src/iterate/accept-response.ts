/**
 * Is this datagram the answer to that question? The anti-spoofing checks of RFC 5452 §9.1, in order of price.
 *
 * Duties: id, QR, opcode, question (with the case of the letters when 0x20 is used), framing.
 * Leaves to others: the sender's address (the socket), what the answer says.
 */

import { bytesEqual, readU16, sharedBytes } from '../wire/bytes.ts';
import { HEADER_OCTETS, type MessageView, parseMessage } from '../wire/message-view.ts';
import { namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { FLAG, OPCODE, RCODE } from '../wire/rcode.ts';

export interface Pending {
  readonly id: number;
  /** Name with the case as sent. */
  readonly question: Question;
  /** True when the case of the name must come back as it was sent. */
  readonly checkCase: boolean;
}

/** Why a datagram is no answer. `truncated`: the right answer, cut off; to be fetched whole over TCP. */
type NotAccepted =
  | 'too-short'
  | 'wrong-id'
  | 'not-a-response'
  | 'wrong-opcode'
  | 'malformed'
  | 'wrong-question'
  | 'wrong-case';

/** The answer, or why it is none. */
type Acceptance =
  | { readonly kind: 'accepted'; readonly message: MessageView }
  /** TC is set: the whole answer is to be had over TCP (RFC 2181 §9). */
  | { readonly kind: 'truncated' }
  | { readonly kind: 'rejected'; readonly why: NotAccepted };

/** Rcodes of replies that may leave out the question: servers that could not read it. */
const MAY_LACK_QUESTION: ReadonlySet<number> = new Set([RCODE.FORMERR, RCODE.NOTIMP, RCODE.SERVFAIL, RCODE.REFUSED]);

/** Looks at received bytes; an accepted message owns a copy of them. */
export function acceptResponse(bytes: Uint8Array, pending: Pending): Acceptance {
  if (bytes.length < HEADER_OCTETS) return rejected('too-short');
  if (readU16(bytes, 0) !== pending.id) return rejected('wrong-id');
  const flags = readU16(bytes, 2);
  if ((flags & FLAG.QR) === 0) return rejected('not-a-response');
  if (((flags >>> 11) & 15) !== OPCODE.QUERY) return rejected('wrong-opcode');
  const own = sharedBytes(bytes.length);
  own.set(bytes);
  const parsed = parseMessage(own, pending.question);
  // A message that was cut off need not be well-formed.
  if (!parsed.ok) return (flags & FLAG.TC) !== 0 ? { kind: 'truncated' } : rejected('malformed');
  const { message } = parsed;
  const wrong = wrongQuestion(message, pending);
  if (wrong !== null) return rejected(wrong);
  return message.has(FLAG.TC) ? { kind: 'truncated' } : { kind: 'accepted', message };
}

function rejected(why: NotAccepted): Acceptance {
  return { kind: 'rejected', why };
}

function wrongQuestion(message: MessageView, pending: Pending): NotAccepted | null {
  const question = message.questions[0];
  if (question === undefined) return MAY_LACK_QUESTION.has(message.rcode) ? null : 'wrong-question';
  if (message.questions.length > 1) return 'wrong-question';
  const asked = pending.question;
  if (question === asked) return null;
  if (question.type !== asked.type || question.class !== asked.class) return 'wrong-question';
  if (!namesEqual(question.name, asked.name)) return 'wrong-question';
  return pending.checkCase && !bytesEqual(question.name, asked.name) ? 'wrong-case' : null;
}
