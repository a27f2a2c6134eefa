import { expect, it } from 'vitest';
import { REPEAT_LINE_MS, RepeatedLine } from '../../src/work/repeated-line.ts';
import { FakeClock } from '../fake/fake-clock.ts';

it('is written at once, and again when the time is over, however often it is asked in between', async () => {
  const clock = new FakeClock(0);
  const line = new RepeatedLine(clock);
  expect(line.isDue()).toBe(true);
  expect(line.isDue()).toBe(false);
  await clock.advance(REPEAT_LINE_MS - 1);
  expect(line.isDue()).toBe(false);
  await clock.advance(1);
  expect(line.isDue()).toBe(true);
  expect(line.isDue()).toBe(false);
});
