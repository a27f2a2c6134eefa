/**
 * Which of many short-lived descriptors can be read: one epoll set (epoll(7)), itself watched by the event loop, so that a
 * socket for one question costs one call to be watched and none to end it.
 *
 * A descriptor's number is used again at once after it is closed, so each registration has a number of its own that events bring
 * back: an event of a closed socket is never taken for one of its successor.
 */

import { EPOLL, EpollEvents } from './epoll.ts';
import type { SystemCalls, Watch } from './system-calls.ts';

/** Events taken at a time; the rest is there in the loop's next turn, after timers and other sockets. */
const MAX_EVENTS = 64;
/** Registrations are numbered up to here, and then from 1 again. */
const LAST_NUMBER = 0x7fffffff;

/** What is watched. The last field is written here alone. */
export interface Readable {
  readonly fd: number;
  /** The descriptor can be read or has an error. */
  receive(): void;
  /** Number of its registration; 0: it is not watched. */
  registration: number;
}

export class Readiness {
  readonly #calls: SystemCalls;
  readonly #events: EpollEvents;
  readonly #fd: number;
  readonly #watch: Watch;
  readonly #registered: (Readable | undefined)[] = [];
  readonly #ready: (Readable | undefined)[] = [];
  #lastNumber = 0;

  /** Throws when the system has no descriptor for it. */
  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#events = new EpollEvents(calls, MAX_EVENTS);
    this.#fd = calls.epoll_create1(EPOLL.cloexec);
    if (this.#fd < 0) throw new Error(`epoll_create1 failed with errno ${calls.errno()}`);
    this.#watch = calls.watch(this.#fd, () => this.#wake());
    // Whoever waits for an answer has a timer: that keeps the process, this does not.
    this.#watch.unref();
  }

  /** Calls it whenever its descriptor can be read or has an error, until it is removed. False when the system refuses. */
  add(readable: Readable): boolean {
    const { fd } = readable;
    this.#lastNumber = this.#lastNumber === LAST_NUMBER ? 1 : this.#lastNumber + 1;
    this.#registered[fd] = readable;
    readable.registration = this.#lastNumber;
    const event = this.#events.fill(EPOLL.in, fd, this.#lastNumber);
    const isAdded = this.#calls.epoll_ctl(this.#fd, EPOLL.ctlAdd, fd, event) === 0;
    if (!isAdded) this.remove(readable);
    return isAdded;
  }

  /** To be called before the descriptor is closed, which takes it out of the set. */
  remove(readable: Readable): void {
    readable.registration = 0;
    if (this.#registered[readable.fd] === readable) this.#registered[readable.fd] = undefined;
  }

  #wake(): void {
    const count = Math.min(this.#calls.epoll_wait(this.#fd, this.#events.at, MAX_EVENTS, 0), MAX_EVENTS);
    const ready = this.#ready;
    for (let i = 0; i < count; i++) {
      const registered = this.#registered[this.#events.fd(i)];
      ready[i] = registered?.registration === this.#events.number(i) ? registered : undefined;
    }
    // The memory of events is used again by what these do, and one of them may close another.
    for (let i = 0; i < count; i++) {
      const each = ready[i];
      ready[i] = undefined;
      if (each !== undefined && each.registration !== 0) each.receive();
    }
  }

  close(): void {
    this.#watch.close();
    this.#calls.close(this.#fd);
  }
}
