/** What replies teach about how a server takes EDNS and our options: read from a reply, validated by server-manners.ts. */

import { hasServerPart, type ServerCookie } from '../cache/server-manners.ts';
import type { MessageView } from '../wire/message-view.ts';
import { RCODE } from '../wire/rcode.ts';
import { type CookieCheck, checkCookie } from './query-options.ts';
import type { ExchangeParts, UpstreamQuery } from './upstream-query.ts';

/** Rcodes that a server without EDNS gives to a query with it (RFC 6891 §7; NOTIMP is seen in the wild), or to options. */
const MINDING: ReadonlySet<number> = new Set([RCODE.FORMERR, RCODE.NOTIMP, RCODE.BADVERS]);
/** Rcodes of other failures, which some servers give to what they do not know. */
const FAILING: ReadonlySet<number> = new Set([RCODE.SERVFAIL, RCODE.REFUSED]);

/** True for a reply that answers the question. */
export function isGood({ rcode }: MessageView): boolean {
  return rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN;
}

/** True for a reply that may mean that EDNS or an option is minded. */
export function isMinding({ rcode }: MessageView): boolean {
  return MINDING.has(rcode);
}

/** True for a failure that may have any reason, that too. */
export function isFailing({ rcode }: MessageView): boolean {
  return FAILING.has(rcode);
}

/** The cookie that was sent with a question, and what the reply says of it. */
interface CookieReply {
  readonly sent: ServerCookie;
  readonly said: CookieCheck;
}

/** Takes in a reply over UDP. `cookie`: null when none was sent. */
export function learnManners(
  { servers }: ExchangeParts,
  { known }: UpstreamQuery,
  message: MessageView,
  cookie: CookieReply | null,
): void {
  const answersWell = isGood(message);
  // An OPT that merely comes back with an error is no sign that it was understood.
  if (message.optIndex >= 0 && !isMinding(message)) {
    servers.report(known, { kind: 'edns-seen', isGood: answersWell });
  }
  if (cookie === null) return;
  const { sent, said } = cookie;
  if (said.kind === 'good') {
    servers.report(known, { kind: 'cookie-given', cookie: said.cookie, isGood: answersWell });
  } else if (said.kind === 'absent' && !hasServerPart(sent) && answersWell) {
    servers.report(known, { kind: 'cookie-unnoticed' });
  }
}

/**
 * Takes in a reply over TCP to a question with a cookie: whoever copies our option, or gives us another's, is shown up here,
 * where nobody forges. Nothing less ends cookies with a server at once.
 */
export function learnFromProof(
  parts: ExchangeParts,
  query: UpstreamQuery,
  message: MessageView,
  sent: ServerCookie,
): void {
  const said = checkCookie(message, sent, 'bad');
  const isBroken = said.kind === 'bad' || (said.kind === 'absent' && hasServerPart(sent) && isGood(message));
  if (isBroken) parts.servers.report(query.known, { kind: 'cookie-broken' });
  else learnManners(parts, query, message, { sent, said });
}
