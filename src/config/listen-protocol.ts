/**
 * What is spoken at which port, as the directives about ports have it (`tls-port` and its like): one answer for the check, for the
 * daemon and for what is listened on, so that no port is taken for encrypted and is not.
 */

import type { Config } from './config.ts';

/** Plain DNS over UDP and TCP, or DNS over TLS (RFC 7858) and nothing else. */
export type ListenProtocol = 'plain' | 'tls';

/** What clients expect at this port. */
export function protocolAt({ tlsPort, tlsAdditionalPort }: Config['server'], port: number): ListenProtocol {
  return port === tlsPort || tlsAdditionalPort.includes(port) ? 'tls' : 'plain';
}

/** The ports that are listened on, whatever their addresses. */
export function listenedPorts({ server }: Pick<Config, 'server'>): ReadonlySet<number> {
  const ports = server.interfaceAutomatic
    ? automaticPorts(server)
    : server.interface.map(({ port }) => port ?? server.port);
  return new Set(ports.length === 0 ? [server.port] : ports);
}

/** The ports of interface-automatic-ports. */
export function automaticPorts({ interfaceAutomaticPorts }: Config['server']): readonly number[] {
  return interfaceAutomaticPorts
    .split(/\s+/)
    .filter((word) => /^\d+$/.test(word))
    .map(Number);
}

/** Whether anything that is listened on needs a key and a certificate. */
export function needsServiceKey(config: Pick<Config, 'server'>): boolean {
  return [...listenedPorts(config)].some((port) => protocolAt(config.server, port) === 'tls');
}
