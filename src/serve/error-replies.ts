/** Replies that are a response code and the question: what each says, with the extended error (RFC 8914) that tells why. */

import { EDE, type ExtendedError } from '../wire/ede.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';

/** A reply without records. */
export interface ErrorReply {
  /** With the upper bits that stand in the OPT (RFC 6891 §6.1.3). */
  readonly rcode: number;
  readonly error: ExtendedError | null;
  /** Flags besides those that every reply has. */
  readonly setFlags: number;
  readonly clearFlags: number;
}

/** NXNAME (RFC 9824 §3.2): exists only in type bitmaps of denials. */
export const NXNAME = 128;

export function rcodeReply(rcode: number, error: ExtendedError | null = null): ErrorReply {
  return { rcode, error, setFlags: 0, clearFlags: 0 };
}

/** RFC 1035 §4.1.1: RA says that recursion is available; here it is not. */
function withoutRecursion(rcode: number, error: ExtendedError | null = null): ErrorReply {
  return { rcode, error, setFlags: 0, clearFlags: FLAG.RA };
}

export const SERVER_FAILURE = rcodeReply(RCODE.SERVFAIL);
/** What we do not serve: other classes than IN and CH, zone transfers. */
export const REFUSED = rcodeReply(RCODE.REFUSED);
/** Nothing, and nothing is wrong (deny-any). */
export const EMPTY = rcodeReply(RCODE.NOERROR);
/** The client may not ask. */
export const NOT_ALLOWED = withoutRecursion(RCODE.REFUSED, { code: EDE.PROHIBITED, text: '' });
/** RFC 8914 §4.21: RD=0 asks a server that is no authority for the name. */
export const NO_SNOOPING = rcodeReply(RCODE.REFUSED, {
  code: EDE.NOT_AUTHORITATIVE,
  text: 'RD=0 asks for cached data: see access-control',
});
/** RD=0 of a client that may look into the cache. */
export const NOT_CACHED = rcodeReply(RCODE.REFUSED, { code: EDE.NOT_READY, text: 'not in the cache' });
/** The local copy of a zone cannot be used. */
export const UNUSABLE_COPY: ErrorReply = {
  rcode: RCODE.SERVFAIL,
  error: { code: EDE.INVALID_DATA, text: 'the copy of the zone is missing, expired or wrong' },
  setFlags: FLAG.AA,
  clearFlags: 0,
};
/** RFC 7873 §5.2.3: a client without a cookie shows over TCP that its address is its own. */
export const TO_TCP: ErrorReply = { rcode: RCODE.REFUSED, error: null, setFlags: FLAG.TC, clearFlags: 0 };
/** RFC 7873 §5.2.3: the client is given a cookie of ours to come back with. */
export const BAD_COOKIE = rcodeReply(RCODE.BADCOOKIE);
/** Malformed, or not served: the header comes back without RA, as Unbound does it. */
export const FORMAT_ERROR = withoutRecursion(RCODE.FORMERR);
export const NOT_IMPLEMENTED = withoutRecursion(RCODE.NOTIMP);
export const NO_TRANSFER = withoutRecursion(RCODE.REFUSED);
/** RFC 6891 §6.1.3: an EDNS version other than 0. */
export const BAD_VERSION = rcodeReply(RCODE.BADVERS);
/** A type that cannot be asked for. */
export const INVALID_TYPE = rcodeReply(RCODE.FORMERR, { code: EDE.INVALID_QUERY_TYPE, text: '' });
