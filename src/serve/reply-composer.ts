/**
 * Composes whole replies outside the reply cache: body, OPT, extended error, size; and keeps them in the reply cache.
 *
 * Duties: what a client's query asks of the form of its reply (`PendingClient`) is met here. Replies are written where they
 * go from: into the query's `out`, or into the buffer of those that come later.
 * Leaves to others: sections (build-reply.ts), who is answered when (query-server.ts).
 */

import { REPLY_FLAG, type ReplyCache } from '../cache/reply-cache.ts';
import type { LocalAnswer } from '../policy/local-reply.ts';
import type { Clock } from '../ports/clock.ts';
import { type Proven, wholeOf } from '../resolve/synthesised-denials.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import { readU16, writeU16 } from '../wire/bytes.ts';
import { type ExtendedError, edeOption } from '../wire/ede.ts';
import { optRdata } from '../wire/edns.ts';
import { MAX_MESSAGE_OCTETS, MessageBuilder } from '../wire/message-builder.ts';
import { HEADER_OCTETS } from '../wire/message-view.ts';
import { FLAG } from '../wire/rcode.ts';
import {
  type BuiltReply,
  buildReply,
  dependsOnCd,
  dependsOnDo,
  type ReplySettings,
  type ReplyShape,
} from './build-reply.ts';
import type { ClientQuery, PendingClient } from './client-query.ts';
import { DenialWriter } from './denial-writer.ts';
import type { ErrorReply } from './error-replies.ts';
import { extendedErrorsOf, withClockHint } from './explain.ts';
import { replyFlags } from './reply-flags.ts';
import { appendOpt, keepaliveFor, LEAST_OPT_OCTETS, paddingFor, type ReplyOpt } from './reply-opt.ts';
import { rotateAddresses } from './rotate.ts';
import type { ServeOptions } from './serve-options.ts';

/** How a reply is used, and what of its header policy changes. */
export interface ReplyOptions {
  /** It may go into the reply cache: it is the same for all clients. */
  readonly cacheable: boolean;
  /** It was made of what the caches had, without asking. */
  readonly fromCache: boolean;
  readonly setFlags: number;
  readonly clearFlags: number;
}

export const CACHEABLE_REPLY: ReplyOptions = { cacheable: true, fromCache: false, setFlags: 0, clearFlags: 0 };
export const SINGLE_REPLY: ReplyOptions = { ...CACHEABLE_REPLY, cacheable: false };

interface ReplyComposerParts {
  readonly clock: Clock;
  readonly options: ServeOptions;
  readonly replies: ReplyCache;
}

const NO_OPTIONS = new Uint8Array();
const OPCODE_BITS = 0x7800;

export class ReplyComposer {
  /** One for each buffer that replies leave from: a listener has one, or a few. */
  readonly #builders = new WeakMap<Uint8Array, MessageBuilder>();
  readonly #denials = new DenialWriter();
  readonly #clock: Clock;
  readonly #options: ServeOptions;
  readonly #replies: ReplyCache;
  readonly #opt: ReplyOpt;
  /** Those of the options that shape bodies, with the time of the one that is made. */
  readonly #settings: ReplySettings & { now: number };

