/**
 * SipHash-2-4 with 64 bits of output (J.-P. Aumasson, D. J. Bernstein): the keyed hash of server cookies (RFC 9018 §4.4).
 *
 * The four 64-bit words of the state are pairs of 32-bit halves, low half first: no big integers on the way of a query.
 */

import { readU8 } from '../wire/bytes.ts';

/** Octets of a key. */
export const SIPHASH_KEY_OCTETS = 16;
/** Octets of a hash. */
const SIPHASH_OCTETS = 8;

const COMPRESSION_ROUNDS = 2;
const FINAL_ROUNDS = 4;
const BLOCK_OCTETS = 8;
/** "somepseudorandomlygeneratedbytes", the words of the state before the key is mixed in, low half first. */
const START = [0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462];
/** Low halves of the four words of the state; the high half is the next one. */
const V0 = 0;
const V1 = 2;
const V2 = 4;
const V3 = 6;

/** A hash under one key. */
export class SipHash {
  readonly #keyed = new Uint32Array(START.length);
  readonly #state = new Uint32Array(START.length);

  /** `key`: SIPHASH_KEY_OCTETS octets. */
  constructor(key: Uint8Array) {
    for (let i = 0; i < START.length; i++) {
      // The low word of the key goes into v0 and v2, the high one into v1 and v3.
      this.#keyed[i] = (START[i] as number) ^ littleEndian(key, (i & 3) * 4, 4);
    }
  }

  /** Writes the hash of the first `length` octets of `input` to `out` at `at`. */
  hash(input: Uint8Array, length: number, out: Uint8Array, at: number): void {
    const state = this.#state;
    state.set(this.#keyed);
    const wholeEnd = length - (length % BLOCK_OCTETS);
    for (let i = 0; i < wholeEnd; i += BLOCK_OCTETS) {
      compress(state, littleEndian(input, i, 4), littleEndian(input, i + 4, 4));
    }
    // The last block holds what is left and, in its top octet, the length.
    const low = littleEndian(input, wholeEnd, Math.min(4, length - wholeEnd));
    const high = littleEndian(input, wholeEnd + 4, Math.max(0, length - wholeEnd - 4));
    compress(state, low, high | (length << 24));
    state[V2] = (state[V2] as number) ^ 0xff;
    for (let i = 0; i < FINAL_ROUNDS; i++) round(state);
    for (let i = 0; i < SIPHASH_OCTETS; i++) {
      const half = i >>> 2;
      const word = word32(state, V0 + half) ^ word32(state, V1 + half) ^ word32(state, V2 + half);
      out[at + i] = ((word ^ word32(state, V3 + half)) >>> (8 * (i & 3))) & 0xff;
    }
  }
}

function compress(state: Uint32Array, low: number, high: number): void {
  state[V3] = word32(state, V3) ^ low;
  state[V3 + 1] = word32(state, V3 + 1) ^ high;
  for (let i = 0; i < COMPRESSION_ROUNDS; i++) round(state);
  state[V0] = word32(state, V0) ^ low;
  state[V0 + 1] = word32(state, V0 + 1) ^ high;
}

function round(state: Uint32Array): void {
  addRotateMix(state, V0, V1, 13);
  rotate(state, V0, 32);
  addRotateMix(state, V2, V3, 16);
  addRotateMix(state, V0, V3, 21);
  addRotateMix(state, V2, V1, 17);
  rotate(state, V2, 32);
}

/** a += b; b rotated left by `bits`; b ^= a. */
function addRotateMix(state: Uint32Array, a: number, b: number, bits: number): void {
  const low = word32(state, a) + word32(state, b);
  state[a] = low;
  state[a + 1] = word32(state, a + 1) + word32(state, b + 1) + (low > 0xffffffff ? 1 : 0);
  rotate(state, b, bits);
  state[b] = word32(state, b) ^ word32(state, a);
  state[b + 1] = word32(state, b + 1) ^ word32(state, a + 1);
}

/** Rotates a word left; `bits` up to 32. */
function rotate(state: Uint32Array, at: number, bits: number): void {
  const low = word32(state, at);
  const high = word32(state, at + 1);
  state[at] = bits === 32 ? high : (low << bits) | (high >>> (32 - bits));
  state[at + 1] = bits === 32 ? low : (high << bits) | (low >>> (32 - bits));
}

function word32(state: Uint32Array, at: number): number {
  return state[at] as number;
}

function littleEndian(bytes: Uint8Array, at: number, octets: number): number {
  let value = 0;
  for (let i = 0; i < octets; i++) value |= readU8(bytes, at + i) << (8 * i);
  return value;
}
