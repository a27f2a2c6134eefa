/**
 * Connections to servers, kept and shared: questions over TCP and TLS (RFC 7766, RFC 7858).
 *
 * Duties: one connection per server for many questions at a time, a bound on how many are open (an idle one gives way, then
 * one that has long kept its questions waiting), new connections for what a server left unanswered when it closed one
 * (RFC 7766 §6.2.4), how many questions a server takes on one, closing all.
 * Leaves to others: framing (upstream-connection.ts), what is asked and whether the answer is one.
 */

import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Address, Network, TlsClientOptions } from '../ports/network.ts';
import { toHex } from '../wire/bytes.ts';
import { parseIp } from '../wire/ip.ts';
import { Semaphore } from '../work/semaphore.ts';
import type { StopSignal } from '../work/stop-signal.ts';
import { TransientMap } from '../work/transient-map.ts';
import { waitFor } from '../work/wait.ts';
import type { LocalEnd } from './local-end.ts';
import { type StreamEnd, UpstreamConnection } from './upstream-connection.ts';

/** Connections that one question may be tried on: shared, then as the server was found to take them, then its own. */
const CONNECTIONS_PER_QUESTION = 3;
/** A connection that keeps its questions waiting so long, ms, gives way to others when all slots are taken. */
const TARPIT_MS = 1000;
/** The same when many wait for slots: no less than a question needs to come back from far away, ms. */
const SHORTEST_TARPIT_MS = 250;
/** Servers whose number of questions per connection is remembered. */
const MAX_SHORT_SERVERS = 1000;
/** How long it is remembered, ms: as long as other things about servers (`infra-host-ttl`). */
const SHORT_SERVER_MS = 900_000;

export interface StreamOptions {
  /** `outgoing-num-tcp`: connections open at a time. */
  readonly maxConnections: number;
  /** `tcp-reuse-timeout`: how long a connection is kept without questions, ms. */
  readonly idleMs: number;
  /** `max-reuse-tcp-queries`: questions that one connection carries. */
  readonly maxQuestions: number;
}

/** A question with the id that it was given. */
interface StreamQuery {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly onSent: (local: Address) => void;
  readonly accept: (frame: Uint8Array) => 'accepted' | 'rejected';
}

/** Whom a connection is with, from where, and what is spoken on it. */
export interface StreamTarget {
  readonly remote: Address;
  readonly localEnd: LocalEnd | null;
  readonly tls: TlsClientOptions | null;
}

interface StreamQuestion extends StreamTarget {
  readonly timeoutMs: number;
  /** Makes the query, with an id that nobody uses on the connection. */
  readonly prepare: (isTaken: (id: number) => boolean) => StreamQuery;
}

/** What the pool is made from. */
interface StreamParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly options: StreamOptions;
  readonly onStray: () => void;
  /** A connection had to give its slot to others. */
  readonly onCrowdedOut: () => void;
}

/** How a question ended. `no-place`: it had no connection in time, or had to give it up, which says nothing about the server. */
export type AskEnd = Exclude<StreamEnd, 'crowded-out'> | 'no-place';

/** Which connection a question is to have: any that takes it, or one of its own. */
type Wish = 'any' | 'own';

/** A connection, and the network that it is to. */
interface OpenTo {
  readonly connection: UpstreamConnection;
  readonly network: string;
}

/** Places of one network. */
interface Share {
  readonly slots: Semaphore;
  /** Connections, and questions that wait for one. */
  users: number;
}

/** How many questions a server is given on one connection, and until when (monotonic ms). */
interface ShortServer {
  readonly questions: number;
  readonly untilMs: number;
}

export class UpstreamStreams {
  readonly #parts: StreamParts;
  /** The newest connection of each server. */
  readonly #newest = new TransientMap<string, UpstreamConnection>();
  /** By numbers that are given once, with the network that each is to. */
  readonly #all = new TransientMap<number, OpenTo>();
  #lastNumber = 0;
  readonly #slots: Semaphore;
  /**
   * Places of each network that has servers with connections: half of all at most, so that no network holds them all, nor
   * fills the line for the others.
   */
  readonly #shares = new TransientMap<string, Share>();
  /** Servers that close connections after a few answers, in the order in which that was last seen. */
  readonly #short = new TransientMap<string, ShortServer>();