  constructor({ clock, options, replies }: ReplyComposerParts) {
    const { minimalResponses, roundRobin, ignoreCd, permissive, rootKeyTags, originalTtl } = options;
    this.#settings = { minimalResponses, roundRobin, ignoreCd, permissive, rootKeyTags, originalTtl, now: 0 };
    this.#clock = clock;
    this.#options = options;
    this.#replies = replies;
    this.#opt = {
      udpSize: options.ednsUdpSize,
      doBit: false,
      upperRcode: 0,
      nsid: null,
      keepaliveMs: null,
      cookie: null,
      options: NO_OPTIONS,
      optionsLength: 0,
      paddingBlock: 0,
    };
  }

  #errorsOf(resolution: Resolution): readonly ExtendedError[] {
    const { addsStaleEde, clockHint } = this.#options;
    const errors = extendedErrorsOf(resolution, addsStaleEde);
    return errors.length === 0 ? errors : withClockHint(errors, clockHint?.() ?? null);
  }

  /** Writes the reply to a resolved question as of now into `out`; returns its length. */
  compose(resolution: Resolution, client: PendingClient, out: Uint8Array, use: ReplyOptions = CACHEABLE_REPLY): number {
    const builder = this.#builderFor(out);
    const errors = this.#options.extendedErrors ? this.#errorsOf(resolution) : [];
    const optOctets = optOctetsOf(client);
    const settings = this.#settings;
    settings.now = this.#clock.unixSeconds();
    const { id, question, flags, doBit } = client;
    const shape: ReplyShape = { id, question, flags, doBit, maxOctets: MAX_MESSAGE_OCTETS - optOctets };
    let built = buildReply(builder, resolution, shape, settings);
    const own = built.error !== undefined && this.#options.extendedErrors ? [built.error] : [];
    const options = own.length + errors.length === 0 ? NO_OPTIONS : optRdata([...own, ...errors].map(edeOption));
    // Local copies of zones change at any moment, and answer as fast as the reply cache's misses do.
    if (use.cacheable && resolution.kind === 'answered' && resolution.ofZone === undefined) {
      this.#store(out, { built, resolution, options, client });
    }
    if (built.length + optOctets > client.maxOctets) {
      built = buildReply(builder, resolution, { ...shape, maxOctets: client.maxOctets - optOctets }, settings);
    }
    if (!use.cacheable) writeU16(out, 2, (readU16(out, 2) | use.setFlags) & ~use.clearFlags);
    return client.hasEdns ? this.#appendOpt(out, built.length, client, options) : built.length;
  }

  /**
   * The same, right after a look into the reply cache, for a denial that known records prove. It is kept only when it was asked for
   * a short while ago: names by chance are not.
   */
  composeProven(proven: Proven, client: PendingClient, out: Uint8Array): number {
    const optOctets = optOctetsOf(client);
    const now = this.#clock.unixSeconds();
    const length = this.#settings.originalTtl ? 0 : this.#denials.write(out, proven, client, now);
    if (length === 0 || length + optOctets > client.maxOctets) return this.compose(wholeOf(proven), client, out);
    if (this.#replies.isRepeated()) {
      this.#replies.store({
        reply: out,
        replyLength: length,
        questionEnd: questionEndOf(client),
        flags: replyFlags(client.flags, client.doBit),
        dependsOn: REPLY_FLAG.do,
        secure: true,
        ttlOffsets: this.#denials.ttlOffsets,
        expiresAt: proven.denial.expiresAt,
        options: NO_OPTIONS,
      });
    }
    return client.hasEdns ? this.#appendOpt(out, length, client, NO_OPTIONS) : length;
  }

  /** Stores the whole body that stands in `out`, as it is before any truncation, in the reply cache. */
  #store(
    out: Uint8Array,
    reply: {
      readonly built: BuiltReply;
      readonly resolution: Answered;
      readonly options: Uint8Array;
      readonly client: PendingClient;
    },
  ): void {
    const { built, resolution, options, client } = reply;
    this.#replies.store({
      reply: out,
      replyLength: built.length,
      questionEnd: questionEndOf(client),
      flags: replyFlags(client.flags, client.doBit),
      dependsOn:
        (dependsOnDo(resolution) ? REPLY_FLAG.do : 0) | (dependsOnCd(resolution, client.question) ? REPLY_FLAG.cd : 0),
      secure: built.secure,
      bogus: resolution.verdict?.status === 'bogus',
      ttlOffsets: this.#options.originalTtl ? [] : this.#builderFor(out).ttlOffsets,
      expiresAt: resolution.expiresAt,
      options,
    });
  }

  #builderFor(out: Uint8Array): MessageBuilder {
    const known = this.#builders.get(out);
    if (known !== undefined) return known;
    const builder = new MessageBuilder(out);
    this.#builders.set(out, builder);
    return builder;
  }

  #appendOpt(out: Uint8Array, length: number, client: PendingClient, options: Uint8Array): number {
    const opt = this.#opt;
    opt.doBit = client.doBit;
    opt.upperRcode = 0;
    opt.nsid = client.wantsNsid ? this.#options.nsid : null;
    opt.keepaliveMs = keepaliveFor(client.wantsKeepalive, this.#options.keepaliveMs, client.channel);
    opt.cookie = client.cookie;
    opt.options = options;
    opt.optionsLength = options.length;
    opt.paddingBlock = paddingFor(client.wantsPadding, this.#options.paddingBlock, client.channel);
    return appendOpt(out, length, opt, client.maxOctets);
  }

  /** Writes a reply that is made here and not resolved (local data, class CHAOS) into `out`; returns its length. */
  composeLocal(reply: LocalAnswer, client: PendingClient, out: Uint8Array): number {
    const builder = this.#builderFor(out);
    const copied = client.flags & (FLAG.RD | FLAG.CD);
    const flags = (FLAG.QR | FLAG.RA | copied | reply.setFlags) & ~reply.clearFlags;
    builder.start({ id: client.id, flags, rcode: reply.rcode });
    builder.limit(client.maxOctets - optOctetsOf(client));
    builder.question(client.question);
    for (const { rrset, ttl } of reply.answer) builder.rrset('answer', rrset, ttl);
    for (const { rrset, ttl } of reply.authority) builder.rrset('authority', rrset, ttl);
    const additional = this.#options.minimalResponses ? [] : (reply.additional ?? []);
    for (const { rrset, ttl } of additional) builder.rrset('additional', rrset, ttl);
    if (builder.truncated) builder.setFlags(FLAG.TC);
    const length = builder.finish();
    if (this.#options.roundRobin) rotateAddresses(out, questionEndOf(client), client.id);
    if (!client.hasEdns) return length;
    const errors = reply.error !== null && this.#options.extendedErrors ? [edeOption(reply.error)] : [];
    return this.#appendOpt(out, length, client, optRdata(errors));
  }

  /**
   * Writes a reply without records: the query's id, opcode, RD, CD, cookie and question come back (where they could be
   * read), nothing else does, so the reply is hardly longer than the query. Returns its length.
   */
  composeError(query: ClientQuery, reply: ErrorReply): number {
    const { questionEnd, out } = query;
    out.set(query.bytes.subarray(0, questionEnd));
    const copied = query.flags & (OPCODE_BITS | FLAG.RD | FLAG.CD);
    const flags = (FLAG.QR | FLAG.RA | copied | reply.setFlags) & ~reply.clearFlags;
    writeU16(out, 2, flags | (reply.rcode & 15));
    writeU16(out, 4, query.hasQuestion ? 1 : 0);
    out.fill(0, 6, HEADER_OCTETS);
    if (!query.hasEdns) return questionEnd;
    const error = this.#options.extendedErrors ? reply.error : null;
    const opt = this.#opt;
    opt.doBit = query.doBit;
    opt.upperRcode = reply.rcode >>> 4;
    opt.nsid = null;
    opt.keepaliveMs = null;
    opt.cookie = query.cookie;
    opt.options = error === null ? NO_OPTIONS : optRdata([edeOption(error)]);
    opt.optionsLength = opt.options.length;
    opt.paddingBlock = paddingFor(query.wantsPadding, this.#options.paddingBlock, query.channel);
    return appendOpt(out, questionEnd, opt, query.channel.transport === 'tcp' ? query.maxOctets : query.udpSize);
  }
}

function questionEndOf({ question }: PendingClient): number {
  return HEADER_OCTETS + question.name.length + 4;
}

/** Octets that a reply must leave free for its OPT: a cookie is never left out for records. */
function optOctetsOf({ hasEdns, cookie }: PendingClient): number {
  if (!hasEdns) return 0;
  return LEAST_OPT_OCTETS + (cookie === null ? 0 : 4 + cookie.length);
}
