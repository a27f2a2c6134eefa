/**
 * What answers a client at once, in this order: class CHAOS, local data, local copies of zones, the reply cache, what the
 * caches below it know. Each source composes the reply into the query's `out`, counts it, and returns its length.
 *
 * Leaves to others: who is let in (admission.ts), the order (query-server.ts), what must be resolved (pending-clients.ts).
 */

import type { ReplyCache, ReplyRequest, ReplySecurity } from '../cache/reply-cache.ts';
import type { LocalAnswer, LocalReply } from '../policy/local-reply.ts';
import type { Policy } from '../policy/policy.ts';
import type { Clock } from '../ports/clock.ts';
import type { Resolver } from '../resolve/resolver.ts';
import type { Miss } from '../resolve/tries.ts';
import type { Resolution } from '../terms/resolution.ts';
import { HEADER_OCTETS } from '../wire/message-view.ts';
import { RCODE } from '../wire/rcode.ts';
import { CLASS } from '../wire/rr-type.ts';
import type { ZoneStore } from '../zones/zone-store.ts';
import { answerChaos } from './chaos.ts';
import type { ClientQuery, PendingClient } from './client-query.ts';
import { NOT_CACHED, REFUSED, UNUSABLE_COPY } from './error-replies.ts';
import type { ImmediateReplies } from './immediate-replies.ts';
import { type ReplyComposer, SINGLE_REPLY } from './reply-composer.ts';
import { replyFlags } from './reply-flags.ts';
import { appendOpt, keepaliveFor, LEAST_OPT_OCTETS, newReplyOpt, paddingFor, type ReplyOpt } from './reply-opt.ts';
import { rotateAddresses } from './rotate.ts';
import type { ServeOptions } from './serve-options.ts';

/** What a source says: octets of the reply in `query.out`, or that it has none. */
type Sourced = number | 'none';

interface SourceParts {
  readonly clock: Clock;
  readonly options: ServeOptions;
  readonly resolver: Pick<Resolver, 'look' | 'findReferral'>;
  readonly replies: ReplyCache;
  readonly composer: ReplyComposer;
  readonly immediate: ImmediateReplies;
  /** Local copies of zones; absent: none. */
  readonly zones?: Pick<ZoneStore, 'answer' | 'isEmpty'> | undefined;
  /** Local zones and rules; absent: there are none. */
  readonly policy?: Policy | undefined;
}

/** Octets for the options of a cached reply: one extended error with the longest text. */
const OPTIONS_OCTETS = 512;

const CHAOS_REPLY: LocalAnswer = {
  kind: 'reply',
  rcode: RCODE.NOERROR,
  setFlags: 0,
  clearFlags: 0,
  answer: [],
  authority: [],
  error: null,
};

export class Sources {
  readonly #parts: SourceParts;
  readonly #request: ReplyRequest;
  readonly #opt: ReplyOpt;

  constructor(parts: SourceParts) {
    this.#parts = parts;
    const nothing = new Uint8Array();
    this.#request = { query: nothing, questionEnd: 0, flags: 0, maxOctets: 0, nowSeconds: 0, out: nothing };
    this.#opt = newReplyOpt(parts.options.ednsUdpSize, OPTIONS_OCTETS);
  }

  /** For other classes than IN: about the server itself, or REFUSED. */
  chaosReply(query: ClientQuery): number {
    const { options, immediate } = this.#parts;
    const question = query.question();
    const rrset = question.class === CLASS.CH ? answerChaos(question, options.chaos) : null;
    if (rrset === null) return immediate.replyError(query, REFUSED);
    return this.replyLocal(query, { ...CHAOS_REPLY, answer: [{ rrset, ttl: 0 }] });
  }

  /** What local data makes of the query; null for most: nothing is configured for the name. @hot bench/serve-hot-query.ts */
  localData(query: ClientQuery): LocalReply | null {
    const { policy } = this.#parts;
    if (policy === undefined || !policy.mayAnswer(query.bytes, HEADER_OCTETS)) return null;
    return policy.answer(query.question(), query.policyClient());
  }

