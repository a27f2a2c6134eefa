/**
 * Address prefixes (RFC 4632 §3.1, RFC 4291 §2.3): is an address inside one.
 *
 * Leaves to others: reading them with an operator's errors (config), values by prefix (prefix-map.ts).
 */

import { readU8 } from './bytes.ts';
import { parseIp } from './ip.ts';

/** The addresses whose first `prefixLength` bits are the same as in `address`. */
export interface IpPrefix {
  /** 4 or 16 octets. Bits after the prefix do not count. */
  readonly address: Uint8Array;
  /** At most 8 for each octet of the address. */
  readonly prefixLength: number;
}

/** True when the address (4 or 16 octets) is of the prefix's family and lies inside it. */
export function isInPrefix(address: Uint8Array, prefix: IpPrefix): boolean {
  if (address.length !== prefix.address.length) return false;
  for (let i = 0; 8 * i < prefix.prefixLength; i++) {
    const differing = readU8(address, i) ^ readU8(prefix.address, i);
    if ((differing & prefixOctet(prefix.prefixLength, i)) !== 0) return false;
  }
  return true;
}

/** True when the address lies inside one of the prefixes. */
export function isInPrefixes(address: Uint8Array, prefixes: readonly IpPrefix[]): boolean {
  return prefixes.some((prefix) => isInPrefix(address, prefix));
}

/** The octet at `i` of a netmask: its bits that belong to a prefix of that length. */
export function prefixOctet(prefixLength: number, i: number): number {
  const kept = Math.min(8, Math.max(0, prefixLength - 8 * i));
  return (0xff << (8 - kept)) & 0xff;
}

/** The address with its bits after the prefix set to zero. */
export function maskAddress(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((octet, i) => octet & prefixOctet(prefixLength, i));
}

/** `192.0.2.0/24`, `2001:db8::/32`, or one address; null when the text is none. Bits after the prefix become zero. */
export function parsePrefix(text: string): IpPrefix | null {
  const parts = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(text);
  const address = parseIp(parts?.[1] ?? '');
  if (parts === null || address === null) return null;
  const prefixLength = Number(parts[2] ?? address.length * 8);
  if (prefixLength > address.length * 8) return null;
  return { address: maskAddress(address, prefixLength), prefixLength };
}

/** A prefix of our own source text; throws RangeError when that is wrong. */
export function mustParsePrefix(text: string): IpPrefix {
  const prefix = parsePrefix(text);
  if (prefix === null) throw new RangeError(`not an address prefix: ${text}`);
  return prefix;
}

/** Addresses of this host itself (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export const LOOPBACK_PREFIXES: readonly IpPrefix[] = [mustParsePrefix('127.0.0.0/8'), mustParsePrefix('::1')];

/** True for 0.0.0.0 and ::. */
export function isUnspecified(address: Uint8Array): boolean {
  return address.every((octet) => octet === 0);
}
