/** epoll (epoll(7)) as it stands in memory: struct epoll_event, with 8 octets that are ours and come back with each event. */

import type { Pointer, SystemCalls } from './system-calls.ts';

/** The system's numbers (Linux). */
export const EPOLL = {
  cloexec: 0o2000000,
  ctlAdd: 1,
  ctlDel: 2,
  ctlMod: 3,
  in: 1,
  out: 4,
  oneShot: 1 << 30,
} as const;

/** struct epoll_event: events, then 8 octets of ours; packed on x64 only. */
const EVENT_OCTETS = process.arch === 'x64' ? 12 : 16;
const OURS_AT = EVENT_OCTETS - 8;

/** Memory for some events: what is registered with one, or those that were waited for. */
export class EpollEvents {
  readonly at: Pointer;
  readonly room: number;
  readonly #words: Int32Array;

  constructor(calls: SystemCalls, room = 1) {
    const memory = new ArrayBuffer(room * EVENT_OCTETS + 4);
    this.room = room;
    this.#words = new Int32Array(memory, 0, (room * EVENT_OCTETS) >> 2);
    this.at = calls.addressOf(memory);
  }

  /** Fills the first one: what is waited for, a descriptor, and a number of its owner's. Returns where it stands. */
  fill(events: number, fd: number, number: number): Pointer {
    this.#words[0] = events;
    this.#words[OURS_AT >> 2] = fd;
    this.#words[(OURS_AT >> 2) + 1] = number;
    return this.at;
  }

  /** Descriptor of the event in place `i`. */
  fd(i: number): number {
    return this.#words[(i * EVENT_OCTETS + OURS_AT) >> 2] ?? -1;
  }

  /** Its number. */
  number(i: number): number {
    return this.#words[((i * EVENT_OCTETS + OURS_AT) >> 2) + 1] ?? 0;
  }
}
