/**
 * Clients that wait for the resolver: those who ask the same share one resolution, whatever their flags.
 *
 * Duties: bounds on waiting clients, in all and for one address (DNSBomb, CVE-2024-33655: an attacker lets answers pile up
 * and come at once); resolving, plainly or as policy has it; each client's reply when it is there, or silence when it is too
 * late; the border at which a bug in resolving costs these answers and not the process.
 * Leaves to others: what can be answered at once (sources.ts), resolving itself.
 */

import type { PolicyResult } from '../policy/apply-policy.ts';
import type { LocalReply } from '../policy/local-reply.ts';
import type { Policy } from '../policy/policy.ts';
import type { Clock } from '../ports/clock.ts';
import type { Resolver } from '../resolve/resolver.ts';
import type { Miss } from '../resolve/tries.ts';
import type { Resolution } from '../terms/resolution.ts';
import { bytesEqual } from '../wire/bytes.ts';
import { MAX_MESSAGE_OCTETS } from '../wire/message-builder.ts';
import { type Question, questionKey, questionPlace } from '../wire/question.ts';
import { FLAG } from '../wire/rcode.ts';
import { TransientMap } from '../work/transient-map.ts';
import { isWithheld } from './build-reply.ts';
import { type PendingClient, policyClientOf } from './client-query.ts';
import { CACHEABLE_REPLY, type ReplyComposer, type ReplyOptions } from './reply-composer.ts';
import { hasAdBit, type ServeLog } from './serve-log.ts';
import type { ServeOptions } from './serve-options.ts';
import type { ServeStats } from './serve-stats.ts';
import { statusOf } from './sources.ts';
import { isLocalClient, WaitLimit } from './wait-limit.ts';

/** What waiting clients are served with. */
interface PendingClientParts {
  readonly clock: Clock;
  readonly options: ServeOptions;
  readonly resolver: Pick<Resolver, 'resolve' | 'resolveFor'>;
  readonly composer: ReplyComposer;
  readonly stats: ServeStats;
  readonly log: ServeLog;
  /** Detail of the log now; absent: nothing besides what the options say. */
  readonly verbosity?: (() => number) | undefined;
  /** Local zones and rules; absent: there are none. */
  readonly policy?: Policy | undefined;
}

/** Who got what stands in the buffer that replies leave from. */
interface Composed {
  readonly resolution: Resolution;
  readonly client: PendingClient;
  readonly octets: number;
}

/** What policy says of a question before it is resolved. */
interface PolicyQuestion {
  /** What local data makes of it. */
  readonly local: LocalReply | null;
  /** The caches have what it takes. */
  readonly isCached: boolean;
}

/** From this `verbosity` on the clients of questions that the caches cannot answer are logged. */
const CLIENTS_VERBOSITY = 5;
/** Places that questions are counted at, a power of two: some 50 are resolved at once, and one in twenty others falls on one of theirs. */
const PLACES = 1024;
/** Length of a reply that is none. */
const SILENCE = 0;

/** A question that is resolved for all who ask it meanwhile. */
class PendingQuestion {
  readonly key: string;
  readonly question: Question;
  readonly clients: PendingClient[];
  readonly #end: (pending: PendingQuestion, found: Resolution | null, bug?: unknown) => void;

  constructor(first: PendingClient, end: (pending: PendingQuestion, found: Resolution | null, bug?: unknown) => void) {
    this.key = questionKey(first.question);
    this.question = first.question;
    this.clients = [first];
    this.#end = end;
  }

  take(resolution: Resolution): void {
    this.#end(this, resolution);
  }

  fail(bug: unknown): void {
    this.#end(this, null, bug);
  }
}

export class PendingClients {
  readonly #parts: PendingClientParts;
  readonly #limit: WaitLimit;
  /** For clients with a valid cookie. */
  readonly #provenLimit: WaitLimit;
  readonly #byQuestion = new TransientMap<string, PendingQuestion>();
  /** Those questions, counted by place: where there is none a question need not be looked for by its key. */
  readonly #atPlace = new Uint32Array(PLACES);
  readonly #byAddress = new TransientMap<string, number>();
  /** Replies leave from here. */
  readonly #out = new Uint8Array(MAX_MESSAGE_OCTETS);
  #count = 0;
  /** Null: nobody whose reply others may get. */
  #last: Composed | null = null;

