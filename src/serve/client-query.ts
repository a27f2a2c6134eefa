/**
 * One client query: what it says, who sent it, what it is allowed, and where its reply goes. One object is filled anew for
 * each query, so that reading one makes no object.
 *
 * Duties: everything that makes a query malformed before its meaning matters: short, a response, opcode, counts, question,
 * OPT (RFC 1035 §4.1, RFC 6891 §6.1.1). What is dropped, FORMERR and NOTIMP follows Unbound 1.17.1, tried octet for octet.
 * Leaves to others: who may ask (admission.ts), what is answered (sources.ts).
 */

import type { PolicyClient } from '../policy/local-reply.ts';
import type { Address } from '../ports/network.ts';
import { readU8, readU16, readU32 } from '../wire/bytes.ts';
import { EDNS_FLAG_DO, EDNS_OPTION, OPT_FIXED_OCTETS } from '../wire/edns.ts';
import { MAX_MESSAGE_OCTETS } from '../wire/message-builder.ts';
import { HEADER_OCTETS } from '../wire/message-view.ts';
import { type Name, nameEnd } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { FLAG, OPCODE } from '../wire/rcode.ts';
import { isMetaType, TYPE } from '../wire/rr-type.ts';
import type { AccessAction } from './access-control.ts';
import type { CookieState } from './cookies.ts';
import type { ReplyChannel } from './reply-channel.ts';

/** Datagram size that every client takes (RFC 1035 §4.2.1), and the least that EDNS may announce (RFC 6891 §6.2.3). */
export const CLASSIC_UDP_OCTETS = 512;

/** What reading ends as: a query to answer, or what is wrong with it. */
export type ParseResult =
  | 'ok'
  /** Not answered at all. */
  | 'discard'
  | 'format-error'
  | 'not-implemented'
  /** Zone transfers and NOTIFY. */
  | 'refused'
  /** EDNS version other than 0. */
  | 'bad-version';

/** What outlives a query's bytes: a client whose answer is being made or waited for. */
export interface PendingClient {
  readonly id: number;
  readonly flags: number;
  /** In the case that the client used. */
  readonly question: Question;
  readonly hasEdns: boolean;
  readonly doBit: boolean;
  /** Largest reply that the client takes, octets. */
  readonly maxOctets: number;
  readonly wantsNsid: boolean;
  readonly wantsKeepalive: boolean;
  readonly wantsPadding: boolean;
  /** What goes back to a client that sent a cookie; null: it sent none. */
  readonly cookie: Uint8Array | null;
  /** Its cookie has shown that the client's address is its own. */
  readonly isProven: boolean;
  readonly from: Address;
  readonly channel: ReplyChannel;
  /** Monotonic milliseconds. */
  readonly since: number;
}

/** The settings that reading depends on. */
interface ClientQueryOptions {
  /** A size below 512 is taken as 512. */
  readonly hardensShortSize: boolean;
  /** Largest reply over UDP, octets. */
  readonly maxUdpOctets: number;
}

const NO_BYTES = new Uint8Array();
/** Before the first query. */
const NOWHERE: Address = { ip: '', port: 0 };
const NO_CHANNEL: ReplyChannel = { transport: 'udp', deliver: () => {} };

export class ClientQuery {
  readonly #leastUdpSize: number;
  readonly #maxUdpOctets: number;
  bytes: Uint8Array = NO_BYTES;
  from: Address = NOWHERE;
  channel: ReplyChannel = NO_CHANNEL;
  /** Where its reply goes, from offset 0. */
  out: Uint8Array = NO_BYTES;
  /** What access control lets the client do. */
  action: AccessAction = 'deny';
  /** What its cookie is worth, and what goes back for it: bytes of the checker, overwritten by the next query. */
  cookieState: CookieState = 'none';
  cookie: Uint8Array | null = null;
  id = 0;
  /** The flags field as received. */
  flags = 0;
  /** Offset after the question; HEADER_OCTETS when there is no readable one. */
  questionEnd = HEADER_OCTETS;
  opcode = 0;
  type = 0;
  class = 0;
  hasEdns = false;
  doBit = false;
  /** Datagram size that the client takes; at least what it takes for question and OPT to come back. */
  udpSize = CLASSIC_UDP_OCTETS;
  wantsNsid = false;
  wantsKeepalive = false;
  wantsPadding = false;
  /** Where the first COOKIE option's octets stand (RFC 7873 §5.2: later ones are ignored); 0: there is none. */
  cookieAt = 0;
  cookieLength = 0;

  constructor({ hardensShortSize, maxUdpOctets }: ClientQueryOptions) {
    this.#leastUdpSize = hardensShortSize ? CLASSIC_UDP_OCTETS : 0;
    this.#maxUdpOctets = maxUdpOctets;
  }

  /** Takes the next query. After a `discard` what its message says is undefined. @hot bench/serve-hot-query.ts */
  read(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): ParseResult {
    this.bytes = bytes;
    this.from = from;
    this.channel = channel;
    this.out = out;
    this.#forget();
    if (bytes.length < HEADER_OCTETS) return 'discard';
    this.id = readU16(bytes, 0);
    this.flags = readU16(bytes, 2);
    // A response is never answered: two servers would answer each other for ever (RFC 1035 §4.1.1).
    if ((this.flags & FLAG.QR) !== 0) return 'discard';
    const opcode = (this.flags >>> 11) & 15;
    this.opcode = opcode;
    const questions = readU16(bytes, 4);
    if (questions === 1) this.#readQuestion(bytes);
    if ((this.flags & FLAG.TC) !== 0) return 'format-error';
    if (opcode !== OPCODE.QUERY && opcode !== OPCODE.NOTIFY) return 'not-implemented';
    // RFC 9619: a QUERY has exactly one question. Nothing but an OPT may follow it.
    if (questions !== 1 || this.questionEnd === HEADER_OCTETS) return 'format-error';
    if (opcode === OPCODE.NOTIFY) return 'refused';
    if (readU16(bytes, 6) !== 0 || readU16(bytes, 8) !== 0) {
      // Unbound 1.26 answers a query with records in it by the bare header.
      this.questionEnd = HEADER_OCTETS;
      return 'format-error';
    }
    if (this.type === TYPE.AXFR || this.type === TYPE.IXFR) return 'refused';
    if (this.type !== TYPE.ANY && isMetaType(this.type)) return 'format-error';
    return this.#readAdditional(bytes, readU16(bytes, 10));
  }

