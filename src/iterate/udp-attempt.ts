/**
 * One question in one datagram: the only place of the room that waits for datagrams. An attempt is one object, which is its socket's
 * options, its timer and its stop at once, since most of what a cold question costs is how many things are made for it.
 *
 * Duties: a fresh source port and id for every attempt (RFC 5452 §9.2), ignoring what is not the answer while waiting goes
 * on, the cookie of the reply (RFC 7873 §5.3), measuring.
 * Leaves to others: what follows from the end (exchange.ts).
 */

import type { KnownServer } from '../cache/known-server.ts';
import { hasServerPart } from '../cache/server-manners.ts';
import type {
  Address,
  Datagram,
  ForeignBinding,
  NetworkError,
  Opened,
  UdpOptions,
  UdpSocket,
} from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import type { MessageView } from '../wire/message-view.ts';
import { Cancelled } from '../work/cancelled.ts';
import type { Waiting } from '../work/deadlines.ts';
import type { Stoppable } from '../work/stop-signal.ts';
import type { Work } from '../work/work.ts';
import { acceptResponse } from './accept-response.ts';
import { learnManners } from './learn-manners.ts';
import { bindingOf, type LocalEnd } from './local-end.ts';
import type { Resendable } from './lost-datagrams.ts';
import { throughNat64 } from './nat64.ts';
import { localEndFor, type Prepared, prepare } from './prepare-query.ts';
import { type CookieCheck, checkCookie } from './query-options.ts';
import type { Attempt, ExchangeParts, SentQuery, UpstreamResult } from './upstream-query.ts';

const NOWHERE: Address = { ip: '', port: 0 };
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

/** A datagram that ends the wait, or may. */
type Arrival =
  /** `cookie`: what it says of the one that was sent; absent: none was. */
  | { readonly kind: 'accepted'; readonly message: MessageView; readonly cookie?: CookieCheck }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'wrong-case' }
  | { readonly kind: 'bad-cookie' };

/** Gets the end of an attempt, once. */
export interface UdpAsker {
  ended(end: UdpAttemptEnd): void;
  /** The work was stopped (`Cancelled`), or there is a bug. */
  broke(error: unknown): void;
}

/** Sends one datagram and waits. Rejects with `Cancelled` only. */
export function attemptUdp(parts: ExchangeParts, work: Work, made: Attempt): Promise<UdpAttemptEnd> {
  return new Promise((ended, broke) => new UdpAttempt(parts, work, made, { ended, broke }).start());
}

/** Of the time that is left so much at most is given to one datagram: after a lost one there must be time for more. */
function longestWaitMs(leftMs: number, leastMs: number): number {
  return Math.min(leftMs, Math.max(leastMs, leftMs / 3));
}

export class UdpAttempt implements UdpOptions, Waiting, Stoppable, Resendable {
  readonly #parts: ExchangeParts;
  readonly #work: Work;
  readonly #made: Attempt;
  readonly #asker: UdpAsker;
  readonly known: KnownServer;
  /** Where the socket is bound. */
  local: Address = NOWHERE;
  /** Set when the socket is to be connected. */
  remote?: Address;
  bindForeign: ForeignBinding | undefined = undefined;
  /** Where the datagram goes, and its answer must come from. */
  #to: Address;
  #localEnd: LocalEnd | null = null;
  #prepared: Prepared | null = null;
  #socket: UdpSocket | null = null;
  #sent: SentQuery | null = null;
  #phase: 'opening' | 'waiting' | 'over' = 'opening';
  /** How long is waited, whether that is less than the server would get, and its timeout, ms. */
  #waitMs = 0;
  #wasCut = false;
  #timeoutMs = 0;
  #sentMs = 0;
  dueMs = 0;
  place = -1;
  lostAs = 0;

  constructor(parts: ExchangeParts, work: Work, made: Attempt, asker: UdpAsker) {
    this.#parts = parts;
    this.#work = work;
    this.#made = made;
    this.#asker = asker;
    this.known = made.query.known;
    this.#to = made.query.server;
  }

