/** Two numbers of a signature (r | s, RFC 6605 §4) as the DER sequence that OpenSSL takes (RFC 3279 §2.2.3). */

import { readU8 } from '../wire/bytes.ts';

/** Octets that DER adds to two numbers at most: three heads, and a zero octet before each number. */
export const MOST_DER_OVERHEAD = 8;

/**
 * Writes the sequence and gives its length. It is made for each check, so at once. Numbers are of equal length, and short enough for
 * lengths of one octet: up to P-384.
 */
export function writeDerOfNumbers(numbers: Uint8Array, into: Uint8Array, at: number): number {
  const half = numbers.length / 2;
  const firstAt = significantFrom(numbers, 0, half);
  const secondAt = significantFrom(numbers, half, numbers.length);
  const first = half - firstAt + topBit(numbers, firstAt);
  const second = numbers.length - secondAt + topBit(numbers, secondAt);
  into[at] = 0x30;
  into[at + 1] = 4 + first + second;
  writeInteger(numbers, { from: firstAt, octets: half - firstAt }, into, { at: at + 2, length: first });
  const rest = { from: secondAt, octets: numbers.length - secondAt };
  writeInteger(numbers, rest, into, { at: at + 4 + first, length: second });
  return 6 + first + second;
}

interface Integer {
  readonly at: number;
  readonly length: number;
}

/** A loop: the octets are too few for a call of the system's. */
function writeInteger(
  numbers: Uint8Array,
  { from, octets }: { readonly from: number; readonly octets: number },
  into: Uint8Array,
  { at, length }: Integer,
): void {
  into[at] = 0x02;
  into[at + 1] = length;
  into[at + 2] = 0;
  const start = at + 2 + length - octets;
  for (let i = 0; i < octets; i++) into[start + i] = numbers[from + i] as number;
}

/** 1 where a number's first octet has its top bit set: a zero octet stays before it (X.690 §8.3). */
function topBit(octets: Uint8Array, at: number): number {
  return readU8(octets, at) >> 7;
}

/** Where a number begins without its leading zeros; its last octet stays. */
export function significantFrom(octets: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to - 1 && octets[at] === 0) at++;
  return at;
}
