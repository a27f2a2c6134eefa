/**
 * The header of the PROXY protocol, version 2 (haproxy's proxy-protocol.txt §2.2): who is behind a proxy, before each datagram
 * or at the start of a stream.
 *
 * Duties: strict reading: signature, version, command, family, lengths. Extensions (TLVs) are passed over.
 * Leaves to others: whether the proxy may be believed, what the address may do. Version 1, which is text, is not spoken.
 */

import { readU8, readU16 } from './bytes.ts';
import { ipText } from './ip.ts';

/** Signature, version and command, family and transport, length. */
const FIXED_OCTETS = 16;
const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const VERSION_2 = 0x20;
const COMMAND = { local: 0, proxy: 1 } as const;
/** Family and transport of what the client spoke to the proxy. */
const OVER_IP4 = { stream: 0x11, datagram: 0x12 } as const;
const OVER_IP6 = { stream: 0x21, datagram: 0x22 } as const;
/** First octets of an IPv6 address that is an IPv4 address (RFC 4291 §2.5.5.2). */
const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/**
 * Octets of a whole header. Addresses need 52; the rest are extensions: proxies send some ten to some hundred octets, and a
 * sender that says 65,535 wants memory.
 */
export const MAX_PROXY_HEADER_OCTETS = 4096;

export type ProxyHeader =
  | {
      readonly kind: 'whole';
      /** Its octets; what follows is the client's. */
      readonly octets: number;
      /** The client; null: the proxy speaks for itself (command LOCAL), as in its health checks. */
      readonly client: { readonly ip: string; readonly port: number } | null;
    }
  /** It is right as far as it goes, and not whole. */
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed' };

const MORE: ProxyHeader = { kind: 'more' };
const MALFORMED: ProxyHeader = { kind: 'malformed' };

/** Reads the header that the octets begin with. */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader {
  for (let i = 0; i < SIGNATURE.length && i < bytes.length; i++) if (bytes[i] !== SIGNATURE[i]) return MALFORMED;
  if (bytes.length < FIXED_OCTETS) return MORE;
  const command = readU8(bytes, 12) - VERSION_2;
  if (command !== COMMAND.local && command !== COMMAND.proxy) return MALFORMED;
  const octets = FIXED_OCTETS + readU16(bytes, 14);
  if (octets > MAX_PROXY_HEADER_OCTETS) return MALFORMED;
  if (bytes.length < octets) return MORE;
  if (command === COMMAND.local) return { kind: 'whole', octets, client: null };
  const addressOctets = addressOctetsOf(readU8(bytes, 13));
  // Source and destination, each with a port. A family without addresses names nobody who could be let in or refused.
  if (addressOctets === 0 || octets < FIXED_OCTETS + 2 * addressOctets + 4) return MALFORMED;
  const ip = clientIp(bytes.subarray(FIXED_OCTETS, FIXED_OCTETS + addressOctets));
  return { kind: 'whole', octets, client: { ip, port: readU16(bytes, FIXED_OCTETS + 2 * addressOctets) } };
}

/** 0 for what is no IP address. */
function addressOctetsOf(family: number): 0 | 4 | 16 {
  if (family === OVER_IP4.stream || family === OVER_IP4.datagram) return 4;
  return family === OVER_IP6.stream || family === OVER_IP6.datagram ? 16 : 0;
}

/** A proxy that listens for both families at once may write IPv4 clients as IPv6: the rules for them must hold all the same. */
function clientIp(address: Uint8Array): string {
  const isMapped = address.length === 16 && MAPPED.every((octet, i) => address[i] === octet);
  return ipText(isMapped ? address.subarray(12) : address);
}
