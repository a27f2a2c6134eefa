/** HMAC-SHA-256 (RFC 2104): whoever does not know the key cannot make octets that pass for ours. */

import type { Crypto } from '../ports/crypto.ts';
import { concatBytes } from '../wire/bytes.ts';
import type { Steps } from '../wire/steps.ts';

/** Octets of a code, and of a key. */
export const MAC_OCTETS = 32;
/** Octets of a block of SHA-256. */
const BLOCK_OCTETS = 64;
const INNER = 0x36;
const OUTER = 0x5c;
/** Octets that are digested before others get their turn: about a millisecond. */
const PIECE_OCTETS = 512 * 1024;

/** The code of octets under a key. */
export function keyedDigest(crypto: Pick<Crypto, 'digest'>, key: Uint8Array, octets: Uint8Array): Uint8Array {
  const short = key.length > BLOCK_OCTETS ? crypto.digest('sha256', key) : key;
  const padded = (pad: number): Uint8Array => new Uint8Array(BLOCK_OCTETS).map((_, i) => (short[i] ?? 0) ^ pad);
  const inner = crypto.digest('sha256', concatBytes(padded(INNER), octets));
  return crypto.digest('sha256', concatBytes(padded(OUTER), inner));
}

/** The code of many octets: that of the digests of their pieces, so that others get their turn in between. */
export function* keyedDigestInPieces(
  crypto: Pick<Crypto, 'digest'>,
  key: Uint8Array,
  octets: Uint8Array,
): Steps<Uint8Array> {
  const digests: Uint8Array[] = [];
  for (let at = 0; at < octets.length; at += PIECE_OCTETS) {
    digests.push(crypto.digest('sha256', octets.subarray(at, at + PIECE_OCTETS)));
    yield;
  }
  return keyedDigest(crypto, key, concatBytes(...digests));
}

/** Whether two codes are the same, in a time that does not tell where they differ. */
export function isSameCode(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
