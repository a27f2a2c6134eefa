/**
 * Values as octets that do not leave this process, written one after another and read back in the same order. So nothing is checked:
 * who reads otherwise than was written is a bug. What is read from a file is read by octet-reader.ts.
 */

import { INSIDE_OCTETS, readU16, readU32, sharedBytes, writeU16, writeU32 } from '../wire/bytes.ts';
import { type Name, nameEnd, ROOT } from '../wire/name.ts';

const FIRST_OCTETS = 1024;
/** Stands for a time that never comes. */
const NEVER = 0xffff_ffff;
/** Places for texts that were read lately, by what they end in; a power of two. Longer ones are not looked for there. */
const TEXT_PLACES = 256;
const MOST_TEXT_OCTETS = 64;
/** Stands for a name that is not below another where the octets of its labels before that are counted; no name is so long. */
const OWN_NAME = 0xff;
/** Kinds of a name beside another. */
const NAME = { none: 0, within: 1, own: 2 } as const;

/** Writes into octets of its own, which grow with what is written. */
export class Packer {
  /** None at first: V8 takes what is never assigned again for a constant, and discards all that writes here when it once grows. */
  octets: Buffer = Buffer.alloc(0);
  /** Octets written. */
  length = 0;

  u8(value: number): void {
    this.#room(1);
    this.octets[this.length++] = value;
  }

  u16(value: number): void {
    this.#room(2);
    writeU16(this.octets, this.length, value);
    this.length += 2;
  }

  u32(value: number): void {
    this.#room(4);
    writeU32(this.octets, this.length, value);
    this.length += 4;
  }

  /** Unix seconds; Infinity too. */
  time(seconds: number): void {
    this.u32(Math.min(Math.max(0, Math.floor(seconds)), NEVER));
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length);
    this.octets.set(value, this.length);
    this.length += value.length;
  }

  /** Numbers in the order of octets that the processor has. */
  words(value: Uint32Array): void {
    this.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  /** Text of characters up to U+00FF, or any text. */
  text(value: string, encoding: 'latin1' | 'utf8' = 'latin1'): void {
    this.#room(2 + 4 * value.length);
    const written =
      encoding === 'latin1' && value.length <= MOST_TEXT_OCTETS
        ? this.#characters(value)
        : this.octets.write(value, this.length + 2, encoding);
    writeU16(this.octets, this.length, written);
    this.length += 2 + written;
  }

  /** One by one: of a short text that takes less than a call out of JavaScript. */
  #characters(value: string): number {
    for (let i = 0; i < value.length; i++) this.octets[this.length + 2 + i] = value.charCodeAt(i);
    return value.length;
  }

  /**
   * A name that mostly is an ancestor of another one, or that itself, in the same case: then that one's end is read for it. The
   * other one stands from `start` to `end`.
   */
  nameBeside(name: Name | null, octets: Uint8Array, start: number, end: number): void {
    if (name === null) {
      this.u8(NAME.none);
      return;
    }
    const at = end - name.length;
    if (at >= start && isNameAt(name, octets, start, at)) {
      this.u8(NAME.within);
      this.u8(at - start);
      return;
    }
    this.u8(NAME.own);
    this.bytes(name);
  }

  /** A name that mostly is the other one with labels before it, in the same case: then only those are written. */
  nameBelow(name: Name, zone: Name): void {
    const at = name.length - zone.length;
    const isBelow = at >= 0 && isNameAt(zone, name, 0, at);
    this.u8(isBelow ? at : OWN_NAME);
    const octets = isBelow ? at : name.length;
    this.#room(octets);
    // No view: it would move the name out of V8's heap (wire/bytes.ts).
    for (let i = 0; i < octets; i++) this.octets[this.length++] = name[i] as number;
  }

  #room(octets: number): void {
    const needed = this.length + octets;
    if (needed <= this.octets.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_OCTETS, needed, 2 * this.octets.length));
    larger.set(this.octets.subarray(0, this.length));
    this.octets = larger;
  }
}

/** True when a value is what stands from `at` to `end`, octet for octet. */
export function isSameAt(value: Uint8Array, octets: Uint8Array, at: number, end: number): boolean {
  if (value.length !== end - at) return false;
  for (let i = 0; i < value.length; i++) if (value[i] !== octets[at + i]) return false;
  return true;
}

