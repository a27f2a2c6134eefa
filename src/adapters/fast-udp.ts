/**
 * UDP sockets over the system's own calls: many datagrams with one call where clients send, and sockets for one question at a
 * third of the price.
 *
 * A listening socket is watched by itself. What has arrived is taken with one recvmmsg, served one by one, and the replies leave
 * with one sendmmsg, before that when a query is not answered at once: nobody waits for another's work. Sockets for one
 * question share an epoll set. Replies on a socket for any address leave from the one that was asked.
 * Leaves to others: the calls (system-calls.ts), memory (message-ring.ts), making descriptors (udp-descriptor.ts).
 */

import type { Address, Datagram, NetworkError, Opened, UdpOptions, UdpSocket } from '../ports/network.ts';
import { MessageRing, UNUSABLE } from './message-ring.ts';
import { networkErrorOfCall } from './network-error.ts';
import {
  AddressReader,
  type OwnAddress,
  Peer,
  Peers,
  peerAt,
  readOwnAddress,
  SocketAddress,
  writeOwnAddress,
} from './peer.ts';
import { type Readable, Readiness } from './readiness.ts';
import type { SystemCalls, Watch } from './system-calls.ts';
import { isForAny, notAnAddress, type StreamOptions, UdpDescriptors } from './udp-descriptor.ts';
import { Views } from './views.ts';

/** Datagrams taken from a listening socket at a time: what libuv takes, too, before others get their turn. */
const BATCH = 32;
/**
 * Full batches taken from a listening socket in one turn of the loop: where as many wait, a turn for each costs more than it does
 * good. Others wait for up to 128 answers then, about a millisecond.
 */
const BATCHES = 4;
/** Datagrams taken at a time from a socket for one question that got one which was not its answer. */
const FEW = 4;
/** Milliseconds after which what the system had no room for is sent again. */
const RESEND_MS = 1;
/** Datagrams that may wait for that on one socket; above that they are dropped, as a full queue of the system's does. */
const MAX_WAITING = 1000;
const NO_BYTES = new Uint8Array();
const NOBODY: Address = { ip: '', port: 0 };
const EINTR = 4;
const EAGAIN = 11;
const ENOBUFS = 105;

/** A datagram that waits for room. */
interface Waiting {
  readonly bytes: Uint8Array;
  readonly to: Peer | null;
}

/** What all sockets of an engine share. They run in turn, so one of each is enough. */
interface Shared {
  readonly calls: SystemCalls;
  readonly descriptors: UdpDescriptors;
  readonly readiness: Readiness;
  readonly incoming: MessageRing;
  readonly outgoing: Outgoing;
  readonly views: Views;
  readonly peers: Peers;
  readonly at: SocketAddress;
  /** What is handed over with a datagram, and the list that it is alone in. */
  readonly datagram: { bytes: Uint8Array; from: Address };
  readonly batch: readonly Datagram[];
}

/** Opens sockets. One for a process, or for a thread of it. */
export class FastUdp {
  readonly by: SystemCalls['by'];
  readonly #shared: Shared;

  /** Throws when the system has no descriptor left. */
  constructor(calls: SystemCalls) {
    const incoming = new MessageRing(calls, BATCH);
    const datagram = { bytes: NO_BYTES, from: NOBODY };
    this.by = calls.by;
    this.#shared = {
      calls,
      descriptors: new UdpDescriptors(calls, new AddressReader()),
      readiness: new Readiness(calls),
      incoming,
      outgoing: new Outgoing(new MessageRing(calls, BATCH)),
      views: new Views(incoming),
      peers: new Peers(),
      at: new SocketAddress(),
      datagram,
      batch: [datagram],
    };
  }

  /** The calls that it is made of. */
  get calls(): SystemCalls {
    return this.#shared.calls;
  }

  /** Opens a socket, bound and, when asked, connected; `fd`: takes this one, which is bound already. */
  open(options: UdpOptions, fd: number | null = null): Opened<UdpSocket> {
    const { calls, descriptors } = this.#shared;
    const made = descriptors.make(options, fd);
    if ('error' in made) return { ok: false, error: made.error };
    const socket = new FastSocket(this.#shared, options, made.fd);
    const refused = socket.watch();
    if (refused === null) return { ok: true, value: socket };
    calls.close(made.fd);
    return { ok: false, error: refused };
  }

  /** A stream socket at `local`, which the host need not have, for Node.js to listen at; else why there is none. */
  bindStream(options: StreamOptions, local: Address): { readonly fd: number } | { readonly error: NetworkError } {
    return this.#shared.descriptors.makeStream(options, local);
  }

  /** Ends the engine, whose sockets must be closed. */
  close(): void {
    this.#shared.readiness.close();
  }
}