  /** True when there is a question that could be read. @hot bench/serve-hot-query.ts */
  get hasQuestion(): boolean {
    return this.questionEnd > HEADER_OCTETS;
  }

  /** A look into the cache that access control allows: nothing is resolved for it. */
  get wantsCachedOnly(): boolean {
    return (this.flags & FLAG.RD) === 0 && this.action === 'allow_snoop';
  }

  /** Largest reply: over UDP what the client takes, but not more than is configured (RFC 6891 §6.2.5). @hot bench/serve-hot-query.ts */
  get maxOctets(): number {
    return this.channel.transport === 'tcp' ? MAX_MESSAGE_OCTETS : Math.min(this.udpSize, this.#maxUdpOctets);
  }

  /** The question, copied out of the message; without one that can be read, an empty name. */
  question(): Question {
    const name = this.bytes.slice(HEADER_OCTETS, Math.max(HEADER_OCTETS, this.questionEnd - 4)) as Name;
    return { name, type: this.type, class: this.class };
  }

  /** The client as policy sees it. */
  policyClient(): PolicyClient {
    return policyClientOf(this.from, this.channel);
  }

  /** Copies of what must outlive the query; `since`: monotonic milliseconds. */
  pending(since: number): PendingClient {
    return {
      id: this.id,
      flags: this.flags,
      question: this.question(),
      hasEdns: this.hasEdns,
      doBit: this.doBit,
      maxOctets: this.maxOctets,
      wantsNsid: this.wantsNsid,
      wantsKeepalive: this.wantsKeepalive,
      wantsPadding: this.wantsPadding,
      cookie: this.cookie?.slice() ?? null,
      isProven: this.cookieState === 'valid',
      from: this.from,
      channel: this.channel,
      since,
    };
  }

  #forget(): void {
    this.action = 'deny';
    this.cookieState = 'none';
    this.cookie = null;
    this.questionEnd = HEADER_OCTETS;
    this.type = 0;
    this.class = 0;
    this.hasEdns = false;
    this.doBit = false;
    this.udpSize = CLASSIC_UDP_OCTETS;
    this.wantsNsid = false;
    this.wantsKeepalive = false;
    this.wantsPadding = false;
    this.cookieAt = 0;
    this.cookieLength = 0;
  }

  /** A question's name is never compressed: there is nothing before it to point at. */
  #readQuestion(bytes: Uint8Array): void {
    const end = nameEnd(bytes, HEADER_OCTETS);
    if (end < 0 || end + 4 > bytes.length) return;
    this.type = readU16(bytes, end);
    this.class = readU16(bytes, end + 2);
    this.questionEnd = end + 4;
  }

  #readAdditional(bytes: Uint8Array, records: number): ParseResult {
    if (records === 0) return 'ok';
    // RFC 6891 §6.1.1: more than one OPT is FORMERR. TSIG and SIG(0) are not offered.
    if (records > 1) return 'format-error';
    const at = this.questionEnd;
    if (at + OPT_FIXED_OCTETS > bytes.length || readU8(bytes, at) !== 0) return 'format-error';
    if (readU16(bytes, at + 1) !== TYPE.OPT) return 'format-error';
    const ttl = readU32(bytes, at + 5);
    const end = at + OPT_FIXED_OCTETS + readU16(bytes, at + 9);
    if (end > bytes.length) return 'format-error';
    this.hasEdns = true;
    this.doBit = (ttl & EDNS_FLAG_DO) !== 0;
    // RFC 6891 §6.2.3: values lower than 512 are treated as 512.
    const least = Math.max(this.#leastUdpSize, this.questionEnd + OPT_FIXED_OCTETS);
    this.udpSize = Math.max(least, readU16(bytes, at + 3));
    this.#readOptions(bytes, at + OPT_FIXED_OCTETS, end);
    // RFC 6891 §6.1.3: BADVERS for a version that is not ours.
    return ((ttl >>> 16) & 0xff) === 0 ? 'ok' : 'bad-version';
  }

  /** Notes the options that we act on; a cut one ends the list, as in Unbound. */
  #readOptions(bytes: Uint8Array, from: number, end: number): void {
    for (let at = from; at + 4 <= end; at += 4 + readU16(bytes, at + 2)) {
      const code = readU16(bytes, at);
      if (code === EDNS_OPTION.NSID) this.wantsNsid = true;
      else if (code === EDNS_OPTION.TCP_KEEPALIVE) this.wantsKeepalive = true;
      else if (code === EDNS_OPTION.PADDING) this.wantsPadding = true;
      else if (code === EDNS_OPTION.COOKIE && this.cookieAt === 0 && at + 4 + readU16(bytes, at + 2) <= end) {
        this.cookieAt = at + 4;
        this.cookieLength = readU16(bytes, at + 2);
      }
    }
  }
}

/** A client as policy sees it. */
export function policyClientOf({ ip, port }: Address, { transport, local }: ReplyChannel): PolicyClient {
  return { ip, port, transport, local: local ?? null };
}
