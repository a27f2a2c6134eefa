/**
 * HTTP/2 towards clients, as requests and responses. Nothing here knows DNS: paths, types and bodies are the resolver's.
 *
 * Contract as for streams (network.ts): callbacks never run inside the call that registered them, and octets belong to whom they
 * were handed only until that call returns.
 */

import type { Address, Listener, ListenOptions, Opened } from './network.ts';

export interface HttpRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly contentType: string | null;
  /** Octets of the body, where the client says it. */
  readonly contentLength: number | null;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. The length of the body is added. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly body: Uint8Array | null;
}

/** One request and its response. */
export interface HttpExchange {
  /** Answers; once. */
  respond(response: HttpResponse): void;
  /** Ends it without a response, or what is left of one (RST_STREAM). */
  reset(): void;
}

/** What happens on an exchange. */
export interface HttpExchangeEvents {
  /** A piece of the body. */
  readonly onData: (bytes: Uint8Array) => void;
  /** The request is whole. */
  readonly onEnd: () => void;
  /** The exchange is over: the response has left, or either side gave it up. Called exactly once. */
  readonly onClose: () => void;
}

/** A connection of a client. */
export interface HttpSession {
  readonly local: Address;
  readonly remote: Address;
  /** TLS took up an earlier session of the client. */
  readonly isResumed: boolean;
  /** Takes no new requests, and closes when those under way are answered (GOAWAY). */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What happens on a connection. */
export interface HttpSessionEvents {
  readonly onRequest: (request: HttpRequest, exchange: HttpExchange) => HttpExchangeEvents;
  /** The client breaks the rules of HTTP/2, or floods: it is being closed for that. */
  readonly onFault: () => void;
  /** Called exactly once. */
  readonly onClose: () => void;
}

/** How to listen for HTTP/2; without `tls` clients must know that it is spoken (RFC 9113 §3.3). */
export interface HttpListenOptions extends Omit<ListenOptions, 'onConnection'> {
  /** Requests of one connection at once (SETTINGS_MAX_CONCURRENT_STREAMS). */
  readonly maxStreams: number;
  /** A new connection; null refuses it at once. */
  readonly onSession: (session: HttpSession) => HttpSessionEvents | null;
}

export interface HttpNetwork {
  listenHttp(options: HttpListenOptions): Promise<Opened<Listener>>;
}
