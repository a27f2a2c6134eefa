/**
 * One zone transfer over TCP (RFC 5936 §4.2, RFC 7766): connect, ask, feed what comes to the reader until it is done.
 *
 * Duties: framing, bounds on time (idle and in all), closing whatever happens.
 * Leaves to others: what the messages mean (transfer-reader.ts), whom to ask and when.
 */

import type { Clock } from '../ports/clock.ts';
import type { Address, ByteStream, Network, TlsClientOptions } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import { concatBytes, writeU16, writeU32 } from '../wire/bytes.ts';
import { FrameReader, framed } from '../wire/frames.ts';
import { HEADER_OCTETS } from '../wire/message-view.ts';
import type { Name } from '../wire/name.ts';
import { buildQuery } from '../wire/query.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { rdatasOf } from '../wire/rrset.ts';
import { runInTurns, type Steps } from '../wire/steps.ts';
import { TransferReader, type TransferStep } from './transfer-reader.ts';
import type { Zone } from './zone.ts';
import { TRANSFER_IDLE_MS } from './zone-options.ts';

export interface TransferParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
}

/** What to transfer from where. */
interface TransferRequest {
  readonly zone: Name;
  readonly server: Address;
  /** Name in the server's certificate; null: without TLS. */
  readonly tlsName: string | null;
  /** PEM text of the authorities to trust for TLS; null: the system's. */
  readonly authorities: string | null;
  /** The version in force, for an IXFR; null: AXFR. */
  readonly own: Zone | null;
  readonly maxOctets: number;
  readonly maxMs: number;
  /** Aborted: the transfer is given up. */
  readonly signal: AbortSignal;
}

export type TransferEnd =
  | Exclude<TransferStep, { kind: 'more' | 'zone' }>
  | { readonly kind: 'zone'; readonly zone: Zone };

/** How the reading of its messages ended. */
type ReadEnd = Exclude<TransferStep, { kind: 'more' }>;

/** Transfers. Never rejects. */
export async function transferZone(parts: TransferParts, request: TransferRequest): Promise<TransferEnd> {
  const { own, server, zone } = request;
  const type = own?.soaSet == null ? TYPE.AXFR : TYPE.IXFR;
  const id = parts.random.u16();
  const question = { name: zone, type, class: CLASS.IN };
  const reader = new TransferReader({ question, id, own, maxOctets: request.maxOctets });
  const query = type === TYPE.AXFR ? buildQuery({ id, question, flags: 0 }) : ixfrQuery(id, zone, own as Zone);
  const frames = new Frames((frame) => reader.take(frame), parts.clock);
  const wait = waitForEnd(parts.clock, request, frames);
  const opened = await parts.network.connect({
    remote: server,
    timeoutMs: TRANSFER_IDLE_MS,
    ...tlsFor(request),
    onData: (bytes) => void frames.take(bytes),
    onClose: (error) => frames.close({ kind: 'refused', why: error?.text ?? 'connection closed before the end' }),
  });
  let stream: ByteStream | null = null;
  if (opened.ok) {
    stream = opened.value;
    frames.stream = stream;
    if (frames.end === null) stream.write(framed(query));
  } else {
    frames.finish({ kind: 'refused', why: opened.error.text });
  }
  const end = await wait;
  stream?.destroy();
  if (end.kind !== 'zone') return end;
  const made = await runInTurns(end.steps, parts.clock);
  return made.soa === null ? { kind: 'refused', why: 'no SOA at the apex' } : { kind: 'zone', zone: made };
}

function tlsFor({ tlsName, authorities }: TransferRequest): { readonly tls?: TlsClientOptions } {
  if (tlsName === null) return {};
  return { tls: { serverName: tlsName, ...(authorities === null ? {} : { authorities }) } };
}

