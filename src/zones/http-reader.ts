/**
 * Reads one HTTP/1.1 response (RFC 9112) out of a stream: status line, fields, body by length, by chunks or by close.
 *
 * Duties: bounds on head and body; only a whole body with status 200 is a success. Leaves to others: the connection.
 */

import { concatBytes } from '../wire/bytes.ts';

/** Octets of status line and fields. */
const MAX_HEAD_OCTETS = 16_384;

/** Interim responses before the final one: each may be there to keep us waiting. */
const MAX_INTERIM_RESPONSES = 16;

/** Octets of a piece of the body. */
const BLOCK_OCTETS = 65_536;

/** How far the response is. */
export type HttpStep =
  | { readonly kind: 'more' }
  | { readonly kind: 'body'; readonly body: Uint8Array }
  | { readonly kind: 'failed'; readonly why: string };

type Framing =
  | { readonly kind: 'length'; readonly octets: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

const MORE: HttpStep = { kind: 'more' };

export class HttpReader {
  readonly #maxOctets: number;
  #pending: Uint8Array = new Uint8Array();
  #interim = 0;
  #framing: Framing | null = null;
  readonly #body: Uint8Array[] = [];
  #block: Uint8Array = new Uint8Array();
  #blockUsed = 0;
  #bodyOctets = 0;
  /** Octets of the present chunk still to come; null: a chunk's head comes. */
  #chunkLeft: number | null = null;

  constructor(maxOctets: number) {
    this.#maxOctets = maxOctets;
  }

  take(bytes: Uint8Array): HttpStep {
    if (this.#framing?.kind === 'length' || this.#framing?.kind === 'close') return this.#takeBody(bytes);
    this.#pending = concatBytes(this.#pending, bytes);
    if (this.#framing === null) {
      const step = this.#readHead();
      if (step.kind !== 'more' || this.#framing === null) return step;
      const rest = this.#pending;
      if (this.#currentFraming() === 'chunked') return this.#readChunks();
      this.#pending = new Uint8Array();
      return this.#takeBody(rest);
    }
    return this.#readChunks();
  }

  /** The stream has ended. */
  close(): HttpStep {
    if (this.#framing?.kind === 'close') return this.#whole();
    return failed('connection closed before the end');
  }

  #currentFraming(): Framing['kind'] | null {
    return this.#framing?.kind ?? null;
  }

  #readHead(): HttpStep {
    const text = Buffer.from(this.#pending.subarray(0, MAX_HEAD_OCTETS)).toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return this.#pending.length >= MAX_HEAD_OCTETS ? failed('header too long') : MORE;
    const [statusLine = '', ...fields] = text.slice(0, end).split('\r\n');
    this.#pending = this.#pending.subarray(end + 4);
    const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
    if (status === undefined) return failed('not an HTTP response');
    // RFC 9110 §15.2: interim responses go before the final one.
    if (status.startsWith('1')) {
      return ++this.#interim > MAX_INTERIM_RESPONSES ? failed('too many interim responses') : this.#readHead();
    }
    if (status !== '200') return failed(`HTTP status ${status}`);
    return this.#chooseFraming(fields);
  }

  #chooseFraming(fields: readonly string[]): HttpStep {
    const fieldValue = (name: string): string | null => {
      const field = fields.find((line) => line.toLowerCase().startsWith(`${name}:`));
      return field === undefined
        ? null
        : field
            .slice(name.length + 1)
            .trim()
            .toLowerCase();
    };
    if ((fieldValue('content-encoding') ?? 'identity') !== 'identity') return failed('encoded content');
    const coding = fieldValue('transfer-encoding');
    const length = fieldValue('content-length');
    if (coding !== null) {
      if (coding !== 'chunked') return failed('unknown transfer coding');
      this.#framing = { kind: 'chunked' };
    } else if (length !== null) {
      if (!/^\d{1,15}$/.test(length)) return failed('bad Content-Length');
      if (Number(length) > this.#maxOctets) return failed('larger than max-transfer-size');
      this.#framing = { kind: 'length', octets: Number(length) };
    } else {
      this.#framing = { kind: 'close' };
    }
    return MORE;
  }

  #takeBody(bytes: Uint8Array): HttpStep {
    const framing = this.#framing;
    const kept = framing?.kind === 'length' ? bytes.subarray(0, framing.octets - this.#bodyOctets) : bytes;
    if (!this.#keep(kept)) return failed('larger than max-transfer-size');
    return framing?.kind === 'length' && this.#bodyOctets === framing.octets ? this.#whole() : MORE;
  }

  #keep(bytes: Uint8Array): boolean {
    this.#bodyOctets += bytes.length;
    if (this.#bodyOctets > this.#maxOctets) return false;
    // Into blocks: chunks of one octet would each be an object of a hundred.
    for (let at = 0; at < bytes.length; ) {
      if (this.#blockUsed === this.#block.length) this.#newBlock(bytes.length - at);
      const part = bytes.subarray(at, at + this.#block.length - this.#blockUsed);
      this.#block.set(part, this.#blockUsed);
      this.#blockUsed += part.length;
      at += part.length;
    }
    return true;
  }

  #newBlock(least: number): void {
    this.#block = new Uint8Array(Math.max(BLOCK_OCTETS, least));
    this.#blockUsed = 0;
    this.#body.push(this.#block);
  }

  #readChunks(): HttpStep {
    for (;;) {
      if (this.#chunkLeft === null) {
        const step = this.#readChunkHead();
        if (step === 'more') return MORE;
        if (step !== 'chunk') return step;
      }
      const left = this.#chunkLeft ?? 0;
      const part = this.#pending.subarray(0, left);
      if (!this.#keep(part)) return failed('larger than max-transfer-size');
      this.#pending = this.#pending.subarray(part.length);
      this.#chunkLeft = left - part.length;
      if (this.#chunkLeft > 0 || this.#pending.length < 2) return MORE;
      // RFC 9112 §7.1: CRLF after the chunk's data.
      if (this.#pending[0] !== 13 || this.#pending[1] !== 10) return failed('bad chunk');
      this.#pending = this.#pending.subarray(2);
      this.#chunkLeft = null;
    }
  }

  #readChunkHead(): HttpStep | 'more' | 'chunk' {
    const end = this.#pending.indexOf(10);
    if (end < 0) return this.#pending.length > MAX_CHUNK_HEAD_OCTETS ? failed('bad chunk') : 'more';
    const line = Buffer.from(this.#pending.subarray(0, end)).toString('latin1').trim();
    const size = /^([0-9a-f]{1,8})(?:\s*;.*)?$/i.exec(line)?.[1];
    this.#pending = this.#pending.subarray(end + 1);
    if (size === undefined) return failed('bad chunk');
    this.#chunkLeft = Number.parseInt(size, 16);
    // RFC 9112 §7.1: a chunk of size 0 is the last; trailers do not matter to us.
    return this.#chunkLeft === 0 ? this.#whole() : 'chunk';
  }

  #whole(): HttpStep {
    return { kind: 'body', body: new Uint8Array(Buffer.concat(this.#body, this.#bodyOctets)) };
  }
}

/** Longest line with a chunk's size. */
const MAX_CHUNK_HEAD_OCTETS = 256;

function failed(why: string): HttpStep {
  return { kind: 'failed', why };
}
