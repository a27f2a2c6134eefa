/** TCP, TLS and unix stream sockets of the system. */

import {
  type AddressInfo,
  connect as connectTcp,
  createServer,
  isIP,
  isIPv6,
  type Server,
  type Socket,
} from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type {
  Address,
  ByteStream,
  ConnectOptions,
  Listener,
  ListenOptions,
  NetworkError,
  Opened,
  StreamEvents,
  TlsClientOptions,
} from '../ports/network.ts';
import { withoutZone } from './ip-zone.ts';
import { networkErrorOf } from './network-error.ts';
import { nodeTls } from './node-tls.ts';
import { asUser, isRoot, type LowUser, rootOnlyPath, withGroupOf } from './root-writes.ts';

/** Connections that the system may hold before they are accepted. */
const BACKLOG = 256;
/** Milliseconds that a TLS handshake may take (Node: 120 s). A client that is there needs a few round trips. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Milliseconds that a client which was refused has to close its side. */
const TURN_AWAY_MS = 2000;
/** Unix sockets are made without rights for others. */
const UNIX_SOCKET_UMASK = 0o117;
const NOWHERE: Address = { ip: '', port: 0 };

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
  const { serverName, indicatedName } = tls;
  return {
    ...(serverName === null ? { rejectUnauthorized: false } : nameToCheck(serverName)),
    ...(indicatedName === undefined ? {} : { servername: indicatedName }),
    ...(tls.authorities === undefined ? {} : { ca: tls.authorities }),
  };
}

/** RFC 6066 §3: an address is no server name; it is looked for in the certificate all the same. */
function nameToCheck(serverName: string): object {
  if (isIP(serverName) === 0) return { servername: serverName };
  return {
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      nodeTls().checkServerIdentity(serverName, certificate),
  };
}

/** How a listening socket comes about, besides its options. */
interface ListenParts {
  /** Takes this one, which is bound already. */
  readonly fd: number | null;
  /** Whose unix sockets are to be, while this process is root. */
  readonly user: LowUser | null;
}

export function listenNodeStreams(
  options: ListenOptions,
  { fd, user }: ListenParts = { fd: null, user: null },
): Promise<Opened<Listener>> {
  return new Promise((resolve) => {
    let server: Server;
    try {
      server = createStreamServer(options, (socket) => welcome(socket, options));
    } catch (error) {
      // A certificate or key that OpenSSL cannot read.
      resolve({ ok: false, error: { kind: 'tls', text: (error as Error).message } });
      return;
    }
    const fail = (error: Error): void => resolve({ ok: false, error: networkErrorOf(error) });
    server.once('error', fail);
    if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;
    const listening = (): void => {
      server.off('error', fail);
      server.on('error', (error) => options.onError(networkErrorOf(error)));
      resolve({ ok: true, value: { local: boundAddress(server), close: () => server.close() } });
    };
    if (fd === null) listenNow(server, options, user, listening);
    else server.listen({ fd, exclusive: true }, listening);
  });
}

function createStreamServer(options: ListenOptions, onSocket: (socket: Socket) => void): Server {
  const { tls } = options;
  if (tls === undefined) return createServer({ noDelay: true }, onSocket);
  const isMutual = tls.clientAuthorityPem !== undefined;
  // Not refused by Node itself: it resets the connection, and a client that writes its command dies of SIGPIPE.
  const mutual = isMutual ? { ca: tls.clientAuthorityPem, requestCert: true, rejectUnauthorized: false } : {};
  const welcomeIfKnown = (socket: TLSSocket): void => {
    if (isMutual && !isTrusted(socket)) refuse(socket);
    else onSocket(socket);
  };
  const server = nodeTls().createServer(
    {
      cert: tls.certificatePem,
      key: tls.privateKeyPem,
      noDelay: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      ...mutual,
    },
    welcomeIfKnown,
  );
  boundHandshakes(server, options.maxHandshakes ?? Number.POSITIVE_INFINITY);
  return server;
}

