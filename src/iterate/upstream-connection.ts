/**
 * One connection to a server, shared by many questions (RFC 7766 §6.2.1): length framing both ways, answers in any order.
 *
 * Duties: connect, write questions once connected, give each frame to the question of its id, limits on what a server may
 * send unasked, idle time, closing.
 * Leaves to others: which connection a question takes (upstream-streams.ts), whether a frame is its answer.
 */

import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Address, ByteStream, Network, NetworkError, TlsClientOptions } from '../ports/network.ts';
import { Bug } from '../terms/unreachable.ts';
import { readU16, writeU16 } from '../wire/bytes.ts';

/** Frames that answer nothing asked until the connection is given up: an honest server sends none. */
export const MAX_STRAY_FRAMES = 8;

/** How a question on a connection ended. */
export type StreamEnd = 'accepted' | 'timeout' | 'malformed' | NetworkError;

/** One question that waits on a connection. */
export interface Waiting {
  readonly query: Uint8Array;
  /** Looks at a frame with the question's id; rejected: not the answer, waiting goes on. */
  readonly accept: (frame: Uint8Array) => 'accepted' | 'rejected';
  readonly settle: (end: StreamEnd) => void;
}

/** What a connection is made from. */
export interface ConnectionStart {
  readonly clock: Clock;
  readonly network: Network;
  readonly remote: Address;
  readonly localIp: string | null;
  readonly tls: TlsClientOptions | null;
  readonly connectTimeoutMs: number;
  /** How long it is kept without questions, ms; 0: not at all. */
  readonly idleMs: number;
  /** Questions that it may carry in its life. */
  readonly maxQuestions: number;
  /** A frame came that answers nothing. */
  readonly onStray: () => void;
  /** It is closed; called once. */
  readonly onGone: () => void;
}

/** A connection, from the moment that it is being made. */
export class UpstreamConnection {
  readonly #start: ConnectionStart;
  readonly #waiting = new Map<number, Waiting>();
  #stream: ByteStream | null = null;
  #pending: Uint8Array = new Uint8Array();
  #asked = 0;
  #strays = 0;
  #isRetired = false;
  #isGone = false;
  #cancelIdle: CancelTimer | null = null;
  /** Answers that came over it: a server that closes a connection after some may be asked again over a new one. */
  answers = 0;

  constructor(start: ConnectionStart) {
    this.#start = start;
    void this.#open();
  }

  /** True when it may carry one more question. */
  get takesMore(): boolean {
    return !this.#isGone && !this.#isRetired && this.#asked < this.#start.maxQuestions;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0;
  }

  /** True when a question with this id waits on it. */
  isTaken(id: number): boolean {
    return this.#waiting.has(id);
  }

  /** Sends a question, at once or when connected. */
  ask(id: number, waiting: Waiting): void {
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    this.#asked++;
    this.#waiting.set(id, waiting);
    this.#stream?.write(framed(waiting.query));
  }

  /** The asker waits no more. `isSilent`: the server did not answer in time, so nobody else should try this connection. */
  leave(id: number, isSilent: boolean): void {
    this.#waiting.delete(id);
    this.#isRetired ||= isSilent;
    this.#rest();
  }

  /** Closes at once; questions that wait end with a reset. */
  close(): void {
    this.#finish({ kind: 'reset', text: 'the connection was closed' });
  }

  async #open(): Promise<void> {
    const { network, remote, localIp, tls, connectTimeoutMs } = this.#start;
    const connecting = network.connect({
      remote,
      ...(localIp === null ? {} : { localIp }),
      ...(tls === null ? {} : { tls }),
      timeoutMs: connectTimeoutMs,
      onData: (bytes) => this.#take(bytes),
      onClose: (error) => this.#finish(error ?? { kind: 'reset', text: 'closed before the answer' }),
    });
    const opened = await connecting.catch((error: unknown) => {
      throw new Bug('the network port threw', { error });
    });
    if (!opened.ok) return this.#finish(opened.error.kind === 'timeout' ? 'timeout' : opened.error);
    if (this.#isGone) return opened.value.destroy();
    this.#stream = opened.value;
    for (const { query } of this.#waiting.values()) this.#stream.write(framed(query));
    this.#rest();
  }

  /** Without questions: waits a while for more, or closes. */
  #rest(): void {
    if (this.#isGone || this.#waiting.size > 0) return;
    if (!this.takesMore || this.#start.idleMs === 0) this.close();
    else this.#cancelIdle ??= this.#start.clock.after(this.#start.idleMs, () => this.close());
  }

  #take(bytes: Uint8Array): void {
    if (this.#isGone) return;
    this.#pending = joined(this.#pending, bytes);
    while (!this.#isGone && this.#pending.length >= 2) {
      const length = readU16(this.#pending, 0);
      if (this.#pending.length < length + 2) return;
      const frame = this.#pending.slice(2, length + 2);
      this.#pending = this.#pending.slice(length + 2);
      this.#give(frame);
    }
  }

  #give(frame: Uint8Array): void {
    const id = frame.length < 2 ? -1 : readU16(frame, 0);
    const waiting = this.#waiting.get(id);
    if (waiting?.accept(frame) === 'accepted') {
      this.answers++;
      this.#waiting.delete(id);
      waiting.settle('accepted');
      this.#rest();
      return;
    }
    this.#start.onStray();
    if (++this.#strays >= MAX_STRAY_FRAMES) this.#finish('malformed');
  }

  #finish(end: StreamEnd): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#cancelIdle?.();
    this.#stream?.destroy();
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#start.onGone();
    for (const { settle } of left) settle(end);
  }
}

/** RFC 1035 §4.2.2: two octets of length before each message, sent in one write (RFC 7766 §8). */
function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(message.length + 2);
  writeU16(frame, 0, message.length);
  frame.set(message, 2);
  return frame;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
