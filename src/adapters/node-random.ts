/** Cryptographic chance out of a pool, since one call of the system per port and id costs more than the query's parsing. */

import { randomFillSync } from 'node:crypto';
import type { Random } from '../ports/random.ts';

/** Octets drawn from the system at a time. 4 KiB serve about 500 upstream queries. */
const POOL_OCTETS = 4096;
const TWO_TO_32 = 2 ** 32;

/** Chance of the system's generator (RFC 5452 §9.2 asks for an unpredictable one). */
export function createNodeRandom(): Random {
  const pool = Buffer.alloc(POOL_OCTETS);
  let used = POOL_OCTETS;
  const take = (octets: number): number => {
    if (used + octets > POOL_OCTETS) {
      randomFillSync(pool);
      used = 0;
    }
    const at = used;
    used += octets;
    return at;
  };
  const u32 = (): number => {
    const at = take(4);
    const value = pool.readUInt32BE(at);
    // What was given out is not kept in memory.
    pool.writeUInt32BE(0, at);
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
