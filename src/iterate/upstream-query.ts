/** What the modules share that ask servers: a question to one server, how it went, and what they work with. */

import type { KnownServer } from '../cache/known-server.ts';
import type { ServerCache } from '../cache/server-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Address, Network } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import type { ServerOutcome } from '../terms/server-outcome.ts';
import type { Counters } from '../trace/counters.ts';
import type { MessageView } from '../wire/message-view.ts';
import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import type { Deadlines } from '../work/deadlines.ts';
import type { Semaphore } from '../work/semaphore.ts';
import type { LostDatagrams } from './lost-datagrams.ts';
import type { IterateOptions, UpstreamTransport } from './options.ts';
import type { UpstreamStreams } from './upstream-streams.ts';

export interface UpstreamQuery {
  readonly server: Address;
  /** What is known of it for the zone that it is asked for. */
  readonly known: KnownServer;
  readonly question: Question;
  /** RD: the server is a forwarder. */
  readonly recursion: boolean;
  /** `udp` includes TCP for what is truncated. */
  readonly transport: UpstreamTransport;
  /** Over TLS: the name that the server's certificate must hold; null: it is not checked. */
  readonly tlsName: string | null;
  /** Over TLS: digests of keys, of which the server must have one; absent: any. */
  readonly tlsPins?: readonly string[] | undefined;
  /** Over TLS: the name that goes along where none is checked; absent: `tlsName`. */
  readonly tlsIndicates?: string | undefined;
  /** The zone is known to be signed: a question without DO would bring nothing that can be believed. */
  readonly needsSignatures: boolean;
  /** Timeouts of the zone's servers that the same question has met before. */
  readonly zoneTimeouts: number;
}

export type UpstreamResult =
  | {
      readonly kind: 'response';
      readonly message: MessageView;
      readonly transport: UpstreamTransport;
      readonly rttMs: number;
    }
  | { readonly kind: 'failed'; readonly outcome: ServerOutcome };

/** One way of sending the question. */
export interface Attempt {
  readonly query: UpstreamQuery;
  readonly withEdns: boolean;
  /** Client string and padding may go along, where configured. */
  readonly withOptions: boolean;
  /** A DNS cookie goes along. */
  readonly withCookie: boolean;
  readonly randomCase: boolean;
}

/** A question as it went to a server. */
export interface SentQuery extends Pick<UpstreamQuery, 'server' | 'recursion' | 'transport'> {
  readonly zone: Name;
  /** Where it went out from; null: not known. */
  readonly local: Address | null;
  /** Monotonic milliseconds. */
  readonly sentMs: number;
}

/** Gets a copy of what servers are asked and what they answer; octets are good until it returns. */
interface UpstreamTap {
  query(bytes: Uint8Array, sent: SentQuery): void;
  response(bytes: Uint8Array, sent: SentQuery): void;
}

/** What the way out is made from. */
export interface UpstreamParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  readonly servers: ServerCache;
  readonly options: IterateOptions;
  readonly counters: Counters;
  readonly tap?: UpstreamTap | undefined;
  /** Takes what an operator should read once. */
  readonly notice?: (text: string) => void;
  /** Takes what an operator has to mend. */
  readonly warn?: (text: string) => void;
}

export interface ExchangeParts extends UpstreamParts {
  readonly streams: UpstreamStreams;
  /** UDP sockets that may be open (`outgoing-range`). */
  readonly sockets: Semaphore;
  readonly lost: LostDatagrams;
  /** Waits for datagrams. */
  readonly deadlines: Deadlines;
  readonly notice: (text: string) => void;
  readonly noteUnwanted: () => void;
  /** Tells the operator that there are no sockets left, with the system's words; once in a while. */
  readonly sayExhausted: (text: string) => void;
}
