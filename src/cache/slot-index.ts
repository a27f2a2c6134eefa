/**
 * Which slots have a hash: cells with linear probing, in parts that grow by themselves, so that no growth keeps anybody waiting.
 * A cell holds the hash beside the slot: most look-ups are in vain, and end without a look at any slot's record.
 *
 * Leaves to others: comparing keys; the hash of a slot that leaves is asked for.
 */

const PART_BITS = 6;
const FIRST_CELLS = 8;
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
}

export class SlotIndex {
  #parts: Part[] = [];
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
    const part = this.#partOf(hash);
    if (++part.count * CELL > part.cells.length * MOST_FULL) grow(part);
    put(part.cells, hash, slot + 1);
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
    this.#parts = Array.from({ length: 2 ** PART_BITS }, () => ({
      cells: new Int32Array(FIRST_CELLS * CELL),
      count: 0,
    }));
  }

  #partOf(hash: number): Part {
    return this.#parts[hash >>> (32 - PART_BITS)] as Part;
  }
}

/** Where the look for a hash begins in its cells. */
export function firstCell(hash: number, cells: Int32Array): number {
  return (hash << 1) & (cells.length - 1);
}

function grow(part: Part): void {
  const before = part.cells;
  part.cells = new Int32Array(2 * before.length);
  for (let cell = 0; cell < before.length; cell += CELL) {
    if (before[cell] !== 0) put(part.cells, before[cell + 1] as number, before[cell] as number);
  }
}

function put(cells: Int32Array, hash: number, filling: number): void {
  const mask = cells.length - 1;
  let cell = firstCell(hash, cells);
  while (cells[cell] !== 0) cell = (cell + CELL) & mask;
  cells[cell] = filling;
  cells[cell + 1] = hash;
}
