/**
 * Serving one query: the synchronous path from the client's octets to the reply's, and the hand-over to the resolver.
 *
 * Duties: turn unfit queries away; access control; class CHAOS; the reply cache; what the resolver's caches know; sharing
 * of a resolution among its askers; statistics and log lines; the border at which a bug becomes SERVFAIL.
 * Leaves to others: reading (query-reader.ts), form of replies (reply-composer.ts, build-reply.ts), resolving, sockets.
 */

import type { ReplyCache, ReplyRequest, ServedTrust } from '../cache/reply-cache.ts';
import type { Ruling } from '../policy/enforce.ts';
import type { Asker, LocalReply, MadeReply } from '../policy/local-reply.ts';
import type { Policy } from '../policy/policy.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Address } from '../ports/network.ts';
import type { Resolver } from '../resolve/resolver.ts';
import type { Resolution } from '../terms/resolution.ts';
import { unreachable } from '../terms/unreachable.ts';
import { readU16, writeU16 } from '../wire/bytes.ts';
import type { ExtendedError } from '../wire/ede.ts';
import { MAX_MESSAGE_OCTETS } from '../wire/message-builder.ts';
import { HEADER_OCTETS, parseMessage } from '../wire/message-view.ts';
import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { FLAG, OPCODE, RCODE } from '../wire/rcode.ts';
import { readSoa } from '../wire/rdata-soa.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import type { ZoneStore } from '../zones/zone-store.ts';
import { type AccessAction, AccessControl } from './access-control.ts';
import { isWithheld } from './build-reply.ts';
import { answerChaos } from './chaos.ts';
import type { CookieState, ServerCookies } from './cookies.ts';
import { CLASSIC_UDP_OCTETS, QueryReader, type ReadOutcome, rcodeFor } from './query-reader.ts';
import type { ClientRates } from './rate-limit.ts';
import { INVALID_TYPE, NO_SNOOPING, NOT_ALLOWED, NOT_CACHED, NXNAME, UNUSABLE_COPY } from './refusals.ts';
import type { ReplyChannel } from './reply-channel.ts';
import { KEPT_REPLY, ReplyComposer, type ReplyForm, replyFlags } from './reply-composer.ts';
import { appendOpt, keepaliveFor, LEAST_OPT_OCTETS, type ReplyOpt } from './reply-opt.ts';
import { rotateAddresses } from './rotate.ts';
import { ServeLog } from './serve-log.ts';
import type { ServeOptions } from './serve-options.ts';
import { ServeStats } from './serve-stats.ts';
import { isLocalClient, type Waiter, Waiting } from './waiting.ts';

