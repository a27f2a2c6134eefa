/**
 * Serving in a front thread: a query is answered from shared memory, or handed over to the resolving thread.
 *
 * Nothing is decided here that configuration or trust decide: only well-formed queries of clients that the resolving thread has let
 * through are answered, only with replies that it has served itself, and only within the epoch of both. Whatever else a
 * query is or wants, it is handed over as it came, and the resolving thread admits, counts and logs it.
 * Leaves to others: sockets (adapters/front-loop.ts).
 */

import type { ReplyRequest } from '../cache/reply-cache.ts';
import type { Clock } from '../ports/clock.ts';
import { CLASSIC_UDP_OCTETS, ClientQuery } from '../serve/client-query.ts';
import type { ReplyChannel } from '../serve/reply-channel.ts';
import { replyFlags } from '../serve/reply-flags.ts';
import { appendOpt, LEAST_OPT_OCTETS, newReplyOpt } from '../serve/reply-opt.ts';
import { rotateAddresses } from '../serve/rotate.ts';
import { FLAG } from '../wire/rcode.ts';
import type { FrontStats } from './front-stats.ts';
import type { ClientAddress, SharedClients } from './shared-clients.ts';
import type { SharedReplies } from './shared-replies.ts';
import type { FrontSettings, SharedState } from './shared-state.ts';

/** The query is not answered here. */
const HANDED_OVER = 0;

/** Octets for the options of a reply: one extended error with the longest text. */
const OPTIONS_OCTETS = 512;
const NOWHERE = { ip: '', port: 0 };
const UDP: ReplyChannel = { transport: 'udp', deliver: () => {} };
const NOTHING = new Uint8Array();

/** What a front server is made of. */
interface FrontServerParts {
  readonly clock: Clock;
  readonly state: SharedState;
  readonly clients: SharedClients;
  readonly replies: SharedReplies;
  readonly stats: FrontStats;
}

export class FrontServer {
  readonly #parts: FrontServerParts;
  #epoch = 0;
  #settings: FrontSettings;
  #query: ClientQuery;
  readonly #request: ReplyRequest = {
    query: NOTHING,
    questionEnd: 0,
    flags: 0,
    maxOctets: 0,
    nowSeconds: 0,
    out: NOTHING,
  };
  readonly #opt = newReplyOpt(0, OPTIONS_OCTETS);

  constructor(parts: FrontServerParts) {
    this.#parts = parts;
    this.#settings = parts.state.settings;
    this.#query = new ClientQuery(this.#settings);
  }

  /** Octets of the reply in `out`, to be sent now; 0: the query is the resolving thread's. @hot bench/serve-hot-query.ts */
  answer(bytes: Uint8Array, client: ClientAddress, out: Uint8Array): number {
    const { state, clock, clients, replies, stats } = this.#parts;
    if (state.epoch !== this.#epoch) this.#takeSettings();
    const query = this.#query;
    if (query.read(bytes, NOWHERE, UDP, out) !== 'ok' || !this.#isPlain(query)) return HANDED_OVER;
    const now = clock.unixSeconds();
    if (!clients.has(client, now)) return HANDED_OVER;
    const { maxOctets, hasEdns } = query;
    const request = this.#request;
    request.query = bytes;
    request.questionEnd = query.questionEnd;
    request.flags = replyFlags(query.flags, query.doBit);
    request.maxOctets = hasEdns ? maxOctets - LEAST_OPT_OCTETS : maxOctets;
    request.nowSeconds = now;
    request.out = out;
    const length = replies.serve(request);
    if (length === 0) return HANDED_OVER;
    if (this.#settings.roundRobin) rotateAddresses(out, query.questionEnd, query.id);
    stats.countAnswered(query, client.isSix, replies.replySecurity);
    return hasEdns ? this.#appendOpt(query, length) : length;
  }

  /** Whether the query wants nothing but a cached answer. @hot bench/serve-hot-query.ts */
  #isPlain(query: ClientQuery): boolean {
    const { dropLargeQueries, checksCookies } = this.#settings;
    if (dropLargeQueries && query.bytes.length > CLASSIC_UDP_OCTETS) return false;
    if (query.wantsNsid || (checksCookies && query.cookieAt !== 0)) return false;
    return (query.flags & FLAG.RD) !== 0;
  }

  /** @hot bench/serve-hot-query.ts */
  #appendOpt(query: ClientQuery, length: number): number {
    const { replies } = this.#parts;
    const opt = this.#opt;
    opt.optionsLength = replies.optionsLength <= OPTIONS_OCTETS ? replies.copyOptions(opt.options, 0) : 0;
    opt.doBit = query.doBit;
    return appendOpt(query.out, length, opt, query.maxOctets);
  }

  /** Settings of the epoch that has begun. One that begins meanwhile is seen with the next query. */
  #takeSettings(): void {
    const { state } = this.#parts;
    this.#epoch = state.epoch;
    this.#settings = state.settings;
    this.#query = new ClientQuery(this.#settings);
    this.#opt.udpSize = this.#settings.ednsUdpSize;
  }
}
