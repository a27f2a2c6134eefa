/**
 * A whole internet in one process, at the level of datagrams and byte streams.
 *
 * Duties: the network port (used by the resolver and by test clients alike), servers of the test on any address, a link that
 * may lose, delay, double and forge datagrams, ICMP errors for connected sockets, counts of what is open.
 * Determinism: local ports come from the seeded chance, deliveries are turns or timers of the fake clock.
 * Leaves to others: what servers say (test/world, test/replay).
 */

import type {
  Address,
  ByteStream,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
  NetworkError,
  Opened,
  Preface,
  StreamEvents,
  TlsServerOptions,
  UdpOptions,
  UdpSocket,
} from '../../src/ports/network.ts';
import type { FakeClock } from './fake-clock.ts';
import type { SeededRandom } from './fake-random.ts';
import { FakeStream } from './fake-stream.ts';
import { type Delivery, type Link, steadyLink, type Travelling } from './link.ts';

/** Addresses of the machine that the resolver runs on: a socket bound to "any" sends from them and receives at them. */
const RESOLVER_IPS = ['127.0.0.1', '::1', '192.0.2.53', '2001:db8::53'];
const FIRST_CHOSEN_PORT = 1024;
/** What stands where a datagram's octets were, once the callback has returned. */
const USED_AGAIN = 0xa5;

/** Serves datagrams that no open socket takes. True: taken; false: as if nobody were there. */
export type DatagramServer = (datagram: Travelling) => boolean;
/** Accepts streams that no listener takes; null refuses. */
export type StreamServer = (stream: ByteStream) => StreamEvents | null;

interface BoundUdp {
  readonly socket: FakeUdp;
  readonly options: UdpOptions;
}

interface BoundListener {
  options: ListenOptions;
  readonly key: string;
}

/** What is open now. */
export interface OpenCounts {
  readonly udp: number;
  readonly streams: number;
  readonly listeners: number;
}

/** The network port, faked, and the test's grip on it. */
export class FakeNetwork implements Network {
  readonly #clock: FakeClock;
  readonly #random: SeededRandom;
  readonly #udp = new Map<string, BoundUdp[]>();
  readonly #listeners = new Map<string, BoundListener[]>();
  readonly #streams = new Set<FakeStream>();
  /** What happens to datagrams on their way. */
  link: Link = steadyLink();
  /** Milliseconds that a connection takes to be made; 0: turns only. */
  connectDelayMs = 0;
  /** What a host says at a port where nobody listens. */
  closedPorts: 'silent' | 'refuse' = 'silent';
  /** Address families without a route. */
  readonly noRoute = new Set<'ip4' | 'ip6'>();
  /** Single addresses without a route. */
  readonly noRouteTo = new Set<string>();
  /** Local addresses of the machine of the resolver. */
  readonly resolverIps = new Set(RESOLVER_IPS);
  /** Sees each datagram as it is sent. */
  watch: ((datagram: Travelling) => void) | null = null;
  /** The digest of the key that a server of the test shows over TLS; null: any that is wanted. */
  tlsKeyOf: (remote: Address) => string | null = () => null;
  /** Servers of the test behind all addresses that have no socket of their own. */
  datagramServer: DatagramServer | null = null;
  streamServer: ((remote: Address) => StreamServer | null) | null = null;
  /** Sizes that the last sockets were told to have for their buffers, octets. */
  readonly bufferBytes = { receive: 0, send: 0 };
  /** Why a local address cannot be listened on, by transport and address; null: it can. */
  refuseLocal: (transport: 'udp' | 'tcp', local: Address) => NetworkError | null = () => null;
  /** Datagrams sent so far. */
  sentDatagrams = 0;

  constructor(clock: FakeClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
    clock.describeOpenWith(() => {
      const open = this.openCounts();
      return `${open.udp} UDP sockets, ${open.streams} stream ends, ${open.listeners} listeners`;
    });
  }

