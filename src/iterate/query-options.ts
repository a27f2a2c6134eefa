/**
 * EDNS options that go out with a question, and what the options of its reply must hold.
 *
 * Duties: DNS cookies towards servers (RFC 7873 §5, RFC 9018), `edns-client-string`, padding over TLS (RFC 7830, RFC 8467).
 * Leaves to others: what is known of a server's cookies (cache/server-manners.ts), what follows from a bad one (exchange).
 */

import { CLIENT_COOKIE_OCTETS, isSameClient, type ServerCookie } from '../cache/server-manners.ts';
import type { Address } from '../ports/network.ts';
import { bytesEqual } from '../wire/bytes.ts';
import { EDNS_OPTION, type EdnsOption, OPT_FIXED_OCTETS, soleOption } from '../wire/edns.ts';
import { parseIp } from '../wire/ip.ts';
import { isInPrefix } from '../wire/ip-prefix.ts';
import { HEADER_OCTETS, type MessageView } from '../wire/message-view.ts';
import type { Question } from '../wire/question.ts';
import type { IterateOptions } from './options.ts';

/** RFC 7873 §4: bounds of the server cookie behind the client's. */
const MIN_SERVER_COOKIE_OCTETS = 8;
const MAX_SERVER_COOKIE_OCTETS = 32;

/** What the reply says about cookies. */
export type CookieCheck =
  /** Holds our client cookie; `cookie`, with the server's part, is to be sent from now on. */
  | { readonly kind: 'good'; readonly cookie: ServerCookie }
  /** No cookie in the reply. */
  | { readonly kind: 'absent' }
  /** Malformed, or not the cookie that we sent: the reply is to be discarded (RFC 7873 §5.3). */
  | { readonly kind: 'bad' };

/** `edns-client-string`: the text for a server; null when none is configured for its address. */
export function clientStringFor({ clientStrings }: IterateOptions, { ip }: Address): Uint8Array | null {
  // Most hosts have none: a function of its own, since one with functions in it costs something each time.
  return clientStrings.length === 0 ? null : closestString(clientStrings, ip);
}

function closestString(clientStrings: IterateOptions['clientStrings'], ip: string): Uint8Array | null {
  const octets = parseIp(ip);
  if (octets === null) return null;
  const fitting = clientStrings.filter(({ prefix }) => isInPrefix(octets, prefix)).reverse();
  // The closest netblock counts, of several lines for it the last, as in Unbound.
  const [closest] = fitting.sort((a, b) => b.prefix.prefixLength - a.prefix.prefixLength);
  return closest?.text ?? null;
}

export function cookieOption(cookie: ServerCookie): EdnsOption {
  return { code: EDNS_OPTION.COOKIE, data: cookie };
}

/** Padding that makes the whole query a multiple of `block` octets (RFC 8467 §4.1: 128); null when there is none. */
export function paddingOption(question: Question, others: readonly EdnsOption[], block: number): EdnsOption | null {
  if (block === 0) return null;
  const header = HEADER_OCTETS + question.name.length + 4 + OPT_FIXED_OCTETS + 4;
  const length = others.reduce((sum, { data }) => sum + 4 + data.length, header);
  return { code: EDNS_OPTION.PADDING, data: new Uint8Array((block - (length % block)) % block) };
}

const ABSENT: CookieCheck = { kind: 'absent' };
const BAD: CookieCheck = { kind: 'bad' };

/** Compares the cookie of a reply with what was sent. `unreadable`: what options come to that cannot be read. */
export function checkCookie(
  message: MessageView,
  sent: ServerCookie,
  unreadable: Exclude<CookieCheck['kind'], 'good'>,
): CookieCheck {
  const data = soleOption(message, EDNS_OPTION.COOKIE);
  if (data === 'none') return ABSENT;
  if (data === 'malformed') return unreadable === 'bad' ? BAD : ABSENT;
  if (data === 'twice') return BAD;
  const serverOctets = data.length - CLIENT_COOKIE_OCTETS;
  // RFC 7873 §5.3: a cookie of the wrong length or with another client cookie means that the reply is discarded.
  const isWhole = serverOctets >= MIN_SERVER_COOKIE_OCTETS && serverOctets <= MAX_SERVER_COOKIE_OCTETS;
  if (!isWhole || !isSameClient(data, sent)) return BAD;
  return { kind: 'good', cookie: bytesEqual(data, sent) ? sent : data.slice() };
}
