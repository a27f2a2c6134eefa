/** Proves that plots show what was counted between two looks, over resets and restarts, and no more than an hour of it. */

import { expect, test } from 'vitest';
import { MAX_SAMPLES } from '../../src/web/limits.ts';
import { readStatistics, Samples } from '../../src/web/samples.ts';

function values(queries: number, replies = 0, average = 0): Record<string, number> {
  return {
    'total.num.queries': queries,
    'total.num.recursivereplies': replies,
    'total.recursion.time.avg': average,
  };
}

test('reads the lines of stats_noreset, and passes over what is none', () => {
  const text = 'total.num.queries=12\ntotal.recursion.time.avg=0.034512\nversion=x\n\nerror foo\nbad=1=2\n';
  expect(readStatistics(text)).toEqual({ 'total.num.queries': 12, 'total.recursion.time.avg': 0.034512 });
});

test('shows differences; after a reset what was counted since', () => {
  const samples = new Samples();
  for (const [i, queries] of [100, 130, 130, 5].entries()) samples.take(values(queries), i);
  expect(samples.all.map((sample) => sample.queries)).toEqual([30, 0, 5]);
});

test('the mean time is that of the resolutions in between, not since the start', () => {
  const samples = new Samples();
  samples.take(values(0, 10, 1), 0);
  samples.take(values(0, 20, 0.6), 1);
  samples.take(values(0, 20, 0.6), 2);
  samples.take(values(0, 2, 0.1), 3);
  const means = samples.all.map(({ recursionSeconds }) => Math.round(recursionSeconds * 1000) / 1000);
  expect(means).toEqual([0.2, 0, 0.1]);
});

test('a look that failed leaves a gap, not a jump', () => {
  const samples = new Samples();
  samples.take(values(10), 0);
  samples.miss();
  samples.take(values(500), 1);
  samples.take(values(510), 2);
  expect(samples.all.map(({ queries }) => queries)).toEqual([10]);
});

test('keeps the newest', () => {
  const samples = new Samples();
  for (let at = 0; at <= MAX_SAMPLES + 10; at++) samples.take(values(at), at);
  expect(samples.all.length).toBe(MAX_SAMPLES);
  expect(samples.all.at(-1)?.at).toBe(MAX_SAMPLES + 10);
});
