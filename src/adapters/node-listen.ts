/** Listening stream sockets of the system: TCP, TLS, unix. */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket, Server as TlsServer } from 'node:tls';
import type { Address, Listener, ListenOptions, Opened } from '../ports/network.ts';
import { networkErrorOf } from './network-error.ts';
import { Arrivals, type OnReady } from './node-arrivals.ts';
import { ignore, NodeStream, type StreamOrigin } from './node-stream.ts';
import { nodeTls, tlsServerOptions } from './node-tls.ts';
import { asUser, isRoot, type LowUser, rootOnlyPath, withGroupOf } from './root-writes.ts';

/** Connections that the system may hold before they are accepted. */
const BACKLOG = 256;
/** Milliseconds that a client which was refused has to close its side. */
const TURN_AWAY_MS = 2000;
/** Unix sockets are made without rights for others. */
const UNIX_SOCKET_UMASK = 0o117;
const NOWHERE: Address = { ip: '', port: 0 };

/** How a listening socket comes about, besides its options. */
export interface ListenParts {
  /** Takes this one, which is bound already. */
  readonly fd: number | null;
  /** Whose unix sockets are to be, while this process is root. */
  readonly user: LowUser | null;
}

const NO_PARTS: ListenParts = { fd: null, user: null };

/** Options that every way to listen takes: all but what becomes of the connections. */
type SocketOptions = Omit<ListenOptions, 'onConnection'>;

export function listenNodeStreams(options: ListenOptions, parts: ListenParts = NO_PARTS): Promise<Opened<Listener>> {
  return listenSockets(options, (socket, origin) => welcome(socket, origin, options), parts);
}

/** Listens for sockets that are ready to be read: a proxy's header and the TLS handshake are behind them. */
export function listenSockets(
  options: SocketOptions,
  onReady: OnReady,
  { fd, user }: ListenParts = NO_PARTS,
): Promise<Opened<Listener>> {
  return new Promise((resolve) => {
    let tls: TlsServer | null;
    try {
      tls = options.tls === undefined ? null : createTlsServer(options.tls);
    } catch (error) {
      // A certificate or key that OpenSSL cannot read.
      resolve({ ok: false, error: { kind: 'tls', text: (error as Error).message } });
      return;
    }
    const isMutual = options.tls?.clientAuthorityPem !== undefined;
    const arrivals = new Arrivals(options, tls, isMutual ? onlyTrusted(onReady) : onReady);
    const server = createServer({ noDelay: options.noDelay ?? true }, (socket) => arrivals.take(socket));
    const fail = (error: Error): void => resolve({ ok: false, error: networkErrorOf(error) });
    server.once('error', fail);
    if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;
    const listening = (): void => {
      server.off('error', fail);
      server.on('error', (error) => options.onError(networkErrorOf(error)));
      resolve({ ok: true, value: listenerOf(server, tls) });
    };
    if (fd === null) listenNow(server, options, user, listening);
    else server.listen({ fd, backlog: BACKLOG, exclusive: true }, listening);
  });
}

function listenerOf(server: Server, tls: TlsServer | null): Listener {
  return {
    local: boundAddress(server),
    useTls: (options) => {
      if (tls === null) return;
      tls.setSecureContext(tlsServerOptions(options));
    },
    close: () => server.close(),
  };
}

/** Does the handshakes of sockets that are handed to it; it does not listen itself. */
function createTlsServer(options: NonNullable<SocketOptions['tls']>): TlsServer {
  const isMutual = options.clientAuthorityPem !== undefined;
  // Not refused by Node itself: it resets the connection, and a client that writes its command dies of SIGPIPE.
  const mutual = isMutual ? { requestCert: true, rejectUnauthorized: false } : {};
  const protocols = options.protocols === undefined ? {} : { ALPNProtocols: [...options.protocols] };
  return nodeTls().createServer({
    ...tlsServerOptions(options),
    ...protocols,
    ...mutual,
  });
}

function onlyTrusted(onReady: OnReady): OnReady {
  return (socket, origin) => {
    if (isTrusted(socket as TLSSocket)) onReady(socket, origin);
    else refuse(socket as TLSSocket);
  };
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

/** The socket file of a path is made within the call, so the umask and the user hold for it alone. */
function listenNow(server: Server, options: SocketOptions, user: LowUser | null, onListening: () => void): void {
  const { local } = options;
  if (!('path' in local)) {
    server.listen(listenTarget(options), onListening);
    return;
  }
  asSocketOfGroup(() => {
    const listen = (): void => void server.listen(listenTarget(options), onListening);
    if (user === null || !isRoot()) listen();
    // Where only root may make files, the user's group gets its right by the group of the socket; else it is the user's.
    else if (rootOnlyPath(local.path) !== null) withGroupOf(user, listen);
    else asUser(user, listen);
  });
}

/** The socket that `listen` makes is for its owner and group, and for nobody else. */
export function asSocketOfGroup(listen: () => void): void {
  const umask = process.umask(UNIX_SOCKET_UMASK);
  try {
    listen();
  } finally {
    process.umask(umask);
  }
}

function listenTarget(options: SocketOptions): object {
  const { local } = options;
  if ('path' in local) return { path: local.path, backlog: BACKLOG };
  return {
    host: local.ip,
    port: local.port,
    backlog: BACKLOG,
    exclusive: true,
    ...(local.ip.includes(':') ? { ipv6Only: true } : {}),
    ...(options.reusePort === true ? { reusePort: true } : {}),
  };
}

function boundAddress(server: Server): Address {
  const bound = server.address() as AddressInfo | string | null;
  return bound === null || typeof bound === 'string' ? NOWHERE : { ip: bound.address, port: bound.port };
}

function welcome(socket: Socket, origin: StreamOrigin, options: ListenOptions): void {
  // Before the resolver has seen the connection its errors are of no interest; `close` follows them.
  socket.on('error', ignore);
  const stream = new NodeStream(socket, origin);
  const events = options.onConnection(stream);
  if (events === null) socket.destroy();
  else stream.bind(events);
}
