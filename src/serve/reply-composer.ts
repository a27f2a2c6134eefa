/**
 * Composes whole replies outside the reply cache: body, OPT, extended error, size; and keeps them in the reply cache.
 *
 * Duties: what a client's query asks of the form of its reply (`Waiter`) is met here. One buffer for all: a reply composed
 * is good until the next one.
 * Leaves to others: sections (build-reply.ts), who is answered when (serve-query.ts).
 */

import { REPLY_FLAG, type ReplyCache } from '../cache/reply-cache.ts';
import type { MadeReply } from '../policy/local-reply.ts';
import type { Resolution } from '../terms/resolution.ts';
import { readU16, writeU16 } from '../wire/bytes.ts';
import { type ExtendedError, edeOption } from '../wire/ede.ts';
import { optRdata } from '../wire/edns.ts';
import { MAX_MESSAGE_OCTETS, MessageBuilder } from '../wire/message-builder.ts';
import { HEADER_OCTETS } from '../wire/message-view.ts';
import { FLAG } from '../wire/rcode.ts';
import { type BuiltReply, buildReply, type ReplyShape } from './build-reply.ts';
import { extendedErrorsOf } from './explain.ts';
import type { QueryReader } from './query-reader.ts';
import { appendOpt, keepaliveFor, LEAST_OPT_OCTETS, type ReplyOpt } from './reply-opt.ts';
import { rotateAddresses } from './rotate.ts';
import type { ServeOptions } from './serve-options.ts';
import type { Waiter } from './waiting.ts';

/** How a query is turned away. */
interface Refusal {
  readonly rcode: number;
  readonly error: ExtendedError | null;
  /** Flags besides those that every reply has. */
  readonly flags: number;
  /** The cookie that goes back. */
  readonly cookie?: Uint8Array | null;
}

/** How a reply is used, and what of its header policy changes. */
export interface ReplyForm {
  /** It goes into the reply cache: it is the same for all clients. */
  readonly isKept: boolean;
  /** It was made of what the caches had, without asking. */
  readonly isCached: boolean;
  readonly setFlags: number;
  readonly clearFlags: number;
}

export const KEPT_REPLY: ReplyForm = { isKept: true, isCached: false, setFlags: 0, clearFlags: 0 };

const NO_OPTIONS = new Uint8Array();
const OPCODE_BITS = 0x7800;

/** Composes replies for one house. */
export class ReplyComposer {
  /** The reply composed last stands here. */
  readonly buffer = new Uint8Array(MAX_MESSAGE_OCTETS);
  readonly #builder = new MessageBuilder(this.buffer);
  readonly #options: ServeOptions;
  readonly #replies: ReplyCache;
  readonly #opt: ReplyOpt;

