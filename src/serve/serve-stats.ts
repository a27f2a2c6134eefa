/**
 * What serving counts, as plain numbers and typed slots: the fast path adds one without a look-up by text. Control turns
 * them into Unbound's names.
 *
 * A query's traits are counted by their combination, one slot each, and summed only when somebody asks: one addition for
 * its flags and one for its form.
 */

import type { ReplySecurity } from '../cache/reply-cache.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { CookieState } from './cookies.ts';
import type { ReplyChannel } from './reply-channel.ts';

/** Types, classes counted one by one; above that together. */
const SMALL_NUMBERS = 256;
/** Rcodes counted one by one; above that in the last place. */
const RCODES = 24;
/** The header's flags besides QR: AA, TC, RD, RA, Z, AD, CD. */
const FLAG_SHIFT = 4;
const FLAG_COMBINATIONS = 128;
const FORM_COMBINATIONS = 128;
/** Spans of the histogram of waits, as many as Unbound shows; `spanEnd` says where each ends. */
export const HISTOGRAM_SPANS = 40;
/** Spans within the first second; from there on their ends double anew, as Unbound has it. */
const SPANS_BELOW_SECOND = 20;
const SECOND = 1_000_000;

/** Bits of a query's form. */
export const FORM = { tcp: 1, ipv6: 2, edns: 4, dnssecOk: 8, tls: 16, https: 32, resumed: 64 } as const;

/**
 * What replies to TLSA questions said (RFC 7672 §2.1): proven records; no proof; proven that there are none; bogus. Failures
 * that say nothing of the name are not counted here.
 */
export type TlsaOutcome = 'secure' | 'insecure' | 'absent' | 'bogus';

interface CountedQuery {
  readonly type: number;
  readonly class: number;
  readonly opcode: number;
  /** The header's flags field. */
  readonly flags: number;
  readonly hasEdns: boolean;
  readonly doBit: boolean;
}

type CountedChannel = Pick<ReplyChannel, 'transport' | 'layer' | 'isResumed'>;

/** What serving has counted. Every field is a counter, an array of counters or a record of counters, so that `reset` needs no list. */
export class ServeStats {
  queries = 0;
  /** Dropped or refused by access control. */
  unwanted = 0;
  /** Dropped or refused as malformed or not implemented. */
  malformed = 0;
  /** Answered at once, from the reply cache or the caches below it. */
  cacheHits = 0;
  /** Handed to the resolver. */
  cacheMisses = 0;
  /** Not answered because of wait-limit or the bound on waiting clients. */
  overLimit = 0;
  /** Not answered because it took longer than discard-timeout. */
  discarded = 0;
  /** Dropped because their address asks too often (ip-ratelimit). */
  overRate = 0;
  /** TLS handshakes of clients: done; ended without agreement; not begun, because the client has too many. */
  handshakes = 0;
  failedHandshakes = 0;
  refusedHandshakes = 0;
  /** HTTP requests that were refused: no questions, or more than there is memory for. */
  refusedRequests = 0;
  /** HTTP connections that were closed because their client broke the rules of HTTP/2, or flooded. */
  faultySessions = 0;
  /** Dropped, where a proxy says first who the client is: said by somebody who may not; not said, or not in order. */
  foreignProxies = 0;
  malformedProxyHeaders = 0;
  /** Queries with a cookie, by what it was worth: valid; the client's part alone; not ours. */
  cookiesValid = 0;
  cookiesClient = 0;
  cookiesInvalid = 0;
  secureAnswers = 0;
  bogusAnswers = 0;
  /** NOERROR without an answer record. */
  nodata = 0;
  /** Sum of the waits of answered clients, milliseconds, and how many they were. */
  recursionMs = 0;
  recursions = 0;
  /** Questions in progress as each miss found them: sum and largest. */
  requestListSum = 0;
  requestListMax = 0;
  /** Exceptions caught at the border of a query: each is a bug. */
  bugs = 0;
  otherTypes = 0;
  otherClasses = 0;
  readonly byRcode: Float64Array;
  readonly byType: Float64Array;
  readonly byClass: Float64Array;
  readonly byOpcode: Float64Array;
  /** Waits of answered clients by their span (`spanEnd`). */
  readonly histogram: Float64Array;
  readonly tlsa: Record<TlsaOutcome, number> = { secure: 0, insecure: 0, absent: 0, bogus: 0 };
  /** By combination of the header's flags, and of FORM; see `withFlag` and `withForm`. */
  readonly byFlags: Float64Array;
  readonly byForm: Float64Array;

