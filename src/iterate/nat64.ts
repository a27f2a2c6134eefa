/** NAT64 (RFC 6052): the IPv6 address through which an IPv4 server is reached from a network without IPv4. */

import type { Address } from '../ports/network.ts';
import { ipText, parseIp } from '../wire/ip.ts';
import { type IpPrefix, isInPrefix } from '../wire/ip-prefix.ts';

/** Octet that stays zero in an address with an embedded IPv4 address (RFC 6052 §2.2). */
const RESERVED_OCTET = 8;

/** Where datagrams for the server are sent; the server itself unless it is an IPv4 one and there is a prefix. */
export function throughNat64(server: Address, prefix: IpPrefix | null): Address {
  const octets = prefix === null ? null : parseIp(server.ip);
  if (prefix === null || octets === null || octets.length !== 4) return server;
  const mapped = Uint8Array.from(prefix.address);
  let at = prefix.prefixLength / 8;
  for (const octet of octets) {
    if (at === RESERVED_OCTET) at++;
    mapped[at++] = octet;
  }
  return { ip: ipText(mapped), port: server.port };
}

/** True for an address inside the prefix: it stands for an IPv4 one and is reached as such. */
export function isInNat64(octets: Uint8Array, prefix: IpPrefix | null): boolean {
  return prefix !== null && isInPrefix(octets, prefix);
}
