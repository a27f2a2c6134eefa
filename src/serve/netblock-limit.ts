/** Limits that belong to the clients of a netblock: which of them counts for an address. */

import { type IpPrefix, isInPrefix } from '../wire/ip-prefix.ts';

export interface NetblockLimit extends IpPrefix {
  /** How many of what is limited. */
  readonly limit: number;
}

/** Longest prefix first; of blocks with the same prefix the first one counts, as in Unbound. */
export function closestFirst(blocks: readonly NetblockLimit[]): readonly NetblockLimit[] {
  return [...blocks].sort((a, b) => b.prefixLength - a.prefixLength);
}

/** The first of the blocks (closest first) that an address of 4 or 16 octets is in. */
export function blockOf(ip: Uint8Array, blocks: readonly NetblockLimit[]): NetblockLimit | undefined {
  return blocks.find((block) => isInPrefix(ip, block));
}
