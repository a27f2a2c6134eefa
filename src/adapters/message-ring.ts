/**
 * Memory for recvmmsg and sendmmsg: slots with a header, an address, control data and octets each, in one block that
 * stays where it is. All pointers are written once, when it is made; calls change lengths only, which are checked here.
 *
 * Layout (Linux, 64 bits, little-endian): struct mmsghdr of 64 octets (name 0, its length 8, iovec 16, their number 24, control
 * 32, its length 40, flags 48, octets received 56); struct iovec of 16 (base 0, length 8).
 * Leaves to others: what an address is (peer.ts), which descriptor (fast-udp.ts).
 */

import { copyWords, MAX_COPIED_BY_WORDS, WordViews } from '../wire/words.ts';
import type { Pointer, SystemCalls } from './system-calls.ts';

const HEADER_OCTETS = 64;
const NAME_LENGTH_AT = 8;
const IOVEC_AT = 16;
const IOVEC_COUNT_AT = 24;
const CONTROL_AT = 32;
const CONTROL_LENGTH_AT = 40;
const FLAGS_AT = 48;
const RECEIVED_AT = 56;
const IOVEC_OCTETS = 16;
/** A struct sockaddr_in6 is 28 octets long; sockaddr_in 16. */
const NAME_OCTETS = 32;
/** Room for one control message with the address that a datagram was sent to: 40 octets are needed. */
const CONTROL_OCTETS = 64;
/** The largest UDP payload is 65,507 octets: nothing is ever cut off. */
const PAYLOAD_OCTETS = 65_536;
/** Between slots lies a little more than their octets, so that those of all slots do not fall on the same cache lines. */
const STRIDE = PAYLOAD_OCTETS + 192;

const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const EAGAIN = 11;
const EINTR = 4;
const NO_TIMEOUT: Pointer = 0n;

/** Length of a datagram that is not to be looked at. */
export const UNUSABLE = -1;

export class MessageRing {
  readonly octets: Uint8Array;
  /** The same memory in words of 32 bits. */
  readonly words: Int32Array;
  readonly slots: number;
  readonly #calls: SystemCalls;
  readonly #headers: readonly Pointer[];
  readonly #namesAt: number;
  readonly #controlsAt: number;
  readonly #payloadsAt: number;
  readonly #iovecsAt: number;
  /** The first words of each slot's octets, and of the buffers that slots are filled from. */
  readonly #starts: readonly Int32Array[];
  readonly #views = new WordViews();
  /** Slots whose lengths the system has changed since they were set. */
  #changed: number;

  /** One ring is for receiving or for sending. */
  constructor(calls: SystemCalls, slots: number) {
    this.#calls = calls;
    this.slots = slots;
    this.#changed = slots;
    this.#iovecsAt = slots * HEADER_OCTETS;
    this.#namesAt = this.#iovecsAt + slots * IOVEC_OCTETS;
    this.#controlsAt = this.#namesAt + slots * NAME_OCTETS;
    this.#payloadsAt = this.#controlsAt + slots * CONTROL_OCTETS;
    const memory = new ArrayBuffer(this.#payloadsAt + slots * STRIDE);
    this.octets = new Uint8Array(memory);
    this.words = new Int32Array(memory);
    this.#starts = Array.from(
      { length: slots },
      (_, slot) => new Int32Array(memory, this.payloadAt(slot), MAX_COPIED_BY_WORDS / 4),
    );
    this.#headers = this.#writePointers(memory, calls.addressOf(memory));
  }

