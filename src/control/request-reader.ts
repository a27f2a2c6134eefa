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

/** The one version of the protocol that there is. */
export const PROTOCOL_VERSION = '1';

/** What has been read: a whole line, or why no more can be read. */
export type RequestPiece =
  | { readonly kind: 'line'; readonly text: string }
  /** Not a control client: it gets no answer. */
  | { readonly kind: 'bad-magic' }
  /** The first line came, but for another version. */
  | { readonly kind: 'wrong-version' }
  | { readonly kind: 'line-too-long' };

/** Reads a connection's input. */
export class RequestReader {
  readonly #pending: Uint8Array[] = [];
  #pendingOctets = 0;
  /** Octets of the first pending piece that are read. */
  #at = 0;
  /** Octets, from there on, that are known to hold no line feed. */
  #searched = 0;
  #version: string | null = null;
  #isEnded = false;

  /** Octets that wait to be read. */
  get waiting(): number {
    return this.#pendingOctets - this.#at;
  }

  /** Takes what arrived; copied. */
  push(bytes: Uint8Array): void {
    if (this.#isEnded || bytes.length === 0) return;
    this.#pending.push(bytes.slice());
    this.#pendingOctets += bytes.length;
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
    if (text === null) return this.waiting > CONTROL_LIMITS.lineOctets ? this.#end('line-too-long') : null;
    if (this.#version !== PROTOCOL_VERSION) return this.#end('wrong-version');
    return text.length > CONTROL_LIMITS.lineOctets ? this.#end('line-too-long') : { kind: 'line', text };
  }

  #readMagic(): RequestPiece | null {
    const first = this.#joined();
    const have = Math.min(MAGIC.length, first.length - this.#at);
    for (let i = 0; i < have; i++) {
      if (first[this.#at + i] !== MAGIC.charCodeAt(i)) return this.#end('bad-magic');
    }
    if (first.length - this.#at < MAGIC_OCTETS) return null;
    const head = asText(first, this.#at, this.#at + MAGIC_OCTETS);
    this.#at += MAGIC_OCTETS;
    this.#version = head.endsWith(' ') ? head.slice(MAGIC.length, -1) : '';
    return null;
  }

  #readLine(): string | null {
    const block = this.#joined();
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

  /** All that is pending as one block; each octet is moved a bounded number of times, as blocks are joined when all is searched. */
  #joined(): Uint8Array {
    const [only] = this.#pending;
    if (this.#pending.length === 1 && only !== undefined) return only;
    const block = new Uint8Array(this.waiting);
    let at = 0;
    this.#pending.forEach((piece, i) => {
      const part = i === 0 ? piece.subarray(this.#at) : piece;
      block.set(part, at);
      at += part.length;
    });
    this.#pending.splice(0, this.#pending.length, block);
    this.#pendingOctets = block.length;
    this.#at = 0;
    return block;
  }

  #end(kind: 'bad-magic' | 'wrong-version' | 'line-too-long'): RequestPiece {
    this.#isEnded = true;
    this.#pending.length = 0;
    this.#pendingOctets = 0;
    this.#at = 0;
    return { kind };
  }
}

/** One character for each octet, so that a text keeps octets above 127 as they are. */
function asText(bytes: Uint8Array, from: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString('latin1');
}
