/**
 * Asking authoritative servers over TLS where they take it, without anybody having said so (RFC 9539): `opportunistic-tls`.
 *
 * Duties: finding out beside a plain question, asking over TLS alone where that is known to work, going on in plain when it does
 * not, and never later than a plain question would have been repeated.
 * Leaves to others: what is known of servers (cache/encrypted-servers.ts), the plain question (exchange.ts), connections.
 *
 * It keeps who only listens from reading. It proves nothing about the server: no certificate is checked (RFC 9539 §4.6.3.4), and an
 * answer that came so is worth what it would be worth in plain.
 */

import type { TlsClientOptions } from '../ports/network.ts';
import { DNS_PORT, TLS_PORT } from '../wire/address-text.ts';
import type { StopSignal } from '../work/stop-signal.ts';
import { TransientMap } from '../work/transient-map.ts';
import { waitFor } from '../work/wait.ts';
import type { Work } from '../work/work.ts';
import { exchange } from './exchange.ts';
import { isGood } from './learn-manners.ts';
import type { OpportunisticTlsOptions } from './options.ts';
import { askOverStream, targetOf } from './stream-attempt.ts';
import type { Attempt, ExchangeParts, UpstreamQuery, UpstreamResult } from './upstream-query.ts';
import { type StreamTarget, UpstreamStreams } from './upstream-streams.ts';

/** Of the connections that there may be, the part that servers may have of which it is not known whether they take TLS. */
const PROBES_SHARE = 1 / 4;
/** Round trips until an answer comes over a connection that has yet to be made: TCP, TLS 1.3, the question. */
const ROUND_TRIPS_OF_NEW = 3;
/** For so many timeouts of TLS a server that left a question over it unanswered is asked in plain at once. */
const DOUBT_TIMEOUTS = 2;
/** Nobody stops a question that others may profit from; it ends by its own timeout. */
const NEVER_STOPPED: StopSignal = { aborted: false, addEventListener: () => {}, removeEventListener: () => {} };

type Response = Extract<UpstreamResult, { readonly kind: 'response' }>;

/** How it went over TLS; `nothing-learnt`: this host had no room for it. */
type TlsEnd =
  | Response
  | { readonly kind: 'no-answer'; readonly why: 'fail' | 'timeout' }
  | { readonly kind: 'nothing-learnt' };

export class OpportunisticTls {
  readonly #parts: ExchangeParts;
  readonly #options: OpportunisticTlsOptions;
  readonly #streams: UpstreamStreams;
  readonly #tls: TlsClientOptions;
  readonly #maxProbes: number;
  /** Addresses that it is being found out about. */
  readonly #probing = new TransientMap<string, true>();

