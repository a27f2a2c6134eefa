/**
 * The loop of a front thread: waits for its sockets, answers what it can, hands over the rest.
 *
 * The thread does nothing else, so it waits inside of the system's call (epoll_wait) and not in Node's event loop: no callback
 * and no handle that would have to be closed when the thread dies. What wakes it beside datagrams is a descriptor that the
 * resolving thread makes ready for one look (EPOLLONESHOT). Descriptors belong to the resolving thread.
 * Leaves to others: what a query is answered (front/), starting and watching the thread (front-threads.ts).
 */

import { EpollEvents } from './epoll.ts';
import { MessageRing, UNUSABLE } from './message-ring.ts';
import { type OwnAddress, readOwnAddress, SocketAddress, writeOwnAddress } from './peer.ts';
import type { QueryRing } from './query-ring.ts';
import type { SystemCalls } from './system-calls.ts';
import { Views } from './views.ts';

/** Words of a front thread's control memory. */
export const CONTROL = {
  /** 1: end. */
  stop: 0,
  /** Counted up each time that the thread is about to wait. */
  turns: 1,
} as const;
/** Octets of that memory: a line of the processor's cache, which nothing else shares. */
export const CONTROL_OCTETS = 64;

/** Datagrams taken from a socket at a time. */
const BATCH = 32;
/** Events taken at a time. */
const MAX_EVENTS = 16;
/** Milliseconds that the thread waits at most: a process that ends must not wait for it longer than this. */
const WAIT_MS = 1_000;
const EAGAIN = 11;
const EINTR = 4;
const ENOBUFS = 105;
/** Milliseconds, and how often, room for a reply is waited for. */
const RESEND_MS = 1;
const MAX_RESENDS = 3;

/** Octets that a reply may take: more than any that is shared. */
const MAX_REPLY_OCTETS = 8192;

/** Number of the waker in events, where sockets have theirs. */
export const NO_SOCKET = 0;

/** What a loop is made of. */
interface FrontLoopParts {
  readonly calls: SystemCalls;
  /** The epoll set with this thread's sockets. */
  readonly epoll: number;
  readonly control: SharedArrayBuffer;
  readonly ring: QueryRing;
  /** Octets of the reply in `out`; 0: the query is handed over. */
  answer(bytes: Uint8Array, from: SocketAddress, out: Uint8Array): number;
  /** A query was lost: nobody has room for it. */
  onLost(): void;
  /** A batch is served. */
  afterBatch(): void;
  /** Tells the resolving thread that there is something in the ring. */
  wakeOwner(): void;
}

/** Runs until it is told to stop. */
export function runFrontLoop(parts: FrontLoopParts): void {
  const { calls, epoll } = parts;
  const control = new Int32Array(parts.control);
  const events = new EpollEvents(calls, MAX_EVENTS);
  const front = new FrontSockets(parts);
  while (Atomics.load(control, CONTROL.stop) === 0) {
    Atomics.add(control, CONTROL.turns, 1);
    Atomics.notify(control, CONTROL.turns);
    const count = Math.min(calls.epoll_wait(epoll, events.at, MAX_EVENTS, WAIT_MS), MAX_EVENTS);
    for (let i = 0; i < count; i++) {
      const socket = events.number(i);
      if (socket !== NO_SOCKET) front.serve(events.fd(i), socket);
    }
  }
}

/** Serves datagrams of one socket after the other. */
class FrontSockets {
  readonly #parts: FrontLoopParts;
  readonly #incoming: MessageRing;
  readonly #outgoing: MessageRing;
  readonly #views: Views;
  readonly #outs: readonly Uint8Array[];
  readonly #at = new SocketAddress();
  readonly #raw = { nameAt: 0, nameLength: 0, controlAt: 0, controlLength: 0, payloadAt: 0, payloadLength: 0 };
  #asked: OwnAddress | null = null;
  #filled = 0;

  constructor(parts: FrontLoopParts) {
    this.#parts = parts;
    this.#incoming = new MessageRing(parts.calls, BATCH);
    this.#outgoing = new MessageRing(parts.calls, BATCH);
    this.#views = new Views(this.#incoming);
    const { octets } = this.#outgoing;
    this.#outs = Array.from({ length: BATCH }, (_, slot) => {
      const at = this.#outgoing.payloadAt(slot);
      return octets.subarray(at, at + MAX_REPLY_OCTETS);
    });
  }

  serve(fd: number, socket: number): void {
    const count = this.#incoming.receive(fd, BATCH);
    for (let slot = 0; slot < count; slot++) this.#take(slot, socket);
    this.#send(fd);
    if (count > 0) this.#parts.afterBatch();
  }

  #take(slot: number, socket: number): void {
    const incoming = this.#incoming;
    const length = incoming.lengthOf(slot);
    const at = this.#at;
    if (length === UNUSABLE || !at.read(incoming, incoming.nameAt(slot), incoming.nameLength(slot))) return;
    // Port 0 cannot be answered: such a sender is forged.
    if (at.port === 0) return;
    const octets = this.#parts.answer(this.#views.of(slot, length), at, this.#outs[this.#filled] as Uint8Array);
    if (octets > 0) this.#fill(slot, octets);
    else this.#handOver(slot, socket, length);
  }

  /** The reply stands where it is sent from; its address is the query's. */
  #fill(slot: number, octets: number): void {
    const incoming = this.#incoming;
    const outgoing = this.#outgoing;
    const to = this.#filled++;
    const nameOctets = incoming.nameLength(slot);
    const from = incoming.nameAt(slot) >> 2;
    const nameAt = outgoing.nameAt(to) >> 2;
    for (let i = 0; i < nameOctets >> 2; i++) outgoing.words[nameAt + i] = incoming.words[from + i] as number;
    const controlLength = incoming.controlLength(slot);
    let controlOctets = 0;
    if (controlLength > 0) {
      this.#asked = readOwnAddress(incoming, incoming.controlAt(slot), controlLength, this.#asked);
      if (this.#asked !== null) controlOctets = writeOwnAddress(outgoing, outgoing.controlAt(to), this.#asked);
    }
    outgoing.setLengths(to, nameOctets, controlOctets);
    outgoing.setPayloadLength(to, octets);
  }

  #handOver(slot: number, socket: number, length: number): void {
    const incoming = this.#incoming;
    const raw = this.#raw;
    raw.nameAt = incoming.nameAt(slot);
    raw.nameLength = incoming.nameLength(slot);
    raw.controlAt = incoming.controlAt(slot);
    raw.controlLength = incoming.controlLength(slot);
    raw.payloadAt = incoming.payloadAt(slot);
    raw.payloadLength = length;
    const put = this.#parts.ring.put(socket, incoming.octets, raw);
    if (put === 'full') this.#parts.onLost();
    else if (put === 'wake') this.#parts.wakeOwner();
  }

  /** Sends what was filled. A reply that the system has no room for is waited for a little, and then lost. */
  #send(fd: number): void {
    const end = this.#filled;
    this.#filled = 0;
    let resends = 0;
    for (let slot = 0; slot < end; ) {
      const sent = this.#outgoing.send(fd, slot, end);
      if (sent > 0) slot += sent;
      else if ((sent === -EAGAIN || sent === -ENOBUFS) && resends++ < MAX_RESENDS) pause(RESEND_MS);
      else if (sent !== -EINTR) slot++;
    }
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
