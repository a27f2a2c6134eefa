/** Octets of a stored form, written one value after the other into a block that grows. Integers are big-endian. */

/** Octets that the block begins with: most single answers fit. */
const FIRST_OCTETS = 1024;

export class OctetWriter {
  #block: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(firstOctets = FIRST_OCTETS) {
    this.#block = new Uint8Array(firstOctets);
    this.#view = new DataView(this.#block.buffer);
  }

  /** Octets written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#room(2);
    this.#view.setUint16(at, value);
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value);
  }

  /** A number of any size, or NaN for none. */
  number(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value);
  }

  octets(value: Uint8Array): void {
    const at = this.#room(value.length);
    this.#block.set(value, at);
  }

  /** What was written: a view, valid until more is written. */
  written(): Uint8Array {
    return this.#block.subarray(0, this.#length);
  }

  /** Makes room for so many octets more, perhaps in another block; their offset. */
  #room(octets: number): number {
    const at = this.#length;
    this.#length += octets;
    if (this.#length <= this.#block.length) return at;
    const larger = new Uint8Array(Math.max(this.#length, this.#block.length * 2));
    larger.set(this.#block.subarray(0, at));
    this.#block = larger;
    this.#view = new DataView(larger.buffer);
    return at;
  }
}
