/**
 * The question of a message as a key of words: name in lower case, type, class, so that two spellings are one key. One object is
 * filled anew for each look-up.
 */

import { lowerOctet } from '../wire/name.ts';
import { hashWords } from './seeded-hash.ts';

const HEADER_OCTETS = 12;
/** Question of the longest name, in words. */
const MAX_KEY_WORDS = 65;
const MIN_QUESTION_OCTETS = 5;
const MAX_QUESTION_OCTETS = 259;

/** Bits of a key's last word that are its own, by how many of its octets are: none past a whole word is all four. */
const LAST_MASKS = new Int32Array(
  new Uint8Array([255, 255, 255, 255, 255, 0, 0, 0, 255, 255, 0, 0, 255, 255, 255, 0]).buffer,
);

export class QuestionKey {
  readonly words = new Int32Array(MAX_KEY_WORDS);
  /** Words of the key, the last one with zeros where the key has ended. */
  count = 0;
  octets = 0;
  hash = 0;
  /** Flags of the variant that is looked for, and which of them matter (slot-table.ts); both are the owner's to set. */
  flags = 0;
  mask = -1;
  /** Bits of the last word that belong to the key. */
  lastMask = -1;
  /** The same memory in octets. */
  readonly bytes = new Uint8Array(this.words.buffer);
  readonly #seed0: number;
  readonly #seed1: number;

  constructor(seed0: number, seed1: number) {
    this.#seed0 = seed0;
    this.#seed1 = seed1;
  }

  /** Takes the question at offset 12; false when there cannot be such a one. @hot bench/serve-cached-lookup.ts */
  read(message: Uint8Array, questionEnd: number): boolean {
    const octets = questionEnd - HEADER_OCTETS;
    if (octets < MIN_QUESTION_OCTETS || octets > MAX_QUESTION_OCTETS || questionEnd > message.length) return false;
    const to = this.bytes;
    const nameOctets = octets - 4;
    const count = (octets + 3) >>> 2;
    this.words[count - 1] = 0;
    // Octets of length are below 64, so they are not taken for letters.
    for (let i = 0; i < nameOctets; i++) to[i] = lowerOctet(message[HEADER_OCTETS + i] as number);
    for (let i = nameOctets; i < octets; i++) to[i] = message[HEADER_OCTETS + i] as number;
    this.count = count;
    this.octets = octets;
    this.lastMask = LAST_MASKS[octets & 3] as number;
    this.hash = hashWords(this.words, count, this.#seed0, this.#seed1);
    return true;
  }

  /** Whether `words` hold this key from `from` on. @hot bench/serve-cached-lookup.ts */
  isAt(words: Int32Array, from: number): boolean {
    const last = this.count - 1;
    const wanted = this.words;
    for (let i = 0; i < last; i++) if (words[from + i] !== wanted[i]) return false;
    return ((words[from + last] as number) & this.lastMask) === wanted[last];
  }
}
