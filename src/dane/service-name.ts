/** Hosts and ports on the command line, and how the usual ports speak. */

import type { StartTlsProtocol } from './starttls.ts';

/** A host with its port. */
interface ServiceWords {
  readonly host: string;
  readonly port: number;
}

/** Ports where TLS comes by STARTTLS; on all others it is there from the first octet. */
const STARTTLS_PORTS: ReadonlyMap<number, StartTlsProtocol> = new Map([
  [25, 'smtp'],
  [587, 'smtp'],
  [2525, 'smtp'],
  [143, 'imap'],
  [110, 'pop3'],
]);

/** Reads `HOST:PORT`, `HOST` or `[IPv6]:PORT`; null when it is none of them. */
export function readServiceName(text: string, defaultPort: number): ServiceWords | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+))(?::(\d{1,5}))?$/.exec(text);
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  return match === null || port < 1 || port > 65_535 ? null : { host: match[1] ?? match[2] ?? '', port };
}

/** How TLS begins on a port; null: at once. */
export function starttlsFor(port: number): StartTlsProtocol | null {
  return STARTTLS_PORTS.get(port) ?? null;
}
