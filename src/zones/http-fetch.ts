/**
 * Fetches a zone file over HTTP or HTTPS: one GET on a connection of its own.
 *
 * Duties: bounds on time; over TLS the certificate must be the host's. Leaves to others: addresses of the host, the response's
 * form (http-reader.ts), what the text holds. No redirects, as Unbound: where a zone comes from stands in the configuration.
 */

import type { Clock } from '../ports/clock.ts';
import type { Address, ByteStream, TlsClientOptions } from '../ports/network.ts';
import { HttpReader, type HttpStep } from './http-reader.ts';
import type { HttpUrl } from './http-url.ts';
import type { TransferParts } from './transfer.ts';
import { TRANSFER_IDLE_MS } from './zone-options.ts';

interface HttpRequest {
  readonly url: HttpUrl;
  readonly address: Address;
  /** PEM text of the authorities to trust; null: the system's. */
  readonly authorities: string | null;
  /** How to speak TLS, where that is not by the host's certificate: what is fetched is proven by other means. */
  readonly tls?: TlsClientOptions;
  /** Local ip to connect from; absent: the system's choice. */
  readonly localIp?: string;
  readonly maxOctets: number;
  readonly maxMs: number;
  readonly signal: AbortSignal;
}

type Fetched = Exclude<HttpStep, { kind: 'more' }>;

/** Octets that are read in a turn: chunks of one octet are some seven hundred in them, about a millisecond's work. */
const OCTETS_PER_TURN = 4096;

/** Fetches. Never rejects. */
export async function fetchOverHttp(parts: TransferParts, request: HttpRequest): Promise<Fetched> {
  const { clock, network } = parts;
  const { url, signal } = request;
  const reader = new HttpReader(request.maxOctets);
  let settle: (end: Fetched) => void = () => {};
  const ended = new Promise<Fetched>((resolve) => {
    settle = resolve;
  });
  let cancelIdle = (): void => {};
  const restartIdle = (): void => {
    cancelIdle();
    cancelIdle = clock.after(TRANSFER_IDLE_MS, () => settle({ kind: 'failed', why: 'timeout' }));
  };
  const note = (step: HttpStep): void => {
    if (step.kind === 'more') restartIdle();
    else settle(step);
  };
  const stop = (): void => settle({ kind: 'failed', why: 'stopped' });
  const cancelTotal = clock.after(request.maxMs, () =>
    settle({ kind: 'failed', why: 'longer than max-transfer-time' }),
  );
  signal.addEventListener('abort', stop, { once: true });
  restartIdle();
  const input = new PacedInput(clock, (bytes) => note(reader.take(bytes)));
  const opened = await network.connect({
    remote: request.address,
    timeoutMs: TRANSFER_IDLE_MS,
    ...(url.secure ? { tls: request.tls ?? tlsFor(request) } : {}),
    ...(request.localIp === undefined ? {} : { localIp: request.localIp }),
    onData: (bytes) => input.take(bytes),
    onClose: (error) => input.close(() => note(error === null ? reader.close() : { kind: 'failed', why: error.text })),
  });
  if (opened.ok) {
    input.stream = opened.value;
    opened.value.write(requestBytes(url));
  } else settle({ kind: 'failed', why: opened.error.text });
  const end = await ended;
  input.stop();
  cancelIdle();
  cancelTotal();
  signal.removeEventListener('abort', stop);
  if (opened.ok) opened.value.destroy();
  return end;
}

/** Hands on what comes a piece in each turn; meanwhile the stream is stopped. */
class PacedInput {
  readonly #clock: Pick<Clock, 'nextTurn'>;
  readonly #read: (bytes: Uint8Array) => void;
  #last: Promise<void> = Promise.resolve();
  #isOver = false;
  /** Null: not connected yet. */
  stream: ByteStream | null = null;

  constructor(clock: Pick<Clock, 'nextTurn'>, read: (bytes: Uint8Array) => void) {
    this.#clock = clock;
    this.#read = read;
  }

  take(bytes: Uint8Array): void {
    this.stream?.pause();
    const own = bytes.slice();
    this.#last = this.#last.then(() => this.#handOn(own));
  }

  /** Nothing more comes: told when what came before is read. */
  close(then: () => void): void {
    this.#last = this.#last.then(() => {
      if (!this.#isOver) then();
    });
  }

  /** Nothing more is wanted. */
  stop(): void {
    this.#isOver = true;
  }

  async #handOn(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#isOver; at += OCTETS_PER_TURN) {
      this.#read(bytes.subarray(at, at + OCTETS_PER_TURN));
      await this.#clock.nextTurn();
    }
    if (!this.#isOver) this.stream?.resume();
  }
}

function tlsFor({ url, authorities }: HttpRequest): TlsClientOptions {
  return { serverName: url.host, ...(authorities === null ? {} : { authorities }) };
}

function requestBytes({ path, authority }: HttpUrl): Uint8Array {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${authority}`,
    'User-Agent: hawser',
    'Accept: */*',
    'Connection: close',
  ];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`);
}
