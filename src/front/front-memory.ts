/** The shared memory of front threads, and what a thread makes of it. */

import type { Clock } from '../ports/clock.ts';
import { FrontServer } from './front-server.ts';
import { FrontStats } from './front-stats.ts';
import { SharedClients } from './shared-clients.ts';
import { SharedReplies, type SharedReplyMemory } from './shared-replies.ts';
import { SharedState } from './shared-state.ts';

/** What all threads have. */
export interface FrontMemory {
  readonly state: SharedArrayBuffer;
  readonly replies: SharedReplyMemory;
  readonly clients: SharedArrayBuffer;
}

/** What one front thread is given. */
export interface FrontGiven extends FrontMemory {
  readonly stats: SharedArrayBuffer;
}

/** Memory with about so many octets for replies. */
export function allocateFrontMemory(state: SharedState, replyOctets: number): FrontMemory {
  return {
    state: state.memory,
    replies: SharedReplies.allocate(state, replyOctets),
    clients: SharedClients.allocate(state),
  };
}

/** The server of a front thread, with its statistics. */
export function frontServer(
  given: FrontGiven,
  clock: Clock,
): { readonly server: FrontServer; readonly stats: FrontStats } {
  const state = new SharedState(given.state);
  const stats = new FrontStats(given.stats);
  const replies = new SharedReplies(state, given.replies);
  const clients = new SharedClients(state, given.clients);
  return { server: new FrontServer({ clock, state, clients, replies, stats }), stats };
}
