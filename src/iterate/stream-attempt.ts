/**
 * One question over a connection, TCP or TLS, and what its end teaches about the server.
 *
 * Leaves to others: connections (upstream-streams.ts), what follows from the end (exchange.ts, opportunistic-tls.ts).
 */

import type { ServerCookie } from '../cache/server-manners.ts';
import type { Address, TlsClientOptions } from '../ports/network.ts';
import type { MessageView } from '../wire/message-view.ts';
import type { StopSignal } from '../work/stop-signal.ts';
import type { Work } from '../work/work.ts';
import { acceptResponse } from './accept-response.ts';
import { learnFromProof, learnManners } from './learn-manners.ts';
import { throughNat64 } from './nat64.ts';
import { noteNetworkError, noteTimeout } from './note-failure.ts';
import type { IterateOptions, UpstreamTransport } from './options.ts';
import { localEndFor, prepare } from './prepare-query.ts';
import type { Attempt, ExchangeParts, SentQuery, UpstreamQuery, UpstreamResult } from './upstream-query.ts';
import type { AskEnd, StreamTarget, UpstreamStreams } from './upstream-streams.ts';

/** The connections that a question may go over, and how long it may take, ms. */
interface StreamWay extends StreamTarget {
  readonly streams: UpstreamStreams;
  readonly signal: StopSignal;
  readonly timeoutMs: number;
}

/** How it ended; a message only where the end is that one was accepted. */
interface StreamAttemptEnd {
  readonly end: AskEnd;
  readonly message: MessageView | null;
  readonly rttMs: number;
}

/** How a server is spoken to over TLS where configuration says so. */
function tlsTowards(
  { tlsName, tlsPins: pins, tlsIndicates }: UpstreamQuery,
  options: IterateOptions,
): TlsClientOptions {
  const { tlsAuthorities: authorities, tlsSendsName: sendsName, tlsVersions } = options;
  return {
    ...{ serverName: tlsName, sendsName, ...tlsVersions },
    ...(authorities === null ? {} : { authorities }),
    ...(pins === undefined ? {} : { pins }),
    ...(tlsIndicates === undefined || !sendsName ? {} : { indicatedName: tlsIndicates }),
  };
}

/** Whom a connection is with, from where, and what is spoken on it. */
export function targetOf(parts: ExchangeParts, server: Address, tls: TlsClientOptions | null): StreamTarget {
  return { remote: throughNat64(server, parts.options.nat64Prefix), localEnd: localEndFor(server, parts), tls };
}

/** Asks over TCP, or over TLS where the query says so. Rejects with `Cancelled` only. */
export async function attemptStream(parts: ExchangeParts, work: Work, made: Attempt): Promise<UpstreamResult> {
  const { clock, servers, counters, options, streams } = parts;
  const { query } = made;
  const leftMs = work.deadlineMs - clock.monotonicMs();
  const timeoutMs = Math.min(options.tcpTimeoutMs, leftMs);
  if (timeoutMs <= 0) return { kind: 'failed', outcome: 'timeout' };
  const isOnlyStream = query.transport !== 'udp';
  const tls = query.transport === 'tls' ? tlsTowards(query, options) : null;
  const way = { streams, ...targetOf(parts, query.server, tls), signal: work.signal, timeoutMs };
  const { end, message, rttMs } = await askOverStream(parts, made, way);
  // Lack of room here says nothing about the server.
  if (end === 'no-place') return { kind: 'failed', outcome: 'timeout' };
  if (end === 'timeout') {
    // Silence over TCP after an answer over UDP says nothing about the server's speed.
    const usualMs = servers.timeoutMs(query.known);
    const wait = { waitedMs: rttMs, wasCut: timeoutMs === leftMs, timeoutMs: usualMs };
    if (isOnlyStream) return noteTimeout(parts, query, wait);
    counters.add('upstream.timeouts');
    // But each question that it truncates would wait as long again, were there others to ask.
    servers.recentFailures.note(query.known, 'useless');
    return { kind: 'failed', outcome: 'timeout' };
  }
  if (end === 'malformed' || (end === 'accepted' && message === null)) return { kind: 'failed', outcome: 'malformed' };
  // RFC 7766 §6.2.4: nor does a connection that is refused or closed by a server that answers over UDP.
  if (end !== 'accepted') {
    return isOnlyStream || end.kind === 'unreachable'
      ? noteNetworkError(parts, query, end)
      : { kind: 'failed', outcome: 'tcp-failed' };
  }
  if (isOnlyStream) servers.report(query.known, { kind: 'answered', rttMs });
  return { kind: 'response', message: message as MessageView, transport: tls === null ? 'tcp' : 'tls', rttMs };
}

/** Asks, and takes in what the reply shows of the server's manners. Rejects with `Cancelled` only. */
export async function askOverStream(
  parts: ExchangeParts,
  made: Attempt,
  { streams, remote, localEnd, tls, signal, timeoutMs }: StreamWay,
): Promise<StreamAttemptEnd> {
  const { clock, counters } = parts;
  const { query } = made;
  const transport: UpstreamTransport = tls === null ? 'tcp' : 'tls';
  const startedMs = clock.monotonicMs();
  const received: { message: MessageView | null; cookie: ServerCookie | null } = { message: null, cookie: null };
  counters.add('upstream.tcp');
  if (tls !== null) counters.add('upstream.tls');
  const end = await streams.ask(signal, {
    ...{ remote, localEnd, tls, timeoutMs },
    prepare: (isTaken) => {
      const { bytes, pending, cookie } = prepare(parts, { ...made, randomCase: false }, { localEnd, isTaken });
      received.cookie = cookie;
      let sent: SentQuery | null = null;
      const onSent = (local: Address): void => {
        if (parts.tap === undefined) return;
        const { server, recursion, known } = query;
        sent = { server, zone: known.zone, recursion, transport, local, sentMs: clock.monotonicMs() };
        parts.tap.query(bytes, sent);
      };
      const accept = (frame: Uint8Array): 'accepted' | 'rejected' => {
        const acceptance = acceptResponse(frame, pending);
        if (acceptance.kind === 'rejected') return 'rejected';
        if (sent !== null) parts.tap?.response(frame, sent);
        // TC has no meaning over TCP; what is cut off even there is of no use.
        if (acceptance.kind === 'accepted') received.message = acceptance.message;
        return 'accepted';
      };
      return { id: pending.id, bytes, onSent, accept };
    },
  });
  const { message, cookie } = received;
  if (end === 'accepted' && message !== null) {
    if (cookie === null) learnManners(parts, query, message, null);
    else learnFromProof(parts, query, message, cookie);
  }
  return { end, message, rttMs: clock.monotonicMs() - startedMs };
}
