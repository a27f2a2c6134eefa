/** Builds a query message: one question and perhaps an OPT. Everything else is message-builder.ts. */

import { transientBytes, writeU16 } from './bytes.ts';
import { EDNS_FLAG_DO, type EdnsOut, ednsOctets, OPT_FIXED_OCTETS, writeOptions } from './edns.ts';
import { HEADER_OCTETS } from './message-view.ts';
import type { Question } from './question.ts';
import { TYPE } from './rr-type.ts';

interface QueryParts {
  /** Message id, 16 bits, from the Random port. */
  readonly id: number;
  readonly question: Question;
  /** Bits of rcode.ts FLAG; opcode 0. */
  readonly flags: number;
  /** No OPT when absent. */
  readonly edns?: EdnsOut;
}

/** The query as a new array of exactly its length. */
export function buildQuery(parts: QueryParts): Uint8Array {
  const { question, edns } = parts;
  const questionEnd = HEADER_OCTETS + question.name.length + 4;
  const message = transientBytes(questionEnd + (edns === undefined ? 0 : ednsOctets(edns)));
  writeU16(message, 0, parts.id);
  writeU16(message, 2, parts.flags);
  writeU16(message, 4, 1);
  message.set(question.name, HEADER_OCTETS);
  writeU16(message, questionEnd - 4, question.type);
  writeU16(message, questionEnd - 2, question.class);
  if (edns !== undefined) {
    writeU16(message, 10, 1);
    writeU16(message, questionEnd + 1, TYPE.OPT);
    writeU16(message, questionEnd + 3, edns.udpSize);
    message[questionEnd + 6] = edns.version ?? 0;
    writeU16(message, questionEnd + 7, edns.doBit ? EDNS_FLAG_DO : 0);
    const optionsAt = questionEnd + OPT_FIXED_OCTETS;
    writeU16(message, optionsAt - 2, message.length - optionsAt);
    if (edns.options !== undefined) writeOptions(message, optionsAt, edns.options);
  }
  return message;
}
