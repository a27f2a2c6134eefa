/** What the server room needs to know: where to listen, and the limits of listening. Taken out of the configuration by `cli`. */

import type { EncryptedProtocol } from '../config/listen-protocol.ts';
import type { Address, ForeignBinding, TlsServerOptions } from '../ports/network.ts';
import type { NetblockLimit } from '../serve/netblock-limit.ts';
import type { IpPrefix } from '../wire/ip-prefix.ts';

/** Where to listen: an address, and the network interface that it was found at, if it was (`interface: eth0`). */
export interface ListenAddress extends Address {
  readonly from?: string;
  /** Absent: plain. */
  readonly protocol?: EncryptedProtocol;
  /** A proxy says first who the client is (PROXY protocol, version 2); who says nothing is not answered. */
  readonly isProxied?: boolean;
}

/** How DNS over HTTPS is served. */
export interface HttpOptions {
  /** Path of the endpoint. Unbound `http-endpoint`. */
  readonly endpoint: string;
  /** Requests of one connection at once. Unbound `http-max-streams`. */
  readonly maxStreams: number;
  /** Octets of bodies that are not whole, all connections together. Unbound `http-query-buffer-size`. */
  readonly queryBufferBytes: number;
  /** Octets of replies that are not read, all connections together. Unbound `http-response-buffer-size`. */
  readonly replyBufferBytes: number;
  /** Segments are sent at once. Unbound `http-nodelay`. */
  readonly noDelay: boolean;
}

export interface ServerOptions {
  /** Where to listen, over UDP and TCP. */
  readonly interfaces: readonly ListenAddress[];
  /** Network interfaces by which addresses were chosen: sockets of theirs stay while the address is away. */
  readonly networkInterfaces?: readonly string[];
  /** Those of them that have no address now. */
  readonly missing?: readonly string[];
  /** What the host does not have yet is waited for (ip-freebind, ip-transparent), where it cannot be bound at once. */
  readonly waitsForAddresses?: boolean;
  /** How it is bound at once. */
  readonly bindForeign?: ForeignBinding | undefined;
  readonly udp: boolean;
  readonly tcp: boolean;
  /** Sockets share their port with those of other processes (SO_REUSEPORT). */
  readonly reusePort: boolean;
  /** Front threads serve the same addresses over UDP; absent or false: there are none. */
  readonly hasFronts?: boolean;
  /** Octets; 0: the system's default. Unbound `so-rcvbuf`, `so-sndbuf`. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /** Connections open at once, all interfaces together; 0: no TCP. Unbound `incoming-num-tcp`, default 10. */
  readonly maxConnections: number;
  /**
   * Connections that all clients of a netblock together may have; the longest prefix counts, and no such limit for who is in
   * none. One more is closed as it comes. Unbound `tcp-connection-limit`.
   */
  readonly connectionLimits?: readonly NetblockLimit[];
  /** Absent: no address that needs it is opened. */
  readonly http?: HttpOptions;
  /** What is spoken at a port now, by which sockets that stay are looked at; absent: what it was. */
  readonly kindOfPort?: (port: number) => Pick<ListenAddress, 'protocol' | 'isProxied'>;
  /** Who may say who the client is, where that is told; empty or absent: everybody. Ours: `proxy-protocol-from`. */
  readonly proxies?: readonly IpPrefix[];
  /** Key, certificate and rules of TLS; null or absent: no address that needs them is opened. */
  readonly tls?: TlsServerOptions | null;
  /** A connection without a query and without an answer in the making is closed after this. Unbound `tcp-idle-timeout`. */
  readonly tcpIdleMs: number;
}

/** Figures that have no directive. */
export const SERVER_LIMITS = {
  /** Milliseconds until what could not be opened is tried again: a network that comes up late is served soon after. */
  reopenMs: 5_000,
  /**
   * Queries of one connection in the making at once; reading stops there. Reason: RFC 7766 §6.2.1.1 wants pipelining, and
   * one connection must not take all of num-queries-per-thread. Unbound bounds the same by stream-wait-size.
   */
  queriesPerConnection: 100,
  /**
   * Queries over TCP and TLS that are answered in one turn of the event loop, all connections together: a segment holds some two
   * thousand, and other clients are not to wait for all of them. About a millisecond of cached answers; a large one counts as several.
   */
  streamQueriesPerTurn: 64,
  /** Octets of replies that may wait for a client that does not read, before the connection is closed. Two largest replies. */
  unreadReplyBytes: 2 * 65_537,
  /**
   * Connections before or in their TLS handshake, or before the header of a proxy, at one address, for each that incoming-num-tcp permits. Reason: half-open ones
   * must not keep out those that come to talk, and a burst of honest ones takes its time.
   */
  handshakesPerConnection: 2,
  /** Part of tcp-idle-timeout, in percent, that connections get while more than half of the slots are taken. */
  shortenedIdlePercent: 10,
} as const;