  constructor(parts: ExchangeParts, options: OpportunisticTlsOptions) {
    const { clock, network, counters, noteUnwanted } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#streams = new UpstreamStreams({
      ...{ clock, network, onStray: noteUnwanted },
      options: { ...parts.options.streams, maxConnections: options.maxConnections },
      onCrowdedOut: () => counters.add('limit.tcp-places'),
    });
    // RFC 9539 §4.6.3.3: one connection is for all names at the address, so none goes along.
    this.#tls = { serverName: null, sendsName: false, protocols: ['dot'], ...parts.options.tlsVersions };
    this.#maxProbes = Math.max(1, Math.floor(options.maxConnections * PROBES_SHARE));
  }

  /** Asks one server one question. Rejects with `Cancelled` only. */
  ask(work: Work, query: UpstreamQuery): Promise<UpstreamResult> {
    const isForIt = query.transport !== 'tls' && !query.recursion && query.server.port === DNS_PORT;
    if (!isForIt) return exchange(this.#parts, work, query);
    const standing = this.#parts.servers.encrypted.standing(query.server.ip, this.#options);
    if (standing === 'encrypted') return this.#askEncrypted(work, query);
    const plain = exchange(this.#parts, work, query);
    if (standing === 'unknown') this.#startProbe(query, plain);
    return plain;
  }

  close(): void {
    this.#streams.close();
  }

  /** RFC 9539 §4.6.1: a question that is sent in plain is what shows whether it could have been encrypted. */
  #startProbe(query: UpstreamQuery, plain: Promise<UpstreamResult>): void {
    const { ip } = query.server;
    if (this.#probing.has(ip) || this.#probing.size >= this.#maxProbes) return;
    this.#probing.set(ip, true);
    this.#parts.counters.add('opportunistic-tls.probes');
    const isAnswered = plain.then(
      ({ kind }) => kind === 'response',
      () => false,
    );
    const settle = (): void => void this.#probing.delete(ip);
    void this.#overTls(query, this.#targetOf(query), isAnswered).then(settle, settle);
  }

  /** Over TLS alone (RFC 9539 §4.6.1), as long as that does not take longer than a plain question would be waited for. */
  async #askEncrypted(work: Work, query: UpstreamQuery): Promise<UpstreamResult> {
    const { clock, counters, servers } = this.#parts;
    const target = this.#targetOf(query);
    const room = this.#streams.roomFor(target);
    if (room === 'none') {
      counters.add('opportunistic-tls.fallbacks');
      return await exchange(this.#parts, work, query);
    }
    const plain = Promise.withResolvers<boolean>();
    const late: { end: TlsEnd | null } = { end: null };
    try {
      const roundTrips = room === 'open' ? 1 : ROUND_TRIPS_OF_NEW;
      const waitMs = servers.waitMs(query.known, query.zoneTimeouts) * roundTrips;
      const first = await waitFor<TlsEnd>({
        ...{ clock, signal: work.signal, timeoutMs: Math.min(waitMs, work.deadlineMs - clock.monotonicMs()) },
        start: (settle) =>
          void this.#overTls(query, target, plain.promise).then((end) => {
            late.end = end;
            settle(end);
          }),
      });
      if (first !== 'timeout' && first.kind === 'response' && isGood(first.message)) return first;
      counters.add('opportunistic-tls.fallbacks');
      // A server that is away altogether is waited for twice once, and not with each question.
      if (first === 'timeout') servers.encrypted.doubt(query.server.ip, DOUBT_TIMEOUTS * this.#options.timeoutMs);
      const inPlain = await exchange(this.#parts, work, query);
      plain.resolve(inPlain.kind === 'response');
      return inPlain.kind === 'failed' && late.end?.kind === 'response' ? late.end : inPlain;
    } finally {
      plain.resolve(false);
    }
  }

  /**
   * Asks over TLS and remembers what comes of it. That nothing came counts when the server answered in plain meanwhile: else it,
   * or our own line, is away.
   */
  async #overTls(query: UpstreamQuery, target: StreamTarget, isPlainAnswered: Promise<boolean>): Promise<TlsEnd> {
    const { servers, counters } = this.#parts;
    const { ip } = query.server;
    const end = await this.#attempt(query, target);
    if (end.kind === 'response') {
      counters.add('opportunistic-tls.answers');
      servers.encrypted.note(ip, 'success');
    } else if (end.kind === 'no-answer') {
      void isPlainAnswered.then((isAnswered) => {
        if (isAnswered) servers.encrypted.note(ip, end.why);
      });
    }
    return end;
  }

  async #attempt(query: UpstreamQuery, target: StreamTarget): Promise<TlsEnd> {
    const { servers, sayExhausted } = this.#parts;
    const { known } = query;
    const wasOpen = this.#streams.roomFor(target) === 'open';
    const manners = servers.manners(known);
    const made: Attempt = {
      query: { ...query, server: { ip: query.server.ip, port: TLS_PORT }, transport: 'tls', tlsName: null },
      withEdns: query.needsSignatures || manners.takesEdns,
      withOptions: manners.takesOptions,
      ...{ withCookie: false, randomCase: false },
    };
    const way = { streams: this.#streams, ...target, signal: NEVER_STOPPED, timeoutMs: this.#options.timeoutMs };
    const { end, message, rttMs } = await askOverStream(this.#parts, made, way);
    if (end === 'accepted' && message !== null) {
      // The time that a connection took to be made says nothing about how long an answer takes.
      if (wasOpen) servers.report(known, { kind: 'answered', rttMs });
      return { kind: 'response', message, transport: 'tls', rttMs };
    }
    if (end === 'no-place') return { kind: 'nothing-learnt' };
    if (end === 'timeout') return { kind: 'no-answer', why: 'timeout' };
    if (typeof end !== 'object') return { kind: 'no-answer', why: 'fail' };
    if (end.kind === 'exhausted') sayExhausted(end.text);
    if (end.kind === 'exhausted' || end.kind === 'unreachable') return { kind: 'nothing-learnt' };
    return { kind: 'no-answer', why: end.kind === 'timeout' ? 'timeout' : 'fail' };
  }

  #targetOf({ server: { ip } }: UpstreamQuery): StreamTarget {
    return targetOf(this.#parts, { ip, port: TLS_PORT }, this.#tls);
  }
}
