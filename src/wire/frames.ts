/** Messages out of a byte stream: two octets of length before each (RFC 1035 §4.2.2), however the stream is cut up. */

import { readU16, writeU16 } from './bytes.ts';

const LENGTH_OCTETS = 2;
/** First room for a connection: the queries that arrive in one segment. */
const FIRST_OCTETS = 1024;

/**
 * Collects octets and gives out whole messages. Each octet is copied a bounded number of times, whatever the size of the
 * pieces: room doubles, and what was given out is moved away only when room is needed.
 */
export class FrameReader {
  #room = new Uint8Array(FIRST_OCTETS);
  #start = 0;
  #end = 0;

  /** Adds what arrived; the octets are copied. */
  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#room.length) this.#makeRoom(bytes.length);
    this.#room.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The next whole message, without its length, good until the next `push`; null when there is none yet. */
  next(): Uint8Array | null {
    const from = this.#start + LENGTH_OCTETS;
    const end = this.#endOfNext();
    if (end > this.#end) return null;
    this.#start = end;
    return this.#room.subarray(from, end);
  }

  /** True when `next` has a message to give. */
  get hasNext(): boolean {
    return this.#endOfNext() <= this.#end;
  }

  /** Offset after the next message, as far as it is known. */
  #endOfNext(): number {
    const from = this.#start + LENGTH_OCTETS;
    return from > this.#end ? from : from + readU16(this.#room, this.#start);
  }

  /** Moves what is left to the front of room that is large enough: twice what it must hold. */
  #makeRoom(octets: number): void {
    const held = this.#end - this.#start;
    const needed = held + octets;
    const room = needed * 2 <= this.#room.length ? this.#room : new Uint8Array(needed * 2);
    room.set(this.#room.subarray(this.#start, this.#end));
    this.#room = room;
    this.#start = 0;
    this.#end = held;
  }
}

/** A message with its length before it, as one block: both go out in one write (RFC 7766 §8). */
export function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_OCTETS + message.length);
  writeU16(frame, 0, message.length);
  frame.set(message, LENGTH_OCTETS);
  return frame;
}
