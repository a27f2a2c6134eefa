/** How much of what comes and goes V8 keeps until its next collection of all, for tests of structures that must keep nothing. */

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What carries something heavy: 500 numbers, four kilobytes. */
export function load(): readonly number[] {
  return new Array(500).fill(0);
}
/** Octets of one. */
export const LOAD_OCTETS = 4_000;

/**
 * Octets that become old in so many steps, after as many that are not counted: all that stays is old then, and tables are. Between
 * two collections of new objects there are `perCollection` steps: a busy process has one after some hundred questions.
 */
export async function grownOld(
  steps: number,
  step: (i: number) => void | Promise<void>,
  perCollection = 100,
): Promise<number> {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void;
  const run = async (from: number): Promise<void> => {
    for (let i = from; i < from + steps; i++) {
      await step(i);
      if (i % perCollection === 0) collect({ type: 'minor' });
    }
  };
  await run(0);
  collect();
  const before = oldOctets();
  await run(steps);
  return oldOctets() - before;
}

function oldOctets(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name }) => /^(old|large_object)_space$/.test(space_name));
  return spaces.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}
