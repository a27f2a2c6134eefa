/** Rotation of addresses in a finished reply (rrset-roundrobin): the reply cache keeps one order, clients see many. */

import { readU16 } from '../wire/bytes.ts';
import { TYPE } from '../wire/rr-type.ts';

/** Octets of a record before its rdata when its owner is a compression pointer: pointer, type, class, TTL, RDLENGTH. */
const POINTED_FIXED_OCTETS = 12;
/** The two top bits of a compression pointer (RFC 1035 §4.1.4). */
const COMPRESSION_POINTER = 0xc000;

/**
 * Turns the run of address records that follows the question so that it begins at record `by` modulo their number.
 * Only runs with pointed owners and equal lengths are turned: there a record is a block of fixed size, and nothing in
 * the message points into it. Signatures and other records stay. @hot bench/serve-hot-query.ts
 */
export function rotateAddresses(reply: Uint8Array, questionEnd: number, by: number): void {
  const answers = readU16(reply, 6);
  if (answers < 2) return;
  const type = readU16(reply, questionEnd + 2);
  const rdataOctets = type === TYPE.A ? 4 : type === TYPE.AAAA ? 16 : 0;
  if (rdataOctets === 0) return;
  const stride = POINTED_FIXED_OCTETS + rdataOctets;
  const owner = readU16(reply, questionEnd);
  if (owner < COMPRESSION_POINTER) return;
  let run = 0;
  for (let at = questionEnd; run < answers; at += stride, run++) {
    if (readU16(reply, at) !== owner || readU16(reply, at + 2) !== type || readU16(reply, at + 10) !== rdataOctets)
      break;
  }
  const shift = run < 2 ? 0 : by % run;
  if (shift === 0) return;
  const first = questionEnd + POINTED_FIXED_OCTETS;
  reverse(reply, { first, stride, octets: rdataOctets }, 0, run);
  reverse(reply, { first, stride, octets: rdataOctets }, 0, run - shift);
  reverse(reply, { first, stride, octets: rdataOctets }, run - shift, run);
}

interface Blocks {
  readonly first: number;
  readonly stride: number;
  readonly octets: number;
}

/** Reverses the order of the rdatas from `from` to `to`: three reversals are a rotation, in place. */
function reverse(reply: Uint8Array, { first, stride, octets }: Blocks, from: number, to: number): void {
  for (let low = from, high = to - 1; low < high; low++, high--) {
    const a = first + low * stride;
    const b = first + high * stride;
    for (let i = 0; i < octets; i++) {
      const kept = reply[a + i] ?? 0;
      reply[a + i] = reply[b + i] ?? 0;
      reply[b + i] = kept;
    }
  }
}
