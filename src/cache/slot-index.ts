/**
 * Which slots have a hash: cells with linear probing, in parts that grow by themselves, so that no growth keeps anybody waiting.
 *
 * Leaves to others: comparing keys; hashes of slots are asked for.
 */

const PART_BITS = 6;
const FIRST_CELLS = 8;
/** Part of the cells that may be in use. */
const MOST_FULL = 3 / 4;

/** Cells of one part: slot number plus one; 0 is an empty cell. A power of two of them. */
interface Part {
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

  /** The cells in which slots of the hash stand, from cell `hash & (length - 1)` on to the first empty one, past the end to the first. */
  cellsFor(hash: number): Int32Array {
    return (this.#parts[hash >>> (32 - PART_BITS)] as Part).cells;
  }

  add(slot: number): void {
    const hash = this.#hashOf(slot);
    const part = this.#parts[hash >>> (32 - PART_BITS)] as Part;
    if (++part.count > part.cells.length * MOST_FULL) this.#grow(part);
    put(part.cells, hash, slot);
  }

  /** Takes a slot out, moving later ones of its run up so that no gap cuts them off. */
  remove(slot: number): void {
    const hash = this.#hashOf(slot);
    const part = this.#parts[hash >>> (32 - PART_BITS)] as Part;
    const { cells } = part;
    const mask = cells.length - 1;
    let hole = hash & mask;
    while (cells[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let cell = (hole + 1) & mask; cells[cell] !== 0; cell = (cell + 1) & mask) {
      const home = this.#hashOf((cells[cell] as number) - 1) & mask;
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
      cells[hole] = cells[cell] as number;
      hole = cell;
    }
    cells[hole] = 0;
    part.count--;
  }

  clear(): void {
    this.#parts = Array.from({ length: 2 ** PART_BITS }, () => ({ cells: new Int32Array(FIRST_CELLS), count: 0 }));
  }

  #grow(part: Part): void {
    const before = part.cells;
    part.cells = new Int32Array(2 * before.length);
    for (const cell of before) if (cell !== 0) put(part.cells, this.#hashOf(cell - 1), cell - 1);
  }
}

function put(cells: Int32Array, hash: number, slot: number): void {
  const mask = cells.length - 1;
  let cell = hash & mask;
  while (cells[cell] !== 0) cell = (cell + 1) & mask;
  cells[cell] = slot + 1;
}
