/**
 * A quick test of whether any rule can be about a name, so that the many names that none is about cost next to nothing.
 *
 * Duties: remember the last labels (com, arpa) under which something is configured. It may say yes wrongly, never no
 * wrongly: what is taken out stays remembered until the next start.
 * Leaves to others: what is configured for the name (local-zones.ts, rpz-triggers.ts).
 */

import { readU8 } from '../wire/bytes.ts';
import { FNV_PRIME, FNV_START } from '../wire/fnv.ts';
import { isRoot, lowerOctet, type Name } from '../wire/name.ts';

/** The last labels with rules below them. */
export class NameFilter {
  readonly #hashes = new Set<number>();
  #matchesAll = false;

  /** From now on any name may match. */
  addAll(): void {
    this.#matchesAll = true;
  }

  /** Names that end in the last label of `name` may match. */
  add(name: Name): void {
    if (isRoot(name)) this.#matchesAll = true;
    else this.#hashes.add(lastLabelHash(name, 0));
  }

  /** False when nothing is configured for the name at `at`. @hot bench/serve-hot-query.ts */
  mayMatch(bytes: Uint8Array, at: number): boolean {
    return this.#matchesAll || this.#hashes.has(lastLabelHash(bytes, at));
  }
}

/** Hash of the last label before the root of the name that begins at `at`; the name must be well-formed. */
function lastLabelHash(bytes: Uint8Array, at: number): number {
  let last = at;
  for (let next = at; readU8(bytes, next) !== 0; next += 1 + readU8(bytes, next)) last = next;
  const end = last + 1 + readU8(bytes, last);
  let hash = FNV_START;
  for (let i = last; i < end; i++) hash = Math.imul(hash ^ lowerOctet(readU8(bytes, i)), FNV_PRIME);
  return hash;
}
