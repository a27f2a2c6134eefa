/** Connecting TCP and TLS streams of the system. */

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { ByteStream, ConnectOptions, Opened, TlsClientOptions } from '../ports/network.ts';
import { networkErrorOf } from './network-error.ts';
import { NodeStream } from './node-stream.ts';
import { nodeTls } from './node-tls.ts';

/** Connects a stream, within the time that the caller gives. */
export function connectNodeStream(options: ConnectOptions): Promise<Opened<ByteStream>> {
  return new Promise((resolve) => {
    const socket = startConnecting(options);
    const settle = (result: Opened<ByteStream>): void => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(result);
    };
    const fail = (error: Error): void => {
      socket.on('error', () => {});
      socket.destroy();
      settle({ ok: false, error: networkErrorOf(error) });
    };
    const timer = setTimeout(() => {
      socket.on('error', () => {});
      socket.destroy();
      settle({ ok: false, error: { kind: 'timeout', text: `no connection in ${options.timeoutMs} ms` } });
    }, options.timeoutMs);
    socket.once('error', fail);
    socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      const stream = new NodeStream(socket);
      settle({ ok: true, value: stream });
      stream.bind(options);
    });
  });
}

function startConnecting(options: ConnectOptions): Socket | TLSSocket {
  const { remote, localIp, tls } = options;
  const to = {
    host: remote.ip,
    port: remote.port,
    autoSelectFamily: false,
    noDelay: true,
    ...(localIp === undefined ? {} : { localAddress: localIp }),
  };
  return tls === undefined ? connectTcp(to) : nodeTls().connect({ ...to, ...tlsClientOptions(tls) });
}

function tlsClientOptions(tls: TlsClientOptions): object {
  const { serverName, indicatedName, sendsName = true, minVersion, maxVersion } = tls;
  return {
    minVersion: minVersion ?? 'TLSv1.2',
    maxVersion: maxVersion ?? 'TLSv1.3',
    ...(serverName === null ? { rejectUnauthorized: false } : nameToCheck(serverName, sendsName)),
    ...(indicatedName === undefined ? {} : { servername: indicatedName }),
    ...(tls.authorities === undefined ? {} : { ca: tls.authorities }),
  };
}

/** RFC 6066 §3: an address is no server name; it is looked for in the certificate all the same. */
function nameToCheck(serverName: string, sendsName: boolean): object {
  if (sendsName && isIP(serverName) === 0) return { servername: serverName };
  return {
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      nodeTls().checkServerIdentity(serverName, certificate),
  };
}
