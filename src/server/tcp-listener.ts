/**
 * TCP for clients: listening sockets and the slots for connections that they share (incoming-num-tcp).
 *
 * When all slots are taken, a new connection gets the slot of the one that has been idle longest (RFC 7766 §6.2.3: a server
 * may close idle connections under load); when all of them wait for answers it is refused. The clients of a netblock may have a
 * limit of their own (tcp-connection-limit): they get no place of others', and none of their own is closed for them.
 */

import type { Clock } from '../ports/clock.ts';
import type { Address, ByteStream, Listener, Network, NetworkError, Opened, StreamEvents } from '../ports/network.ts';
import { blockOf, closestFirst, type NetblockLimit } from '../serve/netblock-limit.ts';
import { REPLY_BUFFER_OCTETS, type Serve } from '../serve/query-server.ts';
import { parseIp } from '../wire/ip.ts';
import { SERVER_LIMITS, type ServerOptions } from './listen-options.ts';
import { type ConnectionParts, TcpConnection } from './tcp-connection.ts';

/** All connections of one daemon. */
export class ConnectionSlots {
  /** Who answers; another one after a reload. */
  serve: Serve;
  #options: ServerOptions;
  readonly #connections = new Set<TcpConnection>();
  readonly #parts: ConnectionParts;
  /** Closest first. */
  #blocks: readonly NetblockLimit[];
  /** Open connections of the blocks. */
  readonly #byBlock = new Map<NetblockLimit, number>();
  /** Connections that found no place. */
  refused = 0;

  constructor(clock: Clock, serve: Serve, options: ServerOptions) {
    this.serve = serve;
    this.#options = options;
    this.#blocks = closestFirst(options.connectionLimits ?? []);
    const frame = new Uint8Array(2 + REPLY_BUFFER_OCTETS);
    this.#parts = {
      clock,
      serve: () => this.serve,
      idleMs: () => this.#idleMs(),
      promisableMs: (wanted) => (this.#isScarce() ? Math.min(wanted, this.#idleMs()) : wanted),
      frame,
      reply: frame.subarray(2),
      onClosed: (connection) => this.#forget(connection),
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
    this.#blocks = closestFirst(options.connectionLimits ?? []);
    this.#byBlock.clear();
    for (const { remote } of this.#connections) this.#count(this.#blockOf(remote), 1);
  }

  /** Gives a connection a slot; null when there is none. */
  admit(stream: ByteStream): StreamEvents | null {
    const block = this.#blockOf(stream.remote);
    const isBlockFull = block !== undefined && (this.#byBlock.get(block) ?? 0) >= block.limit;
    if (isBlockFull) {
      this.refused++;
      return null;
    }
    if (this.count >= this.#options.maxConnections && !this.#closeLongestIdle()) {
      this.refused++;
      return null;
    }
    const connection = new TcpConnection(stream, this.#parts);
    const wasScarce = this.#isScarce();
    this.#connections.add(connection);
    this.#count(block, 1);
    if (this.#isScarce() && !wasScarce) for (const each of [...this.#connections]) each.reviewIdleTime();
    return connection;
  }

  closeAll(): void {
    for (const connection of [...this.#connections]) connection.close();
  }

  #blockOf({ ip }: Address): NetblockLimit | undefined {
    const address = this.#blocks.length === 0 ? null : parseIp(ip);
    return address === null ? undefined : blockOf(address, this.#blocks);
  }

  #count(block: NetblockLimit | undefined, more: number): void {
    if (block !== undefined) this.#byBlock.set(block, (this.#byBlock.get(block) ?? 0) + more);
  }

  #forget(connection: TcpConnection): void {
    if (this.#connections.delete(connection)) this.#count(this.#blockOf(connection.remote), -1);
  }

  #idleMs(): number {
    const { tcpIdleMs } = this.#options;
    return this.#isScarce() ? (tcpIdleMs * SERVER_LIMITS.shortenedIdlePercent) / 100 : tcpIdleMs;
  }

  #isScarce(): boolean {
    return this.count * 2 > this.#options.maxConnections;
  }

  #closeLongestIdle(): boolean {
    let longest: TcpConnection | null = null;
    let since = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections) {
      const idleSince = connection.idleSinceMs;
      if (idleSince === null || idleSince >= since) continue;
      longest = connection;
      since = idleSince;
    }
    longest?.close();
    return longest !== null;
  }
}

/** Listens at an address for connections that share `slots`. */
export function openTcpListener(start: {
  readonly network: Network;
  readonly address: Address;
  readonly options: ServerOptions;
  readonly slots: ConnectionSlots;
  readonly onError: (error: NetworkError) => void;
}): Promise<Opened<Listener>> {
  return start.network.listen({
    local: start.address,
    reusePort: start.options.reusePort,
    bindForeign: start.options.bindForeign,
    onConnection: (stream) => start.slots.admit(stream),
    onError: start.onError,
  });
}