  /** `newCounters` gives memory for so many counters, all 0; absent: the heap's. */
  constructor(newCounters = (count: number): Float64Array => new Float64Array(count)) {
    this.byRcode = newCounters(RCODES);
    this.byType = newCounters(SMALL_NUMBERS);
    this.byClass = newCounters(SMALL_NUMBERS);
    this.byOpcode = newCounters(16);
    this.histogram = newCounters(HISTOGRAM_SPANS);
    this.byFlags = newCounters(FLAG_COMBINATIONS);
    this.byForm = newCounters(FORM_COMBINATIONS);
  }

  /** Counts a query that is let in. @hot bench/serve-hot-query.ts */
  countQuery(query: CountedQuery, channel: CountedChannel, isIp6: boolean): void {
    this.queries++;
    const flags = (query.flags >>> FLAG_SHIFT) & (FLAG_COMBINATIONS - 1);
    this.byFlags[flags] = (this.byFlags[flags] as number) + 1;
    const form =
      (channel.transport === 'tcp' ? FORM.tcp : 0) |
      (channel.layer === undefined ? 0 : formOfLayer(channel)) |
      (isIp6 ? FORM.ipv6 : 0) |
      (query.hasEdns ? FORM.edns : 0) |
      (query.doBit ? FORM.dnssecOk : 0);
    this.byForm[form] = (this.byForm[form] as number) + 1;
    this.byOpcode[query.opcode] = (this.byOpcode[query.opcode] as number) + 1;
    if (query.type < SMALL_NUMBERS) this.byType[query.type] = (this.byType[query.type] as number) + 1;
    else this.otherTypes++;
    if (query.class < SMALL_NUMBERS) this.byClass[query.class] = (this.byClass[query.class] as number) + 1;
    else this.otherClasses++;
  }

  /** Counts a reply by its header, and what DNSSEC said of it. @hot bench/serve-hot-query.ts */
  countReply(reply: Uint8Array, type: number, security: ReplySecurity): void {
    const rcode = (reply[3] as number) & 15;
    const isEmpty = reply[6] === 0 && reply[7] === 0;
    this.countRcode(rcode);
    if (isEmpty && rcode === RCODE.NOERROR) this.nodata++;
    if (security === 'secure') this.secureAnswers++;
    else if (security === 'bogus') this.bogusAnswers++;
    if (type === TYPE.TLSA) this.#countTlsa(rcode, isEmpty, security);
  }

