/**
 * Serving one query, by stages: let in or refused, answered by the first source that can, or handed to the resolver.
 *
 *   admission.ts → sources.ts (local data, zones, reply cache, caches) → pending-clients.ts
 *
 * Duties: the order of the stages; the border at which a bug becomes SERVFAIL.
 * Leaves to others: everything else; sockets (server).
 */

import type { ReplyCache } from '../cache/reply-cache.ts';
import type { LocalReply } from '../policy/local-reply.ts';
import type { Policy } from '../policy/policy.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Address } from '../ports/network.ts';
import type { Resolver } from '../resolve/resolver.ts';
import type { Followers } from '../trace/followers.ts';
import { MAX_MESSAGE_OCTETS } from '../wire/message-builder.ts';
import { CLASS } from '../wire/rr-type.ts';
import type { ZoneStore } from '../zones/zone-store.ts';
import { Admission, type Admitted } from './admission.ts';
import { ClientQuery, type ParseResult } from './client-query.ts';
import type { ServerCookies } from './cookies.ts';
import { NOT_CACHED, SERVER_FAILURE } from './error-replies.ts';
import { ImmediateReplies } from './immediate-replies.ts';
import { PendingClients } from './pending-clients.ts';
import { Publishing, type ReplyPublisher } from './publish.ts';
import type { ClientRates } from './rate-limit.ts';
import type { ReplyChannel } from './reply-channel.ts';
import { ReplyComposer } from './reply-composer.ts';
import { ServeLog } from './serve-log.ts';
import type { ServeOptions } from './serve-options.ts';
import { ServeStats } from './serve-stats.ts';
import { Sources } from './sources.ts';

