/**
 * One TCP connection of a client, plain or in TLS: framing both ways, pipelined queries with replies in the order in which they are ready
 * (RFC 7766 §6.2.1.1 and §7), back-pressure, idle timeout.
 *
 * Limits: queries in the making at once (reading stops), queries answered in one turn of the event loop, octets that a client leaves
 * unread (the connection is closed), time without a whole query (a client that sends one octet a second is idle).
 * Leaves to others: how many connections there may be (tcp-listener.ts), what a query means (serve).
 */

import type { Address, ByteStream, StreamEvents } from '../ports/network.ts';
import type { Layer, ReplyChannel } from '../serve/reply-channel.ts';
import { concatBytes, writeU16 } from '../wire/bytes.ts';
import { FrameReader } from '../wire/frames.ts';
import { HEADER_OCTETS } from '../wire/message-view.ts';
import type { ProxyHeader } from '../wire/proxy-header.ts';
import type { TurnLimiter } from '../work/turn-limiter.ts';
import { type ClientConnection, IdleTimer, type SharedParts } from './client-connection.ts';
import { SERVER_LIMITS } from './listen-options.ts';

export interface ConnectionParts extends SharedParts {
  /** As many of the milliseconds as a connection can be promised now. */
  readonly promisableMs: (wanted: number) => number;
  /** Reads who the client is, where a proxy says it inside of the stream. */
  readonly readProxy: (bytes: Uint8Array, proxy: Address) => ProxyHeader;
  /** The client was not known before; false: it gets no slot. */
  readonly onClientKnown: (connection: TcpConnection, proxy: Address) => boolean;
  /** Two octets and the largest reply: where a reply is put together before it is written. */
  readonly frame: Uint8Array;
  /** The same without the two octets. */
  readonly reply: Uint8Array;
  /** What all connections together do in one turn. */
  readonly pace: TurnLimiter;
}

/** Octets of a reply that count as one query more: what is large takes as long as many that are small. */
const OCTETS_PER_UNIT = 4096;

interface ConnectionKind {
  readonly layer?: Layer | undefined;
  /** A proxy says first who the client is, inside of the stream. */
  readonly isProxied?: boolean;
}

export class TcpConnection implements ClientConnection, ReplyChannel, StreamEvents {
  readonly transport = 'tcp';
  readonly layer: Layer | undefined;
  readonly isResumed: boolean;
  readonly local: Address;
  /** The client; as long as a proxy has not said who that is, the proxy. */
  remote: Address;
  slot = 0;
  /** What has come of the header that says it; null: it is not waited for. */
  #header: Uint8Array | null;
  readonly #parts: ConnectionParts;
  readonly #stream: ByteStream;
  readonly #frames = new FrameReader();
  /** Octets written since the client stopped reading; 0 while it reads. */
  #unread = 0;
  #isBlocked = false;
  #isPaused = false;
  #isOpen = true;
  /** It has queries whose turn has not come. */
  #waitsForTurn = false;
  /** A turn was given and not used yet. */
  #hasTurn = false;
  /** What the next query is held to cost: what the last one did. */
  #cost = 1;
  /** Idle time that the client was told last (RFC 7828 §3.3: the last one counts); null: none. */
  #promisedIdleMs: number | null = null;
  readonly #timer: IdleTimer;

  constructor(stream: ByteStream, parts: ConnectionParts, { layer, isProxied }: ConnectionKind) {
    this.#stream = stream;
    this.layer = layer;
    this.#header = isProxied ? new Uint8Array() : null;
    this.isResumed = stream.isResumed === true;
    this.local = stream.local;
    this.remote = stream.remote;
    this.#parts = parts;
    const idleMs = (): number => this.#promisedIdleMs ?? parts.idleMs();
    this.#timer = new IdleTimer(parts.clock, idleMs, () => this.close());
  }

  get idleSinceMs(): number | null {
    return this.#timer.sinceMs;
  }

