/**
 * A name server of the test at the level of messages: takes queries over UDP and TCP at one address, at a port, or
 * everywhere, and answers when and as often as the test likes.
 */

import type { Address, ByteStream, StreamEvents } from '../../src/ports/network.ts';
import { concatBytes, readU16 } from '../../src/wire/bytes.ts';
import type { FakeNetwork } from './fake-network.ts';

/** One query that came to a server. */
export interface IncomingQuery {
  readonly bytes: Uint8Array;
  readonly transport: 'udp' | 'tcp';
  readonly from: Address;
  readonly to: Address;
  /** Sends an answer; may be called never, once, or several times. */
  reply(bytes: Uint8Array): void;
}

/** What a server does with a query. */
export type ServeMessage = (query: IncomingQuery) => void;

/** Servers by `ip` (port 53) or `ip@port`; a key `*` serves all other addresses. */
export class FakeServers {
  readonly #network: FakeNetwork;
  readonly #servers = new Map<string, ServeMessage>();

  constructor(network: FakeNetwork) {
    this.#network = network;
    network.datagramServer = ({ bytes, from, to }) => {
      const serve = this.#find(to);
      if (serve === null) return false;
      const reply = (answer: Uint8Array) => network.transmit({ bytes: answer, from: to, to: from });
      serve({ bytes, transport: 'udp', from, to, reply });
      return true;
    };
    network.streamServer = (remote) => {
      const serve = this.#find(remote);
      return serve === null ? null : (stream) => serveStream(stream, serve);
    };
  }

  /** Puts a server at an address; replaces the one that was there. */
  serve(at: string, serve: ServeMessage): void {
    this.#servers.set(at, serve);
  }

  /** Takes a server away: silence from now on. */
  remove(at: string): void {
    this.#servers.delete(at);
    this.#network.resetStreamsAt(at.split('@')[0] ?? at);
  }

  #find({ ip, port }: Address): ServeMessage | null {
    const exact = this.#servers.get(port === 53 ? ip : `${ip}@${port}`);
    if (exact !== undefined) return exact;
    return this.#network.resolverIps.has(ip) && port !== 53 ? null : (this.#servers.get('*') ?? null);
  }
}

/** Length-framed messages on a stream (RFC 1035 §4.2.2). */
function serveStream(stream: ByteStream, serve: ServeMessage): StreamEvents {
  const reply = (answer: Uint8Array) => {
    stream.write(concatBytes(Uint8Array.of(answer.length >>> 8, answer.length & 0xff), answer));
  };
  const onData = messageSplitter((bytes) =>
    serve({ bytes, transport: 'tcp', from: stream.remote, to: stream.local, reply }),
  );
  return { onData, onClose: () => {} };
}

/** Gives whole messages out of pieces of a length-framed stream. */
export function messageSplitter(onMessage: (bytes: Uint8Array) => void): (piece: Uint8Array) => void {
  let pending: Uint8Array = new Uint8Array();
  return (piece) => {
    pending = concatBytes(pending, piece);
    while (pending.length >= 2 && pending.length >= 2 + readU16(pending, 0)) {
      const end = 2 + readU16(pending, 0);
      const message = pending.slice(2, end);
      pending = pending.slice(end);
      onMessage(message);
    }
  };
}
