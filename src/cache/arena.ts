/**
 * Blocks of bytes of many sizes in big pages, so that a cache of a million small things is a few thousand objects for the
 * garbage collector.
 *
 * Duties: size classes, free blocks, which page to give up when a class has no room. Each page holds blocks of one class;
 * an empty page may change its class. The first word of a block is its owner's number while it is in use.
 * Leaves to others: what is in a block, who is evicted, when a page may be added (`mayGrow` of the start).
 */

import { Bug } from '../terms/unreachable.ts';

/** Octets of a page: one of the largest blocks. Smaller pages mean that less is given up at once (bench/cache-heap.ts). */
export const PAGE_OCTETS = 16_384;
/** Octets that a block number counts in; all classes are multiples of it. */
const UNIT_OCTETS = 32;
const UNITS_PER_PAGE = PAGE_OCTETS / UNIT_OCTETS;
const PAGE_SHIFT = Math.log2(UNITS_PER_PAGE);
/** Sizes of blocks: two for each doubling, so that at most a third of a block is empty. */
const CLASS_OCTETS = [
  64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12_288, 16_384,
] as const;
/** Largest block. Larger replies go over TCP only and are not worth a page. */
export const MAX_BLOCK_OCTETS = 16_384;
/** Stands for no block where a block is named by its number. */
export const NO_BLOCK = -1;
/** Pages looked at to find the one with the fewest blocks in use. */
const VICTIM_CANDIDATES = 8;

const NO_PAGE = -1;
const NO_CLASS = -1;

/** One page. Both views are on the same bytes; a Buffer, since its `copy` makes no view (bench/serve-cached-lookup.ts). */
interface Page {
  readonly bytes: Buffer;
  readonly words: Int32Array;
}

interface PageState extends Page {
  sizeClass: number;
  /** Blocks in use. */
  live: number;
  /** First free block of a list through the page's own blocks; `NO_BLOCK` when none. */
  freeHead: number;
  /** Units handed out since the page took its class; those behind were never used. */
  usedUnits: number;
}

export class Arena {
  readonly #pages: PageState[] = [];
  /** Per class: pages that may have room; a page without is dropped when it is met. */
  readonly #withRoom: number[][] = CLASS_OCTETS.map(() => []);
  readonly #empty: number[] = [];
  readonly #mayGrow: (arenaOctets: number) => boolean;
  #victimHand = 0;

  /** `mayGrow` is asked before each new page with the octets that the arena would then have. */
  constructor(mayGrow: (arenaOctets: number) => boolean) {
    this.#mayGrow = mayGrow;
  }

