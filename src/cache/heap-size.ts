/** Octets that names and texts take on the heap: estimates for the bounds of the caches, measured by bench/cache-heap.ts. */

import type { Name } from '../wire/name.ts';

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
