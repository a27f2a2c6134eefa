/** Reply channel: where the reply to a client goes, seen from `serve`. Made by `server` (one per socket or connection). */

import type { Address } from '../ports/network.ts';

/** What carried the question: decides how long a reply may be. */
export type Transport = 'udp' | 'tcp';

/**
 * What a stream carries messages in: TLS (RFC 7858), HTTP in TLS (RFC 8484), or HTTP behind a proxy that has taken TLS off.
 * On the way to the client all three are encrypted.
 */
export type Layer = 'tls' | 'https' | 'http';

/** The way back to clients. */
export interface ReplyChannel {
  readonly transport: Transport;
  /** Absent: messages stand in the stream as they are. */
  readonly layer?: Layer | undefined;
  /** Its TLS session was taken up again. */
  readonly isResumed?: boolean;
  /** The address that was asked; null or absent: not known. */
  readonly local?: Address | null;
  /**
   * TCP: the client is being told that the connection may be idle for so many milliseconds (RFC 7828); returns what it can
   * be told, which is kept from then on. Absent: nothing is kept.
   */
  promiseIdleMs?(wanted: number): number;
  /**
   * Sends the first `length` octets of `bytes` to `to`; called exactly once for each query that was handed over.
   * Length 0: there will be no reply. The bytes may be reused when this returns.
   */
  deliver(bytes: Uint8Array, length: number, to: Address): void;
}