/**
 * `authorized` alone is not enough: Node also sets it for TLS 1.3 sessions that come back without any certificate. What was shown
 * when a session began comes back with it.
 */
function isTrusted(socket: TLSSocket): boolean {
  return socket.authorized && socket.getPeerCertificate().raw !== undefined;
}

/**
 * Ends the connection of a client whose certificate is not trusted with the alert close_notify (RFC 8446 §6.1). What it sends
 * meanwhile is read and thrown away, so that the end reaches it and not a reset; a client that does not go is cut off.
 */
function refuse(socket: TLSSocket): void {
  socket.on('error', () => {});
  socket.resume();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), TURN_AWAY_MS);
  socket.once('close', () => clearTimeout(timer));
}

/** Node tells of a handshake that takes too long, and leaves it open; it does not bound their number either. */
function boundHandshakes(server: Server, most: number): void {
  const underWay = new Map<string, Socket>();
  const placeOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const place = placeOf(socket);
    underWay.set(place, socket);
    socket.once('close', () => {
      if (underWay.get(place) === socket) underWay.delete(place);
    });
    const [oldest] = underWay.values();
    if (underWay.size > most) oldest?.destroy();
  });
  server.on('secureConnection', (socket: Socket) => underWay.delete(placeOf(socket)));
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') socket.destroy();
  });
}

/** The socket file of a path is made within the call, so the umask and the user hold for it alone. */
function listenNow(server: Server, options: ListenOptions, user: LowUser | null, onListening: () => void): void {
  const { local } = options;
  if (!('path' in local)) {
    server.listen(listenTarget(options), onListening);
    return;
  }
  const umask = process.umask(UNIX_SOCKET_UMASK);
  try {
    const listen = (): void => void server.listen(listenTarget(options), onListening);
    if (user === null || !isRoot()) listen();
    // Where only root may make files, the user's group gets its right by the group of the socket; else it is the user's.
    else if (rootOnlyPath(local.path) !== null) withGroupOf(user, listen);
    else asUser(user, listen);
  } finally {
    process.umask(umask);
  }
}

function listenTarget(options: ListenOptions): object {
  const { local } = options;
  if ('path' in local) return { path: local.path, backlog: BACKLOG };
  return {
    host: local.ip,
    port: local.port,
    backlog: BACKLOG,
    exclusive: true,
    ...(isIPv6(local.ip) ? { ipv6Only: true } : {}),
    ...(options.reusePort === true ? { reusePort: true } : {}),
  };
}

function boundAddress(server: Server): Address {
  const bound = server.address() as AddressInfo | string | null;
  return bound === null || typeof bound === 'string' ? NOWHERE : { ip: bound.address, port: bound.port };
}

function welcome(socket: Socket, options: ListenOptions): void {
  // Before the resolver has seen the connection its errors are of no interest; `close` follows them.
  socket.on('error', () => {});
  const stream = new NodeStream(socket);
  const events = options.onConnection(stream);
  if (events === null) socket.destroy();
  else stream.bind(events);
}

class NodeStream implements ByteStream {
  readonly local: Address;
  readonly remote: Address;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.local = { ip: withoutZone(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
    this.remote = { ip: withoutZone(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
  }

  /** Hands what happens to `events`, from the next turn on. */
  bind(events: StreamEvents): void {
    let failure: NetworkError | null = null;
    this.#socket.on('data', events.onData);
    this.#socket.on('error', (error) => {
      failure = networkErrorOf(error);
    });
    this.#socket.on('close', () => events.onClose(failure));
    if (events.onDrain !== undefined) this.#socket.on('drain', events.onDrain);
  }

  write(bytes: Uint8Array): boolean {
    // A copy, since the caller may reuse its bytes while the system is not ready to take them.
    return this.#socket.writable ? this.#socket.write(Buffer.from(bytes)) : true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