  /** To be called once. Its asker may have the end before this returns. */
  start(): void {
    const { clock, servers, sockets } = this.#parts;
    this.#timeoutMs = servers.timeoutMs(this.known);
    const limitMs = servers.waitMs(this.known, this.#made.query.zoneTimeouts, this.#timeoutMs);
    const leftMs = this.#work.deadlineMs - clock.monotonicMs();
    this.#waitMs = Math.min(limitMs, longestWaitMs(leftMs, servers.unknownTimeoutMs));
    this.#wasCut = this.#waitMs < limitMs;
    if (this.#waitMs <= 0) this.#giveUp();
    else if (sockets.takeFree()) this.#prepare();
    else this.#standInLine();
  }

  #standInLine(): void {
    const hasPlace = this.#parts.sockets.take(this.#work.signal, this.#waitMs);
    hasPlace.then(
      (isIn) => (isIn ? this.#prepare() : this.#giveUp()),
      (error: unknown) => this.#asker.broke(error),
    );
  }

  /** There was no time, or no socket in time. */
  #giveUp(): void {
    this.#asker.ended({ kind: 'timeout', waitedMs: 0, wasCut: true, timeoutMs: this.#timeoutMs });
  }

  #prepare(): void {
    const parts = this.#parts;
    try {
      const { server } = this.#made.query;
      const localEnd = localEndFor(server, parts);
      this.#localEnd = localEnd;
      this.#prepared = prepare(parts, this.#made, { localEnd });
      this.#to = throughNat64(server, parts.options.nat64Prefix);
      this.bindForeign = bindingOf(localEnd);
      if (parts.options.connectUdp) this.remote = this.#to;
      this.#open(0);
    } catch (error) {
      this.#break(error);
    }
  }

  /** Opens a socket on a port of our own random choice, connected unless `udp-connect: no`. */
  #open(tries: number): void {
    const { network, random, options } = this.#parts;
    const ip = this.#localEnd?.ip ?? (this.#to.ip.includes(':') ? '::' : '0.0.0.0');
    const port = tries < PORT_TRIES ? choosePort(random, options.outgoingPorts) : 0;
    this.local = { ip, port };
    const opening = network.openUdp(this);
    if (!(opening instanceof Promise)) this.#opened(opening, tries);
    else opening.then((opened) => this.#opened(opened, tries)).catch((error: unknown) => this.#break(error));
  }

  #opened(opened: Opened<UdpSocket>, tries: number): void {
    if (opened.ok) {
      this.#socket = opened.value;
      if (this.#work.signal.aborted) this.stop();
      else this.#begin(opened.value);
      return;
    }
    const { error } = opened;
    const isTaken = error.kind === 'in-use' || error.kind === 'not-permitted';
    if (isTaken && this.local.port !== 0) this.#open(tries + 1);
    else this.#end({ kind: 'error', error }, 0);
  }

  #begin(socket: UdpSocket): void {
    const { clock, servers, tap, deadlines, lost } = this.#parts;
    const { query } = this.#made;
    this.#sentMs = clock.monotonicMs();
    if (tap !== undefined) {
      const { server, recursion, known } = query;
      const { zone } = known;
      this.#sent = { server, zone, recursion, transport: 'udp', local: socket.local, sentMs: this.#sentMs };
    }
    servers.report(this.known, { kind: 'asked', type: query.question.type });
    lost.add(this);
    this.#phase = 'waiting';
    deadlines.add(this, this.#waitMs, this.#sentMs);
    this.#work.signal.add(this);
    this.send();
  }

