/**
 * One question in one datagram: the only place of the room that waits for datagrams.
 *
 * Duties: a fresh source port and id for every attempt (RFC 5452 §9.2), ignoring what is not the answer while waiting goes
 * on, the cookie of the reply (RFC 7873 §5.3), measuring.
 * Leaves to others: what follows from the end (exchange.ts).
 */

import type { Clock } from '../ports/clock.ts';
import type { Address, NetworkError, Opened, UdpOptions, UdpSocket } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import { readEdns } from '../wire/edns.ts';
import type { MessageView } from '../wire/message-view.ts';
import { waitFor } from '../work/wait.ts';
import type { Work } from '../work/work.ts';
import { type Acceptance, acceptResponse } from './accept-response.ts';
import { learnManners } from './learn-manners.ts';
import { bindingOf, type LocalEnd } from './local-end.ts';
import { throughNat64 } from './nat64.ts';
import { localEndFor, type Prepared, prepare } from './prepare-query.ts';
import { type CookieCheck, checkCookie } from './query-options.ts';
import type { Attempt, ExchangeParts, SentQuery, UpstreamResult } from './upstream-query.ts';

/** Source ports below this are left to the system's services. */
const LOWEST_PORT = 1024;
/** Ports tried when one is taken, before the system chooses. */
const PORT_TRIES = 5;
/** How long after a reply with a bad cookie the right one is waited for, ms, before the question goes over TCP. */
const AFTER_BAD_COOKIE_MS = 30;

/** What follows from one datagram, network errors and timeouts being taken in. */
export type UdpEnd =
  | UpstreamResult
  /** The whole answer is to be had over TCP. */
  | { readonly kind: 'truncated' }
  /** The letters came back in another case. */
  | { readonly kind: 'wrong-case' }
  /** A server that gives cookies sent a reply without one: it may be forged. */
  | { readonly kind: 'without-cookie' }
  /** All that came had a cookie that is not ours: forged, or the server copies or keeps what it should not. */
  | { readonly kind: 'bad-cookie' };

/** How the attempt itself ended. */
export type UdpAttemptEnd =
  | UdpEnd
  /** `timeoutMs`: of the server, as it was held for when the question was sent. */
  | { readonly kind: 'timeout'; readonly waitedMs: number; readonly wasCut: boolean; readonly timeoutMs: number }
  | { readonly kind: 'error'; readonly error: NetworkError };

/** How a wait for datagrams ends. */
type Arrival =
  | { readonly kind: 'reply'; readonly message: MessageView; readonly cookie: CookieCheck | null }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'wrong-case' }
  | { readonly kind: 'bad-cookie' }
  | { readonly kind: 'error'; readonly error: NetworkError };

/** Sends one datagram and waits. Rejects with `Cancelled` only. */
export async function attemptUdp(parts: ExchangeParts, work: Work, made: Attempt): Promise<UdpAttemptEnd> {
  const { clock, servers, sockets } = parts;
  const timeoutMs = servers.timeoutMs(made.query.key, made.query.zone);
  const limitMs = servers.waitMs(made.query.key, made.query.zone, made.query.zoneTimeouts);
  const waitMs = Math.min(limitMs, longestWaitMs(work.deadlineMs - clock.monotonicMs(), servers.unknownTimeoutMs));
  const wasCut = waitMs < limitMs;
  const mayOpen = waitMs > 0 && (sockets.takeFree() || (await sockets.take(work.signal, waitMs)));
  if (!mayOpen) return { kind: 'timeout', waitedMs: 0, wasCut: true, timeoutMs };
  const wait: Wait = { waitMs, wasCut, timeoutMs, lingerMs: 0 };
  try {
    return await sendAndWait(parts, work, made, wait);
  } finally {
    if (wait.lingerMs > 0) clock.after(wait.lingerMs, () => sockets.release());
    else sockets.release();
  }
}

/** How long is waited, and whether that is less than the server would get; how long the socket stays open after it, ms. */
interface Wait {
  readonly waitMs: number;
  readonly wasCut: boolean;
  readonly timeoutMs: number;
  lingerMs: number;
}

/** Of the time that is left so much at most is given to one datagram: after a lost one there must be time for more. */
function longestWaitMs(leftMs: number, leastMs: number): number {
  return Math.min(leftMs, Math.max(leastMs, leftMs / 3));
}

