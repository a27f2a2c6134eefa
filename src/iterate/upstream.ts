/**
 * The way out: everything that leaves for servers goes through here.
 *
 * Duties: equal questions to one server in flight are sent once (also a defence: answers for many equal questions are easier
 * to guess, RFC 5452 §5), bounds on sockets and connections, closing.
 * Leaves to others: one question to one server (exchange.ts).
 */

import { questionKey } from '../wire/question.ts';
import { Cancelled } from '../work/cancelled.ts';
import { Deadlines } from '../work/deadlines.ts';
import { RepeatedLine } from '../work/repeated-line.ts';
import { Semaphore } from '../work/semaphore.ts';
import { waitFor } from '../work/wait.ts';
import type { Work } from '../work/work.ts';
import { Exchange } from './exchange.ts';
import { LostDatagrams } from './lost-datagrams.ts';
import { OpportunisticTls } from './opportunistic-tls.ts';
import type { ExchangeParts, UpstreamParts, UpstreamQuery, UpstreamResult } from './upstream-query.ts';
import { UpstreamStreams } from './upstream-streams.ts';

export class Upstream {
  readonly #parts: ExchangeParts;
  /** Asks over TLS where servers take it; null: only where configuration says so. */
  readonly #opportunistic: OpportunisticTls | null;
  /** Waits for what is under way. */
  readonly deadlines: Deadlines;
  readonly #exhausted: RepeatedLine;
  readonly #inFlight = new Map<string, Promise<UpstreamResult>>();

  constructor(parts: UpstreamParts) {
    const { clock, network, options, counters } = parts;
    this.deadlines = new Deadlines(clock);
    this.#exhausted = new RepeatedLine(clock);
    const noteUnwanted = (): void => counters.add('unwanted.replies');
    this.#parts = {
      ...parts,
      notice: parts.notice ?? (() => {}),
      noteUnwanted,
      sayExhausted: (text) => this.#sayExhausted(text),
      lost: new LostDatagrams(parts),
      deadlines: this.deadlines,
      sockets: new Semaphore(clock, options.maxSockets),
      streams: new UpstreamStreams({
        ...{ clock, network, options: options.streams, onStray: noteUnwanted },
        onCrowdedOut: () => counters.add('limit.tcp-places'),
      }),
    };
    const { opportunisticTls } = options;
    this.#opportunistic = opportunisticTls === null ? null : new OpportunisticTls(this.#parts, opportunisticTls);
  }

  #sayExhausted(text: string): void {
    if (!this.#exhausted.isDue()) return;
    this.#parts.warn?.(
      `no socket to ask servers with (${text}): raise the limit of open files (LimitNOFILE, ulimit -n)`,
    );
  }

  /** Asks, or waits for the answer of an equal question that is under way. Rejects with `Cancelled` only. */
  ask(work: Work, query: UpstreamQuery): Promise<UpstreamResult> {
    const key = keyOf(query);
    work.asks = query.known.server;
    return this.#inFlight.has(key) ? this.#askOnce(key, work, query) : this.#start(key, work, query);
  }

  close(): void {
    this.#parts.streams.close();
    this.#opportunistic?.close();
  }

  async #askOnce(key: string, work: Work, query: UpstreamQuery): Promise<UpstreamResult> {
    try {
      for (;;) {
        const running = this.#inFlight.get(key);
        if (running === undefined) return await this.#start(key, work, query);
        this.#parts.lost.noteWaiter();
        const joined = await this.#join(running, work);
        if (joined !== 'stopped') return joined;
      }
    } finally {
      work.asks = null;
    }
  }

  #start(key: string, work: Work, query: UpstreamQuery): Promise<UpstreamResult> {
    if (this.#opportunistic !== null) return this.#startOpportunistic(this.#opportunistic, key, work, query);
    const started = new Exchange(this.#parts, work, query, { watch: this, sharedAs: key });
    this.#inFlight.set(key, started.result);
    return started.start();
  }

  /** One that `#start` started has ended. */
  exchangeEnded({ sharedAs, result, work }: Exchange): void {
    this.#leave(sharedAs, result, work);
  }

  #leave(key: string, result: Promise<UpstreamResult>, work: Work): void {
    if (this.#inFlight.get(key) === result) this.#inFlight.delete(key);
    work.asks = null;
  }

  async #startOpportunistic(
    opportunistic: OpportunisticTls,
    key: string,
    work: Work,
    query: UpstreamQuery,
  ): Promise<UpstreamResult> {
    const running = opportunistic.ask(work, query);
    this.#inFlight.set(key, running);
    try {
      return await running;
    } finally {
      this.#leave(key, running, work);
    }
  }

  /** `stopped`: the work that had asked was stopped, which is no answer. */
  async #join(running: Promise<UpstreamResult>, work: Work): Promise<UpstreamResult | 'stopped'> {
    const { clock } = this.#parts;
    const end = await waitFor<UpstreamResult | 'stopped'>({
      clock,
      signal: work.signal,
      timeoutMs: work.deadlineMs - clock.monotonicMs(),
      start: (settle) => {
        // A bug in the exchange is reported by the one who started it.
        running.then(settle, (error: unknown) =>
          settle(error instanceof Cancelled ? 'stopped' : { kind: 'failed', outcome: 'network-error' }),
        );
      },
    });
    return end === 'timeout' ? { kind: 'failed', outcome: 'timeout' } : end;
  }
}

function keyOf({ known, question, recursion, transport, tlsName, tlsPins = [] }: UpstreamQuery): string {
  const asked = questionKey(question);
  if (transport === 'udp') return `${known.server} ${recursion ? 'rd ' : ''}${asked}`;
  return `${transport} ${known.server} ${tlsName ?? ''} ${tlsPins.join()} ${recursion ? 'rd' : ''} ${asked}`;
}
