/** Octets that ranked RRsets and answers take on the heap: estimates for the bounds of the caches, measured by bench/cache-heap.ts. */

import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Name } from '../wire/name.ts';

/**
 * Octets of a RankedRRset besides the octets of its block: the object with seven fields, and the Uint8Array with its
 * buffer. Names of zones and texts of servers are shared between sets and not counted. Held to what is measured by
 * test/cache/heap-size.test.ts.
 */
const RANKED_OCTETS = 380;

/** Octets of a verdict with its reason: an object with a few short texts. A secure verdict is one shared object. */
const REASON_OCTETS = 200;

/** Octets of a Uint8Array besides its octets. */
const ARRAY_OCTETS = 120;
/** Octets of a text besides its characters. */
const TEXT_OCTETS = 24;

/** Octets of a name: the array object and what is in it. */
export function sizeOfName(name: Name): number {
  return ARRAY_OCTETS + name.length;
}

/** Octets of a text of plain characters. */
export function sizeOfText(text: string): number {
  return TEXT_OCTETS + text.length;
}

/** Octets of one ranked RRset. */
export function sizeOfRanked(ranked: RankedRRset): number {
  const reason = ranked.verdict === null || ranked.verdict.status === 'secure' ? 0 : REASON_OCTETS;
  return RANKED_OCTETS + ranked.rrset.length + reason;
}
