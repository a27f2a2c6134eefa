/** Proves that waits end at their own time and in order, whatever joins and leaves, and that one timer does for all. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines, type Waiting } from '../../src/work/deadlines.ts';
import { FakeClock } from '../fake/fake-clock.ts';

function makeBench() {
  const clock = new FakeClock(0);
  const startMs = clock.monotonicMs();
  const deadlines = new Deadlines(clock);
  const ended: [string, number][] = [];
  const waiting = (name: string, then: () => void = () => {}): Waiting => ({
    dueMs: 0,
    place: -1,
    fallDue: () => {
      ended.push([name, clock.monotonicMs() - startMs]);
      then();
    },
  });
  return { clock, deadlines, ended, waiting };
}

test('waits end each at its time', async () => {
  const { clock, deadlines, ended, waiting } = makeBench();
  deadlines.add(waiting('late'), 300);
  deadlines.add(waiting('early'), 100);
  deadlines.add(waiting('between'), 200);
  await clock.advance(1000);
  expect(ended).toEqual([
    ['early', 100],
    ['between', 200],
    ['late', 300],
  ]);
  expect(clock.timerCount).toBe(0);
});

test('however many wait, there is one timer, and none when nobody does', async () => {
  const { clock, deadlines, waiting } = makeBench();
  const all = Array.from({ length: 50 }, (_, i) => waiting(String(i)));
  for (const [i, one] of all.entries()) {
    deadlines.add(one, 1000 - i);
    expect(clock.timerCount).toBe(1);
  }
  for (const one of all) deadlines.remove(one);
  expect(deadlines.count).toBe(0);
  expect(clock.timerCount).toBe(0);
});

test('one that ends may start the next, also at once', async () => {
  const { clock, deadlines, ended, waiting } = makeBench();
  const first = waiting('first', () => {
    deadlines.add(waiting('at once'), 0);
    deadlines.add(waiting('later'), 50);
  });
  deadlines.add(first, 100);
  await clock.advance(1000);
  expect(ended).toEqual([
    ['first', 100],
    ['at once', 100],
    ['later', 150],
  ]);
});

test('what one of them throws keeps nobody else waiting', async () => {
  const { clock, deadlines, ended, waiting } = makeBench();
  const fault = new Error('a bug');
  const first = waiting('first', () => {
    throw fault;
  });
  deadlines.add(first, 100);
  deadlines.add(waiting('second'), 100);
  deadlines.add(waiting('third'), 200);
  await expect(clock.advance(100)).rejects.toBe(fault);
  await clock.advance(1000);
  expect(ended.map(([name]) => name)).toEqual(['first', 'second', 'third']);
});

test('any that join and leave: who stays ends at its time, who left does not', async () => {
  const step = fc.record({ ms: fc.integer({ min: 0, max: 100 }), leaves: fc.boolean(), passes: fc.nat(20) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { clock, deadlines, ended, waiting } = makeBench();
      const startMs = clock.monotonicMs();
      const left: Waiting[] = [];
      const due: [string, number][] = [];
      for (const [i, { ms, leaves, passes }] of steps.entries()) {
        const one = waiting(String(i));
        deadlines.add(one, ms);
        if (leaves) left.push(one);
        else due.push([String(i), clock.monotonicMs() - startMs + ms]);
        if (leaves && i % 2 === 0) deadlines.remove(left.pop() as Waiting);
        else if (leaves) due.push([String(i), clock.monotonicMs() - startMs + ms]);
        await clock.advance(passes);
      }
      await clock.advance(1000);
      const order = (a: [string, number], b: [string, number]): number => Number(a[0]) - Number(b[0]);
      expect([...ended].sort(order)).toEqual(due);
      expect(ended.map(([, ms]) => ms)).toEqual(ended.map(([, ms]) => ms).sort((a, b) => a - b));
    }),
  );
});
