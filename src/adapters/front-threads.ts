/**
 * The front threads of this process, as the resolving thread sees them: starts them, gives them sockets, takes what they hand
 * over, and starts one anew that has died.
 *
 * Sockets and epoll sets are made here and stay here: a thread that dies leaves its sockets open, with what has arrived in them, to
 * the one that follows it, which could not bind port 53 any more. Each socket of a thread is bound to the same address as one
 * of this thread (SO_REUSEPORT), so what is handed over is answered from there.
 * Leaves to others: the loop of a thread (front-loop.ts), what is answered (front/).
 */

import { Worker } from 'node:worker_threads';
import type { FrontThreadOptions, FrontThreads } from '../ports/front-threads.ts';
import type { Datagram, NetworkError, UdpOptions, UdpSocket } from '../ports/network.ts';
import { EPOLL, EpollEvents } from './epoll.ts';
import { FastSocket } from './fast-udp.ts';
import { CONTROL, CONTROL_OCTETS, NO_SOCKET } from './front-loop.ts';
import { networkErrorOfCall } from './network-error.ts';
import { AddressReader, AF_INET, type OwnAddress, Peers, readOwnAddress, SocketAddress } from './peer.ts';
import { QueryRing, TakenDatagram } from './query-ring.ts';
import { SOCK_CLOEXEC, SOCK_DGRAM, type SystemCalls } from './system-calls.ts';
import { isForAny, UdpDescriptors } from './udp-descriptor.ts';

/**
 * Heap of a front thread, MiB: it holds code and a few buffers, and makes no objects. Measured: about 5 in use
 * (bench/RESULTS.md). One that grows above it dies and is started anew.
 */
const OLD_GENERATION_MIB = 24;
const YOUNG_GENERATION_MIB = 1;
const STACK_MIB = 1;
/** Milliseconds that a thread gets to start. */
const START_MS = 10_000;
/** A thread that dies again within so many milliseconds is not started any more. */
const LEAST_LIFE_MS = 10_000;
/** Milliseconds that the closing of a socket waits for the thread to look away from it. */
const LOOK_AWAY_MS = 50;
/** Datagrams taken over before others get their turn. */
const TAKEN_PER_TURN = 128;

/** What a front thread is given. */
export interface FrontThreadGiven {
  readonly epoll: number;
  readonly control: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
  readonly memory: unknown;
}

/** What a thread says of itself: it is about to serve; there is something in its ring. */
export type FrontThreadSays = 'ready' | 'query';

/** A socket of this thread whose address others serve too. */
interface Shared {
  readonly options: UdpOptions;
  /** The batch that a datagram is handed on in. */
  readonly batch: Datagram[];
  asked: OwnAddress | null;
}

/** The sockets of all front threads at one address. */
interface SharedSockets {
  setBuffers(receiveBytes: number, sendBytes: number): void;
  close(): void;
}

/** What the threads run on. */
interface FrontThreadsParts {
  readonly calls: SystemCalls;
  /** The program of a thread. */
  readonly program: URL;
  readonly options: FrontThreadOptions;
  /** Absent: LEAST_LIFE_MS. */
  readonly leastLifeMs?: number;
}

/** Starts them; a text: why they are not. */
export async function startFrontThreads(parts: FrontThreadsParts): Promise<SharingThreads | string> {
  const threads = new SharingThreads(parts);
  const fault = await threads.start();
  if (fault === null) return threads;
  threads.stop();
  return fault;
}

/** All front threads. */
export class SharingThreads implements FrontThreads {
  readonly #parts: FrontThreadsParts;
  readonly #threads: FrontThread[];
  readonly #descriptors: UdpDescriptors;
  readonly #shared = new Map<number, Shared>();
  #lastNumber = 0;

  constructor(parts: FrontThreadsParts) {
    this.#parts = parts;
    this.#descriptors = new UdpDescriptors(parts.calls, new AddressReader());
    const sockets = (number: number): Shared | undefined => this.#shared.get(number);
    this.#threads = Array.from({ length: parts.options.threads }, (_, i) => new FrontThread(parts, i, sockets));
  }

