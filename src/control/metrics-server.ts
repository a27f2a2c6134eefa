/**
 * The metrics endpoint (`metrics-interface`): an HTTP/1.1 server that knows one request, `GET /metrics`.
 *
 * One request for each connection, then it is closed. Bounds on the request's octets, on the time of the whole exchange and
 * on connections; anything unusual is refused (RFC 9112 §2.2, §5). There is no login: it listens on what it is told to,
 * which should be loopback or a network of the monitoring's own.
 * Leaves to others: the text (prometheus.ts).
 */

import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Address, ByteStream, Listener, Network, StreamEvents } from '../ports/network.ts';
import { ListenerSet } from '../server/listener-set.ts';

/** Bounds on clients of the endpoint. None has a directive: monitoring asks once in a while. */
export const METRICS_LIMITS = {
  /** Octets of a request's line and headers; a scraper sends about 300. */
  requestOctets: 8192,
  /** Milliseconds from connecting until everything is over. Prometheus gives up after 10 s. */
  exchangeMs: 10_000,
  /** Connections open at once; for one more the oldest is closed, one without its answer first: who connects and is silent
   * keeps nobody out. */
  connections: 16,
  /** Sockets open at once on one address: those that are being closed are among them. */
  sockets: 64,
} as const;

/** Port of `metrics-interface` without one: that of the exporter for Unbound. */
export const DEFAULT_METRICS_PORT = 9167;

/** What the endpoint is made of. */
interface MetricsParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly log: LogSink;
  /** The metrics of now, in a form that this Accept field allows. */
  readonly page: (accept: string) => { readonly body: string; readonly contentType: string };
}

/** The endpoint; listens nowhere until told to. */
export class MetricsServer {
  readonly #parts: MetricsParts;
  readonly #listeners = new ListenerSet<Listener>();
  /** Oldest first. */
  readonly #exchanges = new Set<Exchange>();
  /** Ends when the next page may be made. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: MetricsParts) {
    this.#parts = parts;
  }

  /** Listens at these addresses and no others; lines say what could not be opened. */
  async listen(listeners: readonly Address[]): Promise<readonly string[]> {
    const wanted = new Map(listeners.map((listener) => [`${listener.ip}@${listener.port}`, listener]));
    return await this.#listeners.change(wanted, async (local, key) => {
      const opened = await this.#parts.network.listen({
        local,
        maxConnections: METRICS_LIMITS.sockets,
        onConnection: (stream) => this.#admit(stream),
        onError: ({ text }) => this.#parts.log.write('warning', `metrics on ${key}: ${text}`),
      });
      return opened.ok ? opened.value : `can't listen for metrics on ${key}: ${opened.error.text}`;
    });
  }

  #admit(stream: ByteStream): StreamEvents {
    const all = [...this.#exchanges];
    const oldest = all.find((each) => !each.isAnswered) ?? all[0];
    if (all.length >= METRICS_LIMITS.connections) oldest?.close();
    const exchange: Exchange = new Exchange(stream, {
      clock: this.#parts.clock,
      givePage: (give) => this.#givePage(give),
      onClosed: () => this.#exchanges.delete(exchange),
    });
    this.#exchanges.add(exchange);
    return exchange;
  }

  /** A page is a millisecond's work or more: one is made in a turn, however many are asked for. */
  #givePage(give: (page: MetricsParts['page']) => void): void {
    this.#turn = this.#turn.then(() => give(this.#parts.page)).then(() => this.#parts.clock.nextTurn());
  }

  /** Where it listens. */
  addresses(): Address[] {
    return this.#listeners.values().map(({ local }) => local);
  }

  stop(): void {
    this.#listeners.stop();
  }
}

interface ExchangeParts {
  readonly clock: Clock;
  /** Calls back when it is this exchange's turn. */
  readonly givePage: (give: (page: MetricsParts['page']) => void) => void;
  readonly onClosed: () => void;
}

