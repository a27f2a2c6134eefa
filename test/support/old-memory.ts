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
  // What often lived through a collection of new objects would be made old from the start.
  setFlagsFromString('--no-allocation-site-pretenuring');
  const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void;
  let grown = 0;
  let last = 0;
  const note = (): void => {
    const now = oldOctets();
    // V8 may collect all meanwhile, and what was old is less then.
    grown += Math.max(0, now - last);
    last = now;
  };
  const run = async (from: number): Promise<void> => {
    for (let i = from; i < from + steps; i++) {
      await step(i);
      if (i % perCollection !== 0) continue;
      collect({ type: 'minor' });
      note();
    }
  };
  await run(0);
  collect();
  grown = 0;
  last = oldOctets();
  await run(steps);
  note();
  return grown;
}

function oldOctets(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name }) => /^(old|large_object)_space$/.test(space_name));
  return spaces.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}
