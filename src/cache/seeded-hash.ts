/**
 * HalfSipHash-1-3: a keyed hash of words, so that nobody outside can choose names that fall into one bucket.
 * (J.-P. Aumasson, D. J. Bernstein: SipHash; the half-width form for tables, as Linux uses it on 32-bit machines.)
 */

/** Words of the longest name (255 octets, RFC 1035 §2.3.4) with its type and class. */
export const MAX_KEY_WORDS = 65;

/** Words of one state. */
const STATE_WORDS = 4;
/** Input of the three rounds that end a hash. */
const NO_INPUT = new Int32Array(3);

/** States of hashes, by number, so that what several begin with is hashed once. */
export class HashStates {
  readonly #states: Int32Array;

  constructor(count: number) {
    this.#states = new Int32Array(count * STATE_WORDS);
  }

  /** Makes a state that has taken nothing. @hot bench/serve-cached-lookup.ts */
  begin(state: number, seed0: number, seed1: number): void {
    const at = state * STATE_WORDS;
    this.#states[at] = seed0;
    this.#states[at + 1] = seed1;
    this.#states[at + 2] = 0x6c796765 ^ seed0;
    this.#states[at + 3] = 0x74656462 ^ seed1;
  }

  /** Goes on from one state to another with the first `count` words. @hot bench/serve-cached-lookup.ts */
  absorb(from: number, to: number, words: Int32Array, count: number): void {
    const states = this.#states;
    const read = from * STATE_WORDS;
    let v0 = states[read] as number;
    let v1 = states[read + 1] as number;
    let v2 = states[read + 2] as number;
    let v3 = states[read + 3] as number;
    for (let i = 0; i < count; i++) {
      const word = words[i] as number;
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
    const write = to * STATE_WORDS;
    states[write] = v0;
    states[write + 1] = v1;
    states[write + 2] = v2;
    states[write + 3] = v3;
  }

  /** The hash of what a state has taken, a signed 32-bit number; the state is worth nothing then. @hot bench/serve-cached-lookup.ts */
  end(state: number): number {
    const at = state * STATE_WORDS;
    const states = this.#states;
    states[at + 2] = (states[at + 2] as number) ^ 0xff;
    this.absorb(state, state, NO_INPUT, NO_INPUT.length);
    return (states[at + 1] as number) ^ (states[at + 3] as number);
  }
}

const only = new HashStates(1);
const lengthWord = new Int32Array(1);

/** Hash of the first `count` words and of how many they are, a signed 32-bit number. @hot bench/serve-cached-lookup.ts */
export function hashWords(words: Int32Array, count: number, seed0: number, seed1: number): number {
  only.begin(0, seed0, seed1);
  only.absorb(0, 0, words, count);
  lengthWord[0] = count << 24;
  only.absorb(0, 0, lengthWord, 1);
  return only.end(0);
}
