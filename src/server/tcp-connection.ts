/**
 * One TCP connection of a client: framing both ways, pipelined queries with replies in the order in which they are ready
 * (RFC 7766 §6.2.1.1 and §7), back-pressure, idle timeout.
 *
 * Limits: queries in the making at once (reading stops), octets that a client leaves unread (the connection is closed),
 * time without a whole query (a client that sends one octet a second is idle).
 * Leaves to others: how many connections there may be (tcp-listener.ts), what a query means (serve).
 */

import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Address, ByteStream, StreamEvents } from '../ports/network.ts';
import type { Serve } from '../serve/query-server.ts';
import type { ReplyChannel } from '../serve/reply-channel.ts';
import { writeU16 } from '../wire/bytes.ts';
import { FrameReader } from '../wire/frames.ts';
import { HEADER_OCTETS } from '../wire/message-view.ts';

import { SERVER_LIMITS } from './listen-options.ts';

/** What connections of one listener share. */
export interface ConnectionParts {
  readonly clock: Clock;
  /** Who answers now; another one after a reload. */
  readonly serve: () => Serve;
  /** Milliseconds that a connection may be idle now: fewer when slots are scarce. */
  readonly idleMs: () => number;
  /** As many of the milliseconds as a connection can be promised now. */
  readonly promisableMs: (wanted: number) => number;
  /** Two octets and the largest reply: where a reply is put together before it is written. */
  readonly frame: Uint8Array;
  /** The same without the two octets. */
  readonly reply: Uint8Array;
  readonly onClosed: (connection: TcpConnection) => void;
}

export class TcpConnection implements ReplyChannel, StreamEvents {
  readonly transport = 'tcp';
  readonly local: Address;
  readonly remote: Address;
  readonly #parts: ConnectionParts;
  readonly #stream: ByteStream;
  readonly #frames = new FrameReader();
  #inTheMaking = 0;
  /** Octets written since the client stopped reading; 0 while it reads. */
  #unread = 0;
  #isBlocked = false;
  #isPaused = false;
  #isOpen = true;
  /** Idle time that the client was told last (RFC 7828 §3.3: the last one counts); null: none. */
  #promisedIdleMs: number | null = null;
  #activeAtMs: number;
  #cancelTimer: CancelTimer;

  constructor(stream: ByteStream, parts: ConnectionParts) {
    this.#stream = stream;
    this.local = stream.local;
    this.remote = stream.remote;
    this.#parts = parts;
    this.#activeAtMs = parts.clock.monotonicMs();
    this.#cancelTimer = parts.clock.after(parts.idleMs(), this.#onTimer);
  }

  /** When it last gave or got a whole message, monotonic ms; null while it waits for an answer. */
  get idleSinceMs(): number | null {
    return this.#inTheMaking > 0 ? null : this.#activeAtMs;
  }

  readonly onData = (bytes: Uint8Array): void => {
    if (!this.#isOpen) return;
    this.#frames.push(bytes);
    this.#takeFrames();
  };

  readonly onClose = (): void => {
    this.#finish();
  };

  readonly onDrain = (): void => {
    this.#isBlocked = false;
    this.#unread = 0;
    this.#activeAtMs = this.#parts.clock.monotonicMs();
    this.#takeFrames();
  };

  /** While slots are scarce no more is promised than others get; what was promised before stays. */
  promiseIdleMs(wanted: number): number {
    this.#promisedIdleMs = this.#parts.promisableMs(wanted);
    return this.#promisedIdleMs;
  }

  /** A reply that was handed over is ready. */
  deliver(bytes: Uint8Array, length: number, _to: Address): void {
    this.#inTheMaking--;
    if (!this.#isOpen) return;
    this.#parts.reply.set(bytes.subarray(0, length));
    if (length > 0) this.#write(length);
    this.#takeFrames();
  }

  /** Looks at the idle time anew: there may be less of it now. */
  reviewIdleTime(): void {
    this.#cancelTimer();
    this.#onTimer();
  }

  /** Closes at once. */
  close(): void {
    this.#stream.destroy();
    this.#finish();
  }

  /** Serves whole messages until one is missing or a limit says to wait. */
  #takeFrames(): void {
    const { reply, serve, clock } = this.#parts;
    while (this.#isOpen && this.#mayTake()) {
      const message = this.#frames.next();
      if (message === null) break;
      this.#activeAtMs = clock.monotonicMs();
      // Too short for a header: not DNS, and the framing can be trusted no more.
      const isMessage = message.length >= HEADER_OCTETS;
      const length = isMessage ? serve().query(message, this.#stream.remote, this, reply) : -1;
      if (length > 0) this.#write(length);
      else if (length === 0) this.#inTheMaking++;
      else this.close();
    }
    this.#regulateReading();
  }

  #mayTake(): boolean {
    return !this.#isBlocked && this.#inTheMaking < SERVER_LIMITS.queriesPerConnection;
  }

  #regulateReading(): void {
    if (!this.#isOpen || this.#isPaused !== this.#mayTake()) return;
    this.#isPaused = !this.#isPaused;
    if (this.#isPaused) this.#stream.pause();
    else this.#stream.resume();
  }

  /** Writes the reply that stands in `out` after its length. */
  #write(length: number): void {
    const { frame, clock } = this.#parts;
    writeU16(frame, 0, length);
    if (this.#isBlocked) this.#unread += length;
    else this.#activeAtMs = clock.monotonicMs();
    if (this.#unread > SERVER_LIMITS.unreadReplyBytes) this.close();
    else if (!this.#stream.write(frame.subarray(0, 2 + length))) this.#isBlocked = true;
  }

  readonly #onTimer = (): void => {
    if (!this.#isOpen) return;
    const { clock } = this.#parts;
    const idleMs = this.#promisedIdleMs ?? this.#parts.idleMs();
    // Unread replies count as idleness: the client is given no more time than one that sends nothing.
    const since = this.#inTheMaking > 0 ? clock.monotonicMs() : this.#activeAtMs;
    const left = since + idleMs - clock.monotonicMs();
    if (left > 0) this.#cancelTimer = clock.after(left, this.#onTimer);
    else this.close();
  };

  #finish(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#cancelTimer();
    this.#parts.onClosed(this);
  }
}