async function sendAndWait(parts: ExchangeParts, work: Work, made: Attempt, wait: Wait): Promise<UdpAttemptEnd> {
  const { waitMs, wasCut, timeoutMs } = wait;
  const { clock, servers, counters, options } = parts;
  const { query } = made;
  const localEnd = localEndFor(query.server, parts);
  const prepared = prepare(parts, made, { localEnd });
  const remote = throughNat64(query.server, options.nat64Prefix);
  let settle: (arrival: Arrival) => void = () => {};
  let sent: SentQuery | null = null;
  const opening = openSocket(
    parts,
    { remote, localEnd },
    {
      onDatagrams: (batch) => {
        for (const { bytes, from } of batch) {
          const isFromServer = from.ip === remote.ip && from.port === remote.port;
          const arrival = isFromServer ? check(acceptResponse(bytes, prepared.pending), prepared) : null;
          if (arrival !== null && sent !== null) parts.tap?.response(bytes, sent);
          if (arrival === null || arrival.kind === 'wrong-case' || arrival.kind === 'bad-cookie') parts.noteUnwanted();
          // RFC 7873 §5.3: the reply is discarded; the right one may be behind it.
          if (arrival?.kind === 'bad-cookie') clock.after(AFTER_BAD_COOKIE_MS, () => settle(arrival));
          else if (arrival !== null) settle(arrival);
        }
      },
      onError: (error) => settle({ kind: 'error', error }),
    },
  );
  const opened = opening instanceof Promise ? await opening : opening;
  if (!opened.ok) return { kind: 'error', error: opened.error };
  const socket = opened.value;
  const sentMs = clock.monotonicMs();
  if (parts.tap !== undefined) sent = { ...query, transport: 'udp', local: socket.local, sentMs };
  servers.report(query.key, query.zone, { kind: 'asked', type: query.question.type });
  const send = (): void => {
    counters.add('upstream.udp');
    if (sent !== null) parts.tap?.query(prepared.bytes, sent);
    socket.send(prepared.bytes, prepared.bytes.length, remote);
  };
  const stopSending = parts.lost.add(query.key, send);
  try {
    const start = (done: typeof settle): void => {
      settle = done;
      send();
    };
    const end = await waitFor<Arrival>({ clock, signal: work.signal, timeoutMs: waitMs, start });
    if (end === 'timeout') {
      wait.lingerMs = options.delayCloseMs;
      return { kind: 'timeout', waitedMs: waitMs, wasCut, timeoutMs };
    }
    if (end.kind === 'error' || end.kind === 'wrong-case' || end.kind === 'bad-cookie') return end;
    const rttMs = clock.monotonicMs() - sentMs;
    servers.report(query.key, query.zone, { kind: 'answered', rttMs });
    parts.lost.noteAnswer(stopSending);
    if (end.kind === 'truncated') return end;
    return learn(parts, made, prepared, { message: end.message, cookie: end.cookie, rttMs });
  } finally {
    stopSending();
    closeAfter(socket, wait.lingerMs, clock);
  }
}

/** What comes late is looked at as before, and helps nobody: its sender is spared an ICMP error, and forgeries are counted. */
function closeAfter(socket: Pick<UdpSocket, 'close'>, lingerMs: number, clock: Clock): void {
  if (lingerMs > 0) clock.after(lingerMs, () => socket.close());
  else socket.close();
}

/** Takes in what a reply shows about its server. */
function learn(
  parts: ExchangeParts,
  { query }: Attempt,
  { cookie: sent }: Prepared,
  reply: { readonly message: MessageView; readonly cookie: CookieCheck | null; readonly rttMs: number },
): UdpEnd {
  const { message, cookie, rttMs } = reply;
  learnManners(parts, query, message, sent);
  // RFC 7873 §5.3: a server that is known to give cookies and sends a reply without one may not have sent it.
  if (cookie?.kind === 'absent' && sent !== null && sent.server !== null) return { kind: 'without-cookie' };
  return { kind: 'response', message, transport: 'udp', rttMs };
}

/** What ends the wait; null: this is no answer, and the wait goes on (TuDoor: a bad reply must not win). */
function check(acceptance: Acceptance, { cookie: sent }: Prepared): Arrival | null {
  if (acceptance.kind === 'truncated') return { kind: 'truncated' };
  if (acceptance.kind === 'rejected') return acceptance.why === 'wrong-case' ? { kind: 'wrong-case' } : null;
  const { message } = acceptance;
  if (sent === null) return { kind: 'reply', message, cookie: null };
  const edns = readEdns(message);
  // Options that cannot be read are none: whether a reply without a cookie is believed is decided as for any other.
  const cookie = checkCookie(edns === 'malformed' ? null : edns, sent);
  return cookie.kind === 'bad' ? { kind: 'bad-cookie' } : { kind: 'reply', message, cookie };
}

type SocketEvents = Pick<UdpOptions, 'onDatagrams' | 'onError'>;

/** A socket on a port of our own random choice, connected unless `udp-connect: no`. */
function openSocket(
  parts: ExchangeParts,
  ends: { readonly remote: Address; readonly localEnd: LocalEnd | null },
  events: SocketEvents,
  tries = 0,
): Opened<UdpSocket> | Promise<Opened<UdpSocket>> {
  const { remote, localEnd } = ends;
  const { network, random, options } = parts;
  const ip = localEnd?.ip ?? (remote.ip.includes(':') ? '::' : '0.0.0.0');
  const port = tries < PORT_TRIES ? choosePort(random, options.outgoingPorts) : 0;
  const local = { ip, port };
  const { onDatagrams, onError } = events;
  const bindForeign = bindingOf(localEnd);
  const asked = options.connectUdp
    ? { local, remote, bindForeign, onDatagrams, onError }
    : { local, bindForeign, onDatagrams, onError };
  const orAgain = (opened: Opened<UdpSocket>) => {
    const isTaken = !opened.ok && (opened.error.kind === 'in-use' || opened.error.kind === 'not-permitted');
    return isTaken && port !== 0 ? openSocket(parts, ends, events, tries + 1) : opened;
  };
  const opened = network.openUdp(asked);
  return opened instanceof Promise ? opened.then(orAgain) : orAgain(opened);
}

function choosePort(random: Random, permitted: readonly number[] | null): number {
  if (permitted === null) return LOWEST_PORT + random.below(0x10000 - LOWEST_PORT);
  return permitted[random.below(Math.max(1, permitted.length))] ?? 0;
}
