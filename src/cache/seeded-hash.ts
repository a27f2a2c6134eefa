/**
 * HalfSipHash-1-3: a keyed hash of words, so that nobody outside can choose names that fall into one bucket.
 * (J.-P. Aumasson, D. J. Bernstein: SipHash; the half-width form for tables, as Linux uses it on 32-bit machines.)
 */

/** Words of the longest name (255 octets, RFC 1035 §2.3.4) with its type and class. */
export const MAX_KEY_WORDS = 65;

/** Hash of the first `count` words, a signed 32-bit number. @hot bench/serve-cached-lookup.ts */
export function hashWords(words: Int32Array, count: number, seed0: number, seed1: number): number {
  let v0 = seed0;
  let v1 = seed1;
  let v2 = 0x6c796765 ^ seed0;
  let v3 = 0x74656462 ^ seed1;
  // Words, then one that holds the length, then the three final rounds without input.
  for (let i = 0; i < count + 4; i++) {
    const word = i < count ? (words[i] as number) : i === count ? count << 24 : 0;
    if (i === count + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}
