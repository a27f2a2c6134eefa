/** Writes PROXY headers of version 2, as a proxy before the resolver does. */

import type { Address } from '../../src/ports/network.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { parseIp } from '../../src/wire/ip.ts';

interface ProxyHeaderFields {
  /** Null: command LOCAL. */
  readonly client: Address | null;
  readonly transport?: 'stream' | 'datagram';
  readonly extensions?: Uint8Array;
}

export function proxyHeader({ client, transport = 'stream', extensions }: ProxyHeaderFields): Uint8Array {
  const ip = client === null ? new Uint8Array() : (parseIp(client.ip) ?? new Uint8Array());
  const family = ip.length === 0 ? 0 : (ip.length === 4 ? 0x10 : 0x20) + (transport === 'stream' ? 1 : 2);
  const ports = client === null ? [] : [client.port >>> 8, client.port & 0xff, 0, 53];
  const body = concatBytes(ip, ip, Uint8Array.from(ports), extensions ?? new Uint8Array());
  const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
  const head = [client === null ? 0x20 : 0x21, family, body.length >>> 8, body.length & 0xff];
  return concatBytes(Uint8Array.from([...signature, ...head]), body);
}
