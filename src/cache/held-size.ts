/** Octets that held RRsets and answers take on the heap: estimates for the bounds of the caches, measured by bench/cache-heap.ts. */

import type { HeldRRset } from '../terms/held-rrset.ts';
import type { Name } from '../wire/name.ts';

/**
 * Octets of a HeldRRset besides the octets of its block: the object with seven fields, and the Uint8Array with its
 * buffer. Names of zones and texts of servers are shared between sets and not counted. Held to what is measured by
 * test/cache/held-octets.test.ts.
 */
const HELD_OCTETS = 380;

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

/** Octets of one held RRset. */
export function sizeOfHeld(held: HeldRRset): number {
  const reason = held.verdict === null || held.verdict.status === 'secure' ? 0 : REASON_OCTETS;
  return HELD_OCTETS + held.rrset.length + reason;
}

/** Octets of a list of held RRsets. */
export function sizeOfHeldList(list: readonly HeldRRset[]): number {
  let size = 16;
  for (const held of list) size += 8 + sizeOfHeld(held);
  return size;
}
