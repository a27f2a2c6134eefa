/**
 * Views in words of 32 bits on buffers that are used again and again. A view is an object, and a copy by octets costs several
 * times what one by words does.
 */

/** Buffers whose view is remembered unless said otherwise; a process has one for each of its listeners. */
const MOST_BUFFERS = 8;
/** Longest message that is copied word by word, octets: above it, one call of the system's copying costs less. */
export const MAX_COPIED_BY_WORDS = 256;
const NO_WORDS: Int32Array = new Int32Array(0);

export class WordViews {
  readonly #octets: Uint8Array[] = [];
  readonly #words: Int32Array[] = [];
  #next = 0;
  #last: Uint8Array = new Uint8Array(0);
  #lastWords = NO_WORDS;
  readonly #most: number;

  /** `most`: buffers whose view is remembered. */
  constructor(most = MOST_BUFFERS) {
    this.#most = most;
  }

  /** The whole words of a buffer; none when it does not begin at a word. @hot bench/serve-hot-query.ts */
  of(octets: Uint8Array): Int32Array {
    return octets === this.#last ? this.#lastWords : this.#change(octets);
  }

  #change(octets: Uint8Array): Int32Array {
    const at = this.#octets.indexOf(octets);
    const words = at < 0 ? this.#add(octets) : (this.#words[at] ?? NO_WORDS);
    this.#last = octets;
    this.#lastWords = words;
    return words;
  }

  #add(octets: Uint8Array): Int32Array {
    const { buffer, byteOffset, length } = octets;
    const words = byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length >>> 2) : NO_WORDS;
    this.#octets[this.#next] = octets;
    this.#words[this.#next] = words;
    this.#next = (this.#next + 1) % this.#most;
    return words;
  }
}

/** Copies words from `at` of `from` to the start of `to`. @hot bench/serve-hot-query.ts */
export function copyWords(from: Int32Array, at: number, to: Int32Array, count: number): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    to[i] = from[at + i] as number;
    to[i + 1] = from[at + i + 1] as number;
    to[i + 2] = from[at + i + 2] as number;
    to[i + 3] = from[at + i + 3] as number;
  }
  for (; i < count; i++) to[i] = from[at + i] as number;
}
