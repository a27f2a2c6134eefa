/**
 * TCP for clients: listening sockets and the places for connections that they share (incoming-num-tcp).
 *
 * When all places are taken, a new connection gets the place of the one that has been idle longest (RFC 7766 §6.2.3: a server
 * may close idle connections under load); when all of them wait for answers it is refused.
 */

import type { Clock } from '../ports/clock.ts';
import type { Address, ByteStream, Listener, Network, NetworkError, Opened, StreamEvents } from '../ports/network.ts';
import { REPLY_BUFFER_OCTETS, type Serve } from '../serve/serve-query.ts';
import { SERVER_LIMITS, type ServerOptions } from './listen-options.ts';
import { type ConnectionParts, TcpConnection } from './tcp-connection.ts';

/** All connections of one daemon. */
export class TcpPlaces {
  /** Who answers; another one after a reload. */
  serve: Serve;
  #options: ServerOptions;
  readonly #connections = new Set<TcpConnection>();
  readonly #parts: ConnectionParts;
  /** Connections that found no place. */
  refused = 0;

  constructor(clock: Clock, serve: Serve, options: ServerOptions) {
    this.serve = serve;
    this.#options = options;
    const frame = new Uint8Array(2 + REPLY_BUFFER_OCTETS);
    this.#parts = {
      clock,
      serve: () => this.serve,
      idleMs: () => this.#idleMs(),
      promisableMs: (wanted) => (this.#isScarce() ? Math.min(wanted, this.#idleMs()) : wanted),
      frame,
      reply: frame.subarray(2),
      onClosed: (connection) => this.#connections.delete(connection),
    };
  }

  /** Open connections. */
  get count(): number {
    return this.#connections.size;
  }

  /** Takes other limits and another house; open connections stay. */
  change(serve: Serve, options: ServerOptions): void {
    this.serve = serve;
    this.#options = options;
  }

  /** Gives a connection a place; null when there is none. */
  admit(stream: ByteStream): StreamEvents | null {
    if (this.count >= this.#options.maxConnections && !this.#closeLongestIdle()) {
      this.refused++;
      return null;
    }
    const connection = new TcpConnection(stream, this.#parts);
    const wasScarce = this.#isScarce();
    this.#connections.add(connection);
    if (this.#isScarce() && !wasScarce) for (const each of [...this.#connections]) each.reviewIdleTime();
    return connection;
  }

  closeAll(): void {
    for (const connection of [...this.#connections]) connection.close();
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

/** Listens at an address for connections that share `places`. */
export function openTcpListener(start: {
  readonly network: Network;
  readonly address: Address;
  readonly options: ServerOptions;
  readonly places: TcpPlaces;
  readonly onError: (error: NetworkError) => void;
}): Promise<Opened<Listener>> {
  return start.network.listen({
    local: start.address,
    reusePort: start.options.reusePort,
    onConnection: (stream) => start.places.admit(stream),
    onError: start.onError,
  });
}
