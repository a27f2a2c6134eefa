/**
 * One question to one address: the only place of the room that waits for packets.
 *
 * Duties: a fresh source port and id for every attempt (RFC 5452 §9.2), letters in random case (0x20), EDNS and falling
 * back from it, ignoring what is not the answer while waiting goes on, TC to TCP, measuring.
 * Leaves to others: whom to ask and whether to ask again; what the answer says.
 */

import type { ServerCache } from '../cache/server-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Address, Network, NetworkError, Opened, UdpOptions, UdpSocket } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import type { ServerOutcome } from '../terms/server-outcome.ts';
import type { Counters } from '../trace/counters.ts';
import type { MessageView } from '../wire/message-view.ts';
import { isAtOrBelow, type Name } from '../wire/name.ts';
import { buildQuery } from '../wire/query.ts';
import type { Question } from '../wire/question.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import type { Work } from '../work/work.ts';
import { type Acceptance, acceptResponse, type Pending } from './accept-response.ts';
import type { IterateOptions } from './options.ts';
import { askOverTcp } from './upstream-tcp.ts';
import { waitFor } from './wait.ts';

/** Source ports below this are left to the system's services. */
const LOWEST_PORT = 1024;
/** Ports tried when one is taken, before the system chooses. */
const PORT_TRIES = 5;
/** Rcodes that a server without EDNS gives to a query with it (RFC 6891 §7; NOTIMP is seen in the wild). */
const EDNS_REFUSED: ReadonlySet<number> = new Set([RCODE.FORMERR, RCODE.NOTIMP]);

/** What an exchange uses. */
export interface ExchangeParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
  readonly servers: ServerCache;
  readonly options: IterateOptions;
  readonly counters: Counters;
}

/** What to ask whom. */
export interface Asked {
  readonly server: Address;
  /** `ip@port`. */
  readonly key: string;
  readonly zone: Name;
  readonly question: Question;
  /** RD: the server is a forwarder. */
  readonly recursion: boolean;
  readonly tcpOnly: boolean;
}

/** How it went. */
export type Exchanged =
  | {
      readonly kind: 'response';
      readonly message: MessageView;
      readonly transport: 'udp' | 'tcp';
      readonly rttMs: number;
    }
  | { readonly kind: 'failed'; readonly outcome: ServerOutcome };

/** One way of sending the question. */
interface Attempt {
  readonly asked: Asked;
  readonly withEdns: boolean;
  readonly randomCase: boolean;
}

/** How one attempt ended, before anything follows from it. */
type AttemptEnd = Exchanged | { readonly kind: 'truncated' } | { readonly kind: 'wrong-case' };

/** Asks one server one question. Rejects with `Cancelled` only. */
export async function exchange(parts: ExchangeParts, work: Work, asked: Asked): Promise<Exchanged> {
  work.asks = asked.key;
  try {
    return await exchangeTwice(parts, work, asked);
  } finally {
    work.asks = null;
  }
}

/** Asks with EDNS, and once more without it where that is refused. */
async function exchangeTwice(parts: ExchangeParts, work: Work, asked: Asked): Promise<Exchanged> {
  const withEdns = parts.servers.takesEdns(asked.key);
  const first = await exchangeOnce(parts, work, { asked, withEdns, randomCase: usesRandomCase(parts.options, asked) });
  if (first.kind === 'failed' || !withEdns || !refusesEdns(first.message)) return first;
  const second = await exchangeOnce(parts, work, { asked, withEdns: false, randomCase: false });
  if (second.kind === 'response' && !EDNS_REFUSED.has(second.message.rcode)) parts.servers.noteEdnsRefused(asked.key);
  return second;
}

function usesRandomCase({ useCapsForId, capsExempt }: IterateOptions, { question }: Asked): boolean {
  return useCapsForId && !capsExempt.some((zone) => isAtOrBelow(question.name, zone));
}

function refusesEdns(message: MessageView): boolean {
  return EDNS_REFUSED.has(message.rcode) && message.optIndex < 0;
}