  constructor(options: ServeOptions, replies: ReplyCache) {
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
    };
  }

  /** The reply to a resolved question as of `now`; returns its length in `buffer`. */
  compose(resolution: Resolution, waiter: Waiter, now: number, form: ReplyForm = KEPT_REPLY): number {
    const errors = this.#options.extendedErrors ? extendedErrorsOf(resolution, this.#options.tellsStale) : [];
    const optOctets = optOctetsOf(waiter);
    const settings = { ...this.#options, now };
    const shape: ReplyShape = { ...waiter, maxOctets: MAX_MESSAGE_OCTETS - optOctets };
    let built = buildReply(this.#builder, resolution, shape, settings);
    const own = built.error !== undefined && this.#options.extendedErrors ? [built.error] : [];
    const options = optRdata([...own, ...errors].map(edeOption));
    // Zones that are held here change at any moment, and answer as fast as the reply cache's misses do.
    if (form.isKept && resolution.kind === 'answered' && resolution.ofZone === undefined) {
      const bogus = resolution.verdict?.status === 'bogus';
      this.#keep({ built, bogus, options, waiter, expiresAt: resolution.expiresAt });
    }
    if (built.length + optOctets > waiter.maxOctets) {
      built = buildReply(this.#builder, resolution, { ...shape, maxOctets: waiter.maxOctets - optOctets }, settings);
    }
    if (!form.isKept) writeU16(this.buffer, 2, (readU16(this.buffer, 2) | form.setFlags) & ~form.clearFlags);
    return waiter.hasEdns ? this.#appendOpt(built.length, waiter, options) : built.length;
  }

  /** Keeps the whole body, as it is before any truncation. */
  #keep(reply: {
    readonly built: BuiltReply;
    readonly bogus: boolean;
    readonly options: Uint8Array;
    readonly waiter: Waiter;
    readonly expiresAt: number;
  }): void {
    const { built, bogus, options, waiter, expiresAt } = reply;
    this.#replies.store({
      reply: this.buffer,
      replyLength: built.length,
      questionEnd: questionEndOf(waiter),
      flags: replyFlags(waiter.flags, waiter.doBit),
      secure: built.secure,
      bogus,
      ttlOffsets: this.#options.originalTtl ? [] : this.#builder.ttlOffsets,
      expiresAt,
      options,
    });
  }

  #appendOpt(length: number, waiter: Waiter, options: Uint8Array): number {
    const opt = this.#opt;
    opt.doBit = waiter.doBit;
    opt.upperRcode = 0;
    opt.nsid = waiter.wantsNsid ? this.#options.nsid : null;
    opt.keepaliveMs = keepaliveFor(waiter.wantsKeepalive, this.#options.keepaliveMs, waiter.channel);
    opt.cookie = waiter.cookie;
    opt.options = options;
    opt.optionsLength = options.length;
    return appendOpt(this.buffer, length, opt, waiter.maxOctets);
  }

  /** A reply that is made here and not resolved: local data, class CHAOS. */
  composeLocal(reply: MadeReply, waiter: Waiter): number {
    const copied = waiter.flags & (FLAG.RD | FLAG.CD);
    const flags = (FLAG.QR | FLAG.RA | copied | reply.setFlags) & ~reply.clearFlags;
    this.#builder.start({ id: waiter.id, flags, rcode: reply.rcode });
    this.#builder.limit(waiter.maxOctets - optOctetsOf(waiter));
    this.#builder.question(waiter.question);
    for (const { rrset, ttl } of reply.answer) this.#builder.rrset('answer', rrset, ttl);
    for (const { rrset, ttl } of reply.authority) this.#builder.rrset('authority', rrset, ttl);
    const additional = this.#options.minimalResponses ? [] : (reply.additional ?? []);
    for (const { rrset, ttl } of additional) this.#builder.rrset('additional', rrset, ttl);
    if (this.#builder.truncated) this.#builder.setFlags(FLAG.TC);
    const length = this.#builder.finish();
    if (this.#options.roundRobin) rotateAddresses(this.buffer, questionEndOf(waiter), waiter.id);
    if (!waiter.hasEdns) return length;
    const errors = reply.error !== null && this.#options.extendedErrors ? [edeOption(reply.error)] : [];
    return this.#appendOpt(length, waiter, optRdata(errors));
  }

  /**
   * Turns a query away: its id, opcode, RD, CD and question come back (where they could be read), nothing else does, so
   * the reply is hardly longer than the query. Writes into `out`; returns the length.
   */
  refuse(query: Uint8Array, reader: QueryReader, refusal: Refusal, out: Uint8Array): number {
    const { questionEnd } = reader;
    out.set(query.subarray(0, questionEnd));
    const kept = reader.flags & (OPCODE_BITS | FLAG.RD | FLAG.CD);
    writeU16(out, 2, FLAG.QR | FLAG.RA | kept | refusal.flags | (refusal.rcode & 15));
    writeU16(out, 4, questionEnd > HEADER_OCTETS ? 1 : 0);
    out.fill(0, 6, HEADER_OCTETS);
    if (!reader.hasEdns) return questionEnd;
    const error = this.#options.extendedErrors ? refusal.error : null;
    const options = error === null ? NO_OPTIONS : optRdata([edeOption(error)]);
    const opt = { ...this.#opt, doBit: reader.doBit, upperRcode: refusal.rcode >>> 4, nsid: null, keepaliveMs: null };
    const cookie = refusal.cookie ?? null;
    return appendOpt(out, questionEnd, { ...opt, cookie, options, optionsLength: options.length }, reader.udpSize);
  }
}

function questionEndOf({ question }: Waiter): number {
  return HEADER_OCTETS + question.name.length + 4;
}

/** Octets that a reply must leave free for its OPT: a cookie is never left out for records. */
function optOctetsOf({ hasEdns, cookie }: Waiter): number {
  if (!hasEdns) return 0;
  return LEAST_OPT_OCTETS + (cookie === null ? 0 : 4 + cookie.length);
}

/** The reply cache's flags for a query's flags field and DO bit. @hot bench/serve-cached.ts */
export function replyFlags(flags: number, doBit: boolean): number {
  return (
    (doBit ? REPLY_FLAG.do : 0) |
    ((flags & FLAG.CD) !== 0 ? REPLY_FLAG.cd : 0) |
    ((flags & FLAG.RD) !== 0 ? REPLY_FLAG.rd : 0) |
    (doBit || (flags & FLAG.AD) !== 0 ? REPLY_FLAG.ad : 0)
  );
}
