/**
 * Type bitmaps of NSEC, NSEC3 and CSYNC (RFC 4034 §4.1.2): kept as bytes, asked in place.
 *
 * A set of all 65,536 types is 8 KiB of rdata; it is never turned into a list but for printing.
 */

import { readU8 } from './bytes.ts';

/** Windows of a type bitmap as in rdata. A view. */
export type TypeBitmap = Uint8Array;

/** Longest bitmap of one window, octets (RFC 4034 §4.1.2). */
const MAX_WINDOW_OCTETS = 32;

/**
 * True when windows ascend, have 1 to 32 octets each and end with the bytes. Zero octets at a window's end are let pass:
 * their meaning is clear.
 */
export function isValidBitmap(bitmap: TypeBitmap): boolean {
  let at = 0;
  let lastWindow = -1;
  while (at < bitmap.length) {
    const window = readU8(bitmap, at);
    const length = readU8(bitmap, at + 1);
    // RFC 4034 §4.1.2: blocks in increasing order, bitmap length from 1 to 32.
    if (window <= lastWindow || length < 1 || length > MAX_WINDOW_OCTETS || at + 2 + length > bitmap.length)
      return false;
    lastWindow = window;
    at += 2 + length;
  }
  return true;
}

/** True when the bit of `type` is set. False for anything in a malformed rest. */
export function hasType(bitmap: TypeBitmap, type: number): boolean {
  const wanted = type >>> 8;
  const octet = (type & 0xff) >>> 3;
  for (let at = 0; at + 1 < bitmap.length; at += 2 + readU8(bitmap, at + 1)) {
    if (readU8(bitmap, at) !== wanted) continue;
    const isInside = octet < readU8(bitmap, at + 1) && at + 2 + octet < bitmap.length;
    return isInside && (readU8(bitmap, at + 2 + octet) & (0x80 >>> (type & 7))) !== 0;
  }
  return false;
}

/** All types of a valid bitmap, ascending. */
export function typesOf(bitmap: TypeBitmap): number[] {
  const types: number[] = [];
  for (let at = 0; at + 1 < bitmap.length; at += 2 + readU8(bitmap, at + 1)) {
    const bits = readU8(bitmap, at + 1) * 8;
    for (let bit = 0; bit < bits; bit++) {
      if ((readU8(bitmap, at + 2 + (bit >>> 3)) & (0x80 >>> (bit & 7))) !== 0)
        types.push(readU8(bitmap, at) * 256 + bit);
    }
  }
  return types;
}

/** The bitmap of these types, in any order, as a new array. */
export function bitmapOf(types: Iterable<number>): TypeBitmap {
  const windows = new Map<number, Uint8Array>();
  for (const type of types) {
    const window = windows.get(type >>> 8) ?? new Uint8Array(MAX_WINDOW_OCTETS);
    const octet = (type & 0xff) >>> 3;
    window[octet] = readU8(window, octet) | (0x80 >>> (type & 7));
    windows.set(type >>> 8, window);
  }
  const bitmap: number[] = [];
  for (const number of [...windows.keys()].sort((a, b) => a - b)) {
    const window = windows.get(number) ?? new Uint8Array();
    let length = window.length;
    while (length > 0 && window[length - 1] === 0) length--;
    bitmap.push(number, length, ...window.subarray(0, length));
  }
  return Uint8Array.from(bitmap);
}