/** One attempt over UDP, then over TCP where that is needed. */
async function exchangeOnce(parts: ExchangeParts, work: Work, attempt: Attempt): Promise<Exchanged> {
  const { options } = parts;
  if (options.tcpOnly || attempt.asked.tcpOnly) return await attemptTcp(parts, work, attempt);
  const end = await attemptUdp(parts, work, attempt);
  if (end.kind === 'response' || end.kind === 'failed') return end;
  if (!options.useTcp) return { kind: 'failed', outcome: 'tcp-failed' };
  // A reply in the wrong case may be forged or from a server that mangles: TCP tells which.
  const overTcp = await attemptTcp(parts, work, { ...attempt, randomCase: false });
  return overTcp.kind === 'failed' ? { kind: 'failed', outcome: 'tcp-failed' } : overTcp;
}

/** The query's bytes and what its answer must look like. */
function prepare(parts: ExchangeParts, attempt: Attempt): { readonly bytes: Uint8Array; readonly pending: Pending } {
  const { asked, withEdns, randomCase } = attempt;
  const id = parts.random.u16();
  const name = randomCase ? inRandomCase(asked.question.name, parts.random) : asked.question.name;
  const question = { ...asked.question, name };
  const flags = asked.recursion ? FLAG.RD | FLAG.CD : 0;
  const edns = { udpSize: parts.options.ednsBufferOctets, doBit: true };
  const bytes = buildQuery({ id, question, flags, ...(withEdns ? { edns } : {}) });
  return { bytes, pending: { id, question, checkCase: randomCase } };
}

