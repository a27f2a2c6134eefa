/**
 * The keyed hash of what caches find things by: name in any case, type and class. Keyed, so that nobody outside can choose names
 * that fall together.
 */

import type { Random } from '../ports/random.ts';
import { readU32 } from '../wire/bytes.ts';
import { lowerOctet } from '../wire/name.ts';
import { hashWords, MAX_KEY_WORDS } from './seeded-hash.ts';

/** Makes hashes, and holds what was hashed last in lower case. */
export class KeyHash {
  readonly #words = new Int32Array(MAX_KEY_WORDS);
  readonly #octets = new Uint8Array(this.#words.buffer, 4);
  readonly #seed0: number;
  readonly #seed1: number;
  #length = 0;

  constructor(random: Random) {
    const seed = random.bytes(8);
    this.#seed0 = readU32(seed, 0) | 0;
    this.#seed1 = readU32(seed, 4) | 0;
  }

  /** Hash of the wire name that stands from `start` to `end`, with a type and a class. */
  of(octets: Uint8Array, start: number, end: number, typeAndClass: number): number {
    const length = end - start;
    const words = this.#words;
    words[0] = typeAndClass;
    const last = (length + 3) >>> 2;
    words[last] = 0;
    for (let i = 0; i < length; i++) this.#octets[i] = lowerOctet(octets[start + i] as number);
    this.#length = length;
    return hashWords(words, last + 1, this.#seed0, this.#seed1);
  }

  /** True when the name at `at` is the one that was hashed last, in any case. */
  isNameAt(octets: Uint8Array, at: number): boolean {
    const name = this.#octets;
    // Names are never the beginning of another, so nothing past the end of a shorter one is taken for equal.
    for (let i = 0; i < this.#length; i++) {
      const octet = octets[at + i] as number;
      if (octet !== name[i] && lowerOctet(octet) !== name[i]) return false;
    }
    return true;
  }
}
