/**
 * How long a response may be kept by a cache that does not read DNS, as of now (RFC 8484 §5.1): the least TTL of its answer
 * section, or of a denial what its SOA says (RFC 2308 §5).
 */

import { readU16, readU32 } from './bytes.ts';
import { HEADER_OCTETS, RECORD_FIXED_OCTETS } from './message-view.ts';
import { skipName } from './name.ts';
import { RCODE } from './rcode.ts';
import { TYPE } from './rr-type.ts';

/** Type and class of a question. */
const QUESTION_FIXED_OCTETS = 4;

/** Seconds; 0 for what says nothing of the name, for what has no TTL, and for what is no whole message. */
export function freshnessSeconds(message: Uint8Array): number {
  if (message.length < HEADER_OCTETS) return 0;
  const rcode = readU16(message, 2) & 15;
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return 0;
  const answers = readU16(message, 6);
  const records = answers + readU16(message, 8);
  let at = skipQuestions(message);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < records; i++) {
    const fixed = at < 0 ? -1 : skipName(message, at);
    if (fixed < 0 || fixed + RECORD_FIXED_OCTETS > message.length) return 0;
    at = fixed + RECORD_FIXED_OCTETS + readU16(message, fixed + 8);
    if (at > message.length) return 0;
    const isSoa = readU16(message, fixed) === TYPE.SOA;
    if (i < answers || isSoa) least = Math.min(least, readU32(message, fixed + 4));
    // Its last field is the TTL of denials.
    if (i >= answers && isSoa && at - fixed >= RECORD_FIXED_OCTETS + 4)
      least = Math.min(least, readU32(message, at - 4));
  }
  return Number.isFinite(least) ? least : 0;
}

/** Where the questions end; -1 when they do not. */
function skipQuestions(message: Uint8Array): number {
  let at = HEADER_OCTETS;
  for (let i = readU16(message, 4); i > 0; i--) {
    const end = skipName(message, at);
    if (end < 0 || end + QUESTION_FIXED_OCTETS > message.length) return -1;
    at = end + QUESTION_FIXED_OCTETS;
  }
  return at;
}
