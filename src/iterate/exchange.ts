/**
 * One question to one address: what is sent, what follows from a reply that is no plain answer.
 *
 * Duties: EDNS and falling back from it, cookies refused or renewed (RFC 7873), 0x20 and falling back from it, TC to TCP,
 * TCP or TLS only where configured, what a silence or an error teaches about the server.
 * Leaves to others: datagrams (udp-attempt.ts), connections (upstream-streams.ts), sharing equal questions (upstream.ts),
 * whom to ask, what the answer says.
 */

import type { AskedKind } from '../cache/server-cache.ts';
import type { NetworkError } from '../ports/network.ts';
import type { MessageView } from '../wire/message-view.ts';
import { isAtOrBelow } from '../wire/name.ts';
import { RCODE } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { Work } from '../work/work.ts';
import { acceptResponse } from './accept-response.ts';
import { throughNat64 } from './nat64.ts';
import type { IterateOptions } from './options.ts';
import { localIpFor, prepare } from './prepare-query.ts';
import { attemptUdp, type UdpEnd } from './udp-attempt.ts';
import type { Asked, Attempt, Exchanged, UpstreamRoom } from './upstream-room.ts';

/** Rcodes that a server without EDNS gives to a query with it (RFC 6891 §7; NOTIMP is seen in the wild). */
const EDNS_REFUSED: ReadonlySet<number> = new Set([RCODE.FORMERR, RCODE.NOTIMP]);
/** Extended rcodes that servers give which mind a cookie. */
const COOKIE_MINDED: ReadonlySet<number> = new Set([RCODE.FORMERR, RCODE.NOTIMP, RCODE.BADVERS]);
/** A wait that a work's own deadline cut short tells something about the server only when it was as long, ms. */
const TELLING_WAIT_MS = 2000;

/** Asks one server one question. Rejects with `Cancelled` only. */
export async function exchange(room: UpstreamRoom, work: Work, asked: Asked): Promise<Exchanged> {
  const { servers, options } = room;
  const withEdns = servers.takesEdns(asked.key);
  const withCookie = withEdns && options.sendCookies && asked.transport === 'udp';
  const randomCase = usesRandomCase(options, asked);
  const first = await askWithEdns(room, work, { asked, withEdns, withCookie, randomCase });
  if (first.kind === 'failed' || !withEdns || !refusesEdns(first.message)) return first;
  const plain = await attempt(room, work, { asked, withEdns: false, withCookie: false, randomCase: false });
  if (plain.kind === 'response' && !EDNS_REFUSED.has(plain.message.rcode)) servers.noteEdnsRefused(asked.key);
  return plain;
}

/** Asks, and once more without the cookie when that may be what the server minds. */
async function askWithEdns(room: UpstreamRoom, work: Work, made: Attempt): Promise<Exchanged> {
  const first = await attempt(room, work, made);
  if (first.kind === 'failed' || !made.withCookie || !mindsCookie(first.message)) return first;
  const again = await attempt(room, work, { ...made, withCookie: false });
  if (again.kind === 'response' && !mindsCookie(again.message)) room.servers.noteCookieRefused(made.asked.key);
  return again;
}

function usesRandomCase({ useCapsForId, capsExempt }: IterateOptions, { question }: Asked): boolean {
  return useCapsForId && !capsExempt.some((zone) => isAtOrBelow(question.name, zone));
}

function refusesEdns(message: MessageView): boolean {
  return EDNS_REFUSED.has(message.rcode) && message.optIndex < 0;
}

/** RFC 6891 §6.1.2 wants unknown options ignored; some servers answer FORMERR or BADVERS. */
function mindsCookie(message: MessageView): boolean {
  return COOKIE_MINDED.has(message.rcode);
}