/** Where clients' queries go in. */
export interface Serve {
  /**
   * Takes one query. More than 0: so many octets of `out` are the reply, to be sent now. 0: handed over, `channel.deliver`
   * comes later. -1: no reply. The query's bytes may be reused when this returns. @hot bench/serve-hot-query.ts
   */
  query(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number;
  /** The same for a query that a front thread could not answer: what is cached for everybody, it can from then on. */
  queryPassedOn(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number;
  /** Client queries that wait for the resolver now. */
  waiting(): number;
  readonly stats: ServeStats;
}

/** Octets that `out` must hold: the largest DNS message. */
export const REPLY_BUFFER_OCTETS = MAX_MESSAGE_OCTETS;
/** `query` has handed the question over. */
const HANDED_OVER = 0;
/** `query` gives no reply. */
const NO_REPLY = -1;

export interface ServeParts {
  readonly clock: Clock;
  readonly log: LogSink;
  readonly resolver: Pick<Resolver, 'look' | 'peek' | 'findReferral' | 'resolve' | 'resolveFor'>;
  readonly replies: ReplyCache;
  readonly options: ServeOptions;
  /** How often client addresses may ask; absent: as often as they like. */
  readonly clientRates?: ClientRates;
  /** Detail of the log now; absent: nothing besides what the options say. */
  readonly verbosity?: () => number;
  /** Checks cookies of clients (answer-cookie); absent: they are ignored. */
  readonly cookies?: ServerCookies;
  /** Goes on counting here; absent: from 0. */
  readonly stats?: ServeStats;
  /** Local copies of zones; absent: none. */
  readonly zones?: Pick<ZoneStore, 'answer' | 'notify' | 'isEmpty' | 'hasZoneFor'>;
  /** Local zones and rules; absent: there are none. */
  readonly policy?: Policy;
  /** Where front threads find what they may serve; absent: there are no such threads. */
  readonly publisher?: ReplyPublisher;
  /** Who follows clients' queries; absent: nobody can. */
  readonly followers?: Followers;
}

export function createServe(parts: ServeParts): Serve {
  return new QueryServer(parts);
}

class QueryServer implements Serve {
  readonly stats: ServeStats;
  readonly #clock: Clock;
  readonly #resolver: ServeParts['resolver'];
  readonly #policy: Policy | undefined;
  readonly #log: ServeLog;
  readonly #query: ClientQuery;
  readonly #admission: Admission;
  readonly #sources: Sources;
  readonly #pending: PendingClients;
  readonly #immediate: ImmediateReplies;
  /** Null without front threads. */
  readonly #publishing: Publishing | null;
  #isPassedOn = false;

  constructor(parts: ServeParts) {
    const { clock, options, resolver, replies, policy, zones, clientRates, cookies, verbosity } = parts;
    const stats = parts.stats ?? new ServeStats();
    const log = new ServeLog(parts.log, options.logging, parts.followers);
    const composer = new ReplyComposer({ clock, options, replies });
    const immediate = new ImmediateReplies({ stats, log, composer });
    this.stats = stats;
    this.#clock = clock;
    this.#resolver = resolver;
    this.#policy = policy;
    this.#log = log;
    this.#query = new ClientQuery(options);
    this.#admission = new Admission({ clock, options, stats, log, clientRates, cookies, zones });
    this.#sources = new Sources({ clock, options, resolver, replies, composer, immediate, zones, policy });
    this.#pending = new PendingClients({ clock, options, resolver, composer, stats, log, verbosity, policy });
    this.#immediate = immediate;
    const { publisher } = parts;
    this.#publishing =
      publisher === undefined
        ? null
        : new Publishing({ clock, publisher, replies, options, log, clientRates, zones, policy });
  }

  waiting(): number {
    return this.#pending.count;
  }

  query(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    const query = this.#query;
    try {
      return this.#answer(query, query.read(bytes, from, channel, out));
    } catch (error) {
      // One of the two borders for bugs: it costs one answer, not the process.
      this.stats.bugs++;
      this.#log.bug(query.hasQuestion ? query.question() : null, error);
      return this.#immediate.replyError(query, SERVER_FAILURE);
    }
  }

  queryPassedOn(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    this.#isPassedOn = true;
    const length = this.query(bytes, from, channel, out);
    this.#isPassedOn = false;
    return length;
  }

  #answer(query: ClientQuery, parsed: ParseResult): number {
    const sources = this.#sources;
    const admitted = this.#admission.admit(query, parsed);
    if (admitted !== 'go-on') return this.#replyError(query, admitted);
    if (query.class !== CLASS.IN) return sources.chaosReply(query);
    const local = sources.localData(query);
    if (local?.kind === 'drop') return NO_REPLY;
    if (local?.kind === 'reply') return sources.replyLocal(query, local);
    const fromZone = sources.zoneReply(query);
    if (fromZone !== 'none') return fromZone;
    const admittedFurther = this.#admission.admitToRecursion(query);
    if (admittedFurther !== 'go-on') return this.#replyError(query, admittedFurther);
    const { from, channel, type } = query;
    if (local !== null || this.#policy?.changesAnswers(from.ip, channel.local, type) === true) {
      return this.#answerByPolicy(query, local);
    }
    const cached = sources.cachedReply(query);
    if (cached === 'none') return this.#answerUncached(query);
    if (this.#isPassedOn) this.#publishing?.offer(query);
    return cached;
  }

  #replyError(query: ClientQuery, admitted: Exclude<Admitted, 'go-on'>): number {
    return admitted === 'drop' ? NO_REPLY : this.#immediate.replyError(query, admitted);
  }

  /** The reply cache has nothing: from the caches below it, or by resolving. */
  #answerUncached(query: ClientQuery): number {
    const client = query.pending(this.#clock.monotonicMs());
    const joined = query.wantsCachedOnly ? null : this.#pending.join(client);
    if (joined !== null) return joined ? HANDED_OVER : NO_REPLY;
    const known = this.#sources.knownReply(query, client);
    if (typeof known === 'number') return known;
    if (query.wantsCachedOnly) return this.#sources.referralReply(query, client);
    return this.#pending.resolve(client, known) ? HANDED_OVER : NO_REPLY;
  }

  /** Policy may change the answer: the reply cache, which is for all, is neither read nor filled. */
  #answerByPolicy(query: ClientQuery, local: LocalReply | null): number {
    const client = query.pending(this.#clock.monotonicMs());
    const asked = local?.kind === 'alias' ? { ...client.question, name: local.target } : client.question;
    const isCached = this.#resolver.peek(asked) !== null;
    if (query.wantsCachedOnly && !isCached) return this.#immediate.replyError(query, NOT_CACHED);
    return this.#pending.resolveByPolicy(client, { local, isCached }) ? HANDED_OVER : NO_REPLY;
  }
}
