/** Proves that what nobody waits for is heard when it fails, and that there is a bound on it. */

import { expect, test } from 'vitest';
import { Background, MAX_BACKGROUND_RUNS } from '../../src/work/background.ts';
import { Cancelled } from '../../src/work/cancelled.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('reports bugs, thrown at once or later, and no cancellations', async () => {
  const heard: unknown[] = [];
  const background = new Background((error) => heard.push(error));
  background.start(() => {
    throw new Error('at once');
  });
  background.start(() => Promise.reject(new Error('later')));
  background.start(() => Promise.reject(new Cancelled()));
  background.start(async () => 'fine');
  await settle();
  expect(heard.map(String)).toEqual(['Error: at once', 'Error: later']);
  expect(background.count).toBe(0);
});

test('refuses runs above the bound, until some have ended', async () => {
  const background = new Background(() => {});
  const gate = Promise.withResolvers<void>();
  for (let i = 0; i < MAX_BACKGROUND_RUNS; i++) expect(background.start(() => gate.promise)).toBe(true);
  expect(background.start(() => gate.promise)).toBe(false);
  expect(background.refused).toBe(1);
  gate.resolve();
  await settle();
  expect(background.start(async () => {})).toBe(true);
});