/** One attempt over UDP, then over TCP where that is needed; or over a stream where that is configured. */
async function attempt(room: UpstreamRoom, work: Work, made: Attempt): Promise<Exchanged> {
  const { options } = room;
  if (made.asked.transport !== 'udp') return await attemptStream(room, work, made);
  const end = await tryUdp(room, work, made);
  if (end.kind === 'response' || end.kind === 'failed') return end;
  if (!options.useTcp) return end.kind === 'truncated' ? tcpFailed() : await withoutCase(room, work, made);
  // A reply in the wrong case, or without the cookie that it should hold, may be forged: TCP tells.
  const plain: Attempt = { ...made, randomCase: false, withCookie: false };
  const overTcp = await attemptStream(room, work, plain);
  if (overTcp.kind === 'response') return overTcp;
  return end.kind === 'wrong-case' ? await withoutCase(room, work, made) : tcpFailed();
}

function tcpFailed(): Exchanged {
  return { kind: 'failed', outcome: 'tcp-failed' };
}

/**
 * The last resort for a server that does not keep the case of letters and cannot be reached over TCP: the question is asked
 * twice more in plain case, and both answers must say the same. Whoever forges must hit id and port three times.
 */
async function withoutCase(room: UpstreamRoom, work: Work, made: Attempt): Promise<Exchanged> {
  const plain: Attempt = { ...made, randomCase: false, withCookie: false };
  const first = await tryUdp(room, work, plain);
  if (first.kind !== 'response') return first.kind === 'failed' ? first : tcpFailed();
  const second = await tryUdp(room, work, plain);
  if (second.kind !== 'response') return second.kind === 'failed' ? second : tcpFailed();
  return saysTheSame(first.message, second.message) ? second : { kind: 'failed', outcome: 'malformed' };
}

/** Same rcode and same counts of records; orders may differ. */
function saysTheSame(a: MessageView, b: MessageView): boolean {
  return a.rcode === b.rcode && a.recordCount === b.recordCount && a.bytes.length === b.bytes.length;
}

/** Over UDP; a cookie that the server wants renewed (RFC 7873 §5.3, BADCOOKIE) is sent once more. */
async function tryUdp(room: UpstreamRoom, work: Work, made: Attempt): Promise<UdpEnd> {
  const timeoutMs = room.servers.timeoutMs(made.asked.key);
  const first = await attemptUdp(room, work, made);
  if (first.kind === 'error') return noteNetworkError(room, made.asked, first.error);
  if (first.kind === 'timeout') return noteTimeout(room, made.asked, first, timeoutMs);
  if (first.kind !== 'response' || first.message.rcode !== RCODE.BADCOOKIE) return first;
  const second = await attemptUdp(room, work, made);
  if (second.kind === 'error') return noteNetworkError(room, made.asked, second.error);
  if (second.kind === 'timeout') return noteTimeout(room, made.asked, second, timeoutMs);
  const isStillBad = second.kind === 'response' && second.message.rcode === RCODE.BADCOOKIE;
  return isStillBad ? { kind: 'without-cookie' } : second;
}

/** What the question is, for the counts of timeouts. */
function kindOf({ question }: Asked): AskedKind {
  return question.type === TYPE.A ? 'A' : question.type === TYPE.AAAA ? 'AAAA' : 'other';
}

function noteTimeout(
  { servers, counters }: UpstreamRoom,
  asked: Asked,
  wait: { readonly waitedMs: number; readonly wasCut: boolean },
  timeoutMs: number,
): Extract<Exchanged, { kind: 'failed' }> {
  counters.add('upstream.timeouts');
  const tellsSomething = !wait.wasCut || wait.waitedMs >= TELLING_WAIT_MS;
  if (tellsSomething) servers.noteTimeout(asked.key, timeoutMs, kindOf(asked));
  return { kind: 'failed', outcome: 'timeout' };
}

