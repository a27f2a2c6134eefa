/**
 * Serving one query: the synchronous path from the client's octets to the reply's, and the hand-over to the resolver.
 */

import type { Address } from '../ports/network.ts';
import type { ReplyChannel } from './reply-channel.ts';

/** The door for clients. */
export interface Serve {
  /**
   * Takes one query. More than 0: so many octets of `out` are the reply, to be sent now. 0: handed over, `channel.deliver`
   * comes later. -1: no reply. The query's bytes may be reused when this returns. @hot bench/serve-cached.ts
   */
  query(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number;
  /** Client queries that wait for the resolver now. */
  waiting(): number;
}

/** Octets that `out` must hold: the largest DNS message. */
export const REPLY_BUFFER_OCTETS = 65_535;