export class FastSocket implements UdpSocket, Readable {
  readonly fd: number;
  registration = 0;
  readonly #shared: Shared;
  readonly #options: UdpOptions;
  readonly #isForAny: boolean;
  readonly #isConnected: boolean;
  #local: Address | null = null;
  #asked: OwnAddress | null = null;
  #watch: Watch | null = null;
  #isOpen = true;
  /** Looking for a second one costs the system as much as taking the first. */
  #atATime = 1;
  #waiting: Waiting[] | null = null;

  constructor(shared: Shared, options: UdpOptions, fd: number) {
    this.fd = fd;
    this.#isConnected = options.remote !== undefined;
    this.#shared = shared;
    this.#options = options;
    this.#isForAny = isForAny(options);
  }

  /** Begins to receive; why that cannot be, else null. */
  watch(): NetworkError | null {
    const { calls, readiness } = this.#shared;
    try {
      if (this.#options.isForClients === true) this.#watch = calls.watch(this.fd, () => this.#receiveAll());
      else if (!readiness.add(this)) return networkErrorOfCall('epoll_ctl', calls.errno());
      return null;
    } catch (error) {
      return { kind: 'other', text: (error as Error).message };
    }
  }

  get local(): Address {
    if (this.#local === null && this.#isOpen) this.#local = this.#shared.descriptors.localOf(this.fd);
    return this.#local ?? this.#options.local;
  }

  setBuffers(receiveBytes: number, sendBytes: number): void {
    if (this.#isOpen) this.#shared.descriptors.setBuffers(this.fd, receiveBytes, sendBytes);
  }

  /** Takes what has come to a socket for one question: the first datagram is mostly the answer, after which it is closed. */
  receive(): void {
    const count = this.#receive(this.#atATime);
    this.#atATime = FEW;
    for (let slot = 0; slot < count && this.#isOpen; slot++) this.#take(slot);
  }

  /** As long as batches come full: after one that did not, nothing waits. */
  #receiveAll(): void {
    for (let batch = 0; batch < BATCHES && this.#isOpen && this.#serveBatch() === BATCH; batch++);
  }

  /** Receives up to so many datagrams; how many there were, or a negative number for an error. */
  #receive(most: number): number {
    const count = this.#shared.incoming.receive(this.fd, most);
    if (count < 0) this.#report(networkErrorOfCall('recvmsg', -count));
    return count;
  }

  /** Takes and serves a batch of datagrams; how many there were, or a negative number for an error. */
  #serveBatch(): number {
    const { outgoing } = this.#shared;
    const count = this.#receive(BATCH);
    outgoing.collect(this);
    try {
      for (let slot = 0; slot < count && this.#isOpen; slot++) {
        const before = outgoing.count;
        this.#take(slot);
        // Not answered at once: what is there to be sent must not wait for the work that this query makes.
        if (outgoing.count === before) outgoing.flush();
      }
    } finally {
      outgoing.stopCollecting();
    }
    return count;
  }

  #take(slot: number): void {
    const { incoming, at, views, peers, datagram, batch } = this.#shared;
    const length = incoming.lengthOf(slot);
    if (length === UNUSABLE || !at.read(incoming, incoming.nameAt(slot), incoming.nameLength(slot))) return;
    if (this.#isForAny) {
      const controlLength = incoming.controlLength(slot);
      this.#asked = readOwnAddress(incoming, incoming.controlAt(slot), controlLength, this.#asked);
    }
    datagram.bytes = views.of(slot, length);
    datagram.from = peers.find(at, this.#isForAny ? this.#asked : null);
    this.#options.onDatagrams(batch);
  }

  send(bytes: Uint8Array, length: number, to: Address): void {
    if (!this.#isOpen) return;
    const peer = this.#isConnected ? null : to instanceof Peer ? to : peerAt(to);
    if (peer === null && !this.#isConnected) this.#report(notAnAddress(to));
    else this.#shared.outgoing.put(this, bytes, length, peer);
  }

  /** What the system did not take: kept until it has room, or an error. */
  refuse(errno: number, bytes: () => Uint8Array, to: Peer | null): void {
    if (errno !== EAGAIN && errno !== ENOBUFS) this.#report(networkErrorOfCall('send', errno, to ?? undefined));
    else {
      this.#waiting ??= [];
      if (this.#waiting.length >= MAX_WAITING) return;
      if (this.#waiting.push({ bytes: bytes(), to }) === 1) setTimeout(() => this.#sendWaiting(), RESEND_MS);
    }
  }

  #sendWaiting(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const { bytes, to } of waiting) if (this.#isOpen) this.#shared.outgoing.put(this, bytes, bytes.length, to);
  }

  /** Later, since nothing is called back inside of `send`. */
  #report(error: NetworkError): void {
    queueMicrotask(() => {
      if (this.#isOpen) this.#options.onError(error);
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  close(): void {
    if (!this.#isOpen) return;
    const { outgoing, readiness, calls } = this.#shared;
    outgoing.flush();
    this.#isOpen = false;
    this.#waiting = null;
    if (this.#watch === null) readiness.remove(this);
    else this.#watch.close();
    calls.close(this.fd);
  }
}

/** What is about to be sent: at once, or, while a listening socket serves a batch, with the rest of its replies. */
class Outgoing {
  readonly #ring: MessageRing;
  readonly #to: (Peer | null)[];
  #collecting: FastSocket | null = null;
  #socket: FastSocket | null = null;
  /** Datagrams put so far, for whoever wants to know whether one more was. */
  count = 0;
  #filled = 0;

  constructor(ring: MessageRing) {
    this.#ring = ring;
    this.#to = new Array(ring.slots).fill(null);
  }

  /** From here on the datagrams of this socket wait for each other. */
  collect(socket: FastSocket): void {
    this.flush();
    this.#collecting = socket;
  }

  stopCollecting(): void {
    this.flush();
    this.#collecting = null;
  }

  put(socket: FastSocket, bytes: Uint8Array, length: number, to: Peer | null): void {
    if (socket !== this.#socket || this.#filled === this.#ring.slots) this.flush();
    const ring = this.#ring;
    const slot = this.#filled;
    const nameOctets = to === null ? 0 : to.write(ring, ring.nameAt(slot));
    const own = to === null ? null : to.asked;
    ring.setLengths(slot, nameOctets, own === null ? 0 : writeOwnAddress(ring, ring.controlAt(slot), own));
    ring.fill(slot, bytes, length);
    this.#to[slot] = to;
    this.#socket = socket;
    this.#filled++;
    this.count++;
    if (socket !== this.#collecting) this.flush();
  }

  /** Sends all that waits. */
  flush(): void {
    const socket = this.#socket;
    const end = this.#filled;
    this.#filled = 0;
    this.#socket = null;
    if (socket === null || !socket.isOpen) return;
    for (let slot = 0; slot < end; ) {
      const sent = this.#ring.send(socket.fd, slot, end);
      if (sent > 0) slot += sent;
      else if (sent !== -EINTR) {
        const refused = slot++;
        socket.refuse(-sent, () => this.#ring.payloadOf(refused), this.#to[refused] ?? null);
      }
    }
  }
}
