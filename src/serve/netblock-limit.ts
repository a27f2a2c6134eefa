/** Limits that belong to the clients of a netblock: which of them counts for an address. */

/** A limit for the clients of a netblock. */
export interface NetblockLimit {
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  readonly prefixLength: number;
  /** How many of what is limited. */
  readonly limit: number;
}

/** Longest prefix first; of blocks with the same prefix the first one counts, as in Unbound. */
export function closestFirst(blocks: readonly NetblockLimit[]): readonly NetblockLimit[] {
  return [...blocks].sort((a, b) => b.prefixLength - a.prefixLength);
}

/** The first of the blocks (closest first) that an address of 4 or 16 octets is in. */
export function blockOf(ip: Uint8Array, blocks: readonly NetblockLimit[]): NetblockLimit | undefined {
  return blocks.find((block) => isInside(ip, block));
}

function isInside(ip: Uint8Array, { address, prefixLength }: NetblockLimit): boolean {
  if (ip.length !== address.length) return false;
  for (let bit = 0; bit < prefixLength; bit++) {
    const mask = 0x80 >>> (bit & 7);
    if ((((ip[bit >>> 3] ?? 0) ^ (address[bit >>> 3] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
