/**
 * A socket whose octets reach their reader a little in each turn of the event loop.
 *
 * The system hands over up to 64 KiB at once and up to 32 times in a turn, and what reads HTTP works through all of it: thousands
 * of requests or frames of one octet, for which everybody else waits. Here all connections of a listener together get a turn's
 * share, one after the other; meanwhile the socket is stopped, and the system stops its sender.
 */

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * Octets that are handed on in a turn, all connections of a listener together. Ten usual queries of DNS over HTTPS, about a
 * millisecond of work; packed as tightly as HTTP/2 lets them be there are some seventy requests in it.
 */
export const OCTETS_PER_TURN = 1024;

/** Whose turn it is. */
export class OctetPace {
  readonly #waiting: PacedSocket[] = [];
  #isTaken = false;

  /** Lets one that has got octets hand them on: now, when nobody has in this turn, else when those before it have. */
  enter(socket: PacedSocket): void {
    if (this.#isTaken) {
      this.#waiting.push(socket);
      return;
    }
    this.#isTaken = true;
    setImmediate(this.#nextTurn);
    this.#give(socket);
  }

  readonly #nextTurn = (): void => {
    const next = this.#waiting.shift();
    this.#isTaken = next !== undefined;
    if (next === undefined) return;
    setImmediate(this.#nextTurn);
    this.#give(next);
  };

  #give(socket: PacedSocket): void {
    if (socket.handOn(OCTETS_PER_TURN)) this.#waiting.push(socket);
  }
}

export class PacedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #pace: OctetPace;
  /** What has come and was not handed on. */
  #pending: Buffer | null = null;
  #isWanted = false;
  #isInLine = false;
  #hasEnded = false;
  /** Octets that may still be handed on until `onTooMany` is called. */
  octetsLeft: number;
  onTooMany: () => void = () => {};

  constructor(socket: Socket, pace: OctetPace, octetsLeft = Number.POSITIVE_INFINITY) {
    super({ allowHalfOpen: true });
    this.octetsLeft = octetsLeft;
    this.#socket = socket;
    this.#pace = pace;
    socket.on('data', (bytes: Buffer) => {
      this.#pending = this.#pending === null ? bytes : Buffer.concat([this.#pending, bytes]);
      socket.pause();
      this.#enter();
    });
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#enter();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.destroy());
    // One whose first octets were a proxy's was stopped while it had no reader.
    socket.resume();
  }

  #enter(): void {
    if (this.#isInLine || !this.#isWanted) return;
    this.#isInLine = true;
    this.#pace.enter(this);
  }

  /** Its turn: hands on so many octets; true when it is to have another one. */
  handOn(maxOctets: number): boolean {
    this.#isInLine = false;
    const pending = this.#pending;
    if (this.destroyed || !this.#isWanted) return false;
    if (pending === null) {
      if (this.#hasEnded) this.push(null);
      else this.#socket.resume();
      return false;
    }
    const rest = pending.length > maxOctets ? pending.subarray(maxOctets) : null;
    this.#pending = rest;
    this.octetsLeft -= pending.length - (rest?.length ?? 0);
    if (this.octetsLeft < 0) {
      this.onTooMany();
      return false;
    }
    this.#isWanted = this.push(rest === null ? pending : pending.subarray(0, maxOctets));
    if (rest === null && !this.#hasEnded) this.#socket.resume();
    this.#isInLine = this.#isWanted && (rest !== null || this.#hasEnded);
    return this.#isInLine;
  }

  override _read(): void {
    this.#isWanted = true;
    if (this.#pending !== null || this.#hasEnded) this.#enter();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }

  override _writev(pieces: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.cork();
    pieces.forEach(({ chunk }, i) => void this.#socket.write(chunk, i + 1 === pieces.length ? done : undefined));
    this.#socket.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#pending = null;
    this.#socket.destroy();
    done(error);
  }
}
