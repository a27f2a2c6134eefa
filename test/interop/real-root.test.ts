/**
 * Proves Part 1's main job on real input: from built-in hints and anchors alone, every answer about the real root zone is
 * right and carries AD, positive, NODATA and NXDOMAIN.
 */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runInNamespace, SHARED, whyNotHere } from './programs.ts';

const why = whyNotHere(['nsd', 'dig', 'ip'], [join(SHARED, 'real-root/root-2020101902.zone.gz')]);

test.skipIf(why !== null)(
  `answers every question about the real root zone with AD ${why ?? ''}`,
  () => {
    const result = JSON.parse(runInNamespace('real-root-session.ts', [], 180_000)) as {
      asked: number;
      wrong: string[];
      seconds: number;
    };
    console.log(`asked ${result.asked}, wrong ${result.wrong.length}, ${result.seconds} s`);
    expect(result.wrong.slice(0, 20)).toEqual([]);
    expect(result.asked).toBeGreaterThan(1500);
  },
  200_000,
);
