/** Ranges of addresses: is this address in one of them. */

import { readU8 } from '../wire/bytes.ts';
import type { AddressRange } from './options.ts';

/** True when the address (4 or 16 octets) lies in one of the ranges of its family. */
export function isInRanges(octets: Uint8Array, ranges: readonly AddressRange[]): boolean {
  return ranges.some((range) => isInRange(octets, range));
}

function isInRange(octets: Uint8Array, range: AddressRange): boolean {
  if (octets.length !== range.octets.length) return false;
  const whole = range.bits >>> 3;
  for (let i = 0; i < whole; i++) if (octets[i] !== range.octets[i]) return false;
  const mask = 0xff & (0xff00 >>> (range.bits & 7));
  return ((readU8(octets, whole) ^ readU8(range.octets, whole)) & mask) === 0;
}

/** True for 0.0.0.0 and ::. */
export function isUnspecified(octets: Uint8Array): boolean {
  return octets.every((octet) => octet === 0);
}
