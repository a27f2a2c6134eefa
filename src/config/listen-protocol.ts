/**
 * What is spoken at which port, as the directives about ports have it (`tls-port` and its like): one answer for the check, for the
 * daemon and for what is listened on, so that no port is taken for encrypted and is not.
 */

import type { Config } from './config.ts';

/**
 * DNS over TLS (RFC 7858), over HTTPS (RFC 8484), or over HTTP behind a proxy that takes TLS off (http-notls-downstream): over TCP,
 * and nothing else beside.
 */
export type EncryptedProtocol = 'tls' | 'https' | 'http';

/** What clients expect at this port; `plain`: DNS over UDP and TCP. */
export function protocolAt(server: Config['server'], port: number): EncryptedProtocol | 'plain' {
  if (port === server.tlsPort || server.tlsAdditionalPort.includes(port)) return 'tls';
  if (port !== server.httpsPort) return 'plain';
  return server.httpNotlsDownstream ? 'http' : 'https';
}

/** The ports that are listened on, whatever their addresses. */
export function listenedPorts({ server }: Pick<Config, 'server'>): ReadonlySet<number> {
  const ports = server.interfaceAutomatic
    ? automaticPorts(server)
    : server.interface.map(({ port }) => port ?? server.port);
  return new Set(ports.length === 0 ? [server.port] : ports);
}

export function automaticPorts({ interfaceAutomaticPorts }: Config['server']): readonly number[] {
  return interfaceAutomaticPorts
    .split(/\s+/)
    .filter((word) => /^\d+$/.test(word))
    .map(Number);
}

function isInTls(protocol: EncryptedProtocol | 'plain'): boolean {
  return protocol === 'tls' || protocol === 'https';
}

/** Whether anything that is listened on needs a key and a certificate. */
export function needsServiceKey(config: Pick<Config, 'server'>): boolean {
  return [...listenedPorts(config)].some((port) => isInTls(protocolAt(config.server, port)));
}
