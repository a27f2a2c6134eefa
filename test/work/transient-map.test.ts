import { describe, expect, test } from 'vitest';
import { TransientMap } from '../../src/work/transient-map.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { grownOld, load } from '../support/old-memory.ts';

describe('a map for what comes and goes', () => {
  test('does what a Map does, in the same order', () => {
    const { random } = makeFakePorts({ seed: 7 });
    const map = new TransientMap<string, number>();
    const model = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      // It grows and shrinks by turns.
      const key = `name${random.below(i % 4_000 < 2_000 ? 300 : 40)}.example.`;
      const choice = random.below(16);
      if (choice < 5) expect(map.delete(key)).toBe(model.delete(key));
      else if (choice < 6) {
        const [first] = model;
        if (first !== undefined) model.delete(first[0]);
        expect(map.takeOldest()).toBe(first?.[1]);
      } else {
        map.set(key, i);
        model.set(key, i);
      }
      expect(map.get(key)).toBe(model.get(key));
      expect(map.has(key)).toBe(model.has(key));
      expect(map.size).toBe(model.size);
      if (i % 97 === 0) {
        const values = [...model.values()];
        expect(map.list()).toEqual(values);
        expect(map.oldest).toBe(values[0]);
      }
    }
    map.clear();
    expect([map.size, map.list(), map.oldest, map.get('name1.example.')]).toEqual([0, [], undefined, undefined]);
    expect(map.takeOldest()).toBeUndefined();
    map.set('name1.example.', 1);
    expect(map.list()).toEqual([1]);
  });

  test('takes numbers, which may be equal in their low bits', () => {
    const map = new TransientMap<number, string>();
    for (let i = 0; i < 100; i++) map.set(i * 65_536, `${i}`);
    for (let i = 0; i < 100; i += 2) map.delete(i * 65_536);
    expect(map.size).toBe(50);
    for (let i = 0; i < 100; i++) expect(map.get(i * 65_536)).toBe(i % 2 === 0 ? undefined : `${i}`);
  });

  test('tells keys apart whose texts have one hash', () => {
    // Equal by FNV-1a, 32 bits.
    const map = new TransientMap<string, number>();
    for (const [i, key] of ['costarring', 'liquid'].entries()) map.set(key, i);
    expect(map.delete('costarring')).toBe(true);
    expect([map.get('costarring'), map.get('liquid')]).toEqual([undefined, 1]);
  });

  test('lets nothing that has left become old', async () => {
    const map = new TransientMap<string, readonly number[]>();
    const grown = await grownOld(2_000, (i) => {
      map.set(`key${i}`, load());
      map.delete(`key${i - 50}`);
    });
    // Of 8 MB that came and went. A Map lets 5 of them become old.
    expect(grown).toBeLessThan(500_000);
  });
});