/** True when the name stands at `at`, octet for octet, and a label of the one that begins at `start` does. */
function isNameAt(name: Name, octets: Uint8Array, start: number, at: number): boolean {
  if (!isSameAt(name, octets, at, at + name.length)) return false;
  let label = start;
  while (label < at) label += (octets[label] as number) + 1;
  return label === at;
}

/** Reads what was written. Its owner has one and points it at one block after another. */
export class Unpacker {
  octets: Uint8Array = new Uint8Array();
  /** The same octets. */
  characters: Buffer = Buffer.alloc(0);
  at = 0;
  /** Servers and zones are the same few for most values: to make such a text takes ten times as long as to compare it. */
  readonly #texts: string[] = new Array(TEXT_PLACES).fill('');
  /** The zone that was read last, for the same reason. */
  #zone = ROOT;

  u8(): number {
    return this.octets[this.at++] as number;
  }

  u16(): number {
    this.at += 2;
    return readU16(this.octets, this.at - 2);
  }

  u32(): number {
    this.at += 4;
    return readU32(this.octets, this.at - 4);
  }

  time(): number {
    const seconds = this.u32();
    return seconds === NEVER ? Number.POSITIVE_INFINITY : seconds;
  }

  /** A copy of so many octets, for a short life: its memory is shared (wire/bytes.ts). */
  bytes(octets: number): Uint8Array {
    const start = this.at;
    this.at += octets;
    if (octets <= INSIDE_OCTETS) return this.octets.slice(start, this.at);
    const copy = sharedBytes(octets);
    this.characters.copy(copy, 0, start, this.at);
    return copy;
  }

  words(count: number): Uint32Array {
    const words = new Uint32Array(count);
    this.at += 4 * count;
    if (count > 0) this.characters.copy(new Uint8Array(words.buffer), 0, this.at - 4 * count, this.at);
    return words;
  }

  text(encoding: 'latin1' | 'utf8' = 'latin1'): string {
    const octets = this.u16();
    const start = this.at;
    this.at += octets;
    if (encoding === 'utf8' || octets > MOST_TEXT_OCTETS) return this.characters.toString(encoding, start, this.at);
    let place = octets;
    for (let i = start; i < this.at; i++) place = (place * 31 + (this.octets[i] as number)) & (TEXT_PLACES - 1);
    const known = this.#texts[place] as string;
    if (this.#isText(known, start, octets)) return known;
    const text = this.characters.toString(encoding, start, this.at);
    this.#texts[place] = text;
    return text;
  }

  #isText(text: string, at: number, octets: number): boolean {
    if (text.length !== octets) return false;
    for (let i = 0; i < octets; i++) if (text.charCodeAt(i) !== this.octets[at + i]) return false;
    return true;
  }

  skipText(): void {
    const octets = this.u16();
    this.at += octets;
  }

  /** A copy of the name that begins here. */
  name(): Name {
    return this.bytes(nameEnd(this.octets, this.at) - this.at) as Name;
  }

  skipName(): void {
    this.at = nameEnd(this.octets, this.at);
  }

  /** What `nameBeside` wrote, read beside the same other name. */
  nameBeside(octets: Uint8Array, start: number, end: number): Name | null {
    const kind = this.u8();
    if (kind === NAME.none) return null;
    if (kind === NAME.own) return this.name();
    const at = start + this.u8();
    if (!isSameAt(this.#zone, octets, at, end)) this.#zone = octets.slice(at, end) as Name;
    return this.#zone;
  }

  skipNameBeside(): void {
    const kind = this.u8();
    if (kind === NAME.within) this.at++;
    else if (kind === NAME.own) this.skipName();
  }

  /** What `nameBelow` wrote, read with the same other name. */
  nameBelow(zone: Name): Name {
    const octets = this.u8();
    if (octets === OWN_NAME) return this.name();
    const name = new Uint8Array(octets + zone.length);
    this.characters.copy(name, 0, this.at, this.at + octets);
    name.set(zone, octets);
    this.at += octets;
    return name as Name;
  }
}
