/**
 * One UDP socket for clients: datagrams in, replies out of one buffer that is used again for each.
 *
 * Leaves to others: everything that a datagram means (serve).
 */

import type { Address, Datagram, Network, NetworkError, Opened, UdpSocket } from '../ports/network.ts';
import { REPLY_BUFFER_OCTETS, type Serve } from '../serve/query-server.ts';
import type { ReplyChannel } from '../serve/reply-channel.ts';
import type { ListenAddress, ServerOptions } from './listen-options.ts';
import { readFromProxy } from './proxy-reader.ts';

interface UdpListenerParts {
  readonly network: Network;
  readonly address: ListenAddress;
  readonly options: ServerOptions;
  readonly serve: Serve;
  readonly onError: (error: NetworkError) => void;
}

/** Opens the socket; queries are served from the first one on. */
export async function openUdpListener(parts: UdpListenerParts): Promise<Opened<UdpListener>> {
  const { address, serve, options } = parts;
  const listener = address.isProxied === true ? new ProxiedUdpListener(serve, options) : new UdpListener(serve);
  // What a proxy says in front of a query only this thread reads.
  const hasFronts = options.hasFronts === true && address.isProxied !== true;
  const opened = await parts.network.openUdp({
    local: { ip: address.ip, port: address.port },
    isForClients: true,
    bindForeign: parts.options.bindForeign,
    reusePort: options.reusePort,
    receiveBufferBytes: parts.options.receiveBufferBytes,
    sendBufferBytes: parts.options.sendBufferBytes,
    onDatagrams: (batch) => listener.take(batch),
    ...(hasFronts ? { onPassedOn: (batch: readonly Datagram[]) => listener.takePassedOn(batch) } : {}),
    onError: parts.onError,
  });
  if (!opened.ok) return opened;
  listener.attach(opened.value);
  return { ok: true, value: listener };
}

export class UdpListener implements ReplyChannel {
  readonly transport = 'udp';
  /** Who answers; another one after a reload. */
  serve: Serve;
  readonly #out = new Uint8Array(REPLY_BUFFER_OCTETS);
  #socket: UdpSocket | null = null;

  constructor(serve: Serve) {
    this.serve = serve;
  }

  /** Where it listens, with the port that the system chose. */
  get local(): Address | null {
    return this.#socket?.local ?? null;
  }

  attach(socket: UdpSocket): void {
    this.#socket = socket;
  }

  /** Takes other options. */
  change({ receiveBufferBytes, sendBufferBytes }: ServerOptions): void {
    this.#socket?.setBuffers(receiveBufferBytes, sendBufferBytes);
  }

  /** Serves datagrams that arrived together. @hot bench/serve-hot-query.ts */
  take(batch: readonly Datagram[]): void {
    for (let i = 0; i < batch.length; i++) {
      const datagram = batch[i];
      // Port 0 cannot be answered: such a sender is forged.
      if (datagram === undefined || datagram.from.port === 0) continue;
      const length = this.serve.query(datagram.bytes, datagram.from, this, this.#out);
      if (length > 0) this.#socket?.send(this.#out, length, datagram.from);
    }
  }

  /** Serves datagrams that front threads could not answer. */
  takePassedOn(batch: readonly Datagram[]): void {
    for (const { bytes, from } of batch) {
      const length = this.serve.queryPassedOn(bytes, from, this, this.#out);
      this.deliver(this.#out, length, from);
    }
  }

  deliver(bytes: Uint8Array, length: number, to: Address): void {
    if (length > 0) this.#socket?.send(bytes, length, to);
  }

  close(): void {
    this.#socket?.close();
    this.#socket = null;
  }
}

/** Where a proxy says in front of each datagram who the client is; the reply goes to the proxy, without a header. */
class ProxiedUdpListener extends UdpListener {
  #proxies: ServerOptions['proxies'];
  readonly #reply = new Uint8Array(REPLY_BUFFER_OCTETS);

  constructor(serve: Serve, { proxies }: ServerOptions) {
    super(serve);
    this.#proxies = proxies;
  }

  override change(options: ServerOptions): void {
    super.change(options);
    this.#proxies = options.proxies;
  }

  /** An address as text for each client costs more than the answer: this is not the path of cached answers. */
  override take(batch: readonly Datagram[]): void {
    for (const { bytes, from } of batch) {
      const read = readFromProxy(bytes, from, { proxies: this.#proxies, stats: this.serve.stats });
      // A datagram holds the whole header, or none.
      if (read.kind === 'more') this.serve.stats.malformedProxyHeaders++;
      if (read.kind !== 'whole' || from.port === 0) continue;
      const channel: ReplyChannel = {
        transport: 'udp',
        local: this.local,
        deliver: (reply, length) => this.deliver(reply, length, from),
      };
      const length = this.serve.query(bytes.subarray(read.octets), read.client ?? from, channel, this.#reply);
      if (length > 0) this.deliver(this.#reply, length, from);
    }
  }
}
