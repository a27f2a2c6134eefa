/**
 * Connections that are accepted and not yet streams: what a proxy says of them is read first (PROXY protocol), then TLS is
 * agreed on.
 *
 * Duties: how long that may take in all, how many are at it (the one that takes longest makes way), who may begin a handshake.
 * Leaves to others: what a proxy's header means, who may begin (ports), the stream itself.
 */

import type { Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import type { ListenOptions } from '../ports/network.ts';
import { TransientMap } from '../work/transient-map.ts';
import { ignore, remoteOf, type StreamOrigin } from './node-stream.ts';

/**
 * Milliseconds from the connection until its TLS handshake is done, the header of a proxy included: all of it, not each piece.
 * A client that is there needs a few round trips.
 */
const ARRIVAL_TIMEOUT_MS = 10_000;

type ArrivalOptions = Pick<ListenOptions, 'preface' | 'maxHandshakes' | 'handshakes'>;

/** A connection that is not yet a stream. */
interface Arrival {
  readonly socket: Socket;
  /** Where it is found again: a closed socket does not tell its addresses. */
  readonly key: string;
  readonly timer: NodeJS.Timeout;
  /** Whom it is from: the proxy's client, when its header was read. */
  origin: StreamOrigin;
  /** Its handshake was let in, and must be told as ended. */
  isInHandshake: boolean;
}

/** The end of a connection's arrival: the socket is ready to be read. */
export type OnReady = (socket: Socket, origin: StreamOrigin) => void;

export class Arrivals {
  readonly #options: ArrivalOptions;
  /** Does the handshakes; null: the streams are not encrypted. */
  readonly #tls: TlsServer | null;
  readonly #onReady: OnReady;
  readonly #underWay = new TransientMap<string, Arrival>();

  constructor(options: ArrivalOptions, tls: TlsServer | null, onReady: OnReady) {
    this.#options = options;
    this.#tls = tls;
    this.#onReady = onReady;
    // One whose handshake fails is closed by Node.
    tls?.on('secureConnection', (socket: Socket) => this.#takeSecure(socket));
  }

  /** Takes a connection that was accepted. */
  take(socket: Socket): void {
    const { preface, maxHandshakes = Number.POSITIVE_INFINITY } = this.#options;
    // Until it is a stream its errors are of no interest; `close` follows them.
    socket.on('error', ignore);
    const origin = { remote: remoteOf(socket), prefaceOctets: 0 };
    if (this.#tls === null && preface === undefined) {
      this.#onReady(socket, origin);
      return;
    }
    const key = keyOf(socket);
    const timer = setTimeout(() => socket.destroy(), ARRIVAL_TIMEOUT_MS);
    const arrival: Arrival = { socket, key, timer, origin, isInHandshake: false };
    this.#underWay.set(key, arrival);
    socket.once('close', () => {
      if (this.#underWay.get(key) === arrival) this.#end(arrival, false);
    });
    if (this.#underWay.size > maxHandshakes) this.#underWay.oldest?.socket.destroy();
    if (preface === undefined) this.#goOn(arrival);
    else this.#readPreface(arrival, preface);
  }

  /** Reads what comes before the stream; what follows it is given back to the socket. */
  #readPreface(arrival: Arrival, preface: NonNullable<ListenOptions['preface']>): void {
    const { socket } = arrival;
    let got: Uint8Array = new Uint8Array();
    const onData = (bytes: Buffer): void => {
      got = got.length === 0 ? bytes : Buffer.concat([got, bytes]);
      const { remote } = arrival.origin;
      const read = preface(got, remote);
      if (read.kind === 'more') return;
      socket.off('data', onData);
      if (read.kind === 'malformed') {
        socket.destroy();
        return;
      }
      socket.pause();
      const rest = got.subarray(read.octets);
      if (rest.length > 0) socket.unshift(rest);
      arrival.origin = { remote: read.client ?? remote, prefaceOctets: read.octets };
      this.#goOn(arrival);
    };
    socket.on('data', onData);
  }

  #goOn(arrival: Arrival): void {
    const { socket, origin } = arrival;
    if (this.#tls === null) {
      this.#end(arrival, true);
      this.#onReady(socket, origin);
      return;
    }
    arrival.isInHandshake = this.#options.handshakes?.begin(origin.remote) ?? true;
    if (arrival.isInHandshake) this.#tls.emit('connection', socket);
    else socket.destroy();
  }

  #takeSecure(socket: Socket): void {
    const arrival = this.#underWay.get(keyOf(socket));
    if (arrival === undefined) {
      // It had to make way, or took too long, at the very moment when it was done.
      socket.destroy();
      return;
    }
    this.#end(arrival, true);
    this.#onReady(socket, arrival.origin);
  }

  #end(arrival: Arrival, isDone: boolean): void {
    this.#underWay.delete(arrival.key);
    clearTimeout(arrival.timer);
    if (arrival.isInHandshake) this.#options.handshakes?.end(arrival.origin.remote, isDone);
    arrival.isInHandshake = false;
  }
}

/** A socket and the TLS socket around it have the same. */
function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
