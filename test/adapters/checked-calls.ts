/**
 * The system's calls under guard: every pointer must lie, with all that is read or written behind it, inside of memory whose
 * address was asked for, and every descriptor must be open. What would be a fault of the process, or silent damage, fails a test.
 * Failures can be put in the system's mouth.
 */

import type { Pointer, SystemCalls } from '../../src/adapters/system-calls.ts';

interface Known {
  readonly start: Pointer;
  readonly memory: ArrayBuffer;
}

/** Calls that may be told to fail. */
type Failing = 'sendmmsg' | 'recvmmsg' | 'socket' | 'epoll_ctl' | 'bind';

export class CheckedCalls implements SystemCalls {
  readonly by: SystemCalls['by'];
  /** What was wrong; empty in a sound program. */
  readonly faults: string[] = [];
  /** Descriptors that are open. */
  readonly open = new Set<number>();
  /** Calls so far, by name. */
  readonly counts = new Map<string, number>();
  /** Changes the octets of the first datagram that each call brings. */
  changeReceived: (octets: Uint8Array) => void = () => {};
  readonly #calls: SystemCalls;
  readonly #known: Known[] = [];
  readonly #failures: { readonly call: Failing; readonly errno: number }[] = [];
  #errno: number | null = null;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.by = calls.by;
  }

  /** Lets the next such call fail. */
  failNext(call: Failing, errno: number): void {
    this.#failures.push({ call, errno });
  }

  addressOf(memory: ArrayBuffer): Pointer {
    const start = this.#calls.addressOf(memory);
    this.#known.push({ start, memory });
    return start;
  }

  errno(): number {
    return this.#errno ?? this.#calls.errno();
  }

  watch(fd: number, onReadable: () => void): ReturnType<SystemCalls['watch']> {
    this.#uses('watch', fd);
    return this.#calls.watch(fd, onReadable);
  }

  socket(family: number, type: number, protocol: number): number {
    if (this.#fails('socket')) return -1;
    return this.#opened(this.#calls.socket(family, type, protocol));
  }

  epoll_create1(flags: number): number {
    return this.#opened(this.#calls.epoll_create1(flags));
  }

  bind(fd: number, address: Pointer, length: number): number {
    this.#uses('bind', fd);
    this.#inside('bind', address, length);
    return this.#fails('bind') ? -1 : this.#calls.bind(fd, address, length);
  }

  connect(fd: number, address: Pointer, length: number): number {
    this.#uses('connect', fd);
    this.#inside('connect', address, length);
    return this.#calls.connect(fd, address, length);
  }

  setsockopt(fd: number, level: number, name: number, ...value: [Pointer, number]): number {
    this.#uses('setsockopt', fd);
    this.#inside('setsockopt', ...value);
    return this.#calls.setsockopt(fd, level, name, ...value);
  }

  getsockname(fd: number, address: Pointer, length: Pointer): number {
    this.#uses('getsockname', fd);
    const view = this.#inside('getsockname', length, 4);
    this.#inside('getsockname', address, view?.getUint32(0, true) ?? 0);
    return this.#calls.getsockname(fd, address, length);
  }

  recvmmsg(fd: number, headers: Pointer, count: number, ...rest: [number, Pointer]): number {
    this.#uses('recvmmsg', fd);
    this.#checkHeaders('recvmmsg', headers, count);
    if (this.#fails('recvmmsg')) return -1;
    const received = this.#calls.recvmmsg(fd, headers, count, ...rest);
    if (received > 0) this.changeReceived(this.#firstPayload(headers));
    return received;
  }

  sendmmsg(fd: number, headers: Pointer, count: number, flags: number): number {
    this.#uses('sendmmsg', fd);
    this.#checkHeaders('sendmmsg', headers, count);
    return this.#fails('sendmmsg') ? -1 : this.#calls.sendmmsg(fd, headers, count, flags);
  }

  #firstPayload(headers: Pointer): Uint8Array {
    const iovec = this.#inside('recvmmsg', headers, 64)?.getBigUint64(16, true) ?? 0n;
    const base = this.#inside('recvmmsg', iovec, 16)?.getBigUint64(0, true) ?? 0n;
    const payload = this.#inside('recvmmsg', base, 1);
    return payload === null ? new Uint8Array(0) : new Uint8Array(payload.buffer, payload.byteOffset, 1);
  }

  epoll_ctl(set: number, what: number, fd: number, event: Pointer): number {
    this.#uses('epoll_ctl', set);
    this.#uses('epoll_ctl', fd);
    this.#inside('epoll_ctl', event, process.arch === 'x64' ? 12 : 16);
    return this.#fails('epoll_ctl') ? -1 : this.#calls.epoll_ctl(set, what, fd, event);
  }

  epoll_wait(set: number, events: Pointer, most: number, timeoutMs: number): number {
    this.#uses('epoll_wait', set);
    this.#inside('epoll_wait', events, most * (process.arch === 'x64' ? 12 : 16));
    return this.#calls.epoll_wait(set, events, most, timeoutMs);
  }

  close(fd: number): number {
    this.#uses('close', fd);
    this.open.delete(fd);
    return this.#calls.close(fd);
  }

  #opened(fd: number): number {
    if (fd >= 0) this.open.add(fd);
    return fd;
  }

  #fails(call: Failing): boolean {
    const at = this.#failures.findIndex((failure) => failure.call === call);
    const [failure] = at < 0 ? [] : this.#failures.splice(at, 1);
    this.#errno = failure?.errno ?? null;
    return failure !== undefined;
  }

  #uses(call: string, fd: number): void {
    this.counts.set(call, (this.counts.get(call) ?? 0) + 1);
    if (!this.open.has(fd)) this.faults.push(`${call} on descriptor ${fd}, which is not open`);
  }

  /** The octets behind a pointer; a fault when some of them are nobody's. */
  #inside(call: string, pointer: Pointer, octets: number): DataView | null {
    const known = this.#known.find(
      ({ start, memory }) => pointer >= start && pointer + BigInt(octets) <= start + BigInt(memory.byteLength),
    );
    if (known !== undefined) return new DataView(known.memory, Number(pointer - known.start), octets);
    this.faults.push(`${call} reaches ${octets} octets outside of known memory`);
    return null;
  }

  /** struct mmsghdr of 64 octets, each with a name, one struct iovec and control data. */
  #checkHeaders(call: string, headers: Pointer, count: number): void {
    const view = this.#inside(call, headers, count * 64);
    for (let i = 0; view !== null && i < count; i++) {
      const at = i * 64;
      this.#inside(call, view.getBigUint64(at, true), view.getUint32(at + 8, true));
      if (view.getBigUint64(at + 24, true) !== 1n) this.faults.push(`${call} with other than one iovec`);
      const iovec = this.#inside(call, view.getBigUint64(at + 16, true), 16);
      if (iovec !== null) {
        this.#inside(call, iovec.getBigUint64(0, true), Number(iovec.getBigUint64(8, true)));
      }
      this.#inside(call, view.getBigUint64(at + 32, true), Number(view.getBigUint64(at + 40, true)));
    }
  }
}
