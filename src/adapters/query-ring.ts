/**
 * Datagrams on their way from a front thread to the resolving thread: a ring in shared memory with one writer and one reader.
 *
 * A record is whole before the writer's position tells of it. The writer learns whether the reader has to be woken: a reader that
 * is awake takes what comes meanwhile. Full means that the resolving thread does not keep up; what does not fit is dropped, as a
 * full queue of a socket does.
 */

/** Octets of records that a ring holds: about 800 queries. A datagram of the largest size fits. */
const RING_OCTETS = 262_144;
const RING_WORDS = RING_OCTETS >> 2;
/** Words before the records. Positions count words and come round at 2^32. */
const WRITTEN = 0;
const TAKEN = 1;
const IS_AWAKE = 2;
const FIRST = 16;
/** Words of a record before its octets: whole record, socket, octets of payload, of the address, of control data. */
const RECORD_WORDS = 5;
/** A record of no size: the rest up to the end of the ring is empty. */
const SKIP = 0;

/** Where a datagram stands in memory, with the socket address and control data that it came with. */
interface RawDatagram {
  readonly nameAt: number;
  readonly nameLength: number;
  readonly controlAt: number;
  readonly controlLength: number;
  readonly payloadAt: number;
  readonly payloadLength: number;
}

/** Room for a datagram with its address: what a record is copied to. */
const NAME_AT = 0;
const CONTROL_AT = 32;
const PAYLOAD_AT = 96;
const NAME_ROOM = 32;
const CONTROL_ROOM = 64;
const PAYLOAD_ROOM = 65_536;

export class QueryRing {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #octets: Uint8Array;

  constructor(memory = new SharedArrayBuffer(FIRST * 4 + RING_OCTETS)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#octets = new Uint8Array(memory);
  }

  /** Writes a datagram; `full`: there is no room; `wake`: the reader sleeps, and must be told. */
  put(socket: number, octets: Uint8Array, from: RawDatagram): 'full' | 'wake' | 'awake' {
    const words = this.#words;
    const { nameLength, controlLength, payloadLength } = from;
    if (nameLength > NAME_ROOM || controlLength > CONTROL_ROOM) return 'full';
    const size = RECORD_WORDS + ((nameLength + 3) >> 2) + ((controlLength + 3) >> 2) + ((payloadLength + 3) >> 2);
    const written = Atomics.load(words, WRITTEN);
    const used = (written - Atomics.load(words, TAKEN)) >>> 0;
    const at = (written >>> 0) % RING_WORDS;
    const skipped = at + size > RING_WORDS ? RING_WORDS - at : 0;
    if (used + skipped + size > RING_WORDS) return 'full';
    if (skipped > 0) words[FIRST + at] = SKIP;
    const start = skipped > 0 ? 0 : at;
    this.#words[FIRST + start] = size;
    this.#words[FIRST + start + 1] = socket;
    this.#write(FIRST + start, octets, from);
    Atomics.store(words, WRITTEN, written + skipped + size);
    return Atomics.exchange(words, IS_AWAKE, 1) === 0 ? 'wake' : 'awake';
  }

  #write(at: number, octets: Uint8Array, from: RawDatagram): void {
    const { nameAt, nameLength, controlAt, controlLength, payloadAt, payloadLength } = from;
    this.#words.set([payloadLength, nameLength, controlLength], at + 2);
    let to = (at + RECORD_WORDS) * 4;
    this.#octets.set(octets.subarray(nameAt, nameAt + nameLength), to);
    to += (nameLength + 3) & ~3;
    this.#octets.set(octets.subarray(controlAt, controlAt + controlLength), to);
    to += (controlLength + 3) & ~3;
    this.#octets.set(octets.subarray(payloadAt, payloadAt + payloadLength), to);
  }

  /** Nothing is left and the reader sleeps from now on; false: something came meanwhile. */
  sleep(): boolean {
    Atomics.store(this.#words, IS_AWAKE, 0);
    if (Atomics.load(this.#words, WRITTEN) === Atomics.load(this.#words, TAKEN)) return true;
    // Whoever wrote between the two may have woken the reader, or not: it is awake.
    Atomics.store(this.#words, IS_AWAKE, 1);
    return false;
  }

  /** Takes the next datagram out into `to`; its socket, null when there is none. */
  take(to: TakenDatagram): number | null {
    const words = this.#words;
    let taken = Atomics.load(words, TAKEN);
    if (taken === Atomics.load(words, WRITTEN)) return null;
    let at = (taken >>> 0) % RING_WORDS;
    if (words[FIRST + at] === SKIP) {
      taken += RING_WORDS - at;
      at = 0;
    }
    const [size = 0, socket = 0, payload = 0, name = 0, control = 0] = words.subarray(
      FIRST + at,
      FIRST + at + RECORD_WORDS,
    );
    const from = (FIRST + at + RECORD_WORDS) * 4;
    const controlFrom = from + ((name + 3) & ~3);
    const payloadFrom = controlFrom + ((control + 3) & ~3);
    to.octets.set(this.#octets.subarray(from, from + name), NAME_AT);
    to.octets.set(this.#octets.subarray(controlFrom, controlFrom + control), CONTROL_AT);
    to.octets.set(this.#octets.subarray(payloadFrom, payloadFrom + payload), PAYLOAD_AT);
    to.nameLength = name;
    to.controlLength = control;
    to.payloadLength = payload;
    Atomics.store(words, TAKEN, taken + size);
    return socket;
  }
}

/** What a record is copied to; one object, filled again and again. */
export class TakenDatagram {
  readonly octets = new Uint8Array(PAYLOAD_AT + PAYLOAD_ROOM);
  readonly words = new Int32Array(this.octets.buffer);
  readonly nameAt = NAME_AT;
  readonly controlAt = CONTROL_AT;
  readonly payloadAt = PAYLOAD_AT;
  nameLength = 0;
  controlLength = 0;
  payloadLength = 0;

  /** The datagram itself; good until the next is taken. */
  get payload(): Uint8Array {
    return this.octets.subarray(PAYLOAD_AT, PAYLOAD_AT + this.payloadLength);
  }
}
