/** Proves that a wait ends early when something else will do, and that nothing is lost by it. */

import { expect, test } from 'vitest';
import { withClientTimers } from '../../src/resolve/client-timers.ts';
import { Deadlines } from '../../src/work/deadlines.ts';
import { FakeClock } from '../fake/fake-clock.ts';

function waiting() {
  const clock = new FakeClock(1_700_000_000);
  const reported: unknown[] = [];
  const result = Promise.withResolvers<string>();
  const wait = (...ends: Parameters<typeof withClientTimers<string>>[2]) =>
    withClientTimers(
      { deadlines: new Deadlines(clock), report: (error) => reported.push(error) },
      result.promise,
      ends,
    );
  const pass = async (ms: number): Promise<void> => {
    clock.skip(ms);
    await clock.settle();
  };
  return { reported, result, wait, pass };
}

test('the result comes when it is there first', async () => {
  const { result, wait, pass } = waiting();
  const ended = wait({ afterMs: 100, take: () => 'early' });
  result.resolve('result');
  await pass(200);
  expect(await ended).toBe('result');
});

test('the first end that has something is taken', async () => {
  const { wait, pass } = waiting();
  const ended = wait({ afterMs: 100, take: () => null }, { afterMs: 200, take: () => 'second' });
  await pass(300);
  expect(await ended).toBe('second');
});

test('a bug that shows after the early end is reported, one before it is thrown', async () => {
  const late = waiting();
  const ended = late.wait({ afterMs: 100, take: () => 'early' });
  await late.pass(150);
  late.result.reject(new Error('late'));
  expect(await ended).toBe('early');
  await late.pass(0);
  expect(late.reported).toEqual([new Error('late')]);
  const first = waiting();
  const thrown = first.wait({ afterMs: 100, take: () => 'early' });
  first.result.reject(new Error('first'));
  await expect(thrown).rejects.toThrow('first');
  expect(first.reported).toEqual([]);
});
