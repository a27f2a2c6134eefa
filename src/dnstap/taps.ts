/** Which messages are copied to the collector: of clients, of servers that are asked, of forwarders; all or one in so many. */

import type { Clock } from '../ports/clock.ts';
import type { Address } from '../ports/network.ts';
import { encodeTapMessage, type TapMessage, type TapSource, type TapType } from './tap-message.ts';

/** What is copied. Unbound `dnstap-log-…-messages`, `dnstap-sample-rate`. */
export interface TapOptions {
  readonly types: ReadonlySet<TapType>;
  /** One message in so many; 0 and 1: all. */
  readonly sampleRate: number;
}

interface TapsParts {
  readonly clock: Clock;
  /** Seconds since 1970 with a fraction. */
  readonly unixTime: () => number;
  readonly options: TapOptions;
  readonly source: TapSource;
  readonly send: (message: Uint8Array) => void;
}

/** What carries a client's messages. */
interface ClientWay {
  readonly transport: 'udp' | 'tcp';
  readonly layer?: 'tls' | 'https' | 'http' | undefined;
  /** The address that was asked. */
  readonly local?: Address | null;
}

/** A question to a server. */
interface ServerWay {
  readonly server: Address;
  /** Where it went out from; null: not known. */
  readonly local: Address | null;
  readonly zone: Uint8Array;
  /** RD is set: the server is a forwarder, as Unbound tells them apart. */
  readonly recursion: boolean;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** When it was sent, monotonic milliseconds. */
  readonly sentMs: number;
}

export class Taps {
  readonly #parts: TapsParts;
  #passed = 0;

  constructor(parts: TapsParts) {
    this.#parts = parts;
  }

  /** Gets what clients send and are sent. */
  readonly clients = {
    query: (bytes: Uint8Array, from: Address, way: ClientWay): void => this.#ofClient('clientQuery', bytes, from, way),
    response: (bytes: Uint8Array, to: Address, way: ClientWay): void =>
      this.#ofClient('clientResponse', bytes, to, way),
  };

  /** Gets what servers are asked and what they answer. */
  readonly servers = {
    query: (bytes: Uint8Array, way: ServerWay): void =>
      this.#ofServer(way.recursion ? 'forwarderQuery' : 'resolverQuery', bytes, way),
    response: (bytes: Uint8Array, way: ServerWay): void =>
      this.#ofServer(way.recursion ? 'forwarderResponse' : 'resolverResponse', bytes, way),
  };

  #ofClient(type: TapType, bytes: Uint8Array, asker: Address, { transport, layer, local }: ClientWay): void {
    if (!this.#isWanted(type)) return;
    const now = this.#parts.unixTime();
    const isResponse = type === 'clientResponse';
    this.#send({
      type,
      protocol: layer === 'tls' ? 'tls' : layer === undefined ? transport : 'https',
      asker,
      server: local ?? null,
      queryTime: isResponse ? null : now,
      responseTime: isResponse ? now : null,
      zone: null,
      bytes,
    });
  }

  #ofServer(type: TapType, bytes: Uint8Array, { server, local, zone, transport, sentMs }: ServerWay): void {
    if (!this.#isWanted(type)) return;
    const { clock, unixTime } = this.#parts;
    const now = unixTime();
    const isResponse = type === 'resolverResponse' || type === 'forwarderResponse';
    const queryTime = now - (clock.monotonicMs() - sentMs) / 1000;
    const responseTime = isResponse ? now : null;
    this.#send({ type, protocol: transport, asker: local, server, queryTime, responseTime, zone, bytes });
  }

  #isWanted(type: TapType): boolean {
    const { types, sampleRate } = this.#parts.options;
    if (!types.has(type)) return false;
    if (sampleRate <= 1) return true;
    this.#passed = (this.#passed + 1) % sampleRate;
    return this.#passed === 0;
  }

  #send(message: TapMessage): void {
    this.#parts.send(encodeTapMessage(message, this.#parts.source));
  }
}