/** Each ASCII letter in either case, by chance (draft-vixie-dnsext-dns0x20). */
function inRandomCase(name: Name, random: Random): Name {
  const flips = random.bytes(Math.ceil(name.length / 8));
  return name.map((octet, i) => {
    const isLetter = (octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x7a;
    return isLetter && ((flips[i >>> 3] ?? 0) >>> (i & 7)) & 1 ? octet ^ 0x20 : octet;
  }) as Name;
}

async function attemptUdp(parts: ExchangeParts, work: Work, attempt: Attempt): Promise<AttemptEnd> {
  const { clock, servers, counters } = parts;
  const { asked } = attempt;
  const { bytes, pending } = prepare(parts, attempt);
  const limitMs = servers.waitMs(asked.key);
  const waitMs = Math.min(limitMs, work.deadlineMs - clock.monotonicMs());
  if (waitMs <= 0) return { kind: 'failed', outcome: 'timeout' };
  let settle: (end: Acceptance | NetworkError) => void = () => {};
  const opened = await openSocket(parts, asked.server, {
    onDatagrams: (batch) => {
      for (const { bytes: received, from } of batch) {
        if (from.ip !== asked.server.ip || from.port !== asked.server.port) counters.add('unwanted.replies');
        else judge(acceptResponse(received, pending), counters, settle);
      }
    },
    onError: (error) => settle(error),
  });
  if (!opened.ok) return noteNetworkError(parts, asked, opened.error);
  const socket = opened.value;
  const sentMs = clock.monotonicMs();
  counters.add('upstream.udp');
  try {
    const start = (done: typeof settle): void => {
      settle = done;
      socket.send(bytes, bytes.length, asked.server);
    };
    const end = await waitFor<Acceptance | NetworkError>({ clock, signal: work.signal, timeoutMs: waitMs, start });
    if (end === 'timeout') return noteTimeout(parts, asked, waitMs < limitMs ? null : waitMs);
    if ('text' in end) return noteNetworkError(parts, asked, end);
    if (end.kind === 'rejected') return { kind: 'wrong-case' };
    const rttMs = clock.monotonicMs() - sentMs;
    servers.noteAnswer(asked.key, rttMs);
    if (end.kind === 'truncated') return { kind: 'truncated' };
    if (end.message.optIndex >= 0) servers.noteEdns(asked.key);
    return { kind: 'response', message: end.message, transport: 'udp', rttMs };
  } finally {
    socket.close();
  }
}

/** Ends the wait for an answer; counts what is none, and the wait goes on (TuDoor: a bad reply must not win). */
function judge(acceptance: Acceptance, counters: Counters, settle: (end: Acceptance) => void): void {
  const isAnswer = acceptance.kind !== 'rejected' || acceptance.why === 'wrong-case';
  if (!isAnswer || acceptance.kind === 'rejected') counters.add('unwanted.replies');
  if (isAnswer) settle(acceptance);
}

type SocketEvents = Pick<UdpOptions, 'onDatagrams' | 'onError'>;

/** A connected socket on a port of our own random choice. */
async function openSocket(parts: ExchangeParts, remote: Address, events: SocketEvents): Promise<Opened<UdpSocket>> {
  const { network, random, options } = parts;
  const ip = localIpFor(remote, parts) ?? (remote.ip.includes(':') ? '::' : '0.0.0.0');
  for (let tries = 0; ; tries++) {
    const port = tries < PORT_TRIES ? choosePort(random, options.outgoingPorts) : 0;
    const opened = await network.openUdp({ local: { ip, port }, remote, ...events });
    const isTaken = !opened.ok && (opened.error.kind === 'in-use' || opened.error.kind === 'not-permitted');
    if (!isTaken || port === 0) return opened;
  }
}

function choosePort(random: Random, permitted: readonly number[] | null): number {
  if (permitted === null) return LOWEST_PORT + random.below(0x10000 - LOWEST_PORT);
  return permitted[random.below(Math.max(1, permitted.length))] ?? 0;
}

/** One of the configured local addresses of the server's family; null: the system's choice. */
function localIpFor(remote: Address, { random, options }: ExchangeParts): string | null {
  const isIp6 = remote.ip.includes(':');
  const fitting = options.outgoingAddresses.filter((ip) => ip.includes(':') === isIp6);
  return fitting.length === 0 ? null : (fitting[random.below(fitting.length)] ?? null);
}

async function attemptTcp(parts: ExchangeParts, work: Work, attempt: Attempt): Promise<Exchanged> {
  const { clock, servers, counters, options } = parts;
  const { asked } = attempt;
  const { bytes, pending } = prepare(parts, { ...attempt, randomCase: false });
  const timeoutMs = Math.min(options.tcpTimeoutMs, work.deadlineMs - clock.monotonicMs());
  if (timeoutMs <= 0) return { kind: 'failed', outcome: 'timeout' };
  const startedMs = clock.monotonicMs();
  let message: MessageView | null = null;
  counters.add('upstream.tcp');
  const end = await askOverTcp(parts, work.signal, {
    remote: asked.server,
    localIp: localIpFor(asked.server, parts),
    query: bytes,
    timeoutMs,
    accept: (frame) => {
      const acceptance = acceptResponse(frame, pending);
      if (acceptance.kind === 'rejected') {
        counters.add('unwanted.replies');
        return 'rejected';
      }
      // TC has no meaning over TCP; what is cut off even there is of no use.
      if (acceptance.kind === 'accepted') message = acceptance.message;
      return 'accepted';
    },
  });
  if (end === 'timeout') return noteTimeout(parts, asked, asked.tcpOnly || options.tcpOnly ? timeoutMs : null);
  if (end === 'malformed' || (end === 'accepted' && message === null)) return { kind: 'failed', outcome: 'malformed' };
  if (end !== 'accepted') return noteNetworkError(parts, asked, end);
  const whole = message as unknown as MessageView;
  if (whole.optIndex >= 0) servers.noteEdns(asked.key);
  const rttMs = clock.monotonicMs() - startedMs;
  if (asked.tcpOnly || options.tcpOnly) servers.noteAnswer(asked.key, rttMs);
  return { kind: 'response', message: whole, transport: 'tcp', rttMs };
}

/** `waitedMs` null: the wait was cut by the work's own deadline and says nothing about the server. */
function noteTimeout({ servers, counters }: ExchangeParts, asked: Asked, waitedMs: number | null): Exchanged {
  counters.add('upstream.timeouts');
  if (waitedMs !== null) servers.noteTimeout(asked.key, waitedMs);
  return { kind: 'failed', outcome: 'timeout' };
}

function noteNetworkError({ servers }: ExchangeParts, asked: Asked, error: NetworkError): Exchanged {
  if (error.kind === 'timeout') return { kind: 'failed', outcome: 'timeout' };
  if (error.kind === 'unreachable') {
    servers.noteUnreachable(asked.key);
    return { kind: 'failed', outcome: 'unreachable' };
  }
  servers.noteTimeout(asked.key, servers.waitMs(asked.key));
  const isRefusal = error.kind === 'refused' || error.kind === 'reset';
  return { kind: 'failed', outcome: isRefusal ? 'connection-refused' : 'network-error' };
}
