/**
 * One question over TCP (RFC 7766): length framing both ways, on a connection of its own.
 *
 * Duties: connect, send, collect frames until the answer is among them, limits on what a server may send, closing.
 * Leaves to others: whether the answer is one (accept-response.ts). Known limit: connections are not reused.
 */

import type { Clock } from '../ports/clock.ts';
import type { Address, ByteStream, Network, NetworkError, StreamEvents } from '../ports/network.ts';
import { Bug } from '../terms/unreachable.ts';
import { readU16, writeU16 } from '../wire/bytes.ts';
import { waitFor } from './wait.ts';

/** Frames that are read before the connection is given up: the answer should be the first. */
export const MAX_FRAMES = 8;

/** What to send where. */
export interface TcpQuestion {
  readonly remote: Address;
  readonly localIp: string | null;
  readonly query: Uint8Array;
  readonly timeoutMs: number;
  /** Looks at a frame; null: not the answer, go on reading. */
  readonly accept: (frame: Uint8Array) => 'accepted' | 'rejected';
}

/** How it ended. */
export type TcpEnd = 'accepted' | 'timeout' | 'malformed' | NetworkError;

/** What the exchange uses. */
export interface TcpParts {
  readonly clock: Clock;
  readonly network: Network;
}

/** Asks; the accepted frame has been given to `accept`. Rejects with `Cancelled` when the signal is aborted. */
export async function askOverTcp(parts: TcpParts, signal: AbortSignal, question: TcpQuestion): Promise<TcpEnd> {
  const { clock, network } = parts;
  const startedMs = clock.monotonicMs();
  const reader = new FrameReader(question.accept);
  let stream: ByteStream | null = null;
  try {
    const opened = await waitFor<Awaited<ReturnType<Network['connect']>>>({
      clock,
      signal,
      timeoutMs: question.timeoutMs,
      start: (settle) => {
        const connecting = network.connect({
          remote: question.remote,
          ...(question.localIp === null ? {} : { localIp: question.localIp }),
          timeoutMs: question.timeoutMs,
          ...reader.events,
        });
        connecting.then((result) => {
          if (result.ok && reader.isClosed) result.value.destroy();
          settle(result);
        }, failAsBug);
      },
    });
    if (opened === 'timeout') return 'timeout';
    if (!opened.ok) return opened.error.kind === 'timeout' ? 'timeout' : opened.error;
    stream = opened.value;
    stream.write(framed(question.query));
    const leftMs = question.timeoutMs - (clock.monotonicMs() - startedMs);
    return await waitFor<TcpEnd>({ clock, signal, timeoutMs: leftMs, start: (settle) => reader.onEnd(settle) });
  } finally {
    reader.isClosed = true;
    stream?.destroy();
  }
}

function failAsBug(error: unknown): never {
  throw new Bug('the network port threw', { error });
}

/** RFC 1035 §4.2.2: two octets of length before each message, sent in one write (RFC 7766 §8). */
function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(message.length + 2);
  writeU16(frame, 0, message.length);
  frame.set(message, 2);
  return frame;
}

/** Collects frames out of a stream. Holds at most one frame (64 KiB and 2 octets) and what came with it. */
class FrameReader {
  readonly #accept: TcpQuestion['accept'];
  #pending: Uint8Array = new Uint8Array();
  #frames = 0;
  #end: TcpEnd | null = null;
  #settle: ((end: TcpEnd) => void) | null = null;
  /** Nobody waits any more. */
  isClosed = false;

  constructor(accept: TcpQuestion['accept']) {
    this.#accept = accept;
  }

  get events(): StreamEvents {
    return {
      onData: (bytes) => this.#take(bytes),
      onClose: (error) => this.#finish(error ?? { kind: 'reset', text: 'closed before the answer' }),
    };
  }

  /** Tells how it ended, at once when it has. */
  onEnd(settle: (end: TcpEnd) => void): void {
    this.#settle = settle;
    if (this.#end !== null) settle(this.#end);
  }

  #take(bytes: Uint8Array): void {
    if (this.#end !== null || this.isClosed) return;
    this.#pending = joined(this.#pending, bytes);
    while (this.#end === null && this.#pending.length >= 2) {
      const length = readU16(this.#pending, 0);
      if (this.#pending.length < length + 2) return;
      const frame = this.#pending.slice(2, length + 2);
      this.#pending = this.#pending.slice(length + 2);
      this.#frames++;
      if (this.#accept(frame) === 'accepted') this.#finish('accepted');
      else if (this.#frames >= MAX_FRAMES) this.#finish('malformed');
    }
  }

  #finish(end: TcpEnd): void {
    this.#end ??= end;
    this.#settle?.(this.#end);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
