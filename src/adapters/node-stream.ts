/** A socket of the system as a byte stream. */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Address, ByteStream, NetworkError, StreamEvents } from '../ports/network.ts';
import { withoutZone } from './ip-zone.ts';
import { networkErrorOf } from './network-error.ts';

/** The socket's own end. */
export function localOf(socket: Socket): Address {
  return { ip: withoutZone(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
}

/** Its other end. */
export function remoteOf(socket: Socket): Address {
  return { ip: withoutZone(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
}

/** Takes errors that are of no interest. */
export function ignore(): void {}

/** Whom a stream is from, and how much came before it to say so. */
export interface StreamOrigin {
  readonly remote: Address;
  readonly prefaceOctets: number;
}

export class NodeStream implements ByteStream {
  readonly local: Address;
  readonly remote: Address;
  readonly isResumed: boolean;
  readonly prefaceOctets: number;
  readonly #socket: Socket;

  constructor(
    socket: Socket,
    { remote, prefaceOctets }: StreamOrigin = { remote: remoteOf(socket), prefaceOctets: 0 },
  ) {
    this.#socket = socket;
    this.local = localOf(socket);
    this.remote = remote;
    this.prefaceOctets = prefaceOctets;
    this.isResumed = 'isSessionReused' in socket && (socket as TLSSocket).isSessionReused();
  }

  /**
   * Hands what happens to `events`, from the next turn on, and lets go of them at the end: V8 makes a function that is assigned to a
   * property old from the start, as Node.js has one in each stream that can be written, and what a closed one leads to is kept until
   * the next collection of all.
   */
  bind(events: StreamEvents): void {
    const socket = this.#socket;
    const { onData, onDrain } = events;
    let failure: NetworkError | null = null;
    const onError = (error: Error): void => {
      failure = networkErrorOf(error);
    };
    const onClose = (): void => {
      events.onClose(failure);
      socket.off('data', onData).off('error', onError).off('close', onClose).on('error', ignore);
      if (onDrain !== undefined) socket.off('drain', onDrain);
    };
    socket.on('data', onData).on('error', onError).on('close', onClose);
    if (onDrain !== undefined) socket.on('drain', onDrain);
    // One whose first octets were a proxy's was stopped while it had no reader.
    socket.resume();
  }

  write(bytes: Uint8Array): boolean {
    // A copy, since the caller may reuse its bytes while the system is not ready to take them.
    return this.#socket.writable ? this.#socket.write(Buffer.from(bytes)) : true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
