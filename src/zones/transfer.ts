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
import { TransferReader, type TransferStep } from './transfer-reader.ts';
import type { Zone } from './zone.ts';
import { TRANSFER_IDLE_MS } from './zone-options.ts';

/** What reaches outside. */
export interface TransferParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
}

/** What to transfer from where. */
export interface TransferRequest {
  readonly zone: Name;
  readonly server: Address;
  /** Name in the server's certificate; null: without TLS. */
  readonly tlsName: string | null;
  /** PEM text of the authorities to trust for TLS; null: the system's. */
  readonly authorities: string | null;
  /** The zone that is held, for an IXFR; null: AXFR. */
  readonly held: Zone | null;
  readonly maxOctets: number;
  readonly maxMs: number;
  /** Aborted: the transfer is given up. */
  readonly signal: AbortSignal;
}

/** How a transfer ended. */
export type TransferEnd = Exclude<TransferStep, { kind: 'more' }>;

/** Transfers. Never rejects. */
export async function transferZone(parts: TransferParts, request: TransferRequest): Promise<TransferEnd> {
  const { held, server, zone } = request;
  const type = held?.soaSet == null ? TYPE.AXFR : TYPE.IXFR;
  const id = parts.random.u16();
  const question = { name: zone, type, class: CLASS.IN };
  const reader = new TransferReader({ question, id, held, maxOctets: request.maxOctets });
  const query = type === TYPE.AXFR ? buildQuery({ id, question, flags: 0 }) : ixfrQuery(id, zone, held as Zone);
  const frames = new Frames((frame) => reader.take(frame));
  const wait = waitForEnd(parts.clock, request, frames);
  const opened = await parts.network.connect({
    remote: server,
    timeoutMs: TRANSFER_IDLE_MS,
    ...tlsFor(request),
    onData: (bytes) => frames.take(bytes),
    onClose: (error) => frames.finish({ kind: 'refused', why: error?.text ?? 'connection closed before the end' }),
  });
  let stream: ByteStream | null = null;
  if (opened.ok) {
    stream = opened.value;
    if (frames.end === null) stream.write(framed(query));
  } else {
    frames.finish({ kind: 'refused', why: opened.error.text });
  }
  const end = await wait;
  stream?.destroy();
  return end;
}

function tlsFor({ tlsName, authorities }: TransferRequest): { readonly tls?: TlsClientOptions } {
  if (tlsName === null) return {};
  return { tls: { serverName: tlsName, ...(authorities === null ? {} : { authorities }) } };
}

/** RFC 1995 §3: the SOA that is held stands in the authority section. */
function ixfrQuery(id: number, zone: Name, held: Zone): Uint8Array {
  const query = buildQuery({ id, question: { name: zone, type: TYPE.IXFR, class: CLASS.IN }, flags: 0 });
  const soa = held.soaSet;
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
function waitForEnd(clock: Clock, { maxMs, signal }: TransferRequest, frames: Frames): Promise<TransferEnd> {
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

/** Cuts a stream into messages. Holds at most one (64 KiB) and what came with it. */
class Frames {
  readonly #read: (frame: Uint8Array) => TransferStep;
  readonly #frames = new FrameReader();
  end: TransferEnd | null = null;
  onProgress: () => void = () => {};
  onEnd: (end: TransferEnd) => void = () => {};

  constructor(read: (frame: Uint8Array) => TransferStep) {
    this.#read = read;
  }

  take(bytes: Uint8Array): void {
    if (this.end !== null) return;
    this.#frames.push(bytes);
    for (let frame = this.#frames.next(); frame !== null; frame = this.#frames.next()) {
      // Records that are kept are views on the message, which therefore has octets of its own.
      const step = this.#read(frame.slice());
      if (step.kind !== 'more') {
        this.finish(step);
        return;
      }
      // Only whole messages keep the connection alive: single octets do not.
      this.onProgress();
    }
  }

  finish(end: TransferEnd): void {
    if (this.end !== null) return;
    this.end = end;
    this.onEnd(end);
  }
}
