/** Proves that blocks keep what is in them however many others come and go, and that what is freed goes back. */

import { describe, expect, test } from 'vitest';
import { BlockHeap, blockAt, HEAP_PAGE_OCTETS, heapOctetsFor } from '../../src/cache/block-heap.ts';
import { SeededRandom } from '../fake/fake-random.ts';

/** A heap with its blocks by owner. */
function newHeap() {
  const blocks = new Map<number, number>();
  const heap = new BlockHeap((owner, block) => blocks.set(owner, block));
  return {
    heap,
    blocks,
    add(owner: number, octets: number): void {
      const block = heap.allocate(octets, owner);
      blocks.set(owner, block);
      heap.octetsOf(block).fill(owner & 0xff, blockAt(block), blockAt(block) + octets);
    },
    drop(owner: number): void {
      heap.free(blocks.get(owner) ?? -1);
      blocks.delete(owner);
    },
    /** The octets of a block, each once. */
    read(owner: number): Set<number> {
      const block = blocks.get(owner) ?? -1;
      const at = blockAt(block);
      return new Set(heap.octetsOf(block).subarray(at, at + heap.lengthOf(block)));
    },
  };
}

describe('blocks', () => {
  test('keep their octets and lengths while others come and go', () => {
    const random = new SeededRandom(3);
    const { heap, blocks, add, drop, read } = newHeap();
    const lengths = new Map<number, number>();
    for (let owner = 0; owner < 20_000; owner++) {
      const octets = 1 + random.below(400);
      lengths.set(owner, octets);
      add(owner, octets);
      const victim = random.below(owner + 1);
      if (owner > 2_000 && blocks.has(victim)) drop(victim);
    }
    for (const [owner, block] of blocks) {
      expect(heap.lengthOf(block)).toBe(lengths.get(owner));
      expect([...read(owner)]).toEqual([owner & 0xff]);
    }
    const live = [...blocks.keys()].reduce((sum, owner) => sum + heapOctetsFor(lengths.get(owner) ?? 0), 0);
    expect(heap.liveOctets).toBe(live);
    expect(heap.heldOctets).toBeLessThan(1.2 * live + 2 * HEAP_PAGE_OCTETS);
  });

  test('larger than a page have one of their own, which goes back with them', () => {
    const { heap, add, drop, read } = newHeap();
    add(1, 3 * HEAP_PAGE_OCTETS);
    expect([...read(1)]).toEqual([1]);
    drop(1);
    expect([heap.liveOctets, heap.heldOctets]).toEqual([0, 0]);
  });
});

test('what a flood took is given back when all but a little of it is dropped, wherever that lies', () => {
  const { heap, add, drop, read } = newHeap();
  for (let owner = 0; owner < 50_000; owner++) add(owner, 200);
  const full = heap.heldOctets;
  for (let owner = 0; owner < 50_000; owner++) if (owner % 100 !== 0) drop(owner);
  expect(heap.heldOctets).toBeLessThan(full / 20);
  for (let owner = 0; owner < 50_000; owner += 100) expect([...read(owner)]).toEqual([owner & 0xff]);
});

test('memory that is given back is not detached, which would have V8 discard the compiled code of all that reads octets', () => {
  const { heap, blocks, add, drop } = newHeap();
  for (let owner = 0; owner < 5_000; owner++) add(owner, 1_000);
  const pages = new Set([...blocks.values()].map((block) => heap.octetsOf(block)));
  for (let owner = 0; owner < 4_000; owner++) drop(owner);
  heap.clear();
  expect(pages.size).toBeGreaterThan(30);
  expect([...pages].every(({ buffer }) => buffer instanceof ArrayBuffer && !buffer.detached)).toBe(true);
});

test('an emptied page is used again by what comes next', () => {
  const { heap, blocks, add, drop } = newHeap();
  for (let owner = 0; owner < 200; owner++) add(owner, 1_000);
  const before = new Set([...blocks.values()].map((block) => heap.octetsOf(block)));
  for (let owner = 0; owner < 200; owner++) drop(owner);
  for (let owner = 0; owner < 200; owner++) add(owner, 1_000);
  expect([...blocks.values()].every((block) => before.has(heap.octetsOf(block)))).toBe(true);
});
