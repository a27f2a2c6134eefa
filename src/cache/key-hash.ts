/**
 * The keyed hash of what caches find things by: name in any case, type and class. Keyed, so that nobody outside can choose names
 * that fall together.
 *
 * One question looks for a name and for those above it, with many types, one after another. So a name is hashed from the root down, and
 * the state at each of its labels is kept: what is asked of the same name again, or of one above it, costs only the type.
 */

import type { Random } from '../ports/random.ts';
import { readU32 } from '../wire/bytes.ts';
import { lowerOctet, MAX_LABEL_OCTETS, MAX_NAME_OCTETS } from '../wire/name.ts';
import { HashStates } from './seeded-hash.ts';

/** Words of the longest label with its length. */
const LABEL_WORDS = (MAX_LABEL_OCTETS + 1) / 4;
/** Most labels of a name, the root's included: each but that takes two octets. */
const MAX_LABELS = (MAX_NAME_OCTETS + 1) / 2;

/** Makes hashes of the name that was taken last, which it holds in lower case. */
export class KeyHash {
  /** The name that was hashed last: octets, where its labels begin, and the state with each of them and all after it. */
  readonly #name = new Uint8Array(MAX_NAME_OCTETS);
  readonly #starts = new Uint8Array(MAX_LABELS);
  readonly #states = new HashStates(MAX_LABELS + 1);
  readonly #words = new Int32Array(LABEL_WORDS);
  readonly #label = new Uint8Array(this.#words.buffer);
  readonly #seed0: number;
  readonly #seed1: number;
  #length = 0;
  /** Labels, the root's not counted. */
  #count = 0;
  /** The label that the name begins with that was taken last: that one, or one above it. */
  #first = 0;

  constructor(random: Random) {
    const seed = random.bytes(8);
    this.#seed0 = readU32(seed, 0) | 0;
    this.#seed1 = readU32(seed, 4) | 0;
  }

  /** Takes the wire name that stands from `start` to `end`. */
  take(octets: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#first = this.#labelAt(this.#length - length);
    if (this.#first > this.#count || !this.isNameAt(octets, start)) this.#hash(octets, start, length);
  }

  /** Hash of the name that was taken with a type and a class: 32 bits, signed. */
  with(typeAndClass: number): number {
    this.#words[0] = typeAndClass;
    // No length is hashed: labels begin with theirs, and a type comes last, so nothing stands for two names or two types.
    this.#states.absorb(this.#first, MAX_LABELS, this.#words, 1);
    return this.#states.end(MAX_LABELS);
  }

  /** True when the name at `at` is the one that was taken, in any case. */
  isNameAt(octets: Uint8Array, at: number): boolean {
    const name = this.#name;
    const start = this.#starts[this.#first] as number;
    const shift = at - start;
    // Names are never the beginning of another, so nothing past the end of a shorter one is taken for equal.
    for (let i = start; i < this.#length; i++) {
      const octet = octets[i + shift] as number;
      if (octet !== name[i] && lowerOctet(octet) !== name[i]) return false;
    }
    return true;
  }

  /** Which label begins there; one more than there are when none does. */
  #labelAt(at: number): number {
    let label = 0;
    while (label <= this.#count && (this.#starts[label] as number) < at) label++;
    return this.#starts[label] === at ? label : this.#count + 1;
  }

  #hash(octets: Uint8Array, start: number, length: number): void {
    this.#length = length;
    this.#first = 0;
    this.#count = 0;
    for (let i = 0, next = 0; i < length; i++) {
      const octet = octets[start + i] as number;
      this.#name[i] = lowerOctet(octet);
      if (i !== next) continue;
      this.#starts[this.#count] = i;
      if (octet > 0) this.#count++;
      next = i + octet + 1;
    }
    this.#states.begin(this.#count, this.#seed0, this.#seed1);
    for (let label = this.#count - 1; label >= 0; label--) {
      const count = this.#readLabel(this.#starts[label] as number);
      this.#states.absorb(label + 1, label, this.#words, count);
    }
  }

  /** Makes words of a label with its length; how many. */
  #readLabel(at: number): number {
    const length = (this.#name[at] as number) + 1;
    const count = (length + 3) >>> 2;
    this.#words[count - 1] = 0;
    for (let i = 0; i < length; i++) this.#label[i] = this.#name[at + i] as number;
    return count;
  }
}
