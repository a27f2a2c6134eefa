/**
 * Who is behind a proxy: the header that comes before a datagram or a stream is read, and believed when its sender may say so.
 *
 * Leaves to others: the form of the header (wire), what the client may do (serve).
 */

import type { Address } from '../ports/network.ts';
import type { ServeStats } from '../serve/serve-stats.ts';
import { parseIp } from '../wire/ip.ts';
import { type IpPrefix, isInPrefixes } from '../wire/ip-prefix.ts';
import { type ProxyHeader, readProxyHeader } from '../wire/proxy-header.ts';

const MALFORMED: ProxyHeader = { kind: 'malformed' };

/** The record of TLS that a handshake begins with (RFC 8446 §5.1); a header of a proxy begins otherwise. */
const TLS_HANDSHAKE = 0x16;

interface ProxyParts {
  /** Who may say who the client is; empty or absent: all. */
  readonly proxies?: readonly IpPrefix[] | undefined;
  readonly stats: ServeStats;
}

/** Reads what `proxy` has sent so far, and counts what is to be dropped. */
export function readFromProxy(bytes: Uint8Array, proxy: Address, { proxies = [], stats }: ProxyParts): ProxyHeader {
  if (isForeign(proxy, proxies)) {
    stats.foreignProxies++;
    return MALFORMED;
  }
  const read = readProxyHeader(bytes);
  if (read.kind === 'malformed') stats.malformedProxyHeaders++;
  return read;
}

/**
 * The same before TLS: a proxy may have its header inside TLS too, as dnsdist and Unbound have it; then nothing is read yet. HAProxy
 * puts it before.
 */
export function readBeforeTls(bytes: Uint8Array, proxy: Address, parts: ProxyParts): ProxyHeader {
  const isInside = bytes[0] === TLS_HANDSHAKE && !isForeign(proxy, parts.proxies ?? []);
  return isInside ? { kind: 'whole', octets: 0, client: null } : readFromProxy(bytes, proxy, parts);
}

function isForeign(proxy: Address, proxies: readonly IpPrefix[]): boolean {
  if (proxies.length === 0) return false;
  const ip = parseIp(proxy.ip);
  return ip === null || !isInPrefixes(ip, proxies);
}
