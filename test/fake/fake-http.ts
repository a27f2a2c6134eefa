/** HTTP/2 in one process, at the level of requests and responses: what clients of the test send to whoever listens. */

import type {
  HttpExchangeEvents,
  HttpListenOptions,
  HttpNetwork,
  HttpRequest,
  HttpResponse,
  HttpSessionEvents,
} from '../../src/ports/http.ts';
import type { Address, Listener, Opened } from '../../src/ports/network.ts';

/** One request as its client sees it. */
export class FakeRequest {
  response: HttpResponse | null = null;
  wasReset = false;
  #events: HttpExchangeEvents | null = null;
  #isOver = false;

  bind(events: HttpExchangeEvents): this {
    this.#events = events;
    return this;
  }

  /** A piece of the body. */
  send(bytes: Uint8Array): this {
    if (!this.#isOver) this.#events?.onData(bytes);
    return this;
  }

  /** No more of it. */
  end(): this {
    if (!this.#isOver) this.#events?.onEnd();
    return this;
  }

  /** The client has read the response, or takes the request back. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events?.onClose();
  }

  readonly exchange = {
    respond: (response: HttpResponse): void => {
      this.response = { ...response, body: response.body?.slice() ?? null };
    },
    reset: (): void => {
      this.wasReset = true;
      this.close();
    },
  };
}

/** A connection as its client sees it. */
export class FakeSession {
  readonly requests: FakeRequest[] = [];
  /** How the server ended it; null: it has not. */
  ended: 'politely' | 'at once' | null = null;
  readonly #events: HttpSessionEvents;

  constructor(options: HttpListenOptions, origin: { readonly local: Address; readonly remote: Address }) {
    const events = options.onSession({
      ...origin,
      isResumed: false,
      end: () => this.#end('politely'),
      destroy: () => this.#end('at once'),
    });
    if (events === null) this.ended = 'at once';
    this.#events = events ?? {
      onRequest: () => ({ onData: () => {}, onEnd: () => {}, onClose: () => {} }),
      onFault: () => {},
      onClose: () => {},
    };
  }

  /** Begins a request. */
  begin(request: Partial<HttpRequest>): FakeRequest {
    const made = new FakeRequest();
    const whole = { method: 'POST', target: '/dns-query', contentType: 'application/dns-message', contentLength: null };
    this.requests.push(made);
    return made.bind(this.#events.onRequest({ ...whole, ...request }, made.exchange));
  }

  /** A whole POST. */
  post(body: Uint8Array, request: Partial<HttpRequest> = {}): FakeRequest {
    return this.begin(request).send(body).end();
  }

  /** The client goes. */
  close(): void {
    this.#end('politely');
  }

  #end(how: 'politely' | 'at once'): void {
    if (this.ended !== null) return;
    this.ended = how;
    for (const request of this.requests) request.close();
    this.#events.onClose();
  }
}

export class FakeHttp implements HttpNetwork {
  readonly #listeners = new Map<number, HttpListenOptions>();

  async listenHttp(options: HttpListenOptions): Promise<Opened<Listener>> {
    const local = options.local as Address;
    this.#listeners.set(local.port, options);
    const close = (): void => void this.#listeners.delete(local.port);
    return { ok: true, value: { local, useTls: () => {}, close } };
  }

  /** What is listened with at a port; null: nothing listens. */
  listening(port: number): HttpListenOptions | null {
    return this.#listeners.get(port) ?? null;
  }

  /** Connects a client; null where nobody listens, or where its handshake may not begin. */
  connect(port: number, ip = '127.0.0.1'): FakeSession | null {
    const options = this.listening(port);
    const remote = { ip, port: 40_000 };
    if (options === null || options.handshakes?.begin(remote) === false) return null;
    options.handshakes?.end(remote, true);
    return new FakeSession(options, { local: options.local as Address, remote });
  }
}
