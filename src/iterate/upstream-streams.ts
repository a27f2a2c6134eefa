/**
 * Connections to servers, kept and shared: questions over TCP and TLS (RFC 7766, RFC 7858).
 *
 * Duties: one connection per server for many questions at a time, a bound on how many are open (an idle one gives
 * way), a second try when a server closed a kept connection under a question, closing all.
 * Leaves to others: framing (upstream-connection.ts), what is asked and whether the answer is one.
 */

import type { Clock } from '../ports/clock.ts';
import type { Address, Network, TlsClientOptions } from '../ports/network.ts';
import { Places } from './places.ts';
import { type StreamEnd, UpstreamConnection } from './upstream-connection.ts';
import { waitFor } from './wait.ts';

/** Bounds. */
export interface StreamOptions {
  /** `outgoing-num-tcp`: connections open at a time. */
  readonly maxConnections: number;
  /** `tcp-reuse-timeout`: how long a connection is kept without questions, ms. */
  readonly idleMs: number;
  /** `max-reuse-tcp-queries`: questions that one connection carries. */
  readonly maxQuestions: number;
}

/** A question with the id that it was given. */
export interface StreamQuery {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly accept: (frame: Uint8Array) => 'accepted' | 'rejected';
}

/** What to send where. */
export interface StreamQuestion {
  readonly remote: Address;
  readonly localIp: string | null;
  readonly tls: TlsClientOptions | null;
  readonly timeoutMs: number;
  /** Makes the query, with an id that nobody uses on the connection. */
  readonly prepare: (isTaken: (id: number) => boolean) => StreamQuery;
}

/** What the pool is made from. */
export interface StreamParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly options: StreamOptions;
  readonly onStray: () => void;
}

/** The connections. */
export class UpstreamStreams {
  readonly #parts: StreamParts;
  /** The newest connection of each server. */
  readonly #newest = new Map<string, UpstreamConnection>();
  readonly #all = new Set<UpstreamConnection>();
  readonly #places: Places;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#places = new Places(parts.clock, Math.max(1, parts.options.maxConnections));
  }

  /** Connections now. */
  get count(): number {
    return this.#all.size;
  }

  /** Asks; an accepted frame has been given to `accept`. Rejects with `Cancelled` when the signal is aborted. */
  async ask(signal: AbortSignal, question: StreamQuestion): Promise<StreamEnd> {
    const { clock } = this.#parts;
    const endMs = clock.monotonicMs() + question.timeoutMs;
    for (let isSecondTry = false; ; isSecondTry = true) {
      const leftMs = endMs - clock.monotonicMs();
      const connection = leftMs <= 0 ? null : await this.#connectionFor(signal, question, leftMs);
      if (connection === null) return 'timeout';
      const answersBefore = connection.answers;
      const end = await this.#askOn(connection, signal, question, endMs - clock.monotonicMs());
      // RFC 7766 §6.2.4: a server may close a kept connection at any time; the question goes over a new one.
      const wasClosed = typeof end === 'object' && end.kind === 'reset' && answersBefore > 0;
      if (!wasClosed || isSecondTry) return end;
    }
  }

  /** Closes all. */
  close(): void {
    for (const connection of [...this.#all]) connection.close();
  }

  async #askOn(
    connection: UpstreamConnection,
    signal: AbortSignal,
    question: StreamQuestion,
    timeoutMs: number,
  ): Promise<StreamEnd> {
    const { id, bytes, accept } = question.prepare((taken) => connection.isTaken(taken));
    const { clock } = this.#parts;
    let end: StreamEnd | null = null;
    try {
      end = await waitFor<StreamEnd>({
        ...{ clock, signal, timeoutMs },
        start: (settle) => connection.ask(id, { query: bytes, accept, settle }),
      });
      return end;
    } finally {
      // Null: the work was stopped, which says nothing about the connection.
      if (end === null || end === 'timeout') connection.leave(id, end === 'timeout');
    }
  }

  /** A connection that takes the question; null when none could be had in time. */
  async #connectionFor(
    signal: AbortSignal,
    question: StreamQuestion,
    timeoutMs: number,
  ): Promise<UpstreamConnection | null> {
    const key = keyOf(question);
    const usable = (): UpstreamConnection | null => {
      const known = this.#newest.get(key);
      return known?.takesMore === true ? known : null;
    };
    const known = usable();
    if (known !== null) return known;
    if (this.#places.isFull) this.#closeOneIdle();
    if (!(await this.#places.take(signal, timeoutMs))) return null;
    const made = usable();
    if (made === null) return this.#open(key, question);
    this.#places.leave();
    return made;
  }

  #open(key: string, { remote, localIp, tls, timeoutMs }: StreamQuestion): UpstreamConnection {
    const { clock, network, options, onStray } = this.#parts;
    const connection: UpstreamConnection = new UpstreamConnection({
      ...{ clock, network, remote, localIp, tls, onStray },
      connectTimeoutMs: timeoutMs,
      idleMs: options.maxQuestions <= 1 ? 0 : options.idleMs,
      maxQuestions: Math.max(1, options.maxQuestions),
      onGone: () => {
        if (this.#newest.get(key) === connection) this.#newest.delete(key);
        this.#all.delete(connection);
        this.#places.leave();
      },
    });
    this.#newest.set(key, connection);
    this.#all.add(connection);
    return connection;
  }

  #closeOneIdle(): void {
    const idle = [...this.#all].find((connection) => connection.isIdle);
    idle?.close();
  }
}

function keyOf({ remote, localIp, tls }: StreamQuestion): string {
  const security = tls === null ? 'tcp' : `tls ${tls.serverName ?? ''}`;
  return `${remote.ip}@${remote.port} ${localIp ?? ''} ${security}`;
}
