/** What the server room needs to know: where to listen, and the limits of listening. Taken out of the configuration by `cli`. */

import type { Address, ForeignBinding } from '../ports/network.ts';
import type { NetblockLimit } from '../serve/netblock-limit.ts';

/** Where to listen: an address, and the network interface that it was found at, if it was (`interface: eth0`). */
export interface ListenAddress extends Address {
  readonly from?: string;
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
  /** Octets of replies that may wait for a client that does not read, before the connection is closed. Two largest replies. */
  unreadReplyBytes: 2 * 65_537,
  /** Part of tcp-idle-timeout, in percent, that connections get while more than half of the places are taken. */
  shortenedIdlePercent: 10,
} as const;
