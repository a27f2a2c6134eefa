/** Cryptographic chance out of a pool, since one call of the system per port and id costs more than the query's parsing. */

import { randomFillSync } from 'node:crypto';
import type { Random } from '../ports/random.ts';

/** Numbers of 32 bits drawn from the system at a time: 4 KiB serve about 350 upstream queries. */
const POOL_NUMBERS = 1024;
const TWO_TO_32 = 2 ** 32;

/** Chance of the system's generator (RFC 5452 §9.2 asks for an unpredictable one). */
export function createNodeRandom(): Random {
  const pool = new Uint32Array(POOL_NUMBERS);
  let used = POOL_NUMBERS;
  const u32 = (): number => {
    if (used === POOL_NUMBERS) {
      randomFillSync(pool);
      used = 0;
    }
    const value = pool[used] as number;
    // What was given out is not kept in memory.
    pool[used++] = 0;
    return value;
  };
  return {
    u16: () => u32() >>> 16,
    below: (n) => {
      // Values above the largest multiple of n are drawn again, so that all results are equally likely.
      const limit = TWO_TO_32 - (TWO_TO_32 % n);
      let value = u32();
      while (value >= limit) value = u32();
      return value % n;
    },
    bytes: (n) => randomFillSync(new Uint8Array(n)),
  };
}