  #cancelReview: CancelTimer = () => {};

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#slots = new Semaphore(parts.clock, Math.max(1, parts.options.maxConnections));
  }

  get count(): number {
    return this.#all.size;
  }

  /** `open`: a connection takes a question at once; `free`: one can be made at once; `none`: it would have to wait for a place. */
  roomFor(target: StreamTarget): 'open' | 'free' | 'none' {
    const known = this.#newest.get(keyOf(target));
    if (known?.takesMore === true) return known.isOpen ? 'open' : 'free';
    if (!this.#slots.isFull) return 'free';
    return this.#all.list().some(({ connection }) => connection.isIdle) ? 'free' : 'none';
  }

  /** Asks; an accepted frame has been given to `accept`. Rejects with `Cancelled` when the signal is aborted. */
  async ask(signal: StopSignal, question: StreamQuestion): Promise<AskEnd> {
    const { clock } = this.#parts;
    const endMs = clock.monotonicMs() + question.timeoutMs;
    let wish: Wish = 'any';
    for (let tries = 1; ; tries++) {
      const leftMs = endMs - clock.monotonicMs();
      const connection: UpstreamConnection | null =
        leftMs <= 0 ? null : await this.#connectionFor(signal, question, { leftMs, wish });
      if (connection === null) return tries === 1 ? 'no-place' : 'timeout';
      const answersBefore: number = connection.answers;
      const end: StreamEnd = await this.#askOn(connection, signal, question, endMs - clock.monotonicMs());
      const next: Wish | null = tries < CONNECTIONS_PER_QUESTION ? wishAfter(end, connection, answersBefore) : null;
      if (next === null) return end === 'crowded-out' ? 'no-place' : end;
      wish = tries + 1 === CONNECTIONS_PER_QUESTION ? 'own' : next;
    }
  }

  close(): void {
    this.#cancelReview();
    for (const { connection } of this.#all.list()) connection.close();
  }

  async #askOn(
    connection: UpstreamConnection,
    signal: StopSignal,
    question: StreamQuestion,
    timeoutMs: number,
  ): Promise<StreamEnd> {
    const { id, bytes, onSent, accept } = question.prepare((taken) => connection.isTaken(taken));
    const { clock } = this.#parts;
    let end: StreamEnd | null = null;
    let cancelHalf = (): void => {};
    try {
      end = await waitFor<StreamEnd>({
        ...{ clock, signal, timeoutMs },
        start: (settle) => {
          // A connection that has answered may be dead without a word, as behind address translation: time for another is left.
          const giveUp = (): void => (connection.answers > 0 ? settle('timeout') : undefined);
          cancelHalf = clock.after(timeoutMs / 2, giveUp);
          connection.ask(id, { query: bytes, onSent, accept, settle });
        },
      });
      return end;
    } finally {
      cancelHalf();
      // Null: the work was stopped, which says nothing about the connection.
      if (end === null || end === 'timeout') connection.leave(id, end === 'timeout');
    }
  }

  /** A connection that takes the question; null when none could be had in time. */
  async #connectionFor(
    signal: StopSignal,
    question: StreamQuestion,
    { leftMs, wish }: { readonly leftMs: number; readonly wish: Wish },
  ): Promise<UpstreamConnection | null> {
    const { clock } = this.#parts;
    const key = keyOf(question);
    const usable = (): UpstreamConnection | null => {
      const known = wish === 'own' ? undefined : this.#newest.get(key);
      return known?.book() === true ? known : null;
    };
    const known = usable();
    if (known !== null) return known;
    const endMs = clock.monotonicMs() + leftMs;
    const network = networkOf(question);
    const share = this.#joinShare(network);
    let holds: 'nothing' | 'share' | 'all' | 'connection' = 'nothing';
    try {
      const sharing = share.take(signal, leftMs);
      if (share.waiting > 0) this.#closeIdle(network);
      if (!(await sharing)) return null;
      holds = 'share';
      const freed = usable();
      if (freed !== null) return freed;
      if (!(await this.#takeSlot(signal, endMs - clock.monotonicMs()))) return null;
      holds = 'all';
      const made = usable();
      if (made !== null) return made;
      holds = 'connection';
      return this.#open(key, question, wish);
    } finally {
      if (holds === 'all') this.#slots.release();
      if (holds === 'all' || holds === 'share') share.release();
      if (holds !== 'connection') this.#releaseShare(network);
    }
  }

  /** The slots of one network; to be given back with `#releaseShare`. */
  #joinShare(network: string): Semaphore {
    const { clock, options } = this.#parts;
    const share: Share = this.#shares.get(network) ?? {
      slots: new Semaphore(clock, Math.max(1, Math.ceil(options.maxConnections / 2))),
      users: 0,
    };
    share.users++;
    this.#shares.set(network, share);
    return share.slots;
  }

  #releaseShare(network: string): void {
    const share = this.#shares.get(network);
    if (share !== undefined && --share.users === 0) this.#shares.delete(network);
  }

  /** Somebody waits for a place of the network: a connection to it that nobody uses gives way. */
  #closeIdle(network: string): void {
    const idle = this.#all.list().find(({ connection, network: to }) => to === network && connection.isIdle);
    idle?.connection.close();
  }

  /** Takes one of all slots, and makes one free where that can be done. */
  async #takeSlot(signal: StopSignal, timeoutMs: number): Promise<boolean> {
    const taking = this.#slots.take(signal, timeoutMs);
    this.#review();
    return await taking;
  }

  /**
   * While somebody waits for a slot: closes idle connections, and those that have kept their questions waiting too long;
   * looks again when the next of them will have. The more wait, the less patience there is.
   */
  #review(): void {
    this.#cancelReview();
    const { clock, options } = this.#parts;
    const patienceMs = Math.max(
      SHORTEST_TARPIT_MS,
      TARPIT_MS / (1 + this.#slots.waiting / Math.max(1, options.maxConnections)),
    );
    const nowMs = clock.monotonicMs();
    let nextMs = patienceMs;
    for (const { connection } of this.#all.list()) {
      if (this.#slots.waiting === 0) return;
      const leftMs = (connection.silentSinceMs ?? Number.NEGATIVE_INFINITY) + patienceMs - nowMs;
      if (leftMs <= 0) {
        if (!connection.isIdle) this.#parts.onCrowdedOut();
        connection.close('crowded-out');
      } else nextMs = Math.min(nextMs, leftMs);
    }
    if (this.#slots.waiting > 0) this.#cancelReview = clock.after(nextMs, () => this.#review());
  }

  #open(key: string, question: StreamQuestion, wish: Wish): UpstreamConnection {
    const { remote, localEnd, tls, timeoutMs } = question;
    const network = networkOf(question);
    const { clock, options, onStray } = this.#parts;
    const most = Math.max(1, options.maxQuestions);
    const maxQuestions = wish === 'own' ? 1 : Math.min(most, this.#questionsFor(key));
    const number = ++this.#lastNumber;
    const connection: UpstreamConnection = new UpstreamConnection({
      ...{ clock, network: this.#parts.network, remote, localEnd, tls, onStray, maxQuestions },
      connectTimeoutMs: timeoutMs,
      idleMs: maxQuestions <= 1 ? 0 : options.idleMs,
      mayRest: () => this.#slots.waiting === 0 && (this.#shares.get(network)?.slots.waiting ?? 0) === 0,
      onGone: (wasShort) => {
        if (wasShort) this.#noteShort(key, Math.max(1, connection.answers));
        if (this.#newest.get(key) === connection) this.#newest.delete(key);
        this.#all.delete(number);
        this.#slots.release();
        this.#shares.get(network)?.slots.release();
        this.#releaseShare(network);
      },
    });
    connection.book();
    if (wish !== 'own') this.#newest.set(key, connection);
    this.#all.set(number, { connection, network });
    return connection;
  }

  #questionsFor(key: string): number {
    const short = this.#short.get(key);
    return short !== undefined && short.untilMs > this.#parts.clock.monotonicMs()
      ? short.questions
      : Number.POSITIVE_INFINITY;
  }

  #noteShort(key: string, questions: number): void {
    const untilMs = this.#parts.clock.monotonicMs() + SHORT_SERVER_MS;
    this.#short.delete(key);
    this.#short.set(key, { questions, untilMs });
    if (this.#short.size > MAX_SHORT_SERVERS) this.#short.takeOldest();
  }
}

/** What an end without an answer means for the same question; null: the server itself gives none. */
function wishAfter(end: StreamEnd, connection: UpstreamConnection, answersBefore: number): Wish | null {
  // RFC 7766 §6.2.4: a server may close a connection at any time; what it left unanswered goes over a new one.
  if (typeof end === 'object' && end.kind === 'reset') {
    return connection.answers > 0 || connection.asked > 1 ? 'any' : null;
  }
  if (end !== 'timeout' || connection.answers === 0) return null;
  // It answered others meanwhile and not this one: it may read one question only. Else the connection may be dead, and
  // is not used any more.
  return connection.answers > answersBefore ? 'own' : 'any';
}

function keyOf({ remote, localEnd, tls }: StreamTarget): string {
  const security = tls === null ? 'tcp' : `tls ${tls.serverName ?? ''} ${(tls.pins ?? []).join()}`;
  // Of a netblock any address will do: a connection is used again whichever of them it is from.
  return `${remote.ip}@${remote.port} ${localEnd?.block ?? localEnd?.ip ?? ''} ${security}`;
}

/** The /24 or /48 of a server: what one holder usually has whole. */
function networkOf({ remote }: StreamTarget): string {
  const octets = parseIp(remote.ip);
  return octets === null ? remote.ip : toHex(octets.subarray(0, octets.length === 4 ? 3 : 6));
}
