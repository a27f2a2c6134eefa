/**
 * The question of a message as a key of words: name in lower case, type, class, so that two spellings are one key. One object is
 * filled anew for each look-up.
 */

import { readWord } from '../wire/bytes.ts';
import { lowerWord } from '../wire/name.ts';
import { hashWords, MAX_KEY_WORDS } from './seeded-hash.ts';

const HEADER_OCTETS = 12;
const MIN_QUESTION_OCTETS = 5;
const MAX_QUESTION_OCTETS = 259;

/** Bits of a key's last word that are its own, by how many of its octets are: none past a whole word is all four. */
const LAST_MASKS = new Int32Array(
  new Uint8Array([255, 255, 255, 255, 255, 0, 0, 0, 255, 255, 0, 0, 255, 255, 255, 0]).buffer,
);

export class QuestionKey {
  readonly words = new Int32Array(MAX_KEY_WORDS);
  /** The same memory in octets. */
  readonly bytes = new Uint8Array(this.words.buffer);
  /** Words of the key, the last one with zeros where the key has ended. */
  count = 0;
  octets = 0;
  hash = 0;
  /** Flags of the variant that is looked for, and which of them matter (slot-table.ts); both are the owner's to set. */
  flags = 0;
  mask = -1;
  /** Bits of the last word that belong to the key. */
  lastMask = -1;
  /** The name was spelled with capitals: what is kept by the key does not have its case. */
  hasCapitals = false;
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
    this.octets = octets;
    this.count = (octets + 3) >>> 2;
    this.hasCapitals = writeQuestion(message, questionEnd, this.words);
    this.lastMask = LAST_MASKS[octets & 3] as number;
    this.hash = hashWords(this.words, this.count, this.#seed0, this.#seed1);
    return true;
  }

  /** Whether `words` hold this key from `from` on. @hot bench/serve-hot-query.ts */
  isAt(words: Int32Array, from: number): boolean {
    const last = this.count - 1;
    const wanted = this.words;
    for (let i = 0; i < last; i++) if (words[from + i] !== wanted[i]) return false;
    return ((words[from + last] as number) & this.lastMask) === wanted[last];
  }
}

/**
 * Writes the question at offset 12, its name in lower case, to the first words of `to`, zeros to the end of the last; true when
 * its name has capitals. @hot bench/serve-hot-query.ts
 */
function writeQuestion(bytes: Uint8Array, questionEnd: number, to: Int32Array): boolean {
  const nameOctets = questionEnd - 4 - HEADER_OCTETS;
  const whole = nameOctets >>> 2;
  let changed = 0;
  for (let i = 0; i < whole; i++) {
    // Octets of length are below 64, so they are not taken for letters.
    const word = readWord(bytes, HEADER_OCTETS + i * 4);
    const lower = lowerWord(word);
    changed |= word ^ lower;
    to[i] = lower;
  }
  const typeAndClass = readWord(bytes, questionEnd - 4);
  const bits = (nameOctets & 3) * 8;
  if (bits === 0) {
    to[whole] = typeAndClass;
    return changed !== 0;
  }
  // The end of the name, and type and class behind it, which are as they are.
  const word = readWord(bytes, HEADER_OCTETS + whole * 4) & ((1 << bits) - 1);
  const lower = lowerWord(word);
  to[whole] = lower | (typeAndClass << bits);
  to[whole + 1] = typeAndClass >>> (32 - bits);
  return (changed | (word ^ lower)) !== 0;
}
