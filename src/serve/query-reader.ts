/**
 * Reads a client's query in place: header, question, OPT. No object is made for it; the fields of one reader are filled
 * anew for each query.
 *
 * Duties: everything that makes a query unfit before its meaning matters: short, a response, opcode, counts, question,
 * OPT (RFC 1035 §4.1, RFC 6891 §6.1.1). What is dropped, FORMERR and NOTIMP follows Unbound 1.17.1, tried octet for octet.
 * Leaves to others: who may ask (access-control.ts), what is asked (serve-query.ts).
 */

import { unreachable } from '../terms/unreachable.ts';
import { readU8, readU16, readU32 } from '../wire/bytes.ts';
import { EDNS_FLAG_DO, EDNS_OPTION, OPT_FIXED_OCTETS } from '../wire/edns.ts';
import { HEADER_OCTETS } from '../wire/message-view.ts';
import { nameEnd } from '../wire/name.ts';
import { FLAG, OPCODE, RCODE } from '../wire/rcode.ts';
import { isMetaType, TYPE } from '../wire/rr-type.ts';

/** Datagram size that every client takes (RFC 1035 §4.2.1), and the least that EDNS may announce (RFC 6891 §6.2.3). */
export const CLASSIC_UDP_OCTETS = 512;

/** What reading ends as: a query to answer, or how to turn it away. */
export type ReadOutcome =
  | 'ok'
  /** Not answered at all. */
  | 'discard'
  | 'format-error'
  | 'not-implemented'
  /** Zone transfers and NOTIFY. */
  | 'refused'
  /** EDNS version other than 0. */
  | 'bad-version';

/** The reader and what it read last. */
export class QueryReader {
  readonly #leastUdpSize: number;
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
  /** Where the first COOKIE option's octets stand (RFC 7873 §5.2: later ones are ignored); 0: there is none. */
  cookieAt = 0;
  cookieLength = 0;

  /** `hardensShortSize`: a size below 512 is taken as 512. */
  constructor(hardensShortSize = true) {
    this.#leastUdpSize = hardensShortSize ? CLASSIC_UDP_OCTETS : 0;
  }

  /** Reads `bytes`. A `discard` leaves the fields undefined. @hot bench/serve-cached.ts */
  read(bytes: Uint8Array): ReadOutcome {
    if (bytes.length < HEADER_OCTETS) return 'discard';
    this.#forget();
    this.id = readU16(bytes, 0);
    this.flags = readU16(bytes, 2);
    // A response is never answered: two servers would answer each other for ever (RFC 1035 §4.1.1; a loop as in CVE-1999-0103).
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

  #forget(): void {
    this.questionEnd = HEADER_OCTETS;
    this.hasEdns = false;
    this.doBit = false;
    this.udpSize = CLASSIC_UDP_OCTETS;
    this.wantsNsid = false;
    this.wantsKeepalive = false;
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

  #readAdditional(bytes: Uint8Array, records: number): ReadOutcome {
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
      else if (code === EDNS_OPTION.COOKIE && this.cookieAt === 0 && at + 4 + readU16(bytes, at + 2) <= end) {
        this.cookieAt = at + 4;
        this.cookieLength = readU16(bytes, at + 2);
      }
    }
  }
}

/** How a query is turned away. */
export function rcodeFor(fitness: Exclude<ReadOutcome, 'ok' | 'discard'>): number {
  switch (fitness) {
    case 'format-error':
      return RCODE.FORMERR;
    case 'not-implemented':
      return RCODE.NOTIMP;
    case 'refused':
      return RCODE.REFUSED;
    case 'bad-version':
      return RCODE.BADVERS;
    default:
      return unreachable(fitness);
  }
}
