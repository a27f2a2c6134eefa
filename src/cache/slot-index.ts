/**
 * Which slots have a hash: cells with linear probing, in parts that grow by themselves and, when they are large, divide, so that no
 * growth keeps anybody waiting. A cell holds the hash beside the slot: most look-ups are in vain, and end without a look at any
 * slot's record. Parts are few: whatever is read on the way to the cells is somewhere else in memory for each part.
 *
 * Leaves to others: comparing keys; the hash of a slot that leaves is asked for.
 */

const FIRST_CELLS = 128;
/** Cells of a part that divides when it needs more: to move what is in them takes some 0.2 ms. */
const MOST_CELLS = 16_384;
/** Bits of a hash that say which part it belongs to, at most: in what is divided so often hashes are the same, and it only grows. */
const MOST_PART_BITS = 12;
/** Bits of a hash but one: a shift by all of them would be none. */
const SHIFTED_BITS = 31;
/** Part of the cells that may be in use. */
const MOST_FULL = 3 / 4;
/** Numbers of a cell. */
export const CELL = 2;
/** Octets of cells for one slot, about: growth doubles them. */
export const INDEX_OCTETS = 16;

interface Part {
  /** A power of two of them. */
  cells: Int32Array;
  count: number;
  /** First bits of the hashes in it that are all the same. */
  readonly bits: number;
}

export class SlotIndex {
  /** By the first bits of a hash; a part stands at all places that begin with its bits. */
  #parts: Part[] = [];
  #bits = 0;
  readonly #hashOf: (slot: number) => number;

  constructor(hashOf: (slot: number) => number) {
    this.#hashOf = hashOf;
    this.clear();
  }

  /**
   * The cells in which slots of the hash (32 bits, signed) stand: two numbers each, slot plus one or 0 for an empty cell, and hash;
   * from `firstCell` on to the first empty one, past the end to the first.
   */
  cellsFor(hash: number): Int32Array {
    return this.#partOf(hash).cells;
  }

  add(slot: number): void {
    const hash = this.#hashOf(slot);
    let part = this.#partOf(hash);
    while ((part.count + 1) * CELL > part.cells.length * MOST_FULL) {
      if (part.cells.length < MOST_CELLS * CELL || part.bits === MOST_PART_BITS) grow(part);
      else this.#divide(part, hash);
      part = this.#partOf(hash);
    }
    put(part, hash, slot + 1);
  }

  /** Takes a slot out, moving later ones of its run up so that no gap cuts them off. */
  remove(slot: number): void {
    const hash = this.#hashOf(slot);
    const part = this.#partOf(hash);
    const { cells } = part;
    const mask = cells.length - 1;
    let hole = firstCell(hash, cells);
    while (cells[hole] !== slot + 1) hole = (hole + CELL) & mask;
    for (let cell = (hole + CELL) & mask; cells[cell] !== 0; cell = (cell + CELL) & mask) {
      const home = firstCell(cells[cell + 1] as number, cells);
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
      cells[hole] = cells[cell] as number;
      cells[hole + 1] = cells[cell + 1] as number;
      hole = cell;
    }
    cells[hole] = 0;
    part.count--;
  }

  clear(): void {
    this.#parts = [newPart(FIRST_CELLS, 0)];
    this.#bits = 0;
  }

  /** The place of a hash among so many parts as so many bits can tell apart. */
  #placeOf(hash: number): number {
    return (hash >>> 1) >>> (SHIFTED_BITS - this.#bits);
  }

  #partOf(hash: number): Part {
    return this.#parts[this.#placeOf(hash)] as Part;
  }

  /** Makes two parts of one that the hash belongs to. */
  #divide(part: Part, hash: number): void {
    const bits = part.bits + 1;
    if (bits > this.#bits) {
      this.#parts = this.#parts.flatMap((each) => [each, each]);
      this.#bits = bits;
    }
    const halves = [newPart(MOST_CELLS, bits), newPart(MOST_CELLS, bits)] as const;
    const places = 1 << (this.#bits - bits);
    const first = this.#placeOf(hash) & -(2 * places);
    this.#parts.fill(halves[0], first, first + places);
    this.#parts.fill(halves[1], first + places, first + 2 * places);
    const { cells } = part;
    for (let cell = 0; cell < cells.length; cell += CELL) {
      const own = cells[cell + 1] as number;
      if (cells[cell] !== 0) put(this.#partOf(own), own, cells[cell] as number);
    }
  }
}

/** Where the look for a hash begins in its cells. */
export function firstCell(hash: number, cells: Int32Array): number {
  return (hash << 1) & (cells.length - 1);
}

function newPart(cells: number, bits: number): Part {
  return { cells: new Int32Array(cells * CELL), count: 0, bits };
}

function grow(part: Part): void {
  const before = part.cells;
  part.cells = new Int32Array(2 * before.length);
  part.count = 0;
  for (let cell = 0; cell < before.length; cell += CELL) {
    if (before[cell] !== 0) put(part, before[cell + 1] as number, before[cell] as number);
  }
}

function put(part: Part, hash: number, filling: number): void {
  const { cells } = part;
  const mask = cells.length - 1;
  let cell = firstCell(hash, cells);
  while (cells[cell] !== 0) cell = (cell + CELL) & mask;
  cells[cell] = filling;
  cells[cell + 1] = hash;
  part.count++;
}
