/** What the tests of listening share: a fake internet, a serve room that is played, clients over UDP and TCP. */

import type { Address, ByteStream, ConnectOptions, UdpSocket } from '../../src/ports/network.ts';
import type { Serve } from '../../src/serve/query-server.ts';
import type { Layer, ReplyChannel } from '../../src/serve/reply-channel.ts';
import { ServeStats } from '../../src/serve/serve-stats.ts';
import { Daemon } from '../../src/server/daemon.ts';
import type { ServerOptions } from '../../src/server/listen-options.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { FrameReader } from '../../src/wire/frames.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

/** Where the resolver of these tests listens. */
export const HERE: Address = { ip: '127.0.0.1', port: 53 };

/** Options of listening, as by default. */
export const OPTIONS: ServerOptions = {
  interfaces: [HERE],
  udp: true,
  tcp: true,
  reusePort: false,
  receiveBufferBytes: 0,
  sendBufferBytes: 0,
  maxConnections: 10,
  tcpIdleMs: 30_000,
};

/** A query of these tests: a header whose last two octets say what is to be done, and padding. */
export function query(number: number, what: 'now' | 'later' | 'never' | 'large' | 'told' = 'now'): Uint8Array {
  const code = { now: 1, later: 2, never: 3, large: 4, told: 5 }[what];
  return Uint8Array.of(number >>> 8, number & 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, code);
}

/** A serve room that echoes queries, at once or when told. */
export class PlayedServe implements Serve {
  readonly stats = new ServeStats();
  /** Queries handed over, oldest first. */
  readonly held: { readonly bytes: Uint8Array; readonly from: Address; readonly channel: ReplyChannel }[] = [];
  readonly seen: number[] = [];
  /** What each of them came in. */
  readonly layers: (Layer | undefined)[] = [];
  /** Whom they are from. */
  readonly clients: Address[] = [];
  /** Idle times that clients of `told` queries were told, milliseconds; a minute is wanted. */
  readonly told: (number | undefined)[] = [];
  /** Put before each reply, to tell instances apart. */
  readonly mark: number;

  constructor(mark = 0) {
    this.mark = mark;
  }

  query(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    this.seen.push(((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0));
    this.layers.push(channel.layer);
    this.clients.push(from);
    out.set(bytes);
    out[2] = this.mark;
    switch (bytes[11]) {
      case 2:
        this.held.push({ bytes: bytes.slice(), from, channel });
        return 0;
      case 3:
        return -1;
      case 4:
        return 65_535;
      case 5:
        this.told.push(channel.promiseIdleMs?.(60_000));
        return bytes.length;
      default:
        return bytes.length;
    }
  }

  queryPassedOn(bytes: Uint8Array, from: Address, channel: ReplyChannel, out: Uint8Array): number {
    return this.query(bytes, from, channel, out);
  }

  waiting(): number {
    return this.held.length;
  }

  /** Answers a query that was handed over; the oldest unless said otherwise. */
  answer(index = 0): void {
    const [held] = this.held.splice(index, 1);
    if (held !== undefined) held.channel.deliver(held.bytes, held.bytes.length, held.from);
  }
}

/** A TCP client of the tests. */
export interface TcpClient {
  readonly stream: ByteStream;
  /** First octets of replies: the numbers of the queries. */
  readonly replies: number[];
  readonly closed: boolean;
  send(...messages: readonly Uint8Array[]): void;
}

/** A daemon on a fake internet. */
export class ListeningDaemon {
  readonly ports = makeFakePorts();
  readonly serve = new PlayedServe();
  readonly daemon = new Daemon(this.ports);

  async listen(options: Partial<ServerOptions> = {}): Promise<readonly string[]> {
    const listening = this.daemon.listen(this.serve, { ...OPTIONS, ...options });
    return (await this.ports.clock.runUntilSettled(listening)).map(({ text }) => text);
  }

  /** Connects; null when nobody answers. `how`: over TLS, to another port. */
  async connect(
    from?: string,
    how: Pick<ConnectOptions, 'tls'> & { readonly port?: number } = {},
  ): Promise<TcpClient | null> {
    const frames = new FrameReader();
    const replies: number[] = [];
    const state = { closed: false };
    const opening = this.ports.network.connect({
      remote: { ...HERE, port: how.port ?? HERE.port },
      ...(how.tls === undefined ? {} : { tls: how.tls }),
      ...(from === undefined ? {} : { localIp: from }),
      timeoutMs: 1000,
      onData: (bytes) => {
        frames.push(bytes);
        for (let message = frames.next(); message !== null; message = frames.next()) {
          replies.push(((message[0] ?? 0) << 8) | (message[1] ?? 0));
        }
      },
      onClose: () => {
        state.closed = true;
      },
    });
    const opened = await this.ports.clock.runUntilSettled(opening);
    await this.ports.clock.settle();
    if (!opened.ok) return null;
    const stream = opened.value;
    return {
      stream,
      replies,
      get closed() {
        return state.closed;
      },
      send: (...messages) => {
        stream.write(
          concatBytes(...messages.map((each) => concatBytes(Uint8Array.of(each.length >> 8, each.length & 255), each))),
        );
      },
    };
  }

  /** A UDP client; replies are kept by their first octets and mark. */
  async udpClient(): Promise<{ readonly socket: UdpSocket; readonly replies: [number, number][] }> {
    const replies: [number, number][] = [];
    const opening = this.ports.network.openUdp({
      local: { ip: '127.0.0.1', port: 0 },
      onDatagrams: (batch) => {
        for (const { bytes } of batch) replies.push([((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0), bytes[2] ?? 0]);
      },
      onError: () => {},
    });
    const opened = await this.ports.clock.runUntilSettled(opening);
    if (!opened.ok) throw new Error(opened.error.text);
    return { socket: opened.value, replies };
  }
}