  /** A reply that is made here. */
  replyLocal(query: ClientQuery, reply: LocalAnswer): number {
    const { composer, immediate, clock } = this.#parts;
    return immediate.given(query, composer.composeLocal(reply, query.pending(clock.monotonicMs()), query.out));
  }

  /** From the local copy of a zone (`auth-zone` with `for-downstream`). @hot bench/serve-hot-query.ts */
  zoneReply(query: ClientQuery): Sourced {
    const { zones, immediate, clock } = this.#parts;
    if (zones === undefined || zones.isEmpty) return 'none';
    const answered = zones.answer(query.question(), query.doBit);
    if (answered === null) return 'none';
    if (answered === 'unusable') return immediate.replyError(query, UNUSABLE_COPY);
    return this.#replyResolved(query, answered, query.pending(clock.monotonicMs()));
  }

  /** From the reply cache, whole. @hot bench/serve-hot-query.ts */
  cachedReply(query: ClientQuery): Sourced {
    const { clock, replies, options, immediate } = this.#parts;
    const { out, maxOctets, hasEdns, cookie } = query;
    const request = this.#request;
    request.query = query.bytes;
    request.questionEnd = query.questionEnd;
    request.flags = replyFlags(query.flags, query.doBit);
    const cookieOctets = cookie === null ? 0 : 4 + cookie.length;
    request.maxOctets = hasEdns ? maxOctets - LEAST_OPT_OCTETS - cookieOctets : maxOctets;
    request.nowSeconds = clock.unixSeconds();
    request.out = out;
    const length = replies.serve(request);
    if (length === 0) return 'none';
    if (options.roundRobin) rotateAddresses(out, query.questionEnd, query.id);
    const octets = hasEdns ? this.#appendOpt(query, length, maxOctets) : length;
    return immediate.given(query, octets, replies.replySecurity);
  }

  /** The OPT of a cached reply. @hot bench/serve-hot-query.ts */
  #appendOpt(query: ClientQuery, length: number, maxOctets: number): number {
    const { replies, options } = this.#parts;
    const opt = this.#opt;
    opt.optionsLength = replies.optionsLength <= OPTIONS_OCTETS ? replies.copyOptions(opt.options, 0) : 0;
    opt.doBit = query.doBit;
    opt.cookie = query.cookie;
    opt.nsid = query.wantsNsid ? options.nsid : null;
    opt.keepaliveMs = keepaliveFor(query.wantsKeepalive, options.keepaliveMs, query.channel);
    opt.paddingBlock = paddingFor(query.wantsPadding, options.paddingBlock, query.channel);
    return appendOpt(query.out, length, opt, maxOctets);
  }

  /** From the caches below the reply cache; what was looked at in vain goes on to whoever resolves. */
  knownReply(query: ClientQuery, client: PendingClient): number | Miss {
    const known = this.#parts.resolver.look(client.question);
    if (known.kind === 'miss') return known;
    if (known.kind !== 'proven') return this.#replyResolved(query, known, client);
    const { composer, immediate } = this.#parts;
    return immediate.given(query, composer.composeProven(known, client, query.out), 'secure');
  }

  /** RFC 1034 §4.3.1: without recursion only what is known: it is not, but who to ask may be. */
  referralReply(query: ClientQuery, client: PendingClient): number {
    const { resolver, immediate, composer } = this.#parts;
    const referral = resolver.findReferral(client.question);
    if (referral === null) return immediate.replyError(query, NOT_CACHED);
    // Not into the reply cache: as soon as somebody has had it resolved there is an answer.
    return immediate.given(query, composer.compose(referral, client, query.out, SINGLE_REPLY));
  }

  #replyResolved(query: ClientQuery, resolution: Resolution, client: PendingClient): number {
    const { composer, immediate } = this.#parts;
    return immediate.given(query, composer.compose(resolution, client, query.out), statusOf(resolution));
  }
}

/** What DNSSEC said of a reply, as it is counted. */
export function statusOf(resolution: Resolution): ReplySecurity {
  const status = resolution.kind === 'answered' ? resolution.verdict?.status : undefined;
  return status === 'secure' || status === 'bogus' ? status : 'plain';
}