  readonly onData = (bytes: Uint8Array): void => {
    if (!this.#isOpen) return;
    const rest = this.#header === null ? bytes : this.#readHeader(concatBytes(this.#header, bytes));
    if (rest === null) return;
    this.#frames.push(rest);
    this.#takeFrames();
  };

  /** What follows the header of a proxy; null: it is not whole yet, or the connection was closed for it. */
  #readHeader(bytes: Uint8Array): Uint8Array | null {
    const proxy = this.remote;
    const read = this.#parts.readProxy(bytes, proxy);
    this.#header = read.kind === 'more' ? bytes : null;
    if (read.kind === 'more') return null;
    if (read.kind === 'whole') this.remote = read.client ?? proxy;
    if (read.kind === 'whole' && this.#parts.onClientKnown(this, proxy)) return bytes.subarray(read.octets);
    this.close();
    return null;
  }

  readonly onClose = (): void => {
    this.#finish();
  };

  readonly onDrain = (): void => {
    this.#isBlocked = false;
    this.#unread = 0;
    this.#timer.noteActivity();
    this.#takeFrames();
  };

  /** While slots are scarce no more is promised than others get; what was promised before stays. */
  promiseIdleMs(wanted: number): number {
    this.#promisedIdleMs = this.#parts.promisableMs(wanted);
    return this.#promisedIdleMs;
  }

  /** A reply that was handed over is ready. */
  deliver(bytes: Uint8Array, length: number, _to: Address): void {
    this.#timer.inTheMaking--;
    if (!this.#isOpen) return;
    this.#parts.reply.set(bytes.subarray(0, length));
    if (length > 0) this.#write(length);
    this.#takeFrames();
  }

  reviewIdleTime(): void {
    this.#timer.review();
  }

  close(): void {
    this.#stream.destroy();
    this.#finish();
  }

  /** Serves whole messages until one is missing or a limit says to wait. */
  #takeFrames(): void {
    const { reply, serve } = this.#parts;
    while (this.#isOpen && this.#mayTake() && this.#frames.hasNext) {
      if (!this.#takesTurn()) break;
      const message = this.#frames.next();
      if (message === null) break;
      this.#timer.noteActivity();
      // Too short for a header: not DNS, and the framing can be trusted no more.
      const isMessage = message.length >= HEADER_OCTETS;
      const length = isMessage ? serve().query(message, this.remote, this, reply) : -1;
      if (length > 0) this.#write(length);
      else if (length === 0) this.#timer.inTheMaking++;
      else this.close();
      this.#cost = 1 + Math.floor(Math.max(0, length) / OCTETS_PER_UNIT);
    }
    this.#regulateReading();
  }

  /** True when a query may be served in this turn; else it is when its turn has come. */
  #takesTurn(): boolean {
    if (this.#hasTurn) {
      this.#hasTurn = false;
      return true;
    }
    const later = this.#parts.pace.take(this.#cost);
    if (later === null) return true;
    this.#waitsForTurn = true;
    void later.then(() => {
      this.#waitsForTurn = false;
      this.#hasTurn = true;
      this.#takeFrames();
    });
    return false;
  }

  #mayTake(): boolean {
    return !this.#isBlocked && !this.#waitsForTurn && this.#timer.inTheMaking < SERVER_LIMITS.queriesPerConnection;
  }

  #regulateReading(): void {
    if (!this.#isOpen || this.#isPaused !== this.#mayTake()) return;
    this.#isPaused = !this.#isPaused;
    if (this.#isPaused) this.#stream.pause();
    else this.#stream.resume();
  }

  /** Writes the reply that stands in `out` after its length. */
  #write(length: number): void {
    const { frame } = this.#parts;
    writeU16(frame, 0, length);
    if (this.#isBlocked) this.#unread += length;
    // Unread replies count as idleness: the client is given no more time than one that sends nothing.
    else this.#timer.noteActivity();
    if (this.#unread > SERVER_LIMITS.unreadReplyBytes) this.close();
    else if (!this.#stream.write(frame.subarray(0, 2 + length))) this.#isBlocked = true;
  }

  #finish(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#timer.stop();
    this.#parts.onClosed(this);
  }
}
