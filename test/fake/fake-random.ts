/** Chance from a seed: the same seed gives the same numbers on every machine (xorshift128+ reduced to 32-bit words). */

import type { Random } from '../../src/ports/random.ts';

/** A seeded random port. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    this.#a = 0x9e3779b9 ^ seed;
    this.#b = 0x243f6a88;
    this.#c = 0xb7e15162;
    this.#d = seed | 1;
    for (let i = 0; i < 16; i++) this.u32();
  }

  /** A whole number from 0 to 2^32 - 1. */
  u32(): number {
    const t = this.#a ^ (this.#a << 11);
    this.#a = this.#b;
    this.#b = this.#c;
    this.#c = this.#d;
    this.#d = (this.#d ^ (this.#d >>> 19) ^ t ^ (t >>> 8)) | 0;
    return this.#d >>> 0;
  }

  /** A number from 0 up to but not including 1. */
  fraction(): number {
    return this.u32() / 0x100000000;
  }

  u16(): number {
    return this.u32() >>> 16;
  }

  below(n: number): number {
    return Math.floor(this.fraction() * n);
  }

  bytes(n: number): Uint8Array {
    const bytes = new Uint8Array(n);
    for (let i = 0; i < n; i++) bytes[i] = this.u32() >>> 24;
    return bytes;
  }
}
