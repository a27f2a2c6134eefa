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
import { readU16 } from '../wire/bytes.ts';
import { FrameReader, framed } from '../wire/frames.ts';
import { TransientMap } from '../work/transient-map.ts';
import { bindingOf, type LocalEnd } from './local-end.ts';

/** Frames that answer nothing asked until the connection is given up: an honest server sends none. */
const MAX_STRAY_FRAMES = 8;

/** How a question on a connection ended. `crowded-out`: it had waited long, and others needed the place. */
export type StreamEnd = 'accepted' | 'timeout' | 'malformed' | 'crowded-out' | NetworkError;

/** One question that waits on a connection. */
interface Waiting {
  readonly query: Uint8Array;
  /** It goes out, from this address. */
  readonly onSent: (local: Address) => void;
  /** Looks at a frame with the question's id; rejected: not the answer, waiting goes on. */
  readonly accept: (frame: Uint8Array) => 'accepted' | 'rejected';
  readonly settle: (end: StreamEnd) => void;
}

/** What a connection is made from. */
interface UpstreamConnectionParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly remote: Address;
  readonly localEnd: LocalEnd | null;
  readonly tls: TlsClientOptions | null;
  readonly connectTimeoutMs: number;
  /** How long it is kept without questions, ms; 0: not at all. */
  readonly idleMs: number;
  /** Questions that it may carry in its life. */
  readonly maxQuestions: number;
  /** False: others wait for its place, so it is closed as soon as nothing is asked on it. */
  readonly mayRest: () => boolean;
  /** A frame came that answers nothing. */
  readonly onStray: () => void;
  /** It is closed; called once. `wasShort`: by the server, which had been given more questions than it answered. */
  readonly onGone: (wasShort: boolean) => void;
}

/** A question on its way, and how many answers had come before it was asked. */
interface Carried extends Waiting {
  readonly answersBefore: number;
}

/** A connection, from the moment that it is being made. */
export class UpstreamConnection {
  readonly #parts: UpstreamConnectionParts;
  readonly #waiting = new TransientMap<number, Carried>();
  readonly #frames = new FrameReader();
  #stream: ByteStream | null = null;
  #asked = 0;
  /** Those of them that were sent, or given up before. */
  #begun = 0;
  /** Since when something waits and no answer has come, monotonic ms. */
  #silentSinceMs = 0;
  #strays = 0;
  #isRetired = false;
  #isGone = false;
  #cancelIdle: CancelTimer | null = null;
  /** Answers that came over it: a server that closes a connection after some may be asked again over a new one. */
  answers = 0;

  constructor(parts: UpstreamConnectionParts) {
    this.#parts = parts;
    void this.#open();
  }

  /** Books it for one more question; false when it takes no more. */
  book(): boolean {
    if (!this.takesMore) return false;
    if (this.isIdle) this.#silentSinceMs = this.#parts.clock.monotonicMs();
    this.#asked++;
    return true;
  }

  get takesMore(): boolean {
    return !this.#isGone && !this.#isRetired && this.#asked < this.#parts.maxQuestions;
  }

  /** It is made: what is asked goes out at once. */
  get isOpen(): boolean {
    return this.#stream !== null && !this.#isGone;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#begun === this.#asked;
  }

  /** Questions that it was booked for. */
  get asked(): number {
    return this.#asked;
  }

  /** Since when it has kept questions waiting without any answer, monotonic ms; null when nothing waits. */
  get silentSinceMs(): number | null {
    return this.isIdle ? null : this.#silentSinceMs;
  }

  /** True when a question with this id waits on it. */
  isTaken(id: number): boolean {
    return this.#waiting.has(id);
  }

  /** Sends a question that has been booked, at once or when connected. */
  ask(id: number, waiting: Waiting): void {
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    this.#begun++;
    if (this.#isGone) {
      waiting.settle({ kind: 'reset', text: 'closed before the question' });
      return;
    }
    this.#waiting.set(id, { ...waiting, answersBefore: this.answers });
    if (this.#stream !== null) send(this.#stream, waiting);
  }

  /** Who asked does not wait any more. `isSilent`: the server did not answer in time, so nobody else should try this connection. */
  leave(id: number, isSilent: boolean): void {
    // Not there: it was given up before it was sent.
    if (!this.#waiting.delete(id)) this.#begun++;
    this.#isRetired ||= isSilent;
    this.#rest();
  }

  /** Closes at once; questions that wait end as told. */
  close(end: StreamEnd = { kind: 'reset', text: 'the connection was closed' }): void {
    this.#finish(end);
  }

  async #open(): Promise<void> {
    const { network, remote, localEnd, tls, connectTimeoutMs } = this.#parts;
    const connecting = network.connect({
      remote,
      ...(localEnd === null ? {} : { localIp: localEnd.ip, bindForeign: bindingOf(localEnd) }),
      ...(tls === null ? {} : { tls }),
      timeoutMs: connectTimeoutMs,
      onData: (bytes) => this.#take(bytes),
      onClose: (error) => this.#finish(error ?? { kind: 'reset', text: 'closed before the answer' }, true),
    });
    const opened = await connecting.catch((error: unknown) => {
      throw new Bug('the network port threw', { error });
    });
    if (!opened.ok) return this.#finish(opened.error.kind === 'timeout' ? 'timeout' : opened.error);
    if (this.#isGone) return opened.value.destroy();
    this.#stream = opened.value;
    for (const waiting of this.#waiting.list()) send(this.#stream, waiting);
    this.#rest();
  }

  /** Without questions: waits a while for more, or closes. */
  #rest(): void {
    if (this.#isGone || !this.isIdle) return;
    if (!this.takesMore || this.#parts.idleMs === 0 || !this.#parts.mayRest()) this.close();
    else this.#cancelIdle ??= this.#parts.clock.after(this.#parts.idleMs, () => this.close());
  }

  #take(bytes: Uint8Array): void {
    if (this.#isGone) return;
    this.#frames.push(bytes);
    while (!this.#isGone) {
      const frame = this.#frames.next();
      if (frame === null) return;
      this.#give(frame);
    }
  }

  #give(frame: Uint8Array): void {
    const id = frame.length < 2 ? -1 : readU16(frame, 0);
    const waiting = this.#waiting.get(id);
    if (waiting?.accept(frame) === 'accepted') {
      this.answers++;
      this.#silentSinceMs = this.#parts.clock.monotonicMs();
      this.#waiting.delete(id);
      waiting.settle('accepted');
      this.#rest();
      return;
    }
    this.#parts.onStray();
    if (++this.#strays >= MAX_STRAY_FRAMES) this.#finish('malformed');
  }

  #finish(end: StreamEnd, isByServer = false): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#cancelIdle?.();
    this.#stream?.destroy();
    const left = this.#waiting.list();
    this.#waiting.clear();
    // One question that crossed the closing of an idle connection shows nothing; one asked before an answer came does.
    const wasShort = this.answers === 0 ? this.#asked > 1 : left.some((each) => each.answersBefore < this.answers);
    this.#parts.onGone(isByServer && left.length > 0 && wasShort);
    for (const { settle } of left) settle(end);
  }
}

function send(stream: ByteStream, { query, onSent }: Waiting): void {
  onSent(stream.local);
  stream.write(framed(query));
}
