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

  /** Hands what happens to `events`, from the next turn on. */
  bind(events: StreamEvents): void {
    let failure: NetworkError | null = null;
    this.#socket.on('data', events.onData);
    this.#socket.on('error', (error) => {
      failure = networkErrorOf(error);
    });
    this.#socket.on('close', () => events.onClose(failure));
    if (events.onDrain !== undefined) this.#socket.on('drain', events.onDrain);
    // One whose first octets were a proxy's was stopped while it had no reader.
    this.#socket.resume();
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
