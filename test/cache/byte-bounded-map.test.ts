/** Proves the map against a plain model: what is kept, in which order it goes, what is counted. */

import { describe, expect, test } from 'vitest';
import { ByteBoundedMap, ENTRY_OCTETS } from '../../src/cache/byte-bounded-map.ts';

interface Value {
  octets: number;
  readonly n: number;
}

/** The same, said plainly: entries from the oldest use to the newest. */
class Model {
  readonly entries: { readonly key: string; readonly value: Value; readonly octets: number }[] = [];

  get size(): number {
    return this.entries.reduce((sum, { octets }) => sum + octets, 0);
  }

  take(key: string): void {
    const at = this.entries.findIndex((entry) => entry.key === key);
    if (at >= 0) this.entries.splice(at, 1);
  }

  use(key: string): Value | null {
    const found = this.entries.find((entry) => entry.key === key);
    if (found === undefined) return null;
    this.take(key);
    this.entries.push(found);
    return found.value;
  }

  set(key: string, value: Value, maxOctets: number): void {
    const octets = ENTRY_OCTETS + key.length + value.octets;
    this.take(key);
    if (octets > Math.floor(maxOctets / 4)) return;
    this.entries.push({ key, value, octets });
    while (this.size > maxOctets) this.entries.shift();
  }
}

function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const MAX_OCTETS = 4_000;

describe('a bounded map', () => {
  test.each([1, 2, 3, 4])('does what the plain model does, run %i', (seed) => {
    const below = numbers(seed);
    const map = new ByteBoundedMap<Value>({ maxBytes: MAX_OCTETS, sizeOf: ({ octets }) => octets });
    const model = new Model();
    for (let step = 0; step < 5_000; step++) {
      const key = `key${below(40)}`;
      const action = below(10);
      if (action < 4) expect(map.get(key)).toBe(model.use(key));
      else if (action < 5) expect(map.delete(key)).toBe(model.entries.some((entry) => entry.key === key));
      else {
        const value = { octets: below(40) === 0 ? 2_000 : below(300), n: step };
        map.set(key, value);
        model.set(key, value, MAX_OCTETS);
      }
      if (action === 4) model.take(key);
      expect(map.sizeBytes).toBe(model.size);
    }
    expect([...map.values()]).toEqual(model.entries.map(({ value }) => value).reverse());
    expect(map.count).toBe(model.entries.length);
  });

  test('counts a value anew that is put again after it has changed', () => {
    const map = new ByteBoundedMap<Value>({ maxBytes: MAX_OCTETS, sizeOf: ({ octets }) => octets });
    const value = { octets: 10, n: 1 };
    map.set('a', value);
    value.octets = 50;
    map.set('a', value);
    expect(map.sizeBytes).toBe(ENTRY_OCTETS + 1 + 50);
  });

  test('goes on from an entry that is removed while it goes through them', () => {
    const map = new ByteBoundedMap<Value>({ maxBytes: MAX_OCTETS, sizeOf: ({ octets }) => octets });
    for (let n = 0; n < 6; n++) map.set(`${n}`, { octets: 1, n });
    const seen: number[] = [];
    for (const { n } of map.values()) {
      seen.push(n);
      map.delete(`${n}`);
    }
    expect(seen).toEqual([5, 4, 3, 2, 1, 0]);
    expect(map.sizeBytes).toBe(0);
    map.set('new', { octets: 1, n: 7 });
    expect([...map.values()].map(({ n }) => n)).toEqual([7]);
  });

  test('is empty after it was cleared, and usable', () => {
    const map = new ByteBoundedMap<Value>({ maxBytes: MAX_OCTETS, sizeOf: ({ octets }) => octets });
    for (let n = 0; n < 20; n++) map.set(`${n}`, { octets: 1, n });
    map.clear();
    expect([map.count, map.sizeBytes, map.get('3')]).toEqual([0, 0, null]);
    map.set('3', { octets: 1, n: 3 });
    expect(map.get('3')?.n).toBe(3);
  });
});