  #countTlsa(rcode: number, isEmpty: boolean, security: ReplySecurity): void {
    if (security === 'bogus') this.tlsa.bogus++;
    else if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return;
    else if (security !== 'secure') this.tlsa.insecure++;
    else if (isEmpty) this.tlsa.absent++;
    else this.tlsa.secure++;
  }

  countCookie(state: CookieState): void {
    if (state === 'valid') this.cookiesValid++;
    else if (state === 'client') this.cookiesClient++;
    else if (state === 'invalid') this.cookiesInvalid++;
  }

  /** Counts a reply without records: the whole rcode, of which the header has four bits (RFC 6891 §6.1.3). */
  countErrorReply(rcode: number): void {
    this.countRcode(rcode);
    if (rcode === RCODE.NOERROR) this.nodata++;
  }

  /** Counts a reply's rcode. @hot bench/serve-hot-query.ts */
  countRcode(rcode: number): void {
    const slot = rcode < RCODES ? rcode : RCODES - 1;
    this.byRcode[slot] = (this.byRcode[slot] as number) + 1;
  }

  /** Counts a question that the resolver gets, with those in progress before it. */
  countMiss(inProgress: number): void {
    this.cacheMisses++;
    this.requestListSum += inProgress;
    if (inProgress > this.requestListMax) this.requestListMax = inProgress;
  }

  /** Counts the end of a client's wait. */
  countRecursion(ms: number): void {
    this.recursions++;
    this.recursionMs += ms;
    const span = histogramSpan(ms * 1000);
    this.histogram[span] = (this.histogram[span] as number) + 1;
  }

  /** Queries that had this bit of the header's flags field. */
  withFlag(flag: number): number {
    return sumWhere(this.byFlags, (flag >>> FLAG_SHIFT) & (FLAG_COMBINATIONS - 1));
  }

  /** Queries of this form, whatever else they were. */
  withForm(form: number): number {
    return sumWhere(this.byForm, form);
  }

  get queriesTcp(): number {
    return this.withForm(FORM.tcp);
  }

  get queriesDo(): number {
    return this.withForm(FORM.dnssecOk);
  }

  get queriesEdns(): number {
    return this.withForm(FORM.edns);
  }

  /** Adds what another has counted; the largest of both where a largest is kept. */
  add(other: ServeStats): void {
    const largest = Math.max(this.requestListMax, other.requestListMax);
    addTo(this, other);
    this.requestListMax = largest;
  }

  /** Everything back to 0: all fields are counters, or hold nothing else. */
  reset(): void {
    setToZero(this);
  }
}

/** As Unbound counts them: HTTPS is TLS too. */
function formOfLayer({ layer, isResumed }: CountedChannel): number {
  const tls = layer === 'http' ? 0 : FORM.tls | (isResumed === true ? FORM.resumed : 0);
  return tls | (layer === 'tls' ? 0 : FORM.https);
}

function setToZero(counters: object): void {
  for (const [name, value] of Object.entries(counters)) {
    if (typeof value === 'number') Reflect.set(counters, name, 0);
    else if (value instanceof Float64Array) value.fill(0);
    else setToZero(value);
  }
}

/** Adds the counters of `from`, which is of the same shape. */
function addTo(counters: object, from: object): void {
  for (const [name, value] of Object.entries(counters)) {
    const other: unknown = Reflect.get(from, name);
    if (typeof value === 'number') Reflect.set(counters, name, value + (other as number));
    else if (value instanceof Float64Array)
      for (let i = 0; i < value.length; i++) value[i] = (value[i] ?? 0) + ((other as Float64Array)[i] ?? 0);
    else addTo(value, other as object);
  }
}

/** The Z bit, which must be zero (RFC 1035 §4.1.1). */
const FLAG_Z = 0x0040;
/** The header's flags with their names, in order of the bits. */
export const COUNTED_FLAGS = [
  ['QR', FLAG.QR],
  ['AA', FLAG.AA],
  ['TC', FLAG.TC],
  ['RD', FLAG.RD],
  ['RA', FLAG.RA],
  ['Z', FLAG_Z],
  ['AD', FLAG.AD],
  ['CD', FLAG.CD],
] as const;

/** The longest time of a span, microseconds: 1, 2, 4 ... 524288, then 1 s, 2 s, 4 s ... */
export function spanEnd(span: number): number {
  return span < SPANS_BELOW_SECOND ? 2 ** span : 2 ** (span - SPANS_BELOW_SECOND) * SECOND;
}

/** Which span a time falls into. */
function histogramSpan(microseconds: number): number {
  let span = 0;
  while (span < HISTOGRAM_SPANS - 1 && microseconds > spanEnd(span)) span++;
  return span;
}

/** Sum of the slots whose number has a bit of `mask`; 0 for an empty mask. */
function sumWhere(slots: Float64Array, mask: number): number {
  let sum = 0;
  for (let i = 0; i < slots.length; i++) if ((i & mask) !== 0) sum += slots[i] as number;
  return sum;
}
