/** Proves that few steps run in one turn of the event loop, in order, and that none waits while there is room. */

import { expect, test } from 'vitest';
import { stepsFor } from '../../src/iterate/turn-share.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { TurnLimiter } from '../../src/work/turn-limiter.ts';

/** A clock whose turns end when the test says so. */
function turns(): { clock: Clock; end: () => Promise<void> } {
  let endTurn: () => void = () => {};
  const clock = {
    monotonicMs: () => 0,
    unixSeconds: () => 0,
    after: () => () => {},
    inTurn: (run: () => void) => {
      endTurn = run;
    },
    nextTurn: () => Promise.reject(new Error('not used here')),
  };
  const end = async (): Promise<void> => {
    endTurn();
    for (let i = 0; i < 8; i++) await Promise.resolve();
  };
  return { clock, end };
}

test('lets four steps run at once, and the others four by four in the order in which they came', async () => {
  const { clock, end } = turns();
  const pace = new TurnLimiter(clock, 4);
  const ran: number[] = [];
  for (let i = 0; i < 10; i++) void Promise.resolve(pace.take(1)).then(() => ran.push(i));
  await Promise.resolve();
  await Promise.resolve();
  expect(ran).toEqual([0, 1, 2, 3]);
  await end();
  expect(ran).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  await end();
  expect(ran).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('holds nobody up once a turn has ended with nobody waiting', async () => {
  const { clock, end } = turns();
  const pace = new TurnLimiter(clock, 4);
  for (let i = 0; i < 4; i++) expect(pace.take(1)).toBeNull();
  expect(pace.take(1)).not.toBeNull();
  await end();
  await end();
  expect(pace.take(1)).toBeNull();
});

test('gives the largest messages a turn each, and holds no small one up longer than those before it', async () => {
  const { clock, end } = turns();
  const pace = new TurnLimiter(clock, 4);
  const ran: string[] = [];
  const octets = { large: 65_535, middle: 5000, small: 100 };
  for (const size of ['large', 'large', 'small', 'middle', 'small', 'small'] as const) {
    void Promise.resolve(pace.take(stepsFor(octets[size]))).then(() => ran.push(size));
  }
  await Promise.resolve();
  await Promise.resolve();
  expect(ran).toEqual(['large']);
  await end();
  expect(ran).toEqual(['large', 'large']);
  await end();
  expect(ran).toEqual(['large', 'large', 'small', 'middle', 'small']);
  await end();
  expect(ran).toEqual(['large', 'large', 'small', 'middle', 'small', 'small']);
});

test('tells who waits without a promise, in the same order; what one of them throws keeps no other from going on', async () => {
  const { clock, end } = turns();
  const pace = new TurnLimiter(clock, 2);
  const ran: string[] = [];
  const waiter = (name: string, bug?: Error) => ({
    goOn: () => {
      ran.push(name);
      if (bug !== undefined) throw bug;
    },
  });
  expect(pace.takeFor(waiter('at once'), 2)).toBe(true);
  const bug = new Error('a bug');
  expect(pace.takeFor(waiter('first', bug), 1)).toBe(false);
  expect(pace.takeFor(waiter('second'), 1)).toBe(false);
  void pace.take(1)?.then(() => ran.push('promised'));
  expect(pace.takeFor(waiter('last'), 1)).toBe(false);
  await expect(end()).rejects.toBe(bug);
  expect(ran).toEqual(['first']);
  await end();
  await end();
  expect(ran).toEqual(['first', 'second', 'promised', 'last']);
});
