/**
 * SipHash-2-4 with 64 bits of output (J.-P. Aumasson, D. J. Bernstein): the keyed hash of server cookies (RFC 9018 §4.4).
 *
 * The four 64-bit words of the state are pairs of 32-bit halves, low half first: no big integers on the way of a query.
 */

import { readU8 } from '../wire/bytes.ts';

/** Octets of a key: 128 bits. */
export const SIPHASH_KEY_OCTETS = 16;

const COMPRESSION_ROUNDS = 2;
const FINAL_ROUNDS = 4;
const BLOCK_OCTETS = 8;
/** "somepseudorandomlygeneratedbytes", the words of the state before the key is mixed in, low half first. */
const START = [0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462];

/** A hash under one key. */
export class SipHash {
  readonly #keyed = new Int32Array(START.length);

  /** `key`: SIPHASH_KEY_OCTETS octets. */
  constructor(key: Uint8Array) {
    for (let i = 0; i < START.length; i++) {
      // The low word of the key goes into v0 and v2, the high one into v1 and v3.
      this.#keyed[i] = (START[i] as number) ^ littleEndian(key, (i & 3) * 4, 4);
    }
  }

  /**
   * Writes the hash of the first `length` octets of `input` to `out` at `at`. The last block holds what is left and, in its top
   * octet, the length. @hot bench/serve-hot-query.ts
   */
  hash(input: Uint8Array, length: number, out: Uint8Array, at: number): void {
    // The state lies in local variables, low (a) and high (b) half of each word: in an array it takes four times as long.
    let a0 = this.#keyed[0] as number;
    let b0 = this.#keyed[1] as number;
    let a1 = this.#keyed[2] as number;
    let b1 = this.#keyed[3] as number;
    let a2 = this.#keyed[4] as number;
    let b2 = this.#keyed[5] as number;
    let a3 = this.#keyed[6] as number;
    let b3 = this.#keyed[7] as number;
    const wholeEnd = length - (length % BLOCK_OCTETS);
    const inputRounds = COMPRESSION_ROUNDS * (wholeEnd / BLOCK_OCTETS + 1);
    let low = 0;
    let high = 0;
    for (let done = 0; done < inputRounds + FINAL_ROUNDS; done++) {
      if (done === inputRounds) a2 ^= 0xff;
      else if (done < inputRounds && done % COMPRESSION_ROUNDS === 0) {
        const block = (done / COMPRESSION_ROUNDS) * BLOCK_OCTETS;
        low = littleEndian(input, block, Math.min(4, length - block));
        high = littleEndian(input, block + 4, Math.min(4, length - block - 4));
        if (block === wholeEnd) high |= length << 24;
        a3 ^= low;
        b3 ^= high;
      }
      // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
      let sum = (a0 + a1) | 0;
      let top = (b0 + b1 + carry(sum, a1)) | 0;
      let turned = (a1 << 13) | (b1 >>> 19);
      b1 = ((b1 << 13) | (a1 >>> 19)) ^ top;
      a1 = turned ^ sum;
      a0 = top;
      b0 = sum;
      // v2 += v3; v3 <<<= 16; v3 ^= v2
      a2 = (a2 + a3) | 0;
      b2 = (b2 + b3 + carry(a2, a3)) | 0;
      turned = (a3 << 16) | (b3 >>> 16);
      b3 = ((b3 << 16) | (a3 >>> 16)) ^ b2;
      a3 = turned ^ a2;
      // v0 += v3; v3 <<<= 21; v3 ^= v0
      a0 = (a0 + a3) | 0;
      b0 = (b0 + b3 + carry(a0, a3)) | 0;
      turned = (a3 << 21) | (b3 >>> 11);
      b3 = ((b3 << 21) | (a3 >>> 11)) ^ b0;
      a3 = turned ^ a0;
      // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
      sum = (a2 + a1) | 0;
      top = (b2 + b1 + carry(sum, a1)) | 0;
      turned = (a1 << 17) | (b1 >>> 15);
      b1 = ((b1 << 17) | (a1 >>> 15)) ^ top;
      a1 = turned ^ sum;
      a2 = top;
      b2 = sum;
      if (done < inputRounds && done % COMPRESSION_ROUNDS === COMPRESSION_ROUNDS - 1) {
        a0 ^= low;
        b0 ^= high;
      }
    }
    writeLittleEndian(out, at, a0 ^ a1 ^ a2 ^ a3);
    writeLittleEndian(out, at + 4, b0 ^ b1 ^ b2 ^ b3);
  }
}

/** 1 when the low half `sum` of an addition has run over; `term` is one of the two that were added. */
function carry(sum: number, term: number): number {
  return sum >>> 0 < term >>> 0 ? 1 : 0;
}

function littleEndian(bytes: Uint8Array, at: number, octets: number): number {
  let value = 0;
  for (let i = 0; i < octets; i++) value |= readU8(bytes, at + i) << (8 * i);
  return value;
}

function writeLittleEndian(out: Uint8Array, at: number, word: number): void {
  for (let i = 0; i < 4; i++) out[at + i] = (word >>> (8 * i)) & 0xff;
}
