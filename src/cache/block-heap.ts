/**
 * Blocks of octets of any length in pages outside of V8's heap: whatever many things a cache holds, they are a few objects for the
 * garbage collector. A page that is empty is used again or let go.
 *
 * Duties: append, free, clean. A block is never changed in length. When too much of the pages is freed blocks, the page with the
 * least in it is emptied: its blocks are appended anew and their owners told where they are.
 * Leaves to others: what is in a block, who is dropped, bounds. Whoever holds a block's number must expect it to change with each
 * call that allocates or frees, and learns of it by `moved`.
 */

import { Bug } from '../terms/unreachable.ts';

/**
 * Octets of a page. A larger block has one of its own. From this size on bin/launch has the C library give back what is freed.
 */
export const HEAP_PAGE_OCTETS = 128 * 1024;
/** Octets before what is in a block: its owner's number, and its length. */
const BLOCK_HEAD_OCTETS = 8;
/** Octets that a block's number counts in. */
const UNIT_SHIFT = 3;
const PAGE_SHIFT = Math.log2(HEAP_PAGE_OCTETS) - UNIT_SHIFT;
const UNIT_MASK = 2 ** PAGE_SHIFT - 1;
/** Part of all pages that may be freed blocks before a page is emptied, and pages that may be so beside. */
const WASTED_SHARE = 1 / 10;
const WASTED_PAGES = 1;
/** A page with more than this in use is not worth emptying. */
const MOST_MOVED_SHARE = 15 / 16;
/** Empty pages that are kept to be used next. Where things come and go, one is emptied for each that is begun. */
const SPARE_PAGES = 1;
const FREED = -1;
const NO_PAGE = -1;

/** One page. All three views are on the same octets. */
interface HeapPage {
  readonly octets: Uint8Array<ArrayBuffer>;
  /** For text. */
  readonly text: Buffer;
  readonly words: Int32Array;
  /** Octets handed out. */
  top: number;
  /** Octets of blocks in use. */
  live: number;
}

export class BlockHeap {
  /** By number; null: given back. */
  readonly #pages: (HeapPage | null)[] = [];
  readonly #freeNumbers: number[] = [];
  /** Empty ones of the usual size. */
  readonly #spares: HeapPage[] = [];
  readonly #moved: (owner: number, block: number) => void;
  /** The page that is appended to. */
  #head = NO_PAGE;
  #held = 0;
  #live = 0;

  /** `moved` is told a block's new number. */
  constructor(moved: (owner: number, block: number) => void) {
    this.#moved = moved;
  }

  /** A block of so many octets for an owner (0 or more). */
  allocate(octets: number, owner: number): number {
    const size = heapOctetsFor(octets);
    const number = size > HEAP_PAGE_OCTETS ? this.#addPage(size) : this.#pageFor(size);
    const page = this.#page(number);
    const at = page.top;
    page.top += size;
    page.live += size;
    this.#live += size;
    page.words[at >>> 2] = owner;
    page.words[(at >>> 2) + 1] = octets;
    return number * 2 ** PAGE_SHIFT + (at >>> UNIT_SHIFT);
  }

