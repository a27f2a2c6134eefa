/**
 * What the directives about encryption towards clients and proxies before them mean together. Ports on which clients expect encryption get it, or the
 * configuration is refused: plain DNS there would be taken for it.
 */

import { unreachable } from '../terms/unreachable.ts';
import type { Config } from './config.ts';
import type { Findings, Position } from './finding.ts';
import { FormError } from './form.ts';
import { listenTarget } from './form-network.ts';
import type { Lines } from './lines.ts';
import { automaticPorts, listenedPorts, needsServiceKey, protocolAt } from './listen-protocol.ts';

/** The versions that tls-protocols may name. */
const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'];

export function checkEncryption(config: Config, lines: Lines, findings: Findings): void {
  const { server } = config;
  for (const { at, what, port } of listeningLines(config, lines)) {
    const problem = problemAt(server, port);
    if (problem !== null) findings.error(at, `${what}: ${problem}`);
  }
  for (const directive of ['tls-service-key', 'tls-service-pem'] as const) {
    if (lines.of(directive).length === 0 || !hasKey(server) || needsServiceKey(config)) continue;
    findings.warning(lines.last(directive), `${directive} has no effect: nothing listens at tls-port or https-port`);
  }
  if (needsServiceKey(config) && (!server.doTcp || server.incomingNumTcp === 0)) {
    const directive = server.doTcp ? 'incoming-num-tcp' : 'do-tcp';
    findings.warning(lines.last(directive), `${directive}: without TCP nobody is answered over TLS`);
  }
  if (server.opportunisticTls && !server.doTcp) {
    findings.error(lines.last('opportunistic-tls'), 'opportunistic-tls: without TCP (do-tcp: no) there is no TLS');
  }
  for (const entry of lines.of('proxy-protocol-port')) {
    if (listenedPorts(config).has(Number(entry.values[0]))) continue;
    findings.warning(entry, `proxy-protocol-port ${entry.values[0]} has no effect: nothing listens at it`);
  }
  if (lines.of('proxy-protocol-from').length > 0 && server.proxyProtocolPort.length === 0) {
    findings.warning(
      lines.last('proxy-protocol-from'),
      'proxy-protocol-from has no effect without proxy-protocol-port',
    );
  }
  if (!server.httpEndpoint.startsWith('/')) {
    findings.error(lines.last('http-endpoint'), `http-endpoint: '${server.httpEndpoint}' must begin with /`);
  }
  const unknown = server.tlsProtocols.filter((version) => !TLS_VERSIONS.includes(version));
  if (unknown.length > 0 || server.tlsProtocols.length === 0) {
    const text = `tls-protocols: '${server.tlsProtocols.join(' ')}' must be of ${TLS_VERSIONS.join(' and ')}`;
    findings.error(lines.last('tls-protocols'), text);
  }
}

/** Why nothing may listen at this port; null: it may. */
function problemAt(server: Config['server'], port: number): string | null {
  const protocol = protocolAt(server, port);
  switch (protocol) {
    case 'tls':
      if (port === server.httpsPort) return `port ${port} cannot be both tls-port and https-port`;
      return hasKey(server) ? null : 'DNS over TLS (tls-port) needs tls-service-key and tls-service-pem';
    case 'https':
      return hasKey(server) ? null : 'DNS over HTTPS (https-port) needs tls-service-key and tls-service-pem';
    case 'http':
      return null;
    case 'plain':
      if (port !== server.quicPort) return null;
      return `DNS over QUIC (quic-port) is not supported, and port ${port} would answer unencrypted`;
    default:
      return unreachable(protocol);
  }
}

function hasKey({ tlsServiceKey, tlsServicePem }: Config['server']): boolean {
  return tlsServiceKey !== '' && tlsServicePem !== '';
}

/** A line that makes something listen at a port. */
interface ListeningLine {
  readonly at: Position;
  /** What the line is called in a finding. */
  readonly what: string;
  readonly port: number;
}

function listeningLines({ server }: Config, lines: Lines): readonly ListeningLine[] {
  const ofDefault = { at: lines.last('port'), what: 'port', port: server.port };
  if (server.interfaceAutomatic) {
    const [at, what] = [lines.last('interface-automatic-ports'), 'interface-automatic-ports'];
    const automatic = automaticPorts(server).map((port) => ({ at, what, port }));
    return automatic.length > 0 ? automatic : [ofDefault];
  }
  const named = lines.of('interface').flatMap((entry) => {
    const target = listenTarget.read(...entry.values);
    const port = target instanceof FormError ? null : target.port;
    return port === null ? [] : [{ at: entry, what: `interface ${entry.values[0]}`, port }];
  });
  const usesOwnPort = server.interface.some(({ port }) => port === null) || server.interface.length === 0;
  return usesOwnPort ? [...named, ofDefault] : named;
}