  /** Counts of open sockets, for tests of leaks. */
  openCounts(): OpenCounts {
    const count = (map: Map<string, readonly unknown[]>) =>
      [...map.values()].reduce((sum, list) => sum + list.length, 0);
    return { udp: count(this.#udp), streams: this.#streams.size, listeners: count(this.#listeners) };
  }

  async openUdp(options: UdpOptions): Promise<Opened<UdpSocket>> {
    await this.#clock.nextTurn();
    const refused = this.refuseLocal('udp', options.local);
    if (refused !== null) return { ok: false, error: refused };
    const local = this.#chooseLocal(options.local, this.#udp);
    const taken = this.#udp.get(addressKey(local)) ?? [];
    if (taken.some((bound) => bound.options.reusePort !== true || options.reusePort !== true)) {
      return failed('in-use', 'address already in use');
    }
    if (options.remote !== undefined && this.#isUnreachable(options.remote.ip)) return unreachable();
    const socket = new FakeUdp(this, local, options);
    this.#udp.set(addressKey(local), [...taken, { socket, options }]);
    return { ok: true, value: socket };
  }

  async connect(options: ConnectOptions): Promise<Opened<ByteStream>> {
    await this.#clock.nextTurn();
    const { remote } = options;
    if ('path' in remote) return failed('refused', 'no unix sockets here');
    if (this.#isUnreachable(remote.ip)) return unreachable();
    const shown = this.tlsKeyOf(remote);
    if (shown !== null && options.tls?.pins?.includes(shown) === false) return failed('tls', 'none of the pinned keys');
    const accept = this.#acceptorFor(remote, options.tls !== undefined);
    if (accept === null && this.closedPorts === 'silent') return this.#timeOut(options.timeoutMs);
    if (this.connectDelayMs > options.timeoutMs) return this.#timeOut(options.timeoutMs);
    if (this.connectDelayMs > 0) await new Promise<void>((go) => this.#clock.after(this.connectDelayMs, go));
    if (accept === null) return failed('refused', 'connection refused');
    const local = { ip: options.localIp ?? this.sourceIpFor(remote.ip), port: this.#freePort() };
    const near = this.#newEnd(local, remote);
    const far = this.#newEnd(remote, local);
    near.peer = far;
    far.peer = near;
    far.events = accept(far);
    if (far.events === null) {
      for (const end of [near, far]) this.#streams.delete(end);
      return failed('reset', 'connection reset by peer');
    }
    near.events = options;
    near.pump();
    far.pump();
    return { ok: true, value: near };
  }

  async listen(options: ListenOptions): Promise<Opened<Listener>> {
    await this.#clock.nextTurn();
    const refused = 'path' in options.local ? null : this.refuseLocal('tcp', options.local);
    if (refused !== null) return { ok: false, error: refused };
    const isPath = 'path' in options.local;
    const local = isPath ? { ip: '', port: 0 } : this.#chooseLocal(options.local as Address, this.#listeners);
    const key = 'path' in options.local ? options.local.path : addressKey(local);
    const taken = this.#listeners.get(key) ?? [];
    if (taken.some((bound) => bound.options.reusePort !== true || options.reusePort !== true)) {
      return failed('in-use', 'address already in use');
    }
    const bound: BoundListener = { options, key };
    this.#listeners.set(key, [...taken, bound]);
    const useTls = (tls: TlsServerOptions): void => {
      if (bound.options.tls !== undefined) bound.options = { ...bound.options, tls };
    };
    return { ok: true, value: { local, useTls, close: () => remove(this.#listeners, key, bound) } };
  }

  /** Puts a datagram on the wire; used by sockets, and by tests that forge one. */
  transmit(datagram: Travelling): void {
    this.sentDatagrams++;
    this.watch?.(datagram);
    for (const delivery of this.link(datagram)) {
      const arrive = () => this.#arrive(changed(datagram, delivery));
      if (delivery.afterMs > 0) this.#clock.after(delivery.afterMs, arrive);
      else this.#clock.inTurn(arrive);
    }
  }

  /** Tells a connected socket what a router would: ICMP. */
  reportError(local: Address, error: NetworkError): void {
    for (const { options } of this.#socketsAt(local)) this.#clock.inTurn(() => options.onError(error));
  }

  /** The address that a socket bound to "any" sends from. */
  sourceIpFor(remoteIp: string): string {
    if (remoteIp.startsWith('127.')) return '127.0.0.1';
    if (remoteIp === '::1') return '::1';
    return remoteIp.includes(':') ? '2001:db8::53' : '192.0.2.53';
  }

  /** True when nothing can be sent to that address. */
  isUnreachable(ip: string): boolean {
    return this.#isUnreachable(ip);
  }

  /** Closes a socket (called by it). */
  release(socket: FakeUdp): void {
    const key = addressKey(socket.local);
    const bound = this.#udp.get(key)?.find((candidate) => candidate.socket === socket);
    if (bound !== undefined) remove(this.#udp, key, bound);
  }

  /** In a turn: an error for a socket's owner. */
  later(run: () => void): void {
    this.#clock.inTurn(run);
  }

  /** Cuts every stream that has an end at that address. */
  resetStreamsAt(ip: string): void {
    for (const stream of [...this.#streams]) if (stream.local.ip === ip || stream.remote.ip === ip) stream.reset();
  }

  #arrive(datagram: Travelling): void {
    const bound = this.#pick(this.#socketsAt(datagram.to), datagram.from);
    if (bound !== null) {
      const { remote } = bound.options;
      if (remote !== undefined && addressKey(remote) !== addressKey(datagram.from)) return;
      const bytes = datagram.bytes.slice();
      bound.options.onDatagrams([{ bytes, from: datagram.from }]);
      // Who keeps octets that are not his reads what another datagram has brought: here, always the same.
      bytes.fill(USED_AGAIN);
      return;
    }
    if (this.datagramServer?.(datagram) === true || this.closedPorts === 'silent') return;
    for (const { options } of this.#socketsAt(datagram.from)) {
      if (options.remote !== undefined) options.onError({ kind: 'refused', text: 'connection refused' });
    }
  }

  #socketsAt({ ip, port }: Address): readonly BoundUdp[] {
    const exact = this.#udp.get(addressKey({ ip, port }));
    if (exact !== undefined) return exact;
    if (!this.resolverIps.has(ip)) return [];
    return this.#udp.get(addressKey({ ip: ip.includes(':') ? '::' : '0.0.0.0', port })) ?? [];
  }

  /** Sockets that share a port get their senders by a fixed rule, as SO_REUSEPORT does. */
  #pick(sockets: readonly BoundUdp[], from: Address): BoundUdp | null {
    return sockets[from.port % Math.max(1, sockets.length)] ?? null;
  }

  #acceptorFor(remote: Address, wantsTls: boolean): StreamServer | null {
    const wildcard = this.resolverIps.has(remote.ip) ? (remote.ip.includes(':') ? '::' : '0.0.0.0') : remote.ip;
    const bound =
      this.#listeners.get(addressKey(remote))?.[0] ??
      this.#listeners.get(addressKey({ ip: wildcard, port: remote.port }))?.[0];
    if (bound === undefined) return this.streamServer?.(remote) ?? null;
    if ((bound.options.tls !== undefined) !== wantsTls) return null;
    return (stream) => accepted(stream, bound.options);
  }

  #newEnd(local: Address, remote: Address): FakeStream {
    const end = new FakeStream(this.#clock, local, remote, () => this.#streams.delete(end));
    this.#streams.add(end);
    return end;
  }

  #timeOut(timeoutMs: number): Promise<Opened<never>> {
    return new Promise((resolve) => {
      this.#clock.after(timeoutMs, () => resolve(failed('timeout', 'connection timed out')));
    });
  }

  #isUnreachable(ip: string): boolean {
    return this.noRouteTo.has(ip) || this.noRoute.has(ip.includes(':') ? 'ip6' : 'ip4');
  }

  #chooseLocal(wanted: Address, taken: ReadonlyMap<string, unknown>): Address {
    if (wanted.port !== 0) return wanted;
    for (;;) {
      const local = { ip: wanted.ip, port: this.#freePort() };
      if (!taken.has(addressKey(local))) return local;
    }
  }

  #freePort(): number {
    return FIRST_CHOSEN_PORT + this.#random.below(0x10000 - FIRST_CHOSEN_PORT);
  }
}

/** A UDP socket of the fake network. */
class FakeUdp implements UdpSocket {
  readonly local: Address;
  readonly #network: FakeNetwork;
  readonly #options: UdpOptions;
  #isOpen = true;

  constructor(network: FakeNetwork, local: Address, options: UdpOptions) {
    this.#network = network;
    this.local = local;
    this.#options = options;
  }

  setBuffers(receiveBytes: number, sendBytes: number): void {
    if (receiveBytes > 0) this.#network.bufferBytes.receive = receiveBytes;
    if (sendBytes > 0) this.#network.bufferBytes.send = sendBytes;
  }

  send(bytes: Uint8Array, length: number, to: Address): void {
    if (!this.#isOpen) return;
    if (this.#network.isUnreachable(to.ip)) {
      this.#network.later(() => {
        if (this.#isOpen) this.#options.onError({ kind: 'unreachable', text: 'network is unreachable' });
      });
      return;
    }
    const isAny = this.local.ip === '0.0.0.0' || this.local.ip === '::';
    const from = isAny ? { ip: this.#network.sourceIpFor(to.ip), port: this.local.port } : this.local;
    this.#network.transmit({ bytes: bytes.slice(0, length), from, to });
  }

  close(): void {
    this.#isOpen = false;
    this.#network.release(this);
  }
}

/** What a listener makes of a connection, after what a proxy says first. */
function accepted(stream: ByteStream, options: ListenOptions): StreamEvents | null {
  const { preface } = options;
  if (preface === undefined) return secured(stream, options);
  let got = new Uint8Array();
  let events: StreamEvents | null = null;
  const onData = (bytes: Uint8Array): void => {
    if (events !== null) {
      events.onData(bytes);
      return;
    }
    got = Uint8Array.from([...got, ...bytes]);
    const read = preface(got, stream.remote);
    if (read.kind === 'more') return;
    events = read.kind === 'whole' ? secured(preceded(stream, read), options) : null;
    if (events === null) stream.destroy();
    else if (read.kind === 'whole') {
      // Where nothing comes before TLS its first octet stands for the client's handshake.
      const start = options.tls !== undefined && read.octets === 0 ? 1 : read.octets;
      if (got.length > start) events.onData(got.subarray(start));
    }
  };
  return { onData, onClose: (error) => events?.onClose(error), onDrain: () => events?.onDrain?.() };
}

/** A handshake that is let in is done at once. */
function secured(stream: ByteStream, { handshakes, onConnection }: ListenOptions): StreamEvents | null {
  if (handshakes?.begin(stream.remote) === false) return null;
  handshakes?.end(stream.remote, true);
  return onConnection(stream);
}

/** The stream as one of the client that its preface names. */
function preceded(stream: ByteStream, { client, octets }: Extract<Preface, { kind: 'whole' }>): ByteStream {
  return {
    local: stream.local,
    remote: client ?? stream.remote,
    prefaceOctets: octets,
    write: (bytes) => stream.write(bytes),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    end: () => stream.end(),
    destroy: () => stream.destroy(),
  };
}

function changed(datagram: Travelling, { bytes, from }: Delivery): Travelling {
  if (bytes === undefined && from === undefined) return { ...datagram, bytes: datagram.bytes.slice() };
  return { ...datagram, bytes: bytes ?? datagram.bytes.slice(), from: from ?? datagram.from };
}

function addressKey({ ip, port }: Address): string {
  return `${ip}#${port}`;
}

function remove<T>(map: Map<string, T[]>, key: string, item: T): void {
  const left = (map.get(key) ?? []).filter((other) => other !== item);
  if (left.length > 0) map.set(key, left);
  else map.delete(key);
}

function failed(kind: NetworkError['kind'], text: string): Opened<never> {
  return { ok: false, error: { kind, text } };
}

function unreachable(): Opened<never> {
  return failed('unreachable', 'network is unreachable');
}
