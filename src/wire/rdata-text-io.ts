/**
 * What the text form of rdata is read from and written to: a reader over rdata, a reader over tokens, a writer of rdata.
 *
 * Readers fail softly: after a bad field they give zeros and empty arrays and keep the first problem, so that a list of
 * fields needs one check at its end.
 */

import { readU16, readU32, writeU16, writeU32 } from './bytes.ts';
import { type Name, nameEnd, ROOT } from './name.ts';
import { parseNameOrReason } from './name-text.ts';
import type { Token } from './text-tokens.ts';
import { textOctets } from './text-tokens.ts';

const EMPTY = new Uint8Array(0);
/** Characters of a sentence that quotes what is wrong: the log is for people, and a field may have a million. */
const MAX_PROBLEM_CHARACTERS = 200;

/** Reads fields out of uncompressed rdata. */
export class RdataReader {
  readonly rdata: Uint8Array;
  /** True when a read went past the end or found a malformed field. */
  failed = false;
  #at = 0;

  constructor(rdata: Uint8Array) {
    this.rdata = rdata;
  }

  /** Octets not read yet. */
  get left(): number {
    return this.rdata.length - this.#at;
  }

  /** Declares the rdata malformed; gives an empty text for the caller to return. */
  fail(): string {
    this.failed = true;
    return '';
  }

  /** The next octets, as a view; an empty one when there are fewer. */
  take(length: number): Uint8Array {
    if (length > this.left) {
      this.failed = true;
      return EMPTY;
    }
    this.#at += length;
    return this.rdata.subarray(this.#at - length, this.#at);
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }

  u8(): number {
    return this.take(1)[0] ?? 0;
  }

  u16(): number {
    return readU16(this.take(2), 0);
  }

  u32(): number {
    return readU32(this.take(4), 0);
  }

  /** A character string without its length octet. */
  string(): Uint8Array {
    return this.take(this.u8());
  }

  name(): Name {
    const end = nameEnd(this.rdata, this.#at);
    if (end < 0) {
      this.failed = true;
      return ROOT;
    }
    return this.take(end - this.#at) as Name;
  }
}

export class RdataWriter {
  readonly #parts: Uint8Array[] = [];

  bytes(octets: Uint8Array): void {
    this.#parts.push(octets);
  }

  u8(value: number): void {
    this.#parts.push(Uint8Array.of(value));
  }

  u16(value: number): void {
    const part = new Uint8Array(2);
    writeU16(part, 0, value);
    this.#parts.push(part);
  }

  u32(value: number): void {
    const part = new Uint8Array(4);
    writeU32(part, 0, value);
    this.#parts.push(part);
  }

  /** All of it in one array. There may be more parts than a call can take as arguments. */
  finish(): Uint8Array {
    const rdata = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      rdata.set(part, at);
      at += part.length;
    }
    return rdata;
  }
}

/** Reads fields out of tokens. */
export class TokenReader {
  readonly origin: Name;
  /** The first thing that was wrong; null so far. */
  problem: string | null = null;
  readonly #tokens: readonly Token[];
  #at: number;

  constructor(tokens: readonly Token[], origin: Name, from = 0) {
    this.#tokens = tokens;
    this.origin = origin;
    this.#at = from;
  }

  /** Tokens not read yet. */
  get left(): number {
    return this.#tokens.length - this.#at;
  }

  fail(problem: string): void {
    this.problem ??=
      problem.length > MAX_PROBLEM_CHARACTERS ? `${problem.slice(0, MAX_PROBLEM_CHARACTERS)}...` : problem;
  }

  /** The next token without taking it; null at the end. */
  peek(): Token | null {
    return this.#tokens[this.#at] ?? null;
  }

  /** Text of the next token, escapes kept; empty and a problem at the end. */
  next(): string {
    const token = this.peek();
    if (token === null) {
      this.fail('too few fields');
      return '';
    }
    this.#at++;
    return token.text;
  }

  /** All tokens that are left, put together. */
  rest(): string {
    let text = '';
    while (this.left > 0) text += this.next();
    return text;
  }

  /** A decimal number from 0 to `max`. */
  number(max: number): number {
    const text = this.next();
    const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (value <= max) return value;
    this.fail(`not a number from 0 to ${max}: ${text}`);
    return 0;
  }

  name(): Name {
    const text = this.next();
    const name = parseNameOrReason(text, this.origin);
    if (typeof name !== 'string') return name;
    this.fail(`${name}: ${text}`);
    return ROOT;
  }

  /** Octets of the next token, escapes resolved, at most `max` of them. */
  octets(max: number): Uint8Array {
    const text = this.next();
    const octets = textOctets(text);
    if (octets !== null && octets.length <= max) return octets;
    this.fail(octets === null ? `bad escape: ${text}` : `longer than ${max} octets`);
    return EMPTY;
  }
}
