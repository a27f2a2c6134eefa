/**
 * TCP for clients, plain, in TLS and with HTTP: listening sockets and the slots for connections that they share (incoming-num-tcp).
 *
 * When all slots are taken, a new connection gets the slot of the one that has been idle longest (RFC 7766 §6.2.3: a server
 * may close idle connections under load); when all of them wait for answers it is refused. The clients of a netblock may have a
 * limit of their own (tcp-connection-limit): they get no slot of others', and none of their own is closed for them. A client
 * that will get none is refused before its TLS handshake, which costs much more than a connection.
 */

import type { Clock } from '../ports/clock.ts';
import type { HttpNetwork, HttpSession, HttpSessionEvents } from '../ports/http.ts';
import type {
  Address,
  ByteStream,
  HandshakeWatch,
  Listener,
  ListenOptions,
  Network,
  NetworkError,
  Opened,
  Preface,
  StreamEvents,
} from '../ports/network.ts';
import { blockOf, closestFirst, type NetblockLimit } from '../serve/netblock-limit.ts';
import { REPLY_BUFFER_OCTETS, type Serve } from '../serve/query-server.ts';
import type { ServeStats } from '../serve/serve-stats.ts';
import { parseIp } from '../wire/ip.ts';
import { TransientMap } from '../work/transient-map.ts';
import { TurnLimiter } from '../work/turn-limiter.ts';
import type { ClientConnection } from './client-connection.ts';
import { HandshakeGate } from './handshake-gate.ts';
import { HttpConnection, type HttpParts } from './http-connection.ts';
import { type HttpOptions, type ListenAddress, SERVER_LIMITS, type ServerOptions } from './listen-options.ts';
import { OctetBudget } from './octet-budget.ts';
import { readBeforeTls, readFromProxy } from './proxy-reader.ts';
import { type ConnectionParts, TcpConnection } from './tcp-connection.ts';

/** The name of DNS over TLS in the handshake (RFC 7858, IANA registry of ALPN identifiers); clients may leave it out. */
const ALPN_DOT = 'dot';

/** Where nothing is said of HTTP, there is none. */
const NO_HTTP: HttpOptions = { endpoint: '', maxStreams: 0, queryBufferBytes: 0, replyBufferBytes: 0, noDelay: true };

/** A connection, and the address that it came to, as that was opened. */
interface Held {
  readonly connection: ClientConnection;
  readonly at: ListenAddress;
}

export class ConnectionSlots {
  /** Who answers; another one after a reload. */
  serve: Serve;
  #options: ServerOptions;
  /** By numbers that are given once. */
  readonly #connections = new TransientMap<number, Held>();
  #lastNumber = 0;
  readonly #gate: HandshakeGate;
  readonly #parts: ConnectionParts;
  readonly #http: HttpParts;
  /** Closest first. */
  #blocks: readonly NetblockLimit[];
  /** Open connections of the blocks. */
  readonly #byBlock = new Map<NetblockLimit, number>();
  /** Connections that found no slot. */
  refused = 0;