  /** A block of at least so many octets, its first word set to `owner`; `NO_BLOCK` when there is no room. */
  allocate(octets: number, owner: number): number {
    const sizeClass = classFor(octets);
    if (sizeClass === NO_CLASS) return NO_BLOCK;
    const page = this.#pageWithRoom(sizeClass);
    if (page === NO_PAGE) return NO_BLOCK;
    const block = takeBlock(this.#state(page), page);
    this.wordsOf(block)[wordAt(block)] = owner;
    return block;
  }

  /** Gives a block back. */
  free(block: number): void {
    const page = pageOf(block);
    const state = this.#state(page);
    if ((state.words[wordAt(block)] ?? -1) < 0) throw new Bug('block freed twice', { block });
    const wasFull = !hasRoom(state);
    state.words[wordAt(block)] = -2 - state.freeHead;
    state.freeHead = block;
    state.live--;
    if (state.live === 0) this.#release(page, state);
    else if (wasFull) this.#withRoom[state.sizeClass]?.push(page);
  }

  /** The page's bytes. @hot bench/serve-cached-lookup.ts */
  bytesOf(block: number): Buffer {
    return (this.#pages[block >>> PAGE_SHIFT] as PageState).bytes;
  }

  /** The page's words. @hot bench/serve-cached-lookup.ts */
  wordsOf(block: number): Int32Array {
    return (this.#pages[block >>> PAGE_SHIFT] as PageState).words;
  }

  /** Owners of the blocks in the page that is cheapest to give up; freeing them all makes room for any class. */
  victims(): number[] {
    const page = this.#victimPage();
    if (page === NO_PAGE) return [];
    const state = this.#state(page);
    const owners: number[] = [];
    const step = octetsOfClass(state.sizeClass) / 4;
    const end = (state.usedUnits * UNIT_OCTETS) / 4;
    for (let at = 0; at < end; at += step) {
      const owner = state.words[at] ?? -1;
      if (owner >= 0) owners.push(owner);
    }
    return owners;
  }

  /** Gives up all blocks and pages. */
  clear(): void {
    this.#pages.length = 0;
    this.#empty.length = 0;
    for (const pages of this.#withRoom) pages.length = 0;
    this.#victimHand = 0;
  }

  /** Octets of all pages. */
  get sizeBytes(): number {
    return this.#pages.length * PAGE_OCTETS;
  }

  #state(page: number): PageState {
    const state = this.#pages[page];
    if (state === undefined) throw new Bug('no such page', { page });
    return state;
  }

  #pageWithRoom(sizeClass: number): number {
    const candidates = this.#withRoom[sizeClass] ?? [];
    // Not at(-1): V8 goes out to its runtime for that.
    while (candidates.length > 0) {
      const page = candidates[candidates.length - 1] as number;
      const state = this.#state(page);
      if (state.sizeClass === sizeClass && hasRoom(state)) return page;
      candidates.pop();
    }
    const page = this.#empty.pop() ?? this.#addPage();
    if (page === NO_PAGE) return NO_PAGE;
    const state = this.#state(page);
    state.sizeClass = sizeClass;
    state.freeHead = NO_BLOCK;
    state.usedUnits = 0;
    candidates.push(page);
    return page;
  }

  #addPage(): number {
    if (!this.#mayGrow(this.sizeBytes + PAGE_OCTETS)) return NO_PAGE;
    const memory = new ArrayBuffer(PAGE_OCTETS);
    const bytes = Buffer.from(memory);
    const words = new Int32Array(memory);
    this.#pages.push({ bytes, words, sizeClass: NO_CLASS, live: 0, freeHead: NO_BLOCK, usedUnits: 0 });
    return this.#pages.length - 1;
  }

  #release(page: number, state: PageState): void {
    const candidates = this.#withRoom[state.sizeClass];
    const at = candidates?.indexOf(page) ?? -1;
    if (at >= 0) candidates?.splice(at, 1);
    state.sizeClass = NO_CLASS;
    this.#empty.push(page);
  }

  #victimPage(): number {
    let best = NO_PAGE;
    let fewest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < VICTIM_CANDIDATES && i < this.#pages.length; i++) {
      const page = this.#victimHand % this.#pages.length;
      this.#victimHand = page + 1;
      const state = this.#state(page);
      if (state.live > 0 && state.live < fewest) {
        best = page;
        fewest = state.live;
      }
    }
    return best;
  }
}

function pageOf(block: number): number {
  return block >>> PAGE_SHIFT;
}

/** Offset of a block in its page's bytes. @hot bench/serve-cached-lookup.ts */
export function byteAt(block: number): number {
  return (block & (UNITS_PER_PAGE - 1)) * UNIT_OCTETS;
}

/** Offset of a block in its page's words. @hot bench/serve-cached-lookup.ts */
export function wordAt(block: number): number {
  return (block & (UNITS_PER_PAGE - 1)) * (UNIT_OCTETS / 4);
}

function classFor(octets: number): number {
  for (let each = 0; each < CLASS_OCTETS.length; each++) if ((CLASS_OCTETS[each] as number) >= octets) return each;
  return NO_CLASS;
}

function octetsOfClass(sizeClass: number): number {
  return CLASS_OCTETS[sizeClass] ?? 0;
}

function hasRoom(state: PageState): boolean {
  return state.freeHead !== NO_BLOCK || state.usedUnits * UNIT_OCTETS + octetsOfClass(state.sizeClass) <= PAGE_OCTETS;
}

function takeBlock(state: PageState, page: number): number {
  state.live++;
  if (state.freeHead !== NO_BLOCK) {
    const block = state.freeHead;
    state.freeHead = -2 - (state.words[wordAt(block)] ?? -1);
    return block;
  }
  const block = page * UNITS_PER_PAGE + state.usedUnits;
  state.usedUnits += octetsOfClass(state.sizeClass) / UNIT_OCTETS;
  return block;
}