  send(): void {
    const { counters, tap } = this.#parts;
    counters.add('upstream.udp');
    const { bytes } = this.#prepared as Prepared;
    if (this.#sent !== null) tap?.query(bytes, this.#sent);
    this.#socket?.send(bytes, bytes.length, this.#to);
  }

  onDatagrams(batch: readonly Datagram[]): void {
    try {
      for (let i = 0; i < batch.length; i++) this.#receive(batch[i] as Datagram);
    } catch (error) {
      this.#break(error);
    }
  }

  /** What is no answer is counted, and the wait goes on (TuDoor: a bad reply must not win). So is what comes after the end. */
  #receive({ bytes, from }: Datagram): void {
    const { clock, tap, noteUnwanted } = this.#parts;
    const isFromServer = from.ip === this.#to.ip && from.port === this.#to.port;
    const arrival = isFromServer ? this.#check(bytes) : null;
    if (arrival !== null && this.#sent !== null) tap?.response(bytes, this.#sent);
    if (arrival === null) noteUnwanted();
    else if (arrival.kind === 'wrong-case') {
      noteUnwanted();
      this.#settle(arrival);
    } else if (arrival.kind === 'bad-cookie') {
      noteUnwanted();
      // RFC 7873 §5.3: the reply is discarded; the right one may be behind it.
      clock.after(AFTER_BAD_COOKIE_MS, () => this.#settle(arrival));
    } else if (this.#phase === 'waiting') this.#take(arrival);
  }

  onError(error: NetworkError): void {
    this.#settle({ kind: 'error', error });
  }

  fallDue(): void {
    const { delayCloseMs } = this.#parts.options;
    this.#settle(
      { kind: 'timeout', waitedMs: this.#waitMs, wasCut: this.#wasCut, timeoutMs: this.#timeoutMs },
      delayCloseMs,
    );
  }

  stop(): void {
    this.#close(0);
    this.#asker.broke(new Cancelled());
  }

  /** What the datagram is; null: no answer to this question. */
  #check(bytes: Uint8Array): Arrival | null {
    const { pending, cookie: sent } = this.#prepared as Prepared;
    const acceptance = acceptResponse(bytes, pending);
    if (acceptance.kind === 'truncated') return acceptance;
    if (acceptance.kind === 'rejected') return acceptance.why === 'wrong-case' ? { kind: 'wrong-case' } : null;
    if (sent === null) return acceptance;
    const { message } = acceptance;
    // Options that cannot be read are none: whether a reply without a cookie is believed is decided as for any other.
    const cookie = checkCookie(message, sent, 'absent');
    return cookie.kind === 'bad' ? { kind: 'bad-cookie' } : { kind: 'accepted', message, cookie };
  }

  /** Takes in what a reply shows about its server. */
  #take(arrival: Extract<Arrival, { readonly kind: 'accepted' | 'truncated' }>): void {
    const parts = this.#parts;
    const { query } = this.#made;
    const rttMs = parts.clock.monotonicMs() - this.#sentMs;
    parts.servers.report(this.known, { kind: 'answered', rttMs });
    parts.lost.noteAnswer(this);
    if (arrival.kind === 'truncated') {
      this.#settle(arrival);
      return;
    }
    const { message, cookie } = arrival;
    const sent = this.#prepared?.cookie ?? null;
    learnManners(parts, query, message, sent === null || cookie === undefined ? null : { sent, said: cookie });
    // RFC 7873 §5.3: a server that is known to give cookies and sends a reply without one may not have sent it.
    const isWithoutCookie = cookie?.kind === 'absent' && sent !== null && hasServerPart(sent);
    this.#settle(isWithoutCookie ? { kind: 'without-cookie' } : { kind: 'response', message, transport: 'udp', rttMs });
  }

  /** The first end of a wait counts. */
  #settle(end: UdpAttemptEnd, lingerMs = 0): void {
    if (this.#phase === 'waiting') this.#end(end, lingerMs);
  }

  #end(end: UdpAttemptEnd, lingerMs: number): void {
    this.#close(lingerMs);
    this.#asker.ended(end);
  }

  /** A bug: its asker hears of it, and nothing is left behind. */
  #break(error: unknown): void {
    this.#close(0);
    this.#asker.broke(error);
  }

  /** Ends the attempt. What comes while the socket lingers helps nobody: its sender is spared an ICMP error, and forgeries are counted. */
  #close(lingerMs: number): void {
    const { clock, deadlines, lost } = this.#parts;
    if (this.#phase === 'over') return;
    if (this.#phase === 'waiting') {
      deadlines.remove(this);
      this.#work.signal.remove(this);
      lost.remove(this);
    }
    this.#phase = 'over';
    if (lingerMs > 0) clock.after(lingerMs, () => this.#release());
    else this.#release();
  }

  #release(): void {
    this.#socket?.close();
    this.#parts.sockets.release();
  }
}

function choosePort(random: Random, permitted: readonly number[] | null): number {
  if (permitted === null) return LOWEST_PORT + random.below(0x10000 - LOWEST_PORT);
  return permitted[random.below(Math.max(1, permitted.length))] ?? 0;
}
