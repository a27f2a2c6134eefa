/**
 * The client's side of the `UBCT1` protocol: octets in, however they are cut up, magic and lines out.
 *
 * Leaves to others: what a line means, when a bulk input ends.
 */

import { CONTROL_LIMITS } from './limits.ts';

/** Octets before the first line: `UBCT`, the version digit, a blank. */
const MAGIC_OCTETS = 6;
const MAGIC = 'UBCT';
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** First room for a connection: a command and its arguments. */
const FIRST_OCTETS = 1024;

export const PROTOCOL_VERSION = '1';

/** What has been read: a whole line, or why no more can be read. */
export type RequestPiece =
  | { readonly kind: 'line'; readonly text: string }
  /** Not a control client: it gets no answer. */
  | { readonly kind: 'bad-magic' }
  /** The first line came, but for another version. */
  | { readonly kind: 'wrong-version' }
  | { readonly kind: 'line-too-long' };

export class RequestReader {
  /** Room for what is pending: it doubles, so that an octet is moved a bounded number of times, however they come. */
  #room = new Uint8Array(FIRST_OCTETS);
  /** What is pending: from here ... */
  #at = 0;
  /** ... up to here. */
  #end = 0;
  /** Octets, from there on, that are known to hold no line feed. */
  #searched = 0;
  #version: string | null = null;
  #isEnded = false;

  /** Octets that wait to be read. */
  get waiting(): number {
    return this.#end - this.#at;
  }

  /** Takes what arrived; copied. */
  push(bytes: Uint8Array): void {
    if (this.#isEnded || bytes.length === 0) return;
    if (this.#end + bytes.length > this.#room.length) this.#makeRoom(bytes.length);
    this.#room.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The next piece; null until more arrives. After a piece that is no line nothing follows. */
  next(): RequestPiece | null {
    if (this.#isEnded) return null;
    if (this.#version === null) {
      const fault = this.#readMagic();
      if (fault !== null) return fault;
      if (this.#version === null) return null;
    }
    const text = this.#readLine();
    if (text === null) return this.waiting > CONTROL_LIMITS.lineOctets ? this.#stop('line-too-long') : null;
    if (this.#version !== PROTOCOL_VERSION) return this.#stop('wrong-version');
    return text.length > CONTROL_LIMITS.lineOctets ? this.#stop('line-too-long') : { kind: 'line', text };
  }

  #readMagic(): RequestPiece | null {
    const first = this.#room.subarray(0, this.#end);
    const have = Math.min(MAGIC.length, first.length - this.#at);
    for (let i = 0; i < have; i++) {
      if (first[this.#at + i] !== MAGIC.charCodeAt(i)) return this.#stop('bad-magic');
    }
    if (first.length - this.#at < MAGIC_OCTETS) return null;
    const head = asText(first, this.#at, this.#at + MAGIC_OCTETS);
    this.#at += MAGIC_OCTETS;
    this.#version = head.endsWith(' ') ? head.slice(MAGIC.length, -1) : '';
    return null;
  }

  #readLine(): string | null {
    const block = this.#room.subarray(0, this.#end);
    const end = block.indexOf(LINE_FEED, this.#at + this.#searched);
    if (end < 0) {
      this.#searched = block.length - this.#at;
      return null;
    }
    const isTwoOctetEnd = end > this.#at && block[end - 1] === CARRIAGE_RETURN;
    const text = asText(block, this.#at, isTwoOctetEnd ? end - 1 : end);
    this.#at = end + 1;
    this.#searched = 0;
    return text;
  }

  /** Moves what is left to the front of room that is large enough: twice what it must hold. */
  #makeRoom(octets: number): void {
    const needed = this.waiting + octets;
    const room = needed * 2 <= this.#room.length ? this.#room : new Uint8Array(needed * 2);
    room.set(this.#room.subarray(this.#at, this.#end));
    this.#end -= this.#at;
    this.#at = 0;
    this.#room = room;
  }

  #stop(kind: 'bad-magic' | 'wrong-version' | 'line-too-long'): RequestPiece {
    this.#isEnded = true;
    this.#room = new Uint8Array();
    this.#end = 0;
    this.#at = 0;
    return { kind };
  }
}

/** One character for each octet, so that a text keeps octets above 127 as they are. */
function asText(bytes: Uint8Array, from: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString('latin1');
}
