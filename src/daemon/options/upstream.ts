/** The part of iteration's options that says how servers are reached, and the zones whose servers are configured. */

import type { Config } from '../../config/config.ts';
import type { ServerAddress, ServerName } from '../../config/form-network.ts';
import { outgoingPorts } from '../../config/outgoing-ports.ts';
import type { IterateOptions } from '../../iterate/options.ts';
import type { UpstreamHost, UpstreamServer, UpstreamZone } from '../../terms/upstream-zone.ts';
import { DNS_PORT, TLS_PORT } from '../../wire/address-text.ts';
import { LOOPBACK_PREFIXES, parsePrefix } from '../../wire/ip-prefix.ts';

type UpstreamOptions = Pick<
  IterateOptions,
  | 'transport'
  | 'useTcp'
  | 'outgoingAddresses'
  | 'outgoingPorts'
  | 'connectUdp'
  | 'delayCloseMs'
  | 'maxSockets'
  | 'streams'
  | 'opportunisticTls'
  | 'tcpTimeoutMs'
  | 'paddingBlockOctets'
  | 'sendCookies'
  | 'clientStrings'
  | 'clientStringCode'
  | 'wantsSignatures'
  | 'nat64Prefix'
  | 'doNotQuery'
  | 'ignoreDnssecLame'
  | 'fastServers'
>;

export function upstreamOptions(config: Config): UpstreamOptions {
  const { server } = config;
  const usesUdp = server.doUdp || server.udpUpstreamWithoutDownstream;
  return {
    transport: server.tlsUpstream ? 'tls' : server.tcpUpstream || !usesUdp ? 'tcp' : 'udp',
    useTcp: server.doTcp,
    outgoingAddresses: server.outgoingInterface.map(({ block, scope }) => ({ prefix: block, scope })),
    outgoingPorts: outgoingPortsOf(config),
    connectUdp: server.udpConnect,
    delayCloseMs: server.delayClose,
    maxSockets: server.outgoingRange,
    streams: {
      maxConnections: server.outgoingNumTcp,
      idleMs: server.tcpReuseTimeout,
      maxQuestions: server.maxReuseTcpQueries,
    },
    opportunisticTls: server.opportunisticTls
      ? {
          persistenceMs: server.opportunisticTlsPersistence * 1000,
          dampingMs: server.opportunisticTlsDamping * 1000,
          timeoutMs: server.opportunisticTlsTimeout,
          maxConnections: server.opportunisticTlsConnections,
        }
      : null,
    tcpTimeoutMs: server.tcpAuthQueryTimeout,
    paddingBlockOctets: server.padQueries ? server.padQueriesBlockSize : 0,
    sendCookies: server.upstreamCookies,
    clientStrings: server.ednsClientString.map(({ block, value }) => ({
      prefix: block,
      text: new TextEncoder().encode(value),
    })),
    clientStringCode: server.ednsClientStringOpcode,
    wantsSignatures: !server.disableEdnsDo,
    nat64Prefix: server.doNat64 ? parsePrefix(server.nat64Prefix) : null,
    ignoreDnssecLame: server.disableDnssecLameCheck,
    fastServers: { permil: server.fastServerPermil, count: server.fastServerNum },
    doNotQuery: [...server.doNotQueryAddress, ...(server.doNotQueryLocalhost ? LOOPBACK_PREFIXES : [])],
  };
}

function outgoingPortsOf({ outgoingPortRules }: Config): readonly number[] | null {
  return outgoingPortRules.length === 0 ? null : [...outgoingPorts(outgoingPortRules)];
}

export function configuredZones({ server, stubZones, forwardZones }: Config): UpstreamZone[] {
  const stubs = stubZones.map((stub): UpstreamZone => {
    const port = stub.stubTlsUpstream || server.tlsUpstream ? TLS_PORT : DNS_PORT;
    return {
      kind: 'stub',
      zone: stub.name,
      addresses: stub.stubAddr.map((address) => addressOf(address, port)),
      hosts: stub.stubHost.map((name) => hostOf(name, port)),
      prime: stub.stubPrime,
      first: stub.stubFirst,
      tcp: stub.stubTcpUpstream,
      tls: stub.stubTlsUpstream,
      ...(stub.stubTlsPin.length === 0 ? {} : { tlsPins: stub.stubTlsPin }),
      noCache: stub.stubNoCache,
    };
  });
  const forwards = forwardZones.map((forward): UpstreamZone => {
    const port = forward.forwardTlsUpstream || server.tlsUpstream ? TLS_PORT : DNS_PORT;
    return {
      kind: 'forward',
      zone: forward.name,
      addresses: forward.forwardAddr.map((address) => addressOf(address, port)),
      hosts: forward.forwardHost.map((name) => hostOf(name, port)),
      prime: false,
      first: forward.forwardFirst,
      tcp: forward.forwardTcpUpstream,
      tls: forward.forwardTlsUpstream,
      ...(forward.forwardTlsPin.length === 0 ? {} : { tlsPins: forward.forwardTlsPin }),
      ...(forward.forwardTlsDane ? { tlsDane: true } : {}),
      noCache: forward.forwardNoCache,
    };
  });
  return [...stubs, ...forwards];
}

function addressOf({ ip, port, tlsName }: ServerAddress, usualPort: number): UpstreamServer {
  return { ip, port: port ?? usualPort, tlsName };
}

function hostOf({ name, port, tlsName }: ServerName, usualPort: number): UpstreamHost {
  return { name, port: port ?? usualPort, tlsName };
}
