/** Proves that the index finds every slot of a hash, however many there are and however their hashes lie. */

import { describe, expect, test } from 'vitest';
import { CELL, firstCell, SlotIndex } from '../../src/cache/slot-index.ts';
import { SeededRandom } from '../fake/fake-random.ts';

const SLOTS = 60_000;
const random = new SeededRandom(5);

/** Slots of a hash, as who looks for one goes through them. */
function slotsOf(index: SlotIndex, hash: number): number[] {
  const cells = index.cellsFor(hash);
  const found: number[] = [];
  for (let cell = firstCell(hash, cells); cells[cell] !== 0; cell = (cell + CELL) & (cells.length - 1)) {
    if (cells[cell + 1] === hash) found.push((cells[cell] as number) - 1);
  }
  return found;
}

describe.each([
  ['of all kinds', () => random.u32() | 0, SLOTS],
  ['that begin with the same bits', () => (0x5a5 << 20) | random.below(1 << 20), SLOTS],
  ['that end in the same bits', () => (random.below(1 << 16) << 16) | 0x1234, 12_500],
  ['of which there is one', () => -7, 12_500],
])('hashes %s', (_, draw, slots) => {
  const hashes = Int32Array.from({ length: slots }, draw);
  const index = new SlotIndex((slot) => hashes[slot] as number);
  const step = Math.ceil(slots / 500);

  test('all are found, those that were taken out are not, those that come again are', () => {
    for (let slot = 0; slot < slots; slot++) index.add(slot);
    for (let slot = 0; slot < slots; slot += step) expect(slotsOf(index, hashes[slot] as number)).toContain(slot);
    for (let slot = 0; slot < slots; slot += 2) index.remove(slot);
    for (let slot = 0; slot < slots; slot += step) {
      expect(slotsOf(index, hashes[slot] as number).includes(slot)).toBe(slot % 2 === 1);
    }
    for (let slot = 0; slot < slots; slot += 2) index.add(slot);
    for (let slot = 0; slot < slots; slot += step) expect(slotsOf(index, hashes[slot] as number)).toContain(slot);
  });

  test('a cleared one holds none', () => {
    index.clear();
    expect(slotsOf(index, hashes[0] as number)).toEqual([]);
  });
});