function noteNetworkError(
  { servers, notice, sayExhausted }: UpstreamRoom,
  asked: Asked,
  error: NetworkError,
): Extract<Exchanged, { kind: 'failed' }> {
  if (error.kind === 'timeout') return { kind: 'failed', outcome: 'timeout' };
  if (error.kind === 'exhausted') {
    // Nothing was learnt of the server, and the next question may find a socket.
    sayExhausted(error.text);
    return { kind: 'failed', outcome: 'no-sockets' };
  }
  if (error.kind === 'unreachable') {
    const family = asked.server.ip.includes(':') ? 'IPv6' : 'IPv4';
    const isNews = servers.noteUnreachable(asked.key);
    if (isNews)
      notice(`no route for ${family} (${error.text}): its servers are asked only now and then until that changes`);
    return { kind: 'failed', outcome: 'unreachable' };
  }
  servers.noteTimeout(asked.key, servers.waitMs(asked.key), kindOf(asked));
  const isRefusal = error.kind === 'refused' || error.kind === 'reset';
  return { kind: 'failed', outcome: isRefusal ? 'connection-refused' : 'network-error' };
}

async function attemptStream(room: UpstreamRoom, work: Work, made: Attempt): Promise<Exchanged> {
  const { clock, servers, counters, options, streams } = room;
  const { asked } = made;
  const leftMs = work.deadlineMs - clock.monotonicMs();
  const timeoutMs = Math.min(options.tcpTimeoutMs, leftMs);
  if (timeoutMs <= 0) return { kind: 'failed', outcome: 'timeout' };
  const isOnlyStream = asked.transport !== 'udp';
  const startedMs = clock.monotonicMs();
  const received: { message: MessageView | null } = { message: null };
  counters.add('upstream.tcp');
  if (asked.transport === 'tls') counters.add('upstream.tls');
  const authorities = options.tlsAuthorities === null ? {} : { authorities: options.tlsAuthorities };
  const localIp = localIpFor(asked.server, room);
  const end = await streams.ask(work.signal, {
    remote: throughNat64(asked.server, options.nat64Prefix),
    localIp,
    tls: asked.transport === 'tls' ? { serverName: asked.tlsName, ...authorities } : null,
    timeoutMs,
    prepare: (isTaken) => {
      const { bytes, pending } = prepare(room, { ...made, withCookie: false, randomCase: false }, { localIp, isTaken });
      const accept = (frame: Uint8Array): 'accepted' | 'rejected' => {
        const acceptance = acceptResponse(frame, pending);
        if (acceptance.kind === 'rejected') return 'rejected';
        // TC has no meaning over TCP; what is cut off even there is of no use.
        if (acceptance.kind === 'accepted') received.message = acceptance.message;
        return 'accepted';
      };
      return { id: pending.id, bytes, accept };
    },
  });
  // Lack of room here says nothing about the server.
  if (end === 'no-place') return { kind: 'failed', outcome: 'timeout' };
  if (end === 'timeout') {
    // Silence over TCP after an answer over UDP says nothing about the server's speed.
    const wait = { waitedMs: clock.monotonicMs() - startedMs, wasCut: timeoutMs === leftMs };
    if (isOnlyStream) return noteTimeout(room, asked, wait, servers.timeoutMs(asked.key));
    counters.add('upstream.timeouts');
    return { kind: 'failed', outcome: 'timeout' };
  }
  const { message } = received;
  if (end === 'malformed' || (end === 'accepted' && message === null)) return { kind: 'failed', outcome: 'malformed' };
  // RFC 7766 §6.2.4: nor does a connection that is refused or closed by a server that answers over UDP.
  if (end !== 'accepted')
    return isOnlyStream || end.kind === 'unreachable' ? noteNetworkError(room, asked, end) : tcpFailed();
  const whole = message as MessageView;
  if (whole.optIndex >= 0) servers.noteEdns(asked.key);
  const rttMs = clock.monotonicMs() - startedMs;
  if (isOnlyStream) servers.noteAnswer(asked.key, rttMs);
  return { kind: 'response', message: whole, transport: asked.transport === 'tls' ? 'tls' : 'tcp', rttMs };
}
