/** Proves the table and the arena against a plain Map over a long random run, and the hash's dependence on its seed. */

import { describe, expect, test } from 'vitest';
import { Arena, MAX_BLOCK_OCTETS, NO_BLOCK, PAGE_OCTETS, wordAt } from '../../src/cache/arena.ts';
import { hashWords } from '../../src/cache/seeded-hash.ts';
import { KEY_WORD, NO_SLOT, type SlotKey, SlotTable, VARIANT_WORD, variantBits } from '../../src/cache/slot-table.ts';
import { SeededRandom } from '../fake/fake-random.ts';

describe('the slot table', () => {
  test('holds what a Map would hold, also when hashes collide and entries move', () => {
    const arena = new Arena(() => true);
    const table = new SlotTable(arena);
    const model = new Map<number, number>();
    const random = new SeededRandom(3);
    const key: SlotKey = { words: new Int32Array(1), count: 1, lastMask: -1, hash: 0, flags: 0, mask: 3 };
    for (let step = 0; step < 40_000; step++) {
      const n = random.below(2_000);
      // Few hashes for many keys: long runs in the index.
      key.hash = (n % 97) * 0x01000193;
      key.words[0] = n;
      const slot = table.find(key);
      expect(slot).toBe(model.get(n) ?? NO_SLOT);
      if (slot !== NO_SLOT) {
        table.remove(slot);
        model.delete(n);
        continue;
      }
      if (table.freeSlot() === NO_SLOT) table.grow();
      const added = table.freeSlot();
      const block = arena.allocate(64 + 64 * random.below(5), added);
      arena.wordsOf(block)[wordAt(block) + VARIANT_WORD] = variantBits(0, 0);
      arena.wordsOf(block)[wordAt(block) + KEY_WORD] = n;
      table.fill(added, { hash: key.hash, block, expiresAt: 1, storedAt: 0 });
      model.set(n, added);
    }
    expect(table.count).toBe(model.size);
  });

  test('evicts what is expired or was not used since the hand came by', () => {
    const arena = new Arena(() => true);
    const table = new SlotTable(arena);
    for (let n = 0; n < 4; n++) {
      const slot = table.freeSlot();
      table.fill(slot, { hash: n, block: arena.allocate(64, slot), expiresAt: n === 1 ? 5 : 100, storedAt: 0 });
    }
    for (const slot of [0, 1, 3]) table.visit(slot);
    const evicted = Array.from({ length: 4 }, () => {
      const slot = table.nextToEvict(10);
      table.remove(slot);
      return slot;
    });
    expect(evicted).toEqual([1, 2, 0, 3]);
    expect(table.nextToEvict(10)).toBe(NO_SLOT);
  });
});

describe('the arena', () => {
  test('gives blocks that do not overlap, within the pages that it may have', () => {
    const pages = 20;
    const arena = new Arena((octets) => octets <= pages * PAGE_OCTETS);
    const random = new SeededRandom(9);
    const live: { block: number; octets: number; mark: number }[] = [];
    for (let step = 1; step < 20_000; step++) {
      const octets = random.below(random.below(20) === 0 ? MAX_BLOCK_OCTETS : 900) + 8;
      const block = arena.allocate(octets, step);
      if (block === NO_BLOCK || live.length > 300) {
        const [freed] = live.splice(random.below(live.length), 1);
        if (freed !== undefined) {
          const words = arena.wordsOf(freed.block).subarray(wordAt(freed.block));
          expect([words[0], words[1], words[(freed.octets >>> 2) - 1]]).toEqual([freed.mark, freed.mark, freed.mark]);
          arena.free(freed.block);
        }
      }
      if (block === NO_BLOCK) continue;
      const words = arena.wordsOf(block);
      words.fill(step, wordAt(block), wordAt(block) + (octets >>> 2));
      live.push({ block, octets, mark: step });
      expect(arena.sizeBytes).toBeLessThanOrEqual(pages * PAGE_OCTETS);
    }
  });

  test('names the owners of a page, which when freed make room for any size', () => {
    const arena = new Arena((octets) => octets <= PAGE_OCTETS);
    const blocks = new Map<number, number>();
    for (let owner = 0; ; owner++) {
      const block = arena.allocate(100, owner);
      if (block === NO_BLOCK) break;
      blocks.set(owner, block);
    }
    expect(arena.allocate(MAX_BLOCK_OCTETS, 1)).toBe(NO_BLOCK);
    expect(arena.victims()).toEqual([...blocks.keys()]);
    for (const owner of arena.victims()) arena.free(blocks.get(owner) ?? NO_BLOCK);
    expect(arena.victims()).toEqual([]);
    expect(arena.allocate(MAX_BLOCK_OCTETS, 1)).not.toBe(NO_BLOCK);
  });

  test('has no block above the largest size, and notices a block freed twice', () => {
    const arena = new Arena(() => true);
    expect(arena.allocate(MAX_BLOCK_OCTETS + 1, 0)).toBe(NO_BLOCK);
    const [kept, block] = [arena.allocate(64, 0), arena.allocate(64, 1)];
    arena.free(block);
    expect(() => arena.free(block)).toThrow('freed twice');
    arena.free(kept);
  });
});

describe('the hash', () => {
  test('differs by seed, by content and by length', () => {
    const words = Int32Array.of(1, 2, 0, 0);
    const hashes = [
      hashWords(words, 2, 1, 2),
      hashWords(words, 2, 1, 3),
      hashWords(words, 2, 2, 2),
      hashWords(words, 3, 1, 2),
      hashWords(words, 4, 1, 2),
      hashWords(Int32Array.of(1, 3), 2, 1, 2),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashWords(words, 2, 1, 2)).toBe(hashes[0]);
  });

  test('spreads counting keys over buckets', () => {
    const buckets = new Int32Array(256);
    for (let n = 0; n < 25_600; n++) {
      const bucket = hashWords(Int32Array.of(n, 7), 2, 11, 13) & 255;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    // Mean 100, standard deviation 10.
    expect(Math.max(...buckets)).toBeLessThan(160);
    expect(Math.min(...buckets)).toBeGreaterThan(50);
  });
});
