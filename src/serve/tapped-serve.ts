/** Serving with somebody who gets a copy of what clients send and are sent. Not made where nobody listens. */

import type { Address } from '../ports/network.ts';
import type { Serve } from './query-server.ts';
import type { ReplyChannel } from './reply-channel.ts';
import type { ServeStats } from './serve-stats.ts';

/** Gets the copies; octets are good until it returns. */
interface ClientTap {
  query(bytes: Uint8Array, from: Address, channel: ReplyChannel): void;
  response(bytes: Uint8Array, to: Address, channel: ReplyChannel): void;
}

export class TappedServe implements Serve {
  readonly #serve: Serve;
  readonly #tap: ClientTap;
  readonly #channels = new WeakMap<ReplyChannel, ReplyChannel>();

  constructor(serve: Serve, tap: ClientTap) {
    this.#serve = serve;
    this.#tap = tap;
  }

  get stats(): ServeStats {
    return this.#serve.stats;
  }

  waiting(): number {
    return this.#serve.waiting();
  }

  query(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    this.#tap.query(bytes, from, channel);
    const length = this.#serve.query(bytes, from, this.#tapped(channel), out);
    if (length > 0) this.#tap.response(out.subarray(0, length), from, channel);
    return length;
  }

  /** As any other: what front threads answered from their own memory would not be seen. */
  queryPassedOn(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    return this.query(bytes, from, channel, out);
  }

  #tapped(channel: ReplyChannel): ReplyChannel {
    const known = this.#channels.get(channel);
    if (known !== undefined) return known;
    const tapped = new TappedChannel(channel, this.#tap);
    this.#channels.set(channel, tapped);
    return tapped;
  }
}

class TappedChannel implements ReplyChannel {
  readonly transport: ReplyChannel['transport'];
  readonly layer: ReplyChannel['layer'];
  readonly promiseIdleMs?: (wanted: number) => number;
  readonly #channel: ReplyChannel;
  readonly #tap: ClientTap;

  constructor(channel: ReplyChannel, tap: ClientTap) {
    this.#channel = channel;
    this.#tap = tap;
    this.transport = channel.transport;
    this.layer = channel.layer;
    if (channel.promiseIdleMs !== undefined) {
      const promise = (wanted: number): number => channel.promiseIdleMs?.(wanted) ?? wanted;
      this.promiseIdleMs = promise;
    }
  }

  get local(): Address | null {
    return this.#channel.local ?? null;
  }

  get isResumed(): boolean {
    return this.#channel.isResumed ?? false;
  }

  deliver(bytes: Uint8Array, length: number, to: Address): void {
    if (length > 0) this.#tap.response(bytes.subarray(0, length), to, this.#channel);
    this.#channel.deliver(bytes, length, to);
  }
}