/** RFC 1995 §3: the SOA of the version in force stands in the authority section. */
function ixfrQuery(id: number, zone: Name, own: Zone): Uint8Array {
  const query = buildQuery({ id, question: { name: zone, type: TYPE.IXFR, class: CLASS.IN }, flags: 0 });
  const soa = own.soaSet;
  const rdata = soa === null ? new Uint8Array() : (rdatasOf(soa.rrset)[0] ?? new Uint8Array());
  const fixed = new Uint8Array(12);
  // The owner is a pointer to the name of the question.
  writeU16(fixed, 0, 0xc000 | HEADER_OCTETS);
  writeU16(fixed, 2, TYPE.SOA);
  writeU16(fixed, 4, CLASS.IN);
  writeU32(fixed, 6, 0);
  writeU16(fixed, 10, rdata.length);
  writeU16(query, 8, 1);
  return concatBytes(query, fixed, rdata);
}

/** Ends when the reader does, when nothing comes for too long, when it takes too long, or when it is aborted. */
function waitForEnd(clock: Clock, { maxMs, signal }: TransferRequest, frames: Frames): Promise<ReadEnd> {
  return new Promise((resolve) => {
    const stop = (): void => frames.finish({ kind: 'refused', why: 'stopped' });
    const cancelTotal = clock.after(maxMs, () => {
      frames.finish({ kind: 'refused', why: 'longer than max-transfer-time' });
    });
    let cancelIdle = (): void => {};
    const restartIdle = (): void => {
      cancelIdle();
      cancelIdle = clock.after(TRANSFER_IDLE_MS, () => frames.finish({ kind: 'refused', why: 'timeout' }));
    };
    restartIdle();
    frames.onProgress = restartIdle;
    frames.onEnd = (end) => {
      cancelTotal();
      cancelIdle();
      signal.removeEventListener('abort', stop);
      resolve(end);
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
}

/**
 * Cuts a stream into messages. Holds at most one (64 KiB) and what came with it: while messages are worked on the stream is
 * stopped, and after each one others get their turn, so that a sender without end costs a part of the time only.
 */
class Frames {
  readonly #read: (frame: Uint8Array) => Steps<TransferStep>;
  readonly #clock: Pick<Clock, 'nextTurn'>;
  readonly #frames = new FrameReader();
  #isBusy = false;
  /** Null: not connected yet. */
  stream: ByteStream | null = null;
  end: ReadEnd | null = null;
  /** What ends the transfer once the messages that came are read: the stream is closed. */
  #closing: ReadEnd | null = null;
  onProgress: () => void = () => {};
  onEnd: (end: ReadEnd) => void = () => {};

  constructor(read: (frame: Uint8Array) => Steps<TransferStep>, clock: Pick<Clock, 'nextTurn'>) {
    this.#read = read;
    this.#clock = clock;
  }

  async take(bytes: Uint8Array): Promise<void> {
    if (this.end !== null) return;
    this.#frames.push(bytes);
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.stream?.pause();
    await this.#work();
    this.#isBusy = false;
    if (this.#closing !== null) this.finish(this.#closing);
    if (this.end === null) this.stream?.resume();
  }

  async #work(): Promise<void> {
    for (let frame = this.#next(); frame !== null && this.end === null; frame = this.#next()) {
      const step = await runInTurns(this.#read(frame), this.#clock);
      if (this.end !== null) return;
      if (step.kind !== 'more') return this.finish(step);
      // Only whole messages keep the connection alive: single octets do not.
      this.onProgress();
      await this.#clock.nextTurn();
    }
  }

  /** Records that are kept are views on the message, which therefore has octets of its own. */
  #next(): Uint8Array | null {
    return this.#frames.next()?.slice() ?? null;
  }

  /** The stream is closed: what came before is still read. */
  close(end: ReadEnd): void {
    if (this.#isBusy) this.#closing = end;
    else this.finish(end);
  }

  finish(end: ReadEnd): void {
    if (this.end !== null) return;
    this.end = end;
    this.onEnd(end);
  }
}
