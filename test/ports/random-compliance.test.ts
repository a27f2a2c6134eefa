/** Proves that seeded and real chance keep the bounds of the random port. */

import { describe, expect, test } from 'vitest';
import { createNodeRandom } from '../../src/adapters/node-random.ts';
import type { Random } from '../../src/ports/random.ts';
import { SeededRandom } from '../fake/fake-random.ts';

const SIDES: readonly (readonly [string, () => Random])[] = [
  ['fake', () => new SeededRandom(42)],
  ['node', createNodeRandom],
];
const DRAWS = 2_000;

describe.each(SIDES)('the random port on the %s side', (_name, makeRandom) => {
  test('draws whole numbers of 16 bits from the whole range', () => {
    const random = makeRandom();
    const drawn = Array.from({ length: DRAWS }, () => random.u16());
    expect(drawn.every((n) => Number.isInteger(n) && n >= 0 && n <= 0xffff)).toBe(true);
    expect(Math.min(...drawn)).toBeLessThan(0x1000);
    expect(Math.max(...drawn)).toBeGreaterThan(0xf000);
    expect(new Set(drawn).size).toBeGreaterThan(DRAWS * 0.9);
  });

  test.each([1, 2, 3, 10, 64_511, 2 ** 31])('draws below %i', (n) => {
    const random = makeRandom();
    const drawn = Array.from({ length: DRAWS }, () => random.below(n));
    expect(drawn.every((value) => Number.isInteger(value) && value >= 0 && value < n)).toBe(true);
    if (n <= 10) expect(new Set(drawn).size).toBe(n);
  });

  test('gives new octets each time, as many as asked', () => {
    const random = makeRandom();
    expect(random.bytes(0).length).toBe(0);
    expect(random.bytes(33).length).toBe(33);
    expect(random.bytes(16)).not.toEqual(random.bytes(16));
  });
});

test('seeded chance repeats itself for the same seed only', () => {
  const draw = (seed: number) =>
    Array.from(
      { length: 8 },
      (
        (random) => () =>
          random.u16()
      )(new SeededRandom(seed)),
    );
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});
