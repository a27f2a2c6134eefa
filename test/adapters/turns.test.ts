/** Proves that the wall clock is read once within a turn, promises included, and that no reading outlives its turn. */

import { afterEach, expect, test, vi } from 'vitest';
import { createNodeClock } from '../../src/adapters/node-clock.ts';
import { Turns } from '../../src/adapters/turns.ts';

const START = 1_700_000_000;

afterEach(() => vi.restoreAllMocks());

/** A wall clock that goes on a second with each reading. */
function ticking(): { readings: () => number } {
  const now = vi.spyOn(Date, 'now').mockImplementation(() => (START + now.mock.calls.length) * 1000);
  return { readings: () => now.mock.calls.length };
}

function fromLoop(run: () => void): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      run();
      resolve();
    });
  });
}

test('reads the wall clock once in a turn, for what its promises go on with, too', async () => {
  const { readings } = ticking();
  const turns = new Turns();
  const clock = createNodeClock(turns);
  const seen: number[] = [];
  const work = (): void => {
    seen.push(clock.unixSeconds());
    void Promise.resolve().then(() => seen.push(clock.unixSeconds()));
  };
  // The loop calls outside of any promise, and this test runs inside of one.
  await fromLoop(() => turns.run(work));
  expect(seen).toEqual([START + 1, START + 1]);
  expect(readings()).toBe(1);
});

test('reads it anew in each turn, and each time between turns', () => {
  ticking();
  const turns = new Turns();
  const seen: number[] = [];
  const look = (): unknown => seen.push(turns.unixSeconds());
  for (const run of [() => turns.run(look), look, look, () => turns.run(look)]) run();
  expect(seen).toEqual([START + 1, START + 2, START + 3, START + 4]);
});

test('goes on reading it after a turn that ended in a fault', () => {
  ticking();
  const turns = new Turns();
  const fault = (): void => {
    turns.unixSeconds();
    throw new Error('a bug');
  };
  expect(() => turns.run(fault)).toThrow('a bug');
  expect([turns.unixSeconds(), turns.unixSeconds()]).toEqual([START + 2, START + 3]);
});

test('does not keep a reading for what a turn waits for', async () => {
  ticking();
  const turns = new Turns();
  const later = Promise.withResolvers<void>();
  const seen: number[] = [];
  const work = async (): Promise<void> => {
    seen.push(turns.unixSeconds());
    await later.promise;
    seen.push(turns.unixSeconds());
  };
  let working = Promise.resolve();
  turns.run(() => {
    working = work();
  });
  setImmediate(() => later.resolve());
  await working;
  expect(seen).toEqual([START + 1, START + 2]);
});