  async start(): Promise<string | null> {
    const faults = await Promise.all(this.#threads.map((thread) => thread.start()));
    return faults.find((fault) => fault !== null) ?? null;
  }

  get running(): number {
    return this.#threads.filter(({ isRunning }) => isRunning).length;
  }

  /** Opens a socket for each thread at the address of one of this thread; what cannot be opened is said. */
  share(socket: UdpSocket, options: UdpOptions): SharedSockets {
    const number = ++this.#lastNumber;
    this.#shared.set(number, { options, batch: [], asked: null });
    // Only now: a socket that shares its port from the start would join those of another daemon in place of failing.
    if (socket instanceof FastSocket) this.#descriptors.sharePort(socket.fd);
    const local = { ...options.local, port: socket.local.port };
    const fds = this.#threads.map((thread) => {
      const made = this.#descriptors.make({ ...options, local, reusePort: true }, null);
      if ('error' in made) {
        this.#say(made.error, options);
        return -1;
      }
      const refused = thread.add(made.fd, number);
      if (refused === null) return made.fd;
      this.#parts.calls.close(made.fd);
      this.#say(refused, options);
      return -1;
    });
    return {
      setBuffers: (receive, send) => {
        for (const fd of fds) if (fd >= 0) this.#descriptors.setBuffers(fd, receive, send);
      },
      close: () => {
        this.#shared.delete(number);
        this.#threads.forEach((thread, i) => {
          const fd = fds[i] ?? -1;
          fds[i] = -1;
          if (fd >= 0) thread.remove(fd);
        });
      },
    };
  }

  #say({ text }: NetworkError, { local }: UdpOptions): void {
    this.#parts.options.onTrouble(`only thread 0 serves ${local.ip}@${local.port}: ${text}`);
  }

  stop(): void {
    for (const thread of this.#threads) thread.stop();
  }
}

/** One thread. */
class FrontThread {
  readonly #parts: FrontThreadsParts;
  /** As it is shown: thread 0 resolves. */
  readonly #name: string;
  readonly #index: number;
  readonly #socketOf: (number: number) => Shared | undefined;
  readonly #control = new SharedArrayBuffer(CONTROL_OCTETS);
  readonly #words = new Int32Array(this.#control);
  readonly #ring = new QueryRing();
  readonly #taken = new TakenDatagram();
  readonly #at = new SocketAddress();
  readonly #peers = new Peers();
  readonly #event: EpollEvents;
  readonly #epoll: number;
  readonly #waker: number;
  readonly #fds = new Set<number>();
  #worker: Worker | null = null;
  #startedMs = 0;
  #isStopped = false;

  constructor(parts: FrontThreadsParts, index: number, socketOf: (number: number) => Shared | undefined) {
    const { calls } = parts;
    this.#parts = parts;
    this.#index = index;
    this.#name = `thread ${index + 1}`;
    this.#socketOf = socketOf;
    this.#event = new EpollEvents(calls);
    this.#epoll = calls.epoll_create1(EPOLL.cloexec);
    // Always ready to be written to, and so for one event whenever it is asked for.
    this.#waker = calls.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    calls.epoll_ctl(this.#epoll, EPOLL.ctlAdd, this.#waker, this.#event.fill(0, this.#waker, NO_SOCKET));
  }

  get isRunning(): boolean {
    return this.#worker !== null;
  }