  constructor(clock: Clock, serve: Serve, options: ServerOptions) {
    this.serve = serve;
    this.#options = options;
    this.#gate = new HandshakeGate(clock);
    this.#blocks = closestFirst(options.connectionLimits ?? []);
    const frame = new Uint8Array(2 + REPLY_BUFFER_OCTETS);
    const shared = {
      clock,
      serve: () => this.serve,
      idleMs: () => this.#idleMs(),
      onClosed: (connection: ClientConnection) => this.#forget(connection),
    };
    this.#http = {
      ...shared,
      endpoint: () => httpOf(this.#options).endpoint,
      queries: new OctetBudget(httpOf(options).queryBufferBytes),
      replies: new OctetBudget(httpOf(options).replyBufferBytes),
      out: new Uint8Array(REPLY_BUFFER_OCTETS),
    };
    this.#parts = {
      ...shared,
      promisableMs: (wanted) => (this.#isScarce() ? Math.min(wanted, this.#idleMs()) : wanted),
      readProxy: (bytes, proxy) => readFromProxy(bytes, proxy, this.#proxyParts()),
      onClientKnown: (connection, proxy) => this.#recount(connection, proxy),
      frame,
      reply: frame.subarray(2),
      pace: new TurnLimiter(clock, SERVER_LIMITS.streamQueriesPerTurn),
    };
  }

  /** Open connections. */
  get count(): number {
    return this.#connections.size;
  }

  /** Takes other limits and another resolver; open connections stay. */
  change(serve: Serve, options: ServerOptions): void {
    this.serve = serve;
    this.#options = options;
    this.#http.queries.limit = httpOf(options).queryBufferBytes;
    this.#http.replies.limit = httpOf(options).replyBufferBytes;
    this.#blocks = closestFirst(options.connectionLimits ?? []);
    this.#byBlock.clear();
    for (const { remote } of this.#list()) this.#count(this.#blockOf(remote), 1);
  }

  /** Lets clients into their TLS handshake, and counts how it ends. */
  readonly handshakes: HandshakeWatch = {
    begin: (remote) => {
      const begins = !this.#isBlockFull(this.#blockOf(remote)) && this.#gate.begin(remote.ip);
      if (!begins) this.serve.stats.refusedHandshakes++;
      return begins;
    },
    end: ({ ip }, isDone) => {
      this.#gate.end(ip);
      if (isDone) this.serve.stats.handshakes++;
      else this.serve.stats.failedHandshakes++;
    },
  };

  /** Reads from a connection who the client is, where a proxy says it before anything else. */
  readPreface(bytes: Uint8Array, proxy: Address, { protocol }: ListenAddress): Preface {
    const parts = this.#proxyParts();
    return protocol === 'tls' ? readBeforeTls(bytes, proxy, parts) : readFromProxy(bytes, proxy, parts);
  }

  /** Octets of HTTP that are held: of bodies that are not whole, of replies that are not read. */
  get httpOctets(): { readonly queries: number; readonly replies: number } {
    return { queries: this.#http.queries.taken, replies: this.#http.replies.taken };
  }

  /** Gives a connection that came to `address` a slot; null when there is none. */
  admit(stream: ByteStream, address: ListenAddress): StreamEvents | null {
    if (!this.#hasSlotFor(stream.remote)) return null;
    const isProxied = address.isProxied === true && (stream.prefaceOctets ?? 0) === 0;
    const layer = address.protocol === 'tls' ? 'tls' : undefined;
    const connection = new TcpConnection(stream, this.#parts, { layer, isProxied });
    this.#add(connection, address);
    return connection;
  }

  admitHttp(session: HttpSession, address: ListenAddress): HttpSessionEvents | null {
    if (!this.#hasSlotFor(session.remote)) return null;
    const connection = new HttpConnection(session, this.#http, address.protocol === 'http' ? 'http' : 'https');
    this.#add(connection, address);
    return connection;
  }

  /** Makes a slot where that can be done. */
  #hasSlotFor(remote: Address): boolean {
    const isFull = (): boolean => this.count >= this.#options.maxConnections && !this.#closeLongestIdle();
    const isRefused = this.#isBlockFull(this.#blockOf(remote)) || isFull();
    if (isRefused) this.refused++;
    return !isRefused;
  }

  #add(connection: ClientConnection, address: ListenAddress): void {
    const wasScarce = this.#isScarce();
    connection.slot = ++this.#lastNumber;
    this.#connections.set(connection.slot, { connection, at: address });
    this.#count(this.#blockOf(connection.remote), 1);
    if (this.#isScarce() && !wasScarce) for (const each of this.#list()) each.reviewIdleTime();
  }

  /** Oldest first. */
  #list(): ClientConnection[] {
    return this.#connections.list().map(({ connection }) => connection);
  }

  /** Closes the connections that came to an address. */
  closeAt(address: ListenAddress): void {
    for (const { connection, at } of this.#connections.list()) if (at === address) connection.close();
  }

  closeAll(): void {
    for (const connection of this.#list()) connection.close();
  }

  #proxyParts(): { readonly proxies: ServerOptions['proxies']; readonly stats: ServeStats } {
    return { proxies: this.#options.proxies, stats: this.serve.stats };
  }

  /** Gives a connection the slot of its client's netblock for that of its proxy; false when there is none. */
  #recount({ remote }: TcpConnection, proxy: Address): boolean {
    const block = this.#blockOf(remote);
    const isFull = this.#isBlockFull(block);
    this.#count(this.#blockOf(proxy), -1);
    this.#count(block, 1);
    if (isFull) this.refused++;
    return !isFull;
  }

  #isBlockFull(block: NetblockLimit | undefined): boolean {
    return block !== undefined && (this.#byBlock.get(block) ?? 0) >= block.limit;
  }

  #blockOf({ ip }: Address): NetblockLimit | undefined {
    const address = this.#blocks.length === 0 ? null : parseIp(ip);
    return address === null ? undefined : blockOf(address, this.#blocks);
  }

  #count(block: NetblockLimit | undefined, more: number): void {
    if (block !== undefined) this.#byBlock.set(block, (this.#byBlock.get(block) ?? 0) + more);
  }

  #forget(connection: ClientConnection): void {
    if (this.#connections.delete(connection.slot)) this.#count(this.#blockOf(connection.remote), -1);
  }

  #idleMs(): number {
    const { tcpIdleMs } = this.#options;
    return this.#isScarce() ? (tcpIdleMs * SERVER_LIMITS.shortenedIdlePercent) / 100 : tcpIdleMs;
  }

  #isScarce(): boolean {
    return this.count * 2 > this.#options.maxConnections;
  }

  #closeLongestIdle(): boolean {
    let longest: ClientConnection | null = null;
    let since = Number.POSITIVE_INFINITY;
    for (const connection of this.#list()) {
      const idleSince = connection.idleSinceMs;
      if (idleSince === null || idleSince >= since) continue;
      longest = connection;
      since = idleSince;
    }
    longest?.close();
    return longest !== null;
  }
}

/** Listens at an address for connections that share `slots`. One for TLS is opened with TLS or not at all. */
export async function openTcpListener(start: {
  readonly network: Network;
  readonly http: HttpNetwork;
  readonly address: ListenAddress;
  /** Where the system is to listen: the address, or the port that it chose for UDP. */
  readonly local: Address;
  readonly options: ServerOptions;
  readonly slots: ConnectionSlots;
  readonly onError: (error: NetworkError) => void;
}): Promise<Opened<Listener>> {
  const { network, http, address, local, options, slots, onError } = start;
  const secured = securityOf(address, options, slots);
  if (secured === null) return { ok: false, error: { kind: 'tls', text: 'there is no key and certificate for it' } };
  const { reusePort, bindForeign } = options;
  const common = { local, reusePort, bindForeign, ...secured, onError };
  if (!isHttp(address)) {
    return await network.listen({ ...common, onConnection: (stream) => slots.admit(stream, address) });
  }
  const { maxStreams, noDelay } = httpOf(options);
  const onSession = (session: HttpSession): HttpSessionEvents | null => slots.admitHttp(session, address);
  return await http.listenHttp({ ...common, maxStreams, noDelay, onSession });
}

/** What comes before the queries of a connection, by its address: a proxy's header, TLS; null: TLS should and cannot. */
function securityOf(
  address: ListenAddress,
  { tls, maxConnections }: ServerOptions,
  slots: ConnectionSlots,
): Partial<ListenOptions> | null {
  const maxHandshakes = maxConnections * SERVER_LIMITS.handshakesPerConnection;
  const preface: ListenOptions['preface'] = (bytes, proxy) => slots.readPreface(bytes, proxy, address);
  const proxied = address.isProxied === true ? { preface, maxHandshakes } : {};
  const { handshakes } = slots;
  if (address.protocol !== 'tls' && address.protocol !== 'https') return proxied;
  if (tls === undefined || tls === null) return null;
  const protocols = address.protocol === 'tls' ? { protocols: [ALPN_DOT] } : {};
  return { ...proxied, tls: { ...tls, ...protocols }, handshakes, maxHandshakes };
}

function isHttp({ protocol }: ListenAddress): boolean {
  return protocol === 'https' || protocol === 'http';
}

function httpOf({ http }: ServerOptions): HttpOptions {
  return http ?? NO_HTTP;
}