class Exchange implements StreamEvents {
  readonly #stream: ByteStream;
  readonly #parts: ExchangeParts;
  readonly #cancelTimer: CancelTimer;
  #request = '';
  #isAnswered = false;
  #isOpen = true;

  constructor(stream: ByteStream, parts: ExchangeParts) {
    this.#stream = stream;
    this.#parts = parts;
    this.#cancelTimer = parts.clock.after(METRICS_LIMITS.exchangeMs, () => stream.destroy());
  }

  readonly onData = (bytes: Uint8Array): void => {
    if (this.#isAnswered) return;
    if (this.#request.length + bytes.length > METRICS_LIMITS.requestOctets) {
      this.#answer(refusal(431, 'request too large'));
      return;
    }
    this.#request += latin1(bytes);
    const end = this.#request.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#request.slice(0, end);
    const refused = checkRequest(head, this.#request.length > end + 4);
    if (refused !== null) {
      this.#answer(refused);
      return;
    }
    this.#isAnswered = true;
    this.#parts.givePage((page) => {
      if (this.#isOpen) this.#answer({ status: 200, reason: 'OK', more: 'Vary: Accept\r\n', ...page(acceptOf(head)) });
    });
  };

  readonly onClose = (): void => {
    this.#isOpen = false;
    this.#cancelTimer();
    this.#parts.onClosed();
  };

  /** Whether the request came as a whole. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  close(): void {
    this.#stream.destroy();
    this.onClose();
  }

  #answer({ status, reason, body, contentType, more = '' }: HttpReply): void {
    this.#isAnswered = true;
    const octets = new TextEncoder().encode(body);
    const lines = [
      `HTTP/1.1 ${status} ${reason}`,
      `Content-Type: ${contentType}`,
      `Content-Length: ${octets.length}`,
      'Cache-Control: no-store',
      'Connection: close',
    ];
    this.#stream.write(new TextEncoder().encode(`${lines.join('\r\n')}\r\n${more}\r\n`));
    this.#stream.write(octets);
    this.#stream.end();
  }
}

interface HttpReply {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  readonly contentType: string;
  /** Further header lines, each with its line end. */
  readonly more?: string;
}

const REASONS = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  431: 'Request Header Fields Too Large',
  505: 'HTTP Version Not Supported',
} as const;

function refusal(status: keyof typeof REASONS, text: string, more = ''): HttpReply {
  return { status, reason: REASONS[status], body: `${text}\n`, contentType: 'text/plain', more };
}

/** Field name, colon, visible characters and blanks (RFC 9112 §5); folded lines do not match. */
const HEADER_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;

/** The refusal of a request's head; null: it is `GET /metrics`. */
function checkRequest(head: string, hasMore: boolean): HttpReply | null {
  const [first = '', ...headers] = head.split('\r\n');
  const request = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/([0-9])\.([0-9])$/.exec(first);
  if (request === null) return refusal(400, 'not a request');
  const [, method, target = '', major, minor] = request;
  if (major !== '1') return refusal(505, 'HTTP/1.1 is spoken here');
  if (!headers.every((line) => HEADER_LINE.test(line))) return refusal(400, 'malformed header');
  const names = headers.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
  // RFC 9112 §3.2: exactly one Host.
  const hosts = names.filter((name) => name === 'host').length;
  if (hosts > 1 || (minor !== '0' && hosts === 0)) return refusal(400, 'exactly one Host is needed');
  const hasBody = names.includes('content-length') || names.includes('transfer-encoding');
  if (hasMore || hasBody) return refusal(400, 'no body is taken');
  if (method !== 'GET') return refusal(405, 'only GET', 'Allow: GET\r\n');
  if (target.split('?')[0] !== '/metrics') return refusal(404, 'see /metrics');
  return null;
}

/** RFC 9110 §5.3: several fields of a name are one list. */
function acceptOf(head: string): string {
  const values = head.split('\r\n').flatMap((line) => /^accept:(.*)$/i.exec(line)?.[1] ?? []);
  return values.join(',');
}

/** Octets as characters of the same number. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const octet of bytes) text += String.fromCharCode(octet);
  return text;
}