export interface Serve {
  /**
   * Takes one query. More than 0: so many octets of `out` are the reply, to be sent now. 0: handed over, `channel.deliver`
   * comes later. -1: no reply. The query's bytes may be reused when this returns. @hot bench/serve-cached.ts
   */
  query(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number;
  /** Client queries that wait for the resolver now. */
  waiting(): number;
  readonly stats: ServeStats;
}

/** Octets that `out` must hold: the largest DNS message. */
export const REPLY_BUFFER_OCTETS = MAX_MESSAGE_OCTETS;
/** Octets for the options of a cached reply: one extended error with the longest text. */
const OPTIONS_OCTETS = 512;
/** `query` has handed the question over. */
const HANDED_OVER = 0;
/** `query` gives no reply. */
const NO_REPLY = -1;
/** From this `verbosity` on the clients of questions that the caches cannot answer are logged. */
const CLIENTS_VERBOSITY = 5;

const CHAOS_REPLY: MadeReply = {
  kind: 'reply',
  rcode: RCODE.NOERROR,
  setFlags: 0,
  clearFlags: 0,
  answer: [],
  authority: [],
  error: null,
};

/** What serving is made of. */
export interface ServeParts {
  readonly clock: Clock;
  readonly log: LogSink;
  readonly resolver: Pick<Resolver, 'find' | 'peek' | 'findReferral' | 'resolve'>;
  readonly replies: ReplyCache;
  readonly options: ServeOptions;
  /** How often client addresses may ask; absent: as often as they like. */
  readonly clientRates?: ClientRates;
  /** Detail of the log now; absent: nothing besides what the options say. */
  readonly verbosity?: () => number;
  /** Judges cookies of clients (answer-cookie); absent: they are ignored. */
  readonly cookies?: ServerCookies;
  /** Goes on counting here; absent: from 0. */
  readonly stats?: ServeStats;
  /** Zones that are held here; absent: none. */
  readonly zones?: Pick<ZoneStore, 'answer' | 'notify' | 'isEmpty'>;
  /** Local zones and rules; absent: there are none. */
  readonly policy?: Policy;
}

export function createServe(parts: ServeParts): Serve {
  return new QueryServer(parts);
}

class QueryServer implements Serve {
  readonly stats: ServeStats;
  readonly #parts: ServeParts;
  readonly #options: ServeOptions;
  readonly #access: AccessControl;
  readonly #log: ServeLog;
  readonly #waiting: Waiting;
  readonly #composer: ReplyComposer;
  readonly #reader: QueryReader;
  readonly #request: ReplyRequest;
  readonly #opt: ReplyOpt;
  /** Where the query at hand came from, for its log line. */
  #from: Address = NOWHERE;
  #channel: ReplyChannel | null = null;
  /** What its cookie is worth, and what goes back for it: bytes of the judge, overwritten by the next query. */
  #cookieState: CookieState = 'none';
  #cookie: Uint8Array | null = null;