  constructor(parts: PendingClientParts) {
    const { options } = parts;
    this.#parts = parts;
    this.#limit = new WaitLimit({ perAddress: options.waitLimit, blocks: options.waitLimitNetblocks });
    this.#provenLimit = new WaitLimit({
      perAddress: options.waitLimitCookie,
      blocks: options.waitLimitCookieNetblocks,
    });
  }

  /** Clients that wait. */
  get count(): number {
    return this.#count;
  }

  /**
   * Has a client wait with those who ask the same already: what the caches lacked for them they lack now, too. False when a bound
   * forbids it; null: nobody asks that.
   */
  join(client: PendingClient): boolean | null {
    if (this.#atPlace[questionPlace(client.question, PLACES)] === 0) return null;
    const pending = this.#byQuestion.get(questionKey(client.question));
    if (pending === undefined) return null;
    this.#countMiss(client);
    if (!this.#add(client)) return false;
    pending.clients.push(client);
    return true;
  }

  /**
   * Resolves for this client and all who join it, after a look into the caches: nobody asks the same yet (`join`). False when a
   * bound forbids this client to wait.
   */
  resolve(client: PendingClient, miss: Miss): boolean {
    this.#countMiss(client);
    if (!this.#add(client)) return false;
    const pending = new PendingQuestion(client, this.#end);
    this.#byQuestion.set(pending.key, pending);
    this.#countAtPlace(client.question, 1);
    this.#parts.resolver.resolveFor(pending, client.question, { miss });
    return true;
  }

  /** Resolves for one client as policy has it: others may get another answer. False when a bound forbids it to wait. */
  resolveByPolicy(client: PendingClient, asked: PolicyQuestion): boolean {
    if (asked.isCached) this.#parts.stats.cacheHits++;
    else this.#countMiss(client);
    if (!this.#add(client)) return false;
    void this.#resolveSingle(client, asked);
    return true;
  }

  #countAtPlace(question: Question, by: number): void {
    const place = questionPlace(question, PLACES);
    this.#atPlace[place] = (this.#atPlace[place] as number) + by;
  }

  /** The caches cannot answer: the resolver gets the question. */
  #countMiss(client: PendingClient): void {
    const { stats, log, verbosity } = this.#parts;
    stats.countMiss(this.#byQuestion.size);
    if ((verbosity?.() ?? 0) >= CLIENTS_VERBOSITY) log.client(client);
  }

  /** Gives all who ask the same what their question resolved to; null: a bug, in its place. */
  readonly #end = ({ key, question, clients }: PendingQuestion, found: Resolution | null, bug?: unknown): void => {
    if (found === null) this.#reportBug(question, bug);
    const resolution = found ?? failed(question);
    if (this.#byQuestion.delete(key)) this.#countAtPlace(question, -1);
    for (const client of clients) this.#remove(client);
    this.#logEnd(resolution);
    for (const client of clients) {
      try {
        this.#deliver(resolution, client);
      } catch (error) {
        this.#notDelivered(client, error);
      }
    }
    this.#last = null;
  };

  /** Never rejects. */
  async #resolveSingle(client: PendingClient, { local, isCached }: PolicyQuestion): Promise<void> {
    const { policy, resolver, options } = this.#parts;
    const { question, from, channel, flags } = client;
    let result: PolicyResult = { kind: 'answer', resolution: failed(question), setFlags: 0, clearFlags: 0 };
    try {
      const start = {
        question,
        client: policyClientOf(from, channel),
        alias: local?.kind === 'alias' ? local : null,
        isExempt: local?.kind === 'exempt',
        checksItself: (flags & FLAG.CD) !== 0 && !options.ignoreCd,
      };
      result = (await policy?.apply(start, (asked) => resolver.resolve(asked))) ?? result;
    } catch (error) {
      this.#reportBug(question, error);
    }
    this.#remove(client);
    try {
      this.#deliverResult(result, client, isCached);
    } catch (error) {
      this.#notDelivered(client, error);
    }
  }

  #deliverResult(result: PolicyResult, client: PendingClient, fromCache: boolean): void {
    if (result.kind === 'drop') {
      client.channel.deliver(this.#out, SILENCE, client.from);
      return;
    }
    const { resolution, setFlags, clearFlags } = result;
    this.#logEnd(resolution);
    this.#deliver(resolution, client, { cacheable: false, fromCache, setFlags, clearFlags });
  }

  /** A bug: it costs this client its answer, no other one. */
  #notDelivered(client: PendingClient, bug: unknown): void {
    this.#reportBug(client.question, bug);
    client.channel.deliver(this.#out, SILENCE, client.from);
  }

  #deliver(resolution: Resolution, client: PendingClient, use: ReplyOptions = CACHEABLE_REPLY): void {
    const { clock, stats, log } = this.#parts;
    const { question, from, channel } = client;
    const waitedMs = clock.monotonicMs() - client.since;
    if (this.#isTooLate(client, waitedMs)) {
      stats.discarded++;
      channel.deliver(this.#out, SILENCE, from);
      return;
    }
    const octets = this.#compose(resolution, client, use);
    const rcode = (this.#out[3] ?? 0) & 15;
    stats.countReply(this.#out, question.type, statusOf(resolution));
    if (!use.fromCache) stats.countRecursion(waitedMs);
    channel.deliver(this.#out, octets, from);
    if (!log.wantsReplies) return;
    const seconds = waitedMs / 1000;
    const isAuthentic = hasAdBit(this.#out);
    log.reply({ from, channel, question, rcode, seconds, isCached: use.fromCache, isAuthentic, octets });
  }

  /** Writes the reply; who has sent the same query again while it waited gets the same again. */
  #compose(resolution: Resolution, client: PendingClient, use: ReplyOptions): number {
    const last = this.#last;
    if (last !== null && last.resolution === resolution && isSameQuery(last.client, client)) return last.octets;
    this.#last = null;
    const octets = this.#parts.composer.compose(resolution, client, this.#out, use);
    if (use === CACHEABLE_REPLY) this.#last = { resolution, client, octets };
    return octets;
  }

  /** DNSBomb (CVE-2024-33655): replies to forged clients must not pile up and leave together. */
  #isTooLate({ channel, from }: PendingClient, waitedMs: number): boolean {
    const { discardTimeoutMs } = this.#parts.options;
    if (discardTimeoutMs === 0 || waitedMs <= discardTimeoutMs) return false;
    return channel.transport === 'udp' && !isLocalClient(from.ip);
  }

  #logEnd(resolution: Resolution): void {
    const { log, options } = this.#parts;
    log.ended(resolution, isWithheld(resolution, 0, options));
  }

  #reportBug(question: Question, error: unknown): void {
    this.#parts.stats.bugs++;
    this.#parts.log.bug(question, error);
  }

  /** Counts one more client; false when a bound forbids it. */
  #add({ from: { ip }, isProven }: PendingClient): boolean {
    const ofAddress = this.#byAddress.get(ip) ?? 0;
    if (this.#count >= this.#parts.options.maxWaiting || ofAddress >= this.#limitOf(ip, isProven)) {
      this.#parts.stats.overLimit++;
      return false;
    }
    this.#count++;
    this.#byAddress.set(ip, ofAddress + 1);
    return true;
  }

  /** wait-limit 0: no such limit, for nobody. */
  #limitOf(ip: string, isProven: boolean): number {
    return this.#limit.isOff || !isProven ? this.#limit.of(ip) : this.#provenLimit.of(ip);
  }

  #remove({ from: { ip } }: PendingClient): void {
    this.#count--;
    const left = (this.#byAddress.get(ip) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(ip, left);
    else this.#byAddress.delete(ip);
  }
}

/** What a client gets when resolving itself fails: a bug, which is logged. */
function failed(question: Question): Resolution {
  return { kind: 'failed', question, why: { kind: 'cancelled' } };
}

/** True when two queries ask the same in the same way, so that their replies have the same octets. */
function isSameQuery(a: PendingClient, b: PendingClient): boolean {
  const isSameForm =
    a.id === b.id &&
    a.flags === b.flags &&
    a.hasEdns === b.hasEdns &&
    a.doBit === b.doBit &&
    a.maxOctets === b.maxOctets &&
    a.wantsNsid === b.wantsNsid &&
    a.wantsKeepalive === b.wantsKeepalive &&
    a.wantsPadding === b.wantsPadding &&
    a.cookie === null &&
    b.cookie === null;
  // The case of the name comes back.
  return isSameForm && a.channel === b.channel && bytesEqual(a.question.name, b.question.name);
}
