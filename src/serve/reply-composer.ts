/**
 * Composes whole replies outside the reply cache: body, OPT, extended error, size; and keeps them in the reply cache.
 *
 * Duties: what a client's query asks of the form of its reply (`Waiter`) is met here. One buffer for all: a reply composed
 * is good until the next one.
 * Leaves to others: sections (build-reply.ts), who is answered when (serve-query.ts).
 */

import { REPLY_FLAG, type ReplyCache } from '../cache/reply-cache.ts';
import type { Resolution } from '../terms/resolution.ts';
import { writeU16 } from '../wire/bytes.ts';
import { type ExtendedError, edeOption } from '../wire/ede.ts';
import { optRdata } from '../wire/edns.ts';
import { MAX_MESSAGE_OCTETS, MessageBuilder } from '../wire/message-builder.ts';
import { HEADER_OCTETS } from '../wire/message-view.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import type { RRset } from '../wire/rrset.ts';
import { type BuiltReply, buildReply, type ReplyShape } from './build-reply.ts';
import { extendedErrorsOf } from './explain.ts';
import type { QueryReader } from './query-reader.ts';
import { appendOpt, LEAST_OPT_OCTETS, type ReplyOpt } from './reply-opt.ts';
import type { ServeOptions } from './serve-options.ts';
import type { Waiter } from './waiting.ts';

/** How a query is turned away. */
export interface Refusal {
  readonly rcode: number;
  readonly error: ExtendedError | null;
  /** Flags besides those that every reply has. */
  readonly flags: number;
}

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
      options: NO_OPTIONS,
      optionsLength: 0,
    };
  }

  /** The reply to a resolved question as of `now`; returns its length in `buffer`. */
  compose(resolution: Resolution, waiter: Waiter, now: number): number {
    const errors = this.#options.extendedErrors ? extendedErrorsOf(resolution) : [];
    const optOctets = waiter.hasEdns ? LEAST_OPT_OCTETS : 0;
    const settings = { ...this.#options, now };
    const shape: ReplyShape = { ...waiter, maxOctets: MAX_MESSAGE_OCTETS - optOctets };
    let built = buildReply(this.#builder, resolution, shape, settings);
    const options = optRdata(errors.map(edeOption));
    if (resolution.kind === 'answered') this.#keep({ built, options, waiter, expiresAt: resolution.expiresAt });
    if (built.length + optOctets > waiter.maxOctets) {
      built = buildReply(this.#builder, resolution, { ...shape, maxOctets: waiter.maxOctets - optOctets }, settings);
    }
    return waiter.hasEdns ? this.#appendOpt(built.length, waiter, options) : built.length;
  }

  /** Keeps the whole body, as it is before any truncation. */
  #keep(reply: {
    readonly built: BuiltReply;
    readonly options: Uint8Array;
    readonly waiter: Waiter;
    readonly expiresAt: number;
  }): void {
    const { built, options, waiter, expiresAt } = reply;
    this.#replies.store({
      reply: this.buffer,
      replyLength: built.length,
      questionEnd: HEADER_OCTETS + waiter.question.name.length + 4,
      flags: replyFlags(waiter.flags, waiter.doBit),
      secure: built.secure,
      ttlOffsets: this.#builder.ttlOffsets,
      expiresAt,
      options,
    });
  }

  #appendOpt(length: number, waiter: Waiter, options: Uint8Array): number {
    const opt = this.#opt;
    opt.doBit = waiter.doBit;
    opt.upperRcode = 0;
    opt.nsid = waiter.wantsNsid ? this.#options.nsid : null;
    opt.keepaliveMs = waiter.wantsKeepalive && waiter.channel.transport === 'tcp' ? this.#options.keepaliveMs : null;
    opt.options = options;
    opt.optionsLength = options.length;
    return appendOpt(this.buffer, length, opt, waiter.maxOctets);
  }

  /** A positive reply of one RRset with TTL 0 that comes from configuration (class CHAOS). */
  composeLocal(rrset: RRset, waiter: Waiter): number {
    const flags = FLAG.QR | FLAG.RA | (waiter.flags & (FLAG.RD | FLAG.CD));
    this.#builder.start({ id: waiter.id, flags, rcode: RCODE.NOERROR });
    this.#builder.limit(waiter.maxOctets - (waiter.hasEdns ? LEAST_OPT_OCTETS : 0));
    this.#builder.question(waiter.question);
    this.#builder.rrset('answer', rrset, 0);
    if (this.#builder.truncated) this.#builder.setFlags(FLAG.TC);
    const length = this.#builder.finish();
    return waiter.hasEdns ? this.#appendOpt(length, waiter, NO_OPTIONS) : length;
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
    return appendOpt(out, questionEnd, { ...opt, options, optionsLength: options.length }, reader.udpSize);
  }
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