  constructor(parts: ServeParts) {
    const { options } = parts;
    this.#parts = parts;
    this.stats = parts.stats ?? new ServeStats();
    this.#options = options;
    this.#reader = new QueryReader(options.hardensShortSize);
    this.#access = new AccessControl(options.access, options.accessByPlace);
    this.#log = new ServeLog(parts.log, options.logging);
    this.#waiting = new Waiting(
      options.maxWaiting,
      { perAddress: options.waitLimit, blocks: options.waitLimitNetblocks },
      { perAddress: options.waitLimitCookie, blocks: options.waitLimitCookieNetblocks },
    );
    this.#composer = new ReplyComposer(options, parts.replies);
    const nothing = new Uint8Array();
    this.#request = { query: nothing, questionEnd: 0, flags: 0, maxOctets: 0, nowSeconds: 0, out: nothing };
    this.#opt = {
      udpSize: options.ednsUdpSize,
      doBit: false,
      upperRcode: 0,
      nsid: null,
      keepaliveMs: null,
      cookie: null,
      options: new Uint8Array(OPTIONS_OCTETS),
      optionsLength: 0,
    };
  }

  waiting(): number {
    return this.#waiting.count;
  }

  query(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    try {
      return this.#take(bytes, from, channel, out);
    } catch (error) {
      // The first border of a bug (ARCHITECTURE.md, "Failures"): it costs one answer, not the process.
      this.#noteBug(this.#reader.questionEnd > HEADER_OCTETS ? this.#questionOf(bytes) : null, error);
      return this.#refuse(bytes, RCODE.SERVFAIL, out);
    }
  }

  #take(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    const { stats } = this;
    const reader = this.#reader;
    this.#from = from;
    this.#channel = channel;
    this.#cookie = null;
    const fitness = reader.read(bytes);
    if (fitness === 'discard' || (this.#options.dropLargeQueries && bytes.length > CLASSIC_UDP_OCTETS)) {
      this.stats.unfit++;
      return NO_REPLY;
    }
    const action = this.#access.actionAt(from.ip, channel.local);
    if (action === 'deny' || action === 'refuse') {
      this.stats.unwanted++;
      return action === 'deny' ? NO_REPLY : this.#refuseStranger(bytes, out);
    }
    if (reader.questionEnd > HEADER_OCTETS)
      stats.countQuery(reader, channel.transport === 'tcp', from.ip.includes(':'));
    this.#judgeCookie(bytes, from);
    if (this.#parts.clientRates?.admits(from.ip, this.#cookieState === 'valid') === false) {
      this.stats.overRate++;
      return NO_REPLY;
    }
    if (fitness !== 'ok') {
      if (fitness === 'refused' && reader.opcode === OPCODE.NOTIFY) return this.#takeNotify(bytes, from, out);
      this.stats.unfit++;
      return this.#turnAway(fitness, bytes, out);
    }
    if (this.#cookieState === 'malformed') return this.#turnAway('format-error', bytes, out);
    if (this.#log.wantsQueries) this.#log.query(from.ip, this.#questionOf(bytes));
    // Local data too is only for those who have shown that the address is theirs.
    if (action === 'allow_cookie' && channel.transport === 'udp' && this.#cookieState !== 'valid') {
      return this.#demandCookie(bytes, out);
    }
    if (reader.class !== CLASS.IN) return this.#answerOtherClass(bytes, from, channel, out);
    const local = this.#answerLocally(bytes, from, channel);
    if (local?.kind === 'drop') return NO_REPLY;
    if (local?.kind === 'reply') return this.#giveLocal(local, bytes, this.#waiterOf(bytes, from, channel), out);
    const fromZone = this.#answerFromZone(bytes, from, channel, out);
    if (fromZone > 0) return fromZone;
    if (action !== 'allow' || (reader.flags & FLAG.RD) === 0) {
      const turnedAway = this.#judgeRest(action, bytes, out);
      if (turnedAway !== HANDED_OVER) return turnedAway;
    }
    if (this.#options.denyAny && reader.type === TYPE.ANY) return this.#refuse(bytes, RCODE.NOERROR, out);
    if (local !== null || this.#parts.policy?.changesAnswers(from.ip, channel.local, reader.type) === true) {
      return this.#enforce(local, this.#waiterOf(bytes, from, channel), bytes, out);
    }
    const length = this.#answerFromCache(bytes, channel, out);
    if (length === 0) return this.#answer(bytes, from, channel, out);
    return this.#finish(length, bytes, out, this.#parts.replies.servedTrust);
  }

  /** Looks at the query's cookie, where cookies are answered. @hot bench/serve-cached.ts */
  #judgeCookie(bytes: Uint8Array, from: Address): void {
    const { cookies, clock } = this.#parts;
    const { cookieAt, cookieLength } = this.#reader;
    this.#cookieState = 'none';
    if (cookies === undefined || cookieAt === 0) return;
    const client = { ip: from.ip, now: clock.unixSeconds() };
    this.#cookieState = cookies.judge(bytes, cookieAt, cookieLength, client);
    this.stats.countCookie(this.#cookieState);
    if (this.#cookieState !== 'malformed') this.#cookie = cookies.reply;
  }

  /**
   * RFC 7873 §5.2.3: who sends a cookie is given one of ours to come back with; TC sends others to TCP, which proves their
   * address as well.
   */
  #demandCookie(bytes: Uint8Array, out: Uint8Array): number {
    const cookie = this.#cookie;
    const refusal = cookie === null ? TO_TCP : { rcode: RCODE.BADCOOKIE, error: null, flags: 0, cookie };
    const length = this.#composer.refuse(bytes, this.#reader, refusal, out);
    this.stats.countRcode(refusal.rcode);
    if (this.#log.wantsReplies) this.#logAtOnce(bytes, out, length, refusal.rcode);
    return length;
  }

  /** RFC 1996 §4.7: a NOTIFY is answered with its own question; a stranger's is refused. */
  #takeNotify(bytes: Uint8Array, from: Address, out: Uint8Array): number {
    const { name, type, class: rrClass } = this.#questionOf(bytes);
    const parsed = type === TYPE.SOA && rrClass === CLASS.IN ? parseMessage(bytes.slice()) : null;
    if (parsed === null || !parsed.ok) return this.#refuse(bytes, parsed === null ? RCODE.REFUSED : RCODE.FORMERR, out);
    const { message } = parsed;
    const soa = message.answer.end > 0 && message.type(0) === TYPE.SOA ? readSoa(message.rdata(0)) : null;
    const notified = this.#parts.zones?.notify(name, from.ip, soa?.serial ?? null) ?? 'unknown-zone';
    return this.#refuse(bytes, notified === 'accepted' ? RCODE.NOERROR : RCODE.REFUSED, out);
  }

  /** From a zone that is held here (`auth-zone` with `for-downstream`); 0: none speaks for the name. */
  #answerFromZone(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    const { zones, clock } = this.#parts;
    if (zones === undefined || zones.isEmpty) return 0;
    const answered = zones.answer(this.#questionOf(bytes), this.#reader.doBit);
    if (answered === null) return 0;
    if (answered === 'unusable') {
      const error = UNUSABLE_COPY;
      this.stats.countRcode(RCODE.SERVFAIL);
      return this.#composer.refuse(
        bytes,
        this.#reader,
        { rcode: RCODE.SERVFAIL, error, flags: FLAG.AA, cookie: this.#cookie },
        out,
      );
    }
    const length = this.#composer.compose(answered, this.#waiterOf(bytes, from, channel), clock.unixSeconds());
    out.set(this.#composer.buffer.subarray(0, length));
    return this.#finish(length, bytes, out, trustOf(answered));
  }

  /** What local data makes of the query; null for most: nothing is configured for the name. @hot bench/serve-cached.ts */
  #answerLocally(bytes: Uint8Array, from: Address, channel: ReplyChannel): LocalReply | null {
    const { policy } = this.#parts;
    if (policy === undefined || !policy.mayAnswer(bytes, HEADER_OCTETS)) return null;
    return policy.answer(this.#questionOf(bytes), askerOf(from, channel));
  }

  #giveLocal(
    local: Extract<LocalReply, { kind: 'reply' }>,
    bytes: Uint8Array,
    waiter: Waiter,
    out: Uint8Array,
  ): number {
    const length = this.#composer.composeLocal(local, waiter);
    out.set(this.#composer.buffer.subarray(0, length));
    return this.#finish(length, bytes, out);
  }

  /** Resolves for one client as policy has it: others may get another answer. */
  #enforce(local: LocalReply | null, waiter: Waiter, bytes: Uint8Array, out: Uint8Array): number {
    const { resolver } = this.#parts;
    const asked = local?.kind === 'alias' ? { ...waiter.question, name: local.target } : waiter.question;
    const isCached = resolver.peek(asked) !== null;
    const wantsCached = (waiter.flags & FLAG.RD) === 0;
    if (wantsCached && !isCached && this.#access.actionAt(waiter.from.ip, waiter.channel.local) === 'allow_snoop') {
      return this.#refuse(bytes, RCODE.REFUSED, out, NOT_CACHED);
    }
    if (isCached) this.stats.cacheHits++;
    else this.#noteMiss(waiter);
    if (!this.#waiting.admitAlone(waiter)) {
      this.stats.overLimit++;
      return NO_REPLY;
    }
    void this.#resolveByPolicy(local, waiter, isCached);
    return HANDED_OVER;
  }

  /** Never rejects. */
  async #resolveByPolicy(local: LocalReply | null, waiter: Waiter, isCached: boolean): Promise<void> {
    const { policy, resolver } = this.#parts;
    const { question, from, channel, flags } = waiter;
    let ruling: Ruling = failedRuling(question);
    try {
      const start = {
        question,
        asker: askerOf(from, channel),
        alias: local?.kind === 'alias' ? local : null,
        isExempt: local?.kind === 'exempt',
        checksItself: (flags & FLAG.CD) !== 0 && !this.#options.ignoreCd,
      };
      ruling = (await policy?.enforce(start, (asked) => resolver.resolve(asked))) ?? ruling;
    } catch (error) {
      this.#noteBug(question, error);
    }
    this.#waiting.releaseAlone(waiter);
    try {
      this.#deliverRuling(ruling, waiter, isCached);
    } catch (error) {
      this.#noteBug(question, error);
      channel.deliver(this.#composer.buffer, 0, from);
    }
  }

  #deliverRuling(ruling: Ruling, waiter: Waiter, isCached: boolean): void {
    if (ruling.kind === 'drop') {
      waiter.channel.deliver(this.#composer.buffer, 0, waiter.from);
      return;
    }
    const { resolution, setFlags, clearFlags } = ruling;
    this.#log.ended(resolution, isWithheld(resolution, 0, this.#options));
    this.#deliver(resolution, waiter, { isKept: false, isCached, setFlags, clearFlags });
  }

  /** The actions besides allow, and RD=0: a reply's length or NO_REPLY; HANDED_OVER means: go on. */
  #judgeRest(action: AccessAction, bytes: Uint8Array, out: Uint8Array): number {
    switch (action) {
      case 'allow_setrd':
      case 'allow_snoop':
        return HANDED_OVER;
      case 'deny':
      case 'deny_non_local':
        this.stats.unwanted++;
        return NO_REPLY;
      case 'refuse':
      case 'refuse_non_local':
        this.stats.unwanted++;
        return this.#refuseStranger(bytes, out);
      case 'allow_cookie':
      case 'allow':
        break;
      default:
        unreachable(action);
    }
    if ((this.#reader.flags & FLAG.RD) !== 0) return HANDED_OVER;
    // A look into the cache tells what others have asked for: only for those who may (allow_snoop).
    this.stats.unwanted++;
    return this.#refuse(bytes, RCODE.REFUSED, out, NO_SNOOPING);
  }

  /** The reply from the reply cache, whole; 0 on a miss. @hot bench/serve-cached.ts */
  #answerFromCache(bytes: Uint8Array, channel: ReplyChannel, out: Uint8Array): number {
    const { clock, replies } = this.#parts;
    const reader = this.#reader;
    const opt = this.#opt;
    const request = this.#request;
    const maxOctets = this.#maxOctets(channel);
    request.query = bytes;
    request.questionEnd = reader.questionEnd;
    request.flags = replyFlags(reader.flags, reader.doBit);
    const cookieOctets = this.#cookie === null ? 0 : 4 + this.#cookie.length;
    request.maxOctets = reader.hasEdns ? maxOctets - LEAST_OPT_OCTETS - cookieOctets : maxOctets;
    request.nowSeconds = clock.unixSeconds();
    request.out = out;
    const length = replies.serve(request);
    if (length === 0) return 0;
    if (this.#options.roundRobin) rotateAddresses(out, reader.questionEnd, reader.id);
    if (!reader.hasEdns) return length;
    opt.optionsLength = replies.optionsLength <= OPTIONS_OCTETS ? replies.copyOptions(opt.options, 0) : 0;
    opt.doBit = reader.doBit;
    opt.cookie = this.#cookie;
    opt.nsid = reader.wantsNsid ? this.#options.nsid : null;
    opt.keepaliveMs = keepaliveFor(reader.wantsKeepalive, this.#options.keepaliveMs, channel);
    return appendOpt(out, length, opt, maxOctets);
  }

  /** From the caches below the reply cache, or by handing over. */
  #answer(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    const { clock, resolver } = this.#parts;
    const waiter = this.#waiterOf(bytes, from, channel);
    const known = resolver.find(waiter.question);
    if (known !== null) {
      const length = this.#composer.compose(known, waiter, clock.unixSeconds());
      out.set(this.#composer.buffer.subarray(0, length));
      return this.#finish(length, bytes, out, trustOf(known));
    }
    if ((waiter.flags & FLAG.RD) === 0 && this.#access.actionAt(from.ip, channel.local) === 'allow_snoop') {
      return this.#refer(waiter, bytes, out);
    }
    this.#noteMiss(waiter);
    switch (this.#waiting.admit(waiter)) {
      case 'too-many':
        this.stats.overLimit++;
        return NO_REPLY;
      case 'first':
        void this.#resolve(waiter.question);
        return HANDED_OVER;
      case 'joined':
        return HANDED_OVER;
    }
  }

  /** The caches cannot answer: the resolver gets the question. */
  #noteMiss(waiter: Waiter): void {
    this.stats.countMiss(this.#waiting.questions);
    if ((this.#parts.verbosity?.() ?? 0) >= CLIENTS_VERBOSITY) this.#log.asker(waiter);
  }

  /** RFC 1034 §4.3.1: without recursion only what is known: it is not, but who to ask may be. */
  #refer(waiter: Waiter, bytes: Uint8Array, out: Uint8Array): number {
    const { resolver, clock } = this.#parts;
    const referral = resolver.findReferral(waiter.question);
    if (referral === null) return this.#refuse(bytes, RCODE.REFUSED, out, NOT_CACHED);
    const length = this.#composer.compose(referral, waiter, clock.unixSeconds());
    out.set(this.#composer.buffer.subarray(0, length));
    return this.#finish(length, bytes, out);
  }

  /** Counts and logs a reply that is given at once. @hot bench/serve-cached.ts */
  #finish(length: number, bytes: Uint8Array, out: Uint8Array, trust: ServedTrust = 'plain'): number {
    this.stats.cacheHits++;
    this.stats.countReply(out, this.#reader.type, trust);
    if (this.#log.wantsReplies) this.#logAtOnce(bytes, out, length);
    return length;
  }

  #logAtOnce(bytes: Uint8Array, out: Uint8Array, octets: number, rcode = readU16(out, 2) & 15): void {
    const question = this.#reader.questionEnd > HEADER_OCTETS ? this.#questionOf(bytes) : null;
    const via = { from: this.#from, channel: this.#channel };
    this.#log.reply({ ...via, question, rcode, seconds: 0, isCached: true, octets });
  }

  /** Resolves for all who ask the same now, and answers them. Never rejects. */
  async #resolve(question: Question): Promise<void> {
    let resolution: Resolution;
    try {
      resolution = await this.#parts.resolver.resolve(question);
    } catch (error) {
      this.#noteBug(question, error);
      resolution = { kind: 'failed', question, why: { kind: 'cancelled' } };
    }
    const waiters = this.#waiting.release(question);
    this.#log.ended(resolution, isWithheld(resolution, 0, this.#options));
    for (const waiter of waiters) {
      try {
        this.#deliver(resolution, waiter);
      } catch (error) {
        this.#noteBug(question, error);
        waiter.channel.deliver(this.#composer.buffer, 0, waiter.from);
      }
    }
  }

  #deliver(resolution: Resolution, waiter: Waiter, form: ReplyForm = KEPT_REPLY): void {
    const { clock } = this.#parts;
    const waitedMs = clock.monotonicMs() - waiter.since;
    if (this.#isTooLate(waiter, waitedMs)) {
      this.stats.discarded++;
      waiter.channel.deliver(this.#composer.buffer, 0, waiter.from);
      return;
    }
    const length = this.#composer.compose(resolution, waiter, clock.unixSeconds(), form);
    const rcode = readU16(this.#composer.buffer, 2) & 15;
    this.stats.countReply(this.#composer.buffer, waiter.question.type, trustOf(resolution));
    if (!form.isCached) this.stats.countRecursion(waitedMs);
    waiter.channel.deliver(this.#composer.buffer, length, waiter.from);
    if (this.#log.wantsReplies) {
      const { question, from, channel } = waiter;
      this.#log.reply({
        from,
        channel,
        question,
        rcode,
        seconds: waitedMs / 1000,
        isCached: form.isCached,
        octets: length,
      });
    }
  }

  /** DNSBomb (CVE-2024-33655): replies to forged clients must not pile up and leave together. */
  #isTooLate({ channel, from }: Waiter, waitedMs: number): boolean {
    const { discardTimeoutMs } = this.#options;
    if (discardTimeoutMs === 0 || waitedMs <= discardTimeoutMs) return false;
    return channel.transport === 'udp' && !isLocalClient(from.ip);
  }

  #answerOtherClass(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    const waiter = this.#waiterOf(bytes, from, channel);
    const rrset = waiter.question.class === CLASS.CH ? answerChaos(waiter.question, this.#options.chaos) : null;
    if (rrset === null) return this.#refuse(bytes, RCODE.REFUSED, out);
    const reply: MadeReply = { ...CHAOS_REPLY, answer: [{ rrset, ttl: 0 }] };
    const length = this.#composer.composeLocal(reply, waiter);
    out.set(this.#composer.buffer.subarray(0, length));
    return this.#finish(length, bytes, out);
  }

  #refuse(bytes: Uint8Array, rcode: number, out: Uint8Array, error: ExtendedError | null = null): number {
    const length = this.#composer.refuse(bytes, this.#reader, { rcode, error, flags: 0, cookie: this.#cookie }, out);
    this.stats.countReply(out, this.#reader.type, 'plain');
    if (this.#log.wantsReplies) this.#logAtOnce(bytes, out, length);
    return length;
  }

  /** RFC 1035 §4.1.1: RA says that recursion is available, and to this client it is not. */
  #refuseStranger(bytes: Uint8Array, out: Uint8Array): number {
    const length = this.#refuse(bytes, RCODE.REFUSED, out, NOT_ALLOWED);
    writeU16(out, 2, readU16(out, 2) & ~FLAG.RA);
    return length;
  }

  /** An unfit query: its header comes back without RA, as Unbound does it; BADVERS says that we would recurse. */
  #turnAway(fitness: Exclude<ReadOutcome, 'ok' | 'discard'>, bytes: Uint8Array, out: Uint8Array): number {
    const error = this.#reader.type === NXNAME ? INVALID_TYPE : null;
    const length = this.#refuse(bytes, rcodeFor(fitness), out, error);
    if (fitness !== 'bad-version' && error === null) writeU16(out, 2, readU16(out, 2) & ~FLAG.RA);
    return length;
  }

  /** Copies of what must outlive the query's bytes. */
  #waiterOf(bytes: Uint8Array, from: Address, channel: ReplyChannel): Waiter {
    const { id, flags, hasEdns, doBit, wantsNsid, wantsKeepalive } = this.#reader;
    const question = this.#questionOf(bytes);
    const maxOctets = this.#maxOctets(channel);
    const since = this.#parts.clock.monotonicMs();
    const form = { id, flags, question, hasEdns, doBit, maxOctets, wantsNsid, wantsKeepalive };
    const cookie = this.#cookie?.slice() ?? null;
    return { ...form, cookie, isProven: this.#cookieState === 'valid', from, channel, since };
  }

  #questionOf(bytes: Uint8Array): Question {
    const { questionEnd, type, class: rrClass } = this.#reader;
    const name = bytes.slice(HEADER_OCTETS, Math.max(HEADER_OCTETS, questionEnd - 4)) as Name;
    return { name, type, class: rrClass };
  }

  /** RFC 6891 §6.2.5: over UDP what the client takes, but not more than is configured. @hot bench/serve-cached.ts */
  #maxOctets(channel: ReplyChannel): number {
    if (channel.transport === 'tcp') return MAX_MESSAGE_OCTETS;
    return Math.min(this.#reader.udpSize, this.#options.maxUdpOctets);
  }

  #noteBug(question: Question | null, error: unknown): void {
    this.stats.bugs++;
    this.#log.bug(question, error);
  }
}

/** Before the first query. */
const NOWHERE: Address = { ip: '', port: 0 };

/** How a reply is counted. */
function trustOf(resolution: Resolution): ServedTrust {
  const status = resolution.kind === 'answered' ? resolution.verdict?.status : undefined;
  return status === 'secure' || status === 'bogus' ? status : 'plain';
}

const TO_TCP = { rcode: RCODE.REFUSED, error: null, flags: FLAG.TC } as const;

function askerOf({ ip, port }: Address, { transport, local }: ReplyChannel): Asker {
  return { ip, port, transport, place: local ?? null };
}

/** What a client gets when policy itself fails: a bug, which is logged. */
function failedRuling(question: Question): Ruling {
  const resolution: Resolution = { kind: 'failed', question, why: { kind: 'cancelled' } };
  return { kind: 'answer', resolution, setFlags: 0, clearFlags: 0 };
}
