/**
 * Proves on a bounded slice of changed replies that a whole resolver never gives AD for, nor shows at all, what differs from
 * what a zone has signed; and that no change crashes it or makes it exceed its budget. The seed is printed;
 * HAWSER_FUZZ_SEED repeats a run.
 */

import { expect, test } from 'vitest';
import { fuzzValidator } from './fuzz-validator.ts';
import { fuzzSettings } from './fuzz-wire.ts';

test('a changed reply of one server of two does not even keep the honest answer away', async () => {
  const { seed, runs } = fuzzSettings(300);
  console.info(`HAWSER_FUZZ_SEED=${seed} HAWSER_FUZZ_RUNS=${runs}`);
  expect((await fuzzValidator(seed, runs, 'one-of-two')).refused).toBe(0);
});

test('a changed reply leads to the honest answer or to SERVFAIL', async () => {
  const { seed, runs } = fuzzSettings(600);
  console.info(`HAWSER_FUZZ_SEED=${seed} HAWSER_FUZZ_RUNS=${runs}`);
  const count = await fuzzValidator(seed, runs);
  expect(count.refused).toBeGreaterThan(runs / 20);
  expect(count.unharmed).toBeGreaterThan(runs / 20);
});