  /** Starts it; why it did not, else null when it serves. */
  start(): Promise<string | null> {
    const given: FrontThreadGiven = {
      epoll: this.#epoll,
      control: this.#control,
      ring: this.#ring.memory,
      memory: this.#parts.options.memoryOf(this.#index),
    };
    this.#startedMs = performance.now();
    return new Promise((resolve) => {
      const worker = new Worker(this.#parts.program, {
        workerData: given,
        execArgv: [],
        name: this.#name,
        resourceLimits: {
          maxOldGenerationSizeMb: OLD_GENERATION_MIB,
          maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB,
          stackSizeMb: STACK_MIB,
        },
      });
      const timer = setTimeout(() => resolve(`${this.#name} does not start`), START_MS);
      let why = '';
      worker.on('message', (said: FrontThreadSays) => {
        clearTimeout(timer);
        if (said === 'ready') resolve(null);
        else this.#takeOver();
      });
      worker.on('error', (error) => {
        why = `: ${error.message}`;
      });
      worker.on('exit', (status) => {
        clearTimeout(timer);
        resolve(`${this.#name} ended${why === '' ? ` with status ${status}` : why}`);
        this.#ended(worker, why);
      });
      // What keeps the process is its own sockets.
      worker.unref();
      this.#worker = worker;
    });
  }

  /** A thread is a bug's, or the system's, to end: the daemon goes on, and the thread begins anew. */
  #ended(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    if (this.#isStopped) return;
    const { options, leastLifeMs = LEAST_LIFE_MS } = this.#parts;
    const { onTrouble } = options;
    // It may have died before it told of what it left in the ring.
    this.#takeOver();
    if (performance.now() - this.#startedMs < leastLifeMs) {
      onTrouble(`${this.#name} has died soon after its start${why}: it is not started again, the others serve`);
      for (const fd of this.#fds) this.#parts.calls.close(fd);
      this.#fds.clear();
      return;
    }
    onTrouble(`${this.#name} has died${why}: it is started again`);
    void this.start();
  }

  /** Hands on what is in the ring, a part of it in each turn of the loop. */
  #takeOver(): void {
    for (let i = 0; i < TAKEN_PER_TURN; i++) {
      const number = this.#ring.take(this.#taken);
      if (number !== null) this.#pass(number);
      else if (this.#ring.sleep()) return;
    }
    setImmediate(() => this.#takeOver());
  }

  #pass(number: number): void {
    const taken = this.#taken;
    const socket = this.#socketOf(number);
    if (socket === undefined || !this.#at.read(taken, taken.nameAt, taken.nameLength)) return;
    if (isForAny(socket.options)) {
      socket.asked = readOwnAddress(taken, taken.controlAt, taken.controlLength, socket.asked);
    }
    const from = this.#peers.find(this.#at, isForAny(socket.options) ? socket.asked : null);
    socket.batch[0] = { bytes: taken.payload, from };
    socket.options.onPassedOn?.(socket.batch);
  }

  /** Gives it a socket; why not, else null. */
  add(fd: number, number: number): NetworkError | null {
    const { calls } = this.#parts;
    const added = calls.epoll_ctl(this.#epoll, EPOLL.ctlAdd, fd, this.#event.fill(EPOLL.in, fd, number));
    if (added !== 0) return networkErrorOfCall('epoll_ctl', calls.errno());
    this.#fds.add(fd);
    return null;
  }

  /**
   * Closes a socket of it. The descriptor's number is used again at once, so the thread must have looked away first: it is woken,
   * and waited for until it begins to wait anew.
   */
  remove(fd: number): void {
    if (!this.#fds.delete(fd)) return;
    const { calls } = this.#parts;
    calls.epoll_ctl(this.#epoll, EPOLL.ctlDel, fd, this.#event.fill(0, fd, NO_SOCKET));
    if (this.#worker !== null) {
      const turn = Atomics.load(this.#words, CONTROL.turns);
      this.#wake();
      Atomics.wait(this.#words, CONTROL.turns, turn, LOOK_AWAY_MS);
    }
    calls.close(fd);
  }

  #wake(): void {
    const event = this.#event.fill(EPOLL.out | EPOLL.oneShot, this.#waker, NO_SOCKET);
    this.#parts.calls.epoll_ctl(this.#epoll, EPOLL.ctlMod, this.#waker, event);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    Atomics.store(this.#words, CONTROL.stop, 1);
    this.#wake();
    const { calls } = this.#parts;
    const close = (): void => {
      for (const fd of [...this.#fds, this.#waker, this.#epoll]) calls.close(fd);
      this.#fds.clear();
    };
    if (this.#worker === null) close();
    else this.#worker.once('exit', close);
  }
}
