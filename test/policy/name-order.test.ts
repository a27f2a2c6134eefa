/** Proves the order of lists of local data, and that sorting them is done in steps. */

import { describe, expect, test } from 'vitest';
import { ITEMS_PER_STEP, sortKeysInSteps } from '../../src/policy/name-order.ts';
import { nameKey, nameOfKey } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';

/** The names sorted, and in how many steps. */
function sorted(names: readonly string[]): { readonly names: string[]; readonly steps: number } {
  const work = sortKeysInSteps(names.map((text) => nameKey(mustParseName(text))));
  for (let steps = 0; ; steps++) {
    const next = work.next();
    if (next.done === true) return { names: next.value.map((key) => formatName(nameOfKey(key))), steps };
  }
}

describe('names in lists', () => {
  test('stand from the root down, a shorter label first, then by octet in lower case', () => {
    const inOrder = ['.', 'b.', 'a.b.', 'z.b.', 'aa.b.', 'x.aa.b.', 'c.', 'aa.'];
    expect(sorted(inOrder.toReversed()).names).toEqual(inOrder);
    expect(sorted([]).names).toEqual([]);
  });

  test.each([1, 3, 4, 5, 1000, 4097])('are all there, %i of them', (count) => {
    const inOrder = Array.from({ length: count }, (_, n) => `n${String(n).padStart(5, '0')}.example.`);
    // 7919 is prime: each comes once, far from its place.
    const mixed = inOrder.map((_, n) => inOrder[(n * 7919) % count] ?? '');
    expect(sorted(mixed).names).toEqual(inOrder);
  });

  test('are sorted in steps, some more than linear', () => {
    const names = (count: number) => Array.from({ length: count }, (_, n) => `n${(n * 7919) % count}.example.`);
    const { steps } = sorted(names(4096));
    expect(steps).toBeGreaterThan((4096 / ITEMS_PER_STEP) * 10);
    expect(sorted(names(8192)).steps).toBeLessThan(steps * 2.5);
  });
});