  /** Gives a block back. */
  free(block: number): void {
    const number = block >>> PAGE_SHIFT;
    const page = this.#page(number);
    const word = (block & UNIT_MASK) << (UNIT_SHIFT - 2);
    if (page.words[word] === FREED) throw new Bug('block freed twice', { block });
    page.words[word] = FREED;
    const size = heapOctetsFor(page.words[word + 1] ?? 0);
    page.live -= size;
    this.#live -= size;
    if (page.live === 0) this.#giveBack(number, page);
    if (this.#held - this.#live > this.#held * WASTED_SHARE + WASTED_PAGES * HEAP_PAGE_OCTETS) this.#clean();
  }

  /** Octets of the page that a block is in. */
  octetsOf(block: number): Uint8Array {
    return (this.#pages[block >>> PAGE_SHIFT] as HeapPage).octets;
  }

  /** The same for reading text. */
  textOf(block: number): Buffer {
    return (this.#pages[block >>> PAGE_SHIFT] as HeapPage).text;
  }

  /** Octets in a block. */
  lengthOf(block: number): number {
    const { words } = this.#pages[block >>> PAGE_SHIFT] as HeapPage;
    return words[((block & UNIT_MASK) << (UNIT_SHIFT - 2)) + 1] as number;
  }

  /** Gives all blocks back, without a word to their owners. */
  clear(): void {
    this.#pages.length = 0;
    this.#spares.length = 0;
    this.#freeNumbers.length = 0;
    this.#head = NO_PAGE;
    this.#held = 0;
    this.#live = 0;
  }

  /** Octets of all blocks in use, heads and padding included. */
  get liveOctets(): number {
    return this.#live;
  }

  /** Octets of all pages but the spare ones. */
  get heldOctets(): number {
    return this.#held;
  }

  #page(number: number): HeapPage {
    const page = this.#pages[number] ?? null;
    if (page === null) throw new Bug('no such page', { number });
    return page;
  }

  #pageFor(size: number): number {
    const head = this.#pages[this.#head] ?? null;
    if (head === null || head.top + size > HEAP_PAGE_OCTETS) this.#head = this.#addPage(HEAP_PAGE_OCTETS);
    return this.#head;
  }

  #addPage(octets: number): number {
    const number = this.#freeNumbers.pop() ?? this.#pages.length;
    const spare = octets === HEAP_PAGE_OCTETS ? this.#spares.pop() : undefined;
    this.#pages[number] = spare ?? newPage(octets);
    this.#held += octets;
    return number;
  }

  /**
   * Lets a page go with the next collection. Its memory is not detached, which would free it at once: with the first buffer of a
   * process that is, V8 discards the compiled code of every function that reads octets.
   */
  #giveBack(number: number, page: HeapPage): void {
    if (number === this.#head) {
      page.top = 0;
      return;
    }
    this.#held -= page.octets.length;
    this.#pages[number] = null;
    this.#freeNumbers.push(number);
    if (page.octets.length !== HEAP_PAGE_OCTETS || this.#spares.length >= SPARE_PAGES) return;
    page.top = 0;
    this.#spares.push(page);
  }

  /** Empties the page with the least in it. */
  #clean(): void {
    let victim = NO_PAGE;
    let least = HEAP_PAGE_OCTETS * MOST_MOVED_SHARE;
    for (let number = 0; number < this.#pages.length; number++) {
      const page = this.#pages[number];
      if (page == null || number === this.#head || page.live >= least) continue;
      victim = number;
      least = page.live;
    }
    if (victim !== NO_PAGE) this.#empty(victim, this.#page(victim));
  }

  #empty(number: number, page: HeapPage): void {
    for (let at = 0; at < page.top; ) {
      const owner = page.words[at >>> 2] ?? FREED;
      const octets = page.words[(at >>> 2) + 1] ?? 0;
      const size = heapOctetsFor(octets);
      if (owner !== FREED) {
        const block = this.allocate(octets, owner);
        const from = at + BLOCK_HEAD_OCTETS;
        this.octetsOf(block).set(page.octets.subarray(from, from + octets), blockAt(block));
        this.#moved(owner, block);
        page.live -= size;
        this.#live -= size;
      }
      at += size;
    }
    this.#giveBack(number, page);
  }
}

function newPage(octets: number): HeapPage {
  const memory = new ArrayBuffer(octets);
  return {
    octets: new Uint8Array(memory),
    text: Buffer.from(memory),
    words: new Int32Array(memory),
    top: 0,
    live: 0,
  };
}

/** Where in its page's octets that which is in a block begins. */
export function blockAt(block: number): number {
  return ((block & UNIT_MASK) << UNIT_SHIFT) + BLOCK_HEAD_OCTETS;
}

/** Octets that a block of so many takes of its page. */
export function heapOctetsFor(octets: number): number {
  return (octets + BLOCK_HEAD_OCTETS + 7) & ~7;
}
