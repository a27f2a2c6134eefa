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
import { promised, type Taker, tellOf } from '../work/taker.ts';
import { TransientMap } from '../work/transient-map.ts';
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
  /** By what is asked; who is asked the same of another server comes after the first of them. */
  readonly #inFlight = new TransientMap<string, SharedQuestion>();

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

  /**
   * Asks, or waits for the answer of an equal question that is under way. The asker is told after this has returned; of a failure
   * only by `Cancelled`.
   */
  ask(work: Work, query: UpstreamQuery, asker: Taker<UpstreamResult>): void {
    const key = questionKey(query.question);
    work.asks = query.known.server;
    if (this.#find(key, query) === null) this.#start(key, work, { query, asker });
    else tellOf(this.#askOnce(key, work, query), asker);
  }

  #find(key: string, query: UpstreamQuery): SharedQuestion | null {
    let running = this.#inFlight.get(key) ?? null;
    while (running !== null && !running.isFor(query)) running = running.next;
    return running;
  }

  close(): void {
    this.#parts.streams.close();
    this.#opportunistic?.close();
  }

  async #askOnce(key: string, work: Work, query: UpstreamQuery): Promise<UpstreamResult> {
    try {
      for (;;) {
        const running = this.#find(key, query);
        if (running === null) return await promised((asker) => this.#start(key, work, { query, asker }));
        this.#parts.lost.noteWaiter();
        const joined = await this.#join(running.result, work);
        if (joined !== 'stopped') return joined;
      }
    } finally {
      work.asks = null;
    }
  }

  #start(key: string, work: Work, { query, asker }: StartedBy): void {
    const shared = new SharedQuestion(this.#inFlight, key, work, { query, asker });
    if (this.#opportunistic !== null) tellOf(this.#opportunistic.ask(work, query), shared);
    else new Exchange(this.#parts, work, query, shared).start();
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

/** What is sent, and who wants to know. */
interface StartedBy {
  readonly query: UpstreamQuery;
  readonly asker: Taker<UpstreamResult>;
}

/** A question that is under way: its end goes to who began it, then to all who have joined. */
class SharedQuestion implements Taker<UpstreamResult> {
  readonly #inFlight: TransientMap<string, SharedQuestion>;
  readonly #key: string;
  readonly #work: Work;
  readonly #query: UpstreamQuery;
  readonly #asker: Taker<UpstreamResult>;
  #joined: PromiseWithResolvers<UpstreamResult> | null = null;
  /** Asked of another server. */
  next: SharedQuestion | null;

  constructor(inFlight: TransientMap<string, SharedQuestion>, key: string, work: Work, { query, asker }: StartedBy) {
    this.#inFlight = inFlight;
    this.#key = key;
    this.#work = work;
    this.#query = query;
    this.#asker = asker;
    this.next = inFlight.get(key) ?? null;
    inFlight.set(key, this);
  }

  /** For who joins. */
  get result(): Promise<UpstreamResult> {
    this.#joined ??= Promise.withResolvers();
    return this.#joined.promise;
  }

  /** True for a question of the same key to the same server in the same way. */
  isFor({ known, recursion, transport, tlsName, tlsPins }: UpstreamQuery): boolean {
    const own = this.#query;
    if (known.server !== own.known.server || recursion !== own.recursion || transport !== own.transport) return false;
    return transport === 'udp' || (tlsName === own.tlsName && tlsPins?.join() === own.tlsPins?.join());
  }

  take(result: UpstreamResult): void {
    this.#leave();
    // Those go on in microtasks: a bug of who began it keeps the answer from none of them.
    this.#joined?.resolve(result);
    this.#asker.take(result);
  }

  fail(error: unknown): void {
    this.#leave();
    this.#joined?.reject(error);
    this.#asker.fail(error);
  }

  #leave(): void {
    this.#work.asks = null;
    const first = this.#inFlight.get(this.#key) ?? null;
    if (first === this) {
      if (this.next === null) this.#inFlight.delete(this.#key);
      else this.#inFlight.set(this.#key, this.next);
      return;
    }
    for (let before = first; before !== null; before = before.next) if (before.next === this) before.next = this.next;
  }
}
