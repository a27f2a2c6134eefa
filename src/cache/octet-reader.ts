/**
 * Octets of a stored form, read one value after the other. Past the end every value is 0 or empty and `isBroken` is true from
 * then on: who reads asks for that once, after a whole entry.
 */

const NOTHING = new Uint8Array();

export class OctetReader {
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  #at: number;
  #isBroken = false;

  constructor(octets: Uint8Array, at = 0) {
    this.#octets = octets;
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    this.#at = at;
  }

  /** Something was read that is not there, or that its reader called wrong. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#octets.length;
  }

  /** What was read is not what it should be. */
  break(): void {
    this.#isBroken = true;
  }

  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#view.getUint8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#view.getUint16(at);
  }

  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at);
  }

  /** NaN where there is none. */
  number(): number {
    const at = this.#take(8);
    return at < 0 ? 0 : this.#view.getFloat64(at);
  }

  /** A copy, so that an entry does not keep all others alive. */
  octets(count: number): Uint8Array {
    const at = this.#take(count);
    return at < 0 ? NOTHING : this.#octets.slice(at, at + count);
  }

  /** Offset of so many octets; -1 when they are not there. */
  #take(octets: number): number {
    const at = this.#at;
    if (this.#isBroken || octets > this.#octets.length - at) {
      this.#isBroken = true;
      return -1;
    }
    this.#at = at + octets;
    return at;
  }
}
