/**
 * Serving HTTP/1.1 to a few clients of this host. Framing, bounds on octets, connections and time are the adapter's by the
 * limits that it is given; what a request may do is the resolver's.
 */

import type { Address, Opened } from './network.ts';

/** Bounds on clients. */
export interface HttpLimits {
  /** Octets of a request's line and headers together. */
  readonly headOctets: number;
  /** Milliseconds until a request's line and headers are there. */
  readonly headMs: number;
  /** Milliseconds until all of a request is there. */
  readonly requestMs: number;
  /** Milliseconds from a request's head until its reply is out. */
  readonly exchangeMs: number;
  /** Milliseconds that a connection may stay open without a request. */
  readonly idleMs: number;
  /** Connections open at once; one more closes the oldest that asks nothing, or itself when all ask. */
  readonly connections: number;
  /** Requests on one connection. */
  readonly requestsPerConnection: number;
}

/** Which bound a client ran into, or `malformed` for what is no HTTP. */
export type HttpRefusal = 'head' | 'slow' | 'connections' | 'exchange' | 'malformed';

/** A request whose head is there. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** Values by name in lower case; a name that was sent twice has two. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** The body, read now; `too-large` once it is above so many octets, `gone` when the client leaves. */
  readBody(maxOctets: number): Promise<Uint8Array | 'too-large' | 'gone'>;
}

/** Takes the pieces of a reply that is made while the client reads. */
export interface HttpSink {
  /** Sends a piece; resolves when there is room for the next. False: the client has gone. */
  write(text: string): Promise<boolean>;
  /** Calls `run` once when the client goes before the end, at once when it has gone. */
  onGone(run: () => void): void;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** All of it, or what writes it piece by piece. */
  readonly body: Uint8Array | ((sink: HttpSink) => Promise<void>);
}

/** Where to listen: an address, or the path of a unix socket. */
export type HttpTarget = Address | { readonly path: string };

/** How to serve. */
export interface HttpOptions {
  /** Port 0: the system's choice. A socket that nobody listens on any more is replaced. */
  readonly local: HttpTarget;
  readonly limits: HttpLimits;
  /** Answers one request. Never rejects. */
  readonly onRequest: (request: HttpRequest) => Promise<HttpReply>;
  /** A client was refused by a limit. */
  readonly onRefusal: (refusal: HttpRefusal) => void;
}

/** What listens; `local` has the port that the system chose. */
export interface HttpListener {
  readonly local: HttpTarget;
  /** Ends all connections too. */
  close(): void;
}

export interface HttpServer {
  listen(options: HttpOptions): Promise<Opened<HttpListener>>;
}
