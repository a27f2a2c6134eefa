/**
 * Two ends of a byte stream inside one process: order kept, delivery in turns, back-pressure, orderly and hard closing.
 */

import type { Address, ByteStream, NetworkError, StreamEvents } from '../../src/ports/network.ts';
import type { FakeClock } from './fake-clock.ts';

/** Octets that may wait for a paused reader before `write` says false; as a kernel's socket buffers would take. */
const BUFFER_OCTETS = 65_536;

/** One end. Made in pairs by `streamPair`. */
export class FakeStream implements ByteStream {
  readonly local: Address;
  readonly remote: Address;
  events: StreamEvents | null = null;
  peer: FakeStream | null = null;
  readonly #clock: FakeClock;
  readonly #onGone: () => void;
  /** What this end has received and not handed on yet. */
  #inbox: Uint8Array[] = [];
  #inboxOctets = 0;
  #isPaused = false;
  #isPumping = false;
  #peerHasEnded = false;
  #hasEnded = false;
  #isClosed = false;
  #owesDrain = false;

  constructor(clock: FakeClock, local: Address, remote: Address, onGone: () => void) {
    this.#clock = clock;
    this.local = local;
    this.remote = remote;
    this.#onGone = onGone;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed || this.#hasEnded) return true;
    const hasRoom = this.peer?.receive(bytes.slice()) ?? true;
    if (!hasRoom) this.#owesDrain = true;
    return hasRoom;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.pump();
  }

  end(): void {
    if (this.#isClosed || this.#hasEnded) return;
    this.#hasEnded = true;
    this.peer?.takeEnd();
  }

  destroy(): void {
    this.close(null);
    this.peer?.takeEnd();
  }

  /** The other end, or the test as "the network", resets the connection. */
  reset(text = 'connection reset by peer'): void {
    this.close({ kind: 'reset', text });
  }

  /** Octets come in; false when the reader has too much of them already. */
  receive(bytes: Uint8Array): boolean {
    if (this.#isClosed) return true;
    this.#inbox.push(bytes);
    this.#inboxOctets += bytes.length;
    this.pump();
    return this.#inboxOctets < BUFFER_OCTETS;
  }

  /** The other end will send no more. */
  takeEnd(): void {
    this.#peerHasEnded = true;
    this.pump();
  }

  /** The other end has room again. */
  takeDrain(): void {
    if (!this.#owesDrain || this.#isClosed) return;
    this.#owesDrain = false;
    this.#clock.inTurn(() => {
      if (!this.#isClosed) this.events?.onDrain?.();
    });
  }

  /** Starts handing on what has come in, one piece a turn. */
  pump(): void {
    if (this.#isPumping || this.#isPaused || this.#isClosed || this.events === null) return;
    if (this.#inbox.length === 0 && !this.#peerHasEnded) return;
    this.#isPumping = true;
    this.#clock.inTurn(() => {
      this.#isPumping = false;
      if (this.#isPaused || this.#isClosed) return;
      this.#handOn();
      this.pump();
    });
  }

  #handOn(): void {
    const bytes = this.#inbox.shift();
    if (bytes !== undefined) {
      this.#inboxOctets -= bytes.length;
      this.events?.onData(bytes);
      if (this.#inboxOctets < BUFFER_OCTETS) this.peer?.takeDrain();
      return;
    }
    if (!this.#peerHasEnded) return;
    const peer = this.peer;
    this.close(null);
    peer?.close(null);
  }

  /** Closes this end; `onClose` follows in a turn, once. */
  close(error: NetworkError | null): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#inbox = [];
    this.#onGone();
    this.#clock.inTurn(() => this.events?.onClose(error));
  }
}
