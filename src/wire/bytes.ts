/**
 * Reading and writing integers in byte arrays, and the three text forms of bytes that DNS uses.
 *
 * Duties: big-endian integers (RFC 1035 §2.3.2), hex, base64 (RFC 4648 §4), base32hex without padding (RFC 4648 §7,
 * used by NSEC3 owner names), comparison and copies of byte arrays.
 * Leaves to others: bounds. A caller proves that `at` is inside before it reads; reading past the end gives 0.
 */

/** One octet at `at`; 0 past the end. @hot bench/serve-hot-query.ts */
export function readU8(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** Two octets, big-endian. @hot bench/serve-hot-query.ts */
export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Four octets, big-endian, as a number from 0 to 2^32 - 1. @hot bench/serve-hot-query.ts */
export function readU32(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 0x10000 + readU16(bytes, at + 2);
}

/**
 * Four octets as a typed array of words shows them: this machine's order, little-endian wherever Node runs today. All four are
 * inside. @hot bench/serve-hot-query.ts
 */
export function readWord(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** Writes two octets, big-endian. @hot bench/serve-hot-query.ts */
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >>> 8) & 0xff;
  bytes[at + 1] = value & 0xff;
}

/** Writes four octets, big-endian. @hot bench/serve-hot-query.ts */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >>> 24) & 0xff;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
}

/** True when both arrays have the same length and octets. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Order of octet strings as unsigned values, the shorter first on a common prefix (RFC 4034 §6.3). */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Memory that several arrays are cut from: V8 allocates some outside of its heap for each array of its own above 64 octets. */
class SharedMemory {
  readonly #octets: number;
  readonly #mostOctets: number;
  #memory = new ArrayBuffer(0);
  #used = 0;

  /** `octets`: at a time; `mostOctets`: of one array, a longer one has memory of its own. */
  constructor(octets: number, mostOctets: number) {
    this.#octets = octets;
    this.#mostOctets = mostOctets;
  }

  cut(length: number): Uint8Array<ArrayBuffer> {
    if (length > this.#mostOctets) return new Uint8Array(length);
    if (this.#used + length > this.#memory.byteLength) {
      this.#memory = new ArrayBuffer(this.#octets);
      this.#used = 0;
    }
    const bytes = new Uint8Array(this.#memory, this.#used, length);
    this.#used += length;
    return bytes;
  }
}

/** Octets that short-lived arrays are cut from, and of the largest that is. */
const TRANSIENT_OCTETS = 65_536;
const MOST_TRANSIENT_OCTETS = 8_192;
/** The same of arrays with a longer life: less is kept by who keeps one. */
const SHARED_OCTETS = 16_384;
const MOST_SHARED_OCTETS = 2_048;

const transient = new SharedMemory(TRANSIENT_OCTETS, MOST_TRANSIENT_OCTETS);
const shared = new SharedMemory(SHARED_OCTETS, MOST_SHARED_OCTETS);

/** An array of zeros for what is read and done with at once. Whoever keeps it keeps 64 KiB. */
export function transientBytes(length: number): Uint8Array<ArrayBuffer> {
  return transient.cut(length);
}

/**
 * V8 keeps the octets of an array of so many inside the object, where they cost least, until somebody looks at its buffer or makes a
 * view on it: then they move outside of the heap for good, which takes 140 octets more and costs more than many copies
 * (bench/RESULTS.md).
 */
export const INSIDE_OCTETS = 64;

/**
 * An array of zeros for as long as one question takes: one with memory of its own outside of the heap costs some 2 µs, most of it
 * when it is collected. Whoever keeps it keeps 16 KiB.
 */
export function sharedBytes(length: number): Uint8Array<ArrayBuffer> {
  return length <= INSIDE_OCTETS ? new Uint8Array(length) : shared.cut(length);
}

/** One new array holding all parts in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += (parts[i] as Uint8Array).length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Uint8Array;
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Lower-case hex, two digits an octet. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** Octets of a hex string (no white space); null when it is not hex or has an odd length. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** Base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** Octets of base64 text (padding required where due); null when malformed. */
export function fromBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return new Uint8Array(Buffer.from(text, 'base64'));
}

const NO_DIGIT = 0xff;
const BASE32HEX = '0123456789abcdefghijklmnopqrstuv';
/** What an octet stands for as a digit of it, in either case (RFC 4648 §7). */
const BASE32HEX_VALUES = new Uint8Array(256).fill(NO_DIGIT);
for (let value = 0; value < BASE32HEX.length; value++) {
  BASE32HEX_VALUES[BASE32HEX.charCodeAt(value)] = value;
  BASE32HEX_VALUES[BASE32HEX.toUpperCase().charCodeAt(value)] = value;
}

/** Base32hex without padding, lower case (RFC 4648 §7, RFC 5155 §3.3). */
export function toBase32hex(bytes: Uint8Array): string {
  let text = '';
  let pending = 0;
  let bits = 0;
  for (const octet of bytes) {
    pending = (pending << 8) | octet;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32HEX.charAt((pending >>> bits) & 31);
    }
    pending &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32HEX.charAt((pending << (5 - bits)) & 31) : text;
}

/** Octets of base32hex text without padding, either case; null when malformed or when left-over bits are not zero. */
export function fromBase32hex(text: string): Uint8Array | null {
  return octetsOfBase32hex(Buffer.from(text));
}

/** The same for text that is there as octets. */
export function octetsOfBase32hex(text: Uint8Array): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let pending = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = BASE32HEX_VALUES[text[i] as number] as number;
    if (value === NO_DIGIT) return null;
    pending = (pending << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (pending >>> bits) & 0xff;
    }
    pending &= (1 << bits) - 1;
  }
  return bits < 5 && pending === 0 ? bytes : null;
}
