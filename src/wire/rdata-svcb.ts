/** The addresses in SVCB and HTTPS rdata (RFC 9460 §2.2, §7.3): clients connect to them without asking for A or AAAA. */

import { readU8, readU16 } from './bytes.ts';

/** SvcParamKeys with addresses, and the octets of one. */
const HINT_OCTETS: ReadonlyMap<number, number> = new Map([
  [4, 4],
  [6, 16],
]);
/** A length octet above this is a compression pointer, which no target name is (RFC 9460 §2.2). */
const MAX_LABEL_OCTETS = 63;

/** Addresses of `ipv4hint` and `ipv6hint`, 4 or 16 octets each; null when the rdata cannot be read. */
export function addressHints(rdata: Uint8Array): Uint8Array[] | null {
  const hints: Uint8Array[] = [];
  let at = endOfTarget(rdata);
  if (at === null) return null;
  while (at < rdata.length) {
    if (at + 4 > rdata.length) return null;
    const octets = HINT_OCTETS.get(readU16(rdata, at));
    const value = rdata.subarray(at + 4, at + 4 + readU16(rdata, at + 2));
    at += 4 + readU16(rdata, at + 2);
    if (at > rdata.length) return null;
    if (octets === undefined) continue;
    if (value.length % octets !== 0) return null;
    for (let from = 0; from < value.length; from += octets) hints.push(value.subarray(from, from + octets));
  }
  return hints;
}

/** Where the parameters begin, behind priority and target; null when there is no whole target. */
function endOfTarget(rdata: Uint8Array): number | null {
  let at = 2;
  while (at < rdata.length) {
    const length = readU8(rdata, at);
    if (length > MAX_LABEL_OCTETS) return null;
    at += 1 + length;
    if (length === 0) return at;
  }
  return null;
}
