/**
 * Brings frames to a collector: connects, agrees on the content, sends, and begins again when the collector goes.
 *
 * Nobody waits for it: frames wait in a bounded queue while the collector is slow or away, and what does not fit is dropped and
 * counted. Frames that were given to the system when the collector went are lost.
 * Leaves to others: what is in the frames (tap-message.ts).
 */

import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Address, ByteStream, Network, TlsClientOptions } from '../ports/network.ts';
import type { Counters } from '../trace/counters.ts';
import { concatBytes } from '../wire/bytes.ts';
import { CONTROL, controlFrame, dataFrame, readControl } from './frame-streams.ts';

/** Bounds on what collectors cost. None has a directive. */
export const TAP_LIMITS = {
  /** Octets that wait for the collector; above that messages are dropped (`num.dnstap.dropped`). A second of a busy host. */
  queueOctets: 4 * 1024 * 1024,
  /** Milliseconds until connecting is tried again: at first, and at most (it doubles), as in Unbound. */
  firstRetryMs: 100,
  maxRetryMs: 1000,
  /** Milliseconds for connecting and for the collector's consent. */
  connectMs: 5000,
} as const;

/** Where the collector is, and how it is spoken to. */
export interface TapTarget {
  readonly remote: Address | { readonly path: string };
  /** Absent: unencrypted. */
  readonly tls?: TlsClientOptions;
  /** The collector says what it takes before anything is sent, as the library has it for sockets. */
  readonly isBidirectional: boolean;
}

interface TapSenderParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly log: LogSink;
  readonly counters: Counters;
  readonly target: TapTarget;
}

/** `off`: between attempts. `asking`: the collector has not consented yet. */
type State = 'off' | 'connecting' | 'asking' | 'sending' | 'stopped';

export class TapSender {
  readonly #parts: TapSenderParts;
  readonly #where: string;
  #queue: Uint8Array[] = [];
  #queuedOctets = 0;
  #state: State = 'off';
  #stream: ByteStream | null = null;
  #received: Uint8Array = new Uint8Array();
  #isFull = false;
  #retryMs: number = TAP_LIMITS.firstRetryMs;
  #hasComplained = false;
  #cancelTimer: CancelTimer = () => {};

  constructor(parts: TapSenderParts) {
    this.#parts = parts;
    const { remote } = parts.target;
    this.#where = 'path' in remote ? remote.path : `${remote.ip} port ${remote.port}`;
  }

  start(): void {
    if (this.#state === 'off') this.#connect();
  }

  /** Takes the octets of one message; they are copied. */
  send(message: Uint8Array): void {
    const { counters } = this.#parts;
    if (this.#state === 'stopped' || this.#queuedOctets + message.length > TAP_LIMITS.queueOctets) {
      counters.add('dnstap.dropped');
      return;
    }
    const frame = dataFrame(message);
    this.#queue.push(frame);
    this.#queuedOctets += frame.length;
    // What is said within one turn of the event loop goes with one call of the system.
    if (this.#queue.length === 1 && this.#state === 'sending')
      this.#cancelTimer = this.#parts.clock.after(0, this.#flush);
  }

  /** Sends what waits, ends the stream in order, and takes no more. */
  stop(): void {
    const stream = this.#state === 'sending' ? this.#stream : null;
    this.#cancelTimer();
    if (stream !== null) this.#flush();
    else this.#stream?.destroy();
    this.#state = 'stopped';
    stream?.write(controlFrame(CONTROL.stop));
    stream?.end();
  }

  #connect(): void {
    this.#state = 'connecting';
    const { network, target } = this.#parts;
    this.#received = new Uint8Array();
    this.#isFull = false;
    const opening = network.connect({
      remote: target.remote,
      ...(target.tls === undefined ? {} : { tls: target.tls }),
      timeoutMs: TAP_LIMITS.connectMs,
      onData: (bytes) => this.#take(bytes),
      onDrain: () => {
        this.#isFull = false;
        this.#flush();
      },
      onClose: (error) => this.#lose(error?.text ?? 'the collector closed the connection'),
    });
    void opening.then((opened) => {
      if (!opened.ok) this.#lose(opened.error.text);
      else if (this.#state === 'stopped') opened.value.destroy();
      else this.#begin(opened.value);
    });
  }

  #begin(stream: ByteStream): void {
    this.#stream = stream;
    if (!this.#parts.target.isBidirectional) {
      this.#startSending();
      return;
    }
    this.#state = 'asking';
    this.#cancelTimer = this.#parts.clock.after(TAP_LIMITS.connectMs, () => this.#abandon('the collector is silent'));
    stream.write(controlFrame(CONTROL.ready));
  }

  #take(bytes: Uint8Array): void {
    // Once the stream runs, all that a collector has to say is that it has read the end.
    if (this.#state !== 'asking') return;
    this.#received = concatBytes(this.#received, bytes);
    const read = readControl(this.#received);
    if (read.kind === 'more') return;
    const isConsent = read.kind === 'control' && read.type === CONTROL.accept;
    this.#cancelTimer();
    if (!isConsent) this.#abandon('the collector does not speak Frame Streams in both directions');
    else if (read.takesContent) this.#startSending();
    else this.#abandon('the collector does not take dnstap');
  }

  #startSending(): void {
    if (this.#hasComplained) this.#parts.log.write('notice', `dnstap: sending to ${this.#where} again`);
    this.#hasComplained = false;
    this.#retryMs = TAP_LIMITS.firstRetryMs;
    this.#state = 'sending';
    this.#stream?.write(controlFrame(CONTROL.start));
    this.#flush();
  }

  readonly #flush = (): void => {
    const stream = this.#stream;
    if (stream === null || this.#state !== 'sending' || this.#isFull || this.#queue.length === 0) return;
    const frames = this.#queue;
    this.#queue = [];
    this.#queuedOctets = 0;
    this.#parts.counters.add('dnstap.sent', frames.length);
    this.#isFull = !stream.write(concatBytes(...frames));
  };

  #abandon(text: string): void {
    this.#stream?.destroy();
    this.#lose(text);
  }

  /** The connection is gone, or did not come about. */
  #lose(text: string): void {
    if (this.#state === 'stopped' || this.#state === 'off') return;
    this.#state = 'off';
    this.#stream = null;
    this.#cancelTimer();
    if (!this.#hasComplained) this.#parts.log.write('warning', `dnstap: no collector at ${this.#where}: ${text}`);
    this.#hasComplained = true;
    this.#cancelTimer = this.#parts.clock.after(this.#retryMs, () => this.#connect());
    this.#retryMs = Math.min(TAP_LIMITS.maxRetryMs, this.#retryMs * 2);
  }
}
