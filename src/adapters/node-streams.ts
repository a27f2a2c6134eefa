/** Connecting TCP and TLS streams of the system. */

import { createHash } from 'node:crypto';
import { connect as connectTcp, isIP, Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Address, ByteStream, ConnectOptions, NetworkError, Opened, TlsClientOptions } from '../ports/network.ts';
import { networkErrorOf } from './network-error.ts';
import { NodeStream } from './node-stream.ts';
import { nodeTls } from './node-tls.ts';
import type { TlsSessions } from './tls-sessions.ts';

/** Connects a stream, within the time that the caller gives; `fd`: by this socket, which is bound already and is closed with it. */
export function connectNodeStream(
  options: ConnectOptions,
  sessions: TlsSessions,
  fd: number | null = null,
): Promise<Opened<ByteStream>> {
  return new Promise((resolve) => {
    const socket = startConnecting(options, sessions, fd);
    const settle = (result: Opened<ByteStream>): void => {
      clearTimeout(timer);
      socket.off('error', onError);
      resolve(result);
    };
    const fail = (error: Error, kind?: NetworkError['kind']): void => {
      socket.on('error', () => {});
      socket.destroy();
      settle({ ok: false, error: kind === undefined ? networkErrorOf(error) : { kind, text: error.message } });
    };
    const onError = (error: Error): void => fail(error);
    const timer = setTimeout(() => {
      socket.on('error', () => {});
      socket.destroy();
      settle({ ok: false, error: { kind: 'timeout', text: `no connection in ${options.timeoutMs} ms` } });
    }, options.timeoutMs);
    socket.once('error', onError);
    socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      if (options.tls?.pins !== undefined && !hasPinnedKey(socket as TLSSocket, options.tls.pins)) {
        fail(new Error('the server has none of the pinned keys'), 'tls');
        return;
      }
      if (options.tls !== undefined) keepSessions(socket as TLSSocket, options, sessions);
      const stream = new NodeStream(socket);
      settle({ ok: true, value: stream });
      stream.bind(options);
    });
  });
}

function startConnecting(options: ConnectOptions, sessions: TlsSessions, fd: number | null): Socket | TLSSocket {
  const { remote, localIp, tls } = options;
  if ('path' in remote) return connectTcp({ path: remote.path });
  const to = {
    host: remote.ip,
    port: remote.port,
    autoSelectFamily: false,
    noDelay: true,
    ...(localIp === undefined || fd !== null ? {} : { localAddress: localIp }),
  };
  // Node.js reads from a socket that it is given at once, unless told not to; this one has yet to be connected.
  const given = { fd: fd ?? -1, manualStart: true };
  const plain = fd === null ? null : new Socket(given).connect(to);
  if (tls === undefined) return plain ?? connectTcp(to);
  const through = plain === null ? to : { ...to, socket: plain };
  return nodeTls().connect({ ...through, ...tlsClientOptions(tls), ...sessionFor(remote, tls, sessions) });
}

function sessionFor(remote: Address, tls: TlsClientOptions, sessions: TlsSessions): { readonly session?: Buffer } {
  // A session does not bring the server's key along: who wants to see it makes a new handshake.
  const session = tls.pins === undefined ? sessions.find(remote, tls) : undefined;
  return session === undefined ? {} : { session };
}

/** Of a server that was found to be the right one: tickets come after the handshake (RFC 8446 §4.6.1). */
function keepSessions(socket: TLSSocket, { remote, tls }: ConnectOptions, sessions: TlsSessions): void {
  if (tls === undefined || 'path' in remote) return;
  socket.on('session', (session) => sessions.keep(remote, tls, session));
}

function tlsClientOptions(tls: TlsClientOptions): object {
  const { serverName, indicatedName, sendsName = true, minVersion, maxVersion, certificatePem, privateKeyPem } = tls;
  return {
    ...(certificatePem === undefined ? {} : { cert: certificatePem, key: privateKeyPem }),
    minVersion: minVersion ?? 'TLSv1.2',
    maxVersion: maxVersion ?? 'TLSv1.3',
    ...(serverName === null ? anyName(tls.checksIssuer === true) : nameToCheck(serverName, sendsName)),
    ...(indicatedName === undefined ? {} : { servername: indicatedName }),
    ...(tls.authorities === undefined ? {} : { ca: tls.authorities }),
    ...(tls.protocols === undefined ? {} : { ALPNProtocols: [...tls.protocols] }),
  };
}

/**
 * Whether the key that the server has shown to hold is one of these. Its issuers do not count: unless the name is checked too nobody
 * has said that the chain is right.
 */
function hasPinnedKey(socket: TLSSocket, pins: readonly string[]): boolean {
  const spki = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  return spki !== undefined && pins.includes(createHash('sha256').update(spki).digest('base64'));
}

/** No name is checked, and the certificate's issuer only where that is asked for. */
function anyName(checksIssuer: boolean): object {
  return checksIssuer ? { checkServerIdentity: () => undefined } : { rejectUnauthorized: false };
}

/** RFC 6066 §3: an address is no server name; it is looked for in the certificate all the same. */
function nameToCheck(serverName: string, sendsName: boolean): object {
  if (sendsName && isIP(serverName) === 0) return { servername: serverName };
  return {
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      nodeTls().checkServerIdentity(serverName, certificate),
  };
}