  #writePointers(memory: ArrayBuffer, base: Pointer): Pointer[] {
    const view = new DataView(memory);
    const headers: Pointer[] = [];
    const point = (at: number, to: number): void => view.setBigUint64(at, base + BigInt(to), true);
    for (let slot = 0; slot < this.slots; slot++) {
      const header = slot * HEADER_OCTETS;
      const iovec = this.#iovecsAt + slot * IOVEC_OCTETS;
      point(header, this.nameAt(slot));
      point(header + IOVEC_AT, iovec);
      view.setBigUint64(header + IOVEC_COUNT_AT, 1n, true);
      point(header + CONTROL_AT, this.controlAt(slot));
      point(iovec, this.payloadAt(slot));
      headers.push(base + BigInt(header));
    }
    return headers;
  }

  /** Where the octets of a slot begin in `octets`. */
  payloadAt(slot: number): number {
    return this.#payloadsAt + slot * STRIDE;
  }

  /** Where its socket address stands. */
  nameAt(slot: number): number {
    return this.#namesAt + slot * NAME_OCTETS;
  }

  /** Where its control data stands. */
  controlAt(slot: number): number {
    return this.#controlsAt + slot * CONTROL_OCTETS;
  }

  /** Octets of control data that came with a datagram. */
  controlLength(slot: number): number {
    return Math.min(this.#word(slot, CONTROL_LENGTH_AT), CONTROL_OCTETS);
  }

  /** Octets of the datagram in a slot; UNUSABLE for one that was cut off. */
  lengthOf(slot: number): number {
    const length = this.#word(slot, RECEIVED_AT);
    const isWhole = (this.#word(slot, FLAGS_AT) & MSG_TRUNC) === 0 && length >= 0 && length <= PAYLOAD_OCTETS;
    return isWhole ? length : UNUSABLE;
  }

  /** Octets of the socket address that a datagram came with. */
  nameLength(slot: number): number {
    return this.#word(slot, NAME_LENGTH_AT);
  }

  /** Takes at most `most` datagrams into the first slots; their number, or an errno as a negative number. */
  receive(fd: number, most: number): number {
    const count = Math.min(most, this.slots);
    for (let slot = 0; slot < this.#changed; slot++) {
      this.setLengths(slot, NAME_OCTETS, CONTROL_OCTETS);
      this.setPayloadLength(slot, PAYLOAD_OCTETS);
    }
    this.#changed = 0;
    const received = this.#calls.recvmmsg(fd, this.#header(0), count, MSG_DONTWAIT, NO_TIMEOUT);
    if (received >= 0) {
      this.#changed = Math.min(received, count);
      return this.#changed;
    }
    const errno = this.#calls.errno();
    return errno === EAGAIN || errno === EINTR ? 0 : -errno;
  }

  /** Fills a slot that is to be sent: `length` octets of `bytes`, so much address and control data as stands there. */
  fill(slot: number, bytes: Uint8Array, length: number): void {
    const size = Math.min(length, bytes.length, PAYLOAD_OCTETS);
    this.#copyPayload(slot, bytes, size);
    this.setPayloadLength(slot, size);
  }

  #copyPayload(slot: number, bytes: Uint8Array, size: number): void {
    if (size === bytes.length) {
      this.octets.set(bytes, this.payloadAt(slot));
      return;
    }
    // Replies come in the first octets of a buffer that is used again; a view on each would be an object for each.
    const start = this.#starts[slot];
    const words = this.#views.of(bytes);
    const count = (size + 3) >>> 2;
    if (start !== undefined && size <= MAX_COPIED_BY_WORDS && count <= words.length) copyWords(words, 0, start, count);
    else this.octets.set(bytes.subarray(0, size), this.payloadAt(slot));
  }

  /** A copy of what stands in a slot that was filled. */
  payloadOf(slot: number): Uint8Array {
    const at = this.payloadAt(slot);
    return this.octets.slice(at, at + (this.words[(this.#iovecsAt + slot * IOVEC_OCTETS + 8) >> 2] ?? 0));
  }

  /** How much of a slot's address and control data counts: 0 for none. */
  setLengths(slot: number, nameOctets: number, controlOctets: number): void {
    this.#setWord(slot, NAME_LENGTH_AT, Math.min(nameOctets, NAME_OCTETS));
    this.#setWord(slot, CONTROL_LENGTH_AT, Math.min(controlOctets, CONTROL_OCTETS));
  }

  /** Sends the slots from `first` to before `end`; how many the system took, or an errno as a negative number for the first. */
  send(fd: number, first: number, end: number): number {
    const count = Math.max(0, Math.min(end, this.slots) - first);
    const sent = this.#calls.sendmmsg(fd, this.#header(first), count, MSG_DONTWAIT);
    return sent >= 0 ? sent : -this.#calls.errno();
  }

  /** How many octets of a slot that was filled where it stands are sent. */
  setPayloadLength(slot: number, length: number): void {
    this.words[(this.#iovecsAt + slot * IOVEC_OCTETS + 8) >> 2] = length;
  }

  #header(slot: number): Pointer {
    const header = this.#headers[slot];
    if (header === undefined) throw new RangeError(`no slot ${slot}`);
    return header;
  }

  #word(slot: number, at: number): number {
    return this.words[(slot * HEADER_OCTETS + at) >> 2] ?? 0;
  }

  #setWord(slot: number, at: number, value: number): void {
    this.words[(slot * HEADER_OCTETS + at) >> 2] = value;
  }
}
