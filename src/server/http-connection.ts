/**
 * One HTTP/2 connection of a client, and its requests (RFC 8484): each is one query, answered when it is ready.
 *
 * Limits: queries in the making at once, also those whose requests the client has taken back (CVE-2023-44487), memory of bodies
 * and of replies (all connections together), time without a whole request.
 * Leaves to others: how many connections there may be (tcp-listener.ts), what a request asks (doh-request.ts), what a query means
 * (serve).
 */

import type { HttpExchange, HttpExchangeEvents, HttpRequest, HttpSession, HttpSessionEvents } from '../ports/http.ts';
import type { Address } from '../ports/network.ts';
import type { Layer, ReplyChannel } from '../serve/reply-channel.ts';
import { MAX_MESSAGE_OCTETS } from '../wire/message-builder.ts';
import { HEADER_OCTETS } from '../wire/message-view.ts';
import { type ClientConnection, IdleTimer, type SharedParts } from './client-connection.ts';
import { dohResponse, HTTP_STATUS, readDohRequest, refusal } from './doh-request.ts';
import { SERVER_LIMITS } from './listen-options.ts';
import type { OctetBudget } from './octet-budget.ts';

export interface HttpParts extends SharedParts {
  readonly endpoint: () => string;
  /** Memory of bodies that are not whole, and of replies that are not read. */
  readonly queries: OctetBudget;
  readonly replies: OctetBudget;
  /** Where replies that are given at once are put together. */
  readonly out: Uint8Array;
}

export class HttpConnection implements ClientConnection, HttpSessionEvents {
  readonly remote: Address;
  slot = 0;
  readonly #session: HttpSession;
  readonly #layer: Layer;
  readonly #parts: HttpParts;
  readonly #timer: IdleTimer;
  #open = 0;
  #isOpen = true;

  constructor(session: HttpSession, parts: HttpParts, layer: Layer) {
    this.remote = session.remote;
    this.#session = session;
    this.#layer = layer;
    this.#parts = parts;
    this.#timer = new IdleTimer(parts.clock, parts.idleMs, () => this.close());
  }

  get idleSinceMs(): number | null {
    return this.#timer.sinceMs;
  }

  readonly onRequest = (request: HttpRequest, exchange: HttpExchange): HttpExchangeEvents => {
    this.#open++;
    const { remote, local, isResumed } = this.#session;
    const way = { transport: 'tcp', layer: this.#layer, local, isResumed, remote } as const;
    return new HttpQuery(request, { exchange, way, parts: this.#parts, connection: this });
  };

  readonly onFault = (): void => {
    this.#parts.serve().stats.faultySessions++;
  };

  readonly onClose = (): void => {
    this.#finish();
  };

  reviewIdleTime(): void {
    this.#timer.review();
  }

  close(): void {
    // One that has nothing under way is told that it is closed (GOAWAY), so that its client asks nothing in vain.
    if (this.#open === 0) this.#session.end();
    else this.#session.destroy();
    this.#finish();
  }

  /** A whole query has come; false when there are too many in the making. */
  begin(): boolean {
    this.#timer.noteActivity();
    if (this.#timer.inTheMaking >= SERVER_LIMITS.queriesPerConnection) return false;
    this.#timer.inTheMaking++;
    return true;
  }

  /** It is answered, or will not be. */
  end(): void {
    this.#timer.inTheMaking--;
    this.#timer.noteActivity();
  }

  /** An exchange is over. */
  leave(): void {
    this.#open--;
  }

  #finish(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#timer.stop();
    this.#parts.onClosed(this);
  }
}

const NO_OCTETS = new Uint8Array();

interface HttpQueryParts {
  readonly exchange: HttpExchange;
  readonly way: Pick<ReplyChannel, 'transport' | 'layer' | 'local' | 'isResumed'> & { readonly remote: Address };
  readonly parts: HttpParts;
  readonly connection: HttpConnection;
}

/** One request: its body as it comes, and the way back for its reply. */
class HttpQuery implements ReplyChannel, HttpExchangeEvents {
  readonly transport = 'tcp';
  readonly layer: Layer | undefined;
  readonly isResumed: boolean;
  readonly local: Address | null;
  readonly #remote: Address;
  readonly #exchange: HttpExchange;
  readonly #parts: HttpParts;
  readonly #connection: HttpConnection;
  /** Room for the body; null: none is taken. Pieces are copied into it: as objects of their own, those of one octet would take a hundred. */
  #body: Uint8Array | null = null;
  #bodyOctets = 0;
  /** Octets of the reply that are held until the exchange is over. */
  #replyOctets = 0;
  #isOpen = true;

  constructor(request: HttpRequest, { exchange, way, parts, connection }: HttpQueryParts) {
    this.layer = way.layer;
    this.isResumed = way.isResumed === true;
    this.local = way.local ?? null;
    this.#remote = way.remote;
    this.#exchange = exchange;
    this.#parts = parts;
    this.#connection = connection;
    const read = readDohRequest(request, parts.endpoint());
    if (read.kind === 'refused') this.#refuse(() => exchange.respond(read.response));
    else if (read.kind === 'message') this.#ask(read.message);
    else this.#body = NO_OCTETS;
  }

  readonly onData = (bytes: Uint8Array): void => {
    if (this.#body === null || !this.#isOpen) return;
    const octets = this.#bodyOctets + bytes.length;
    if (octets > MAX_MESSAGE_OCTETS) this.#refuse(() => this.#exchange.respond(refusal(HTTP_STATUS.tooLarge)));
    else if (!this.#makeRoom(this.#body, octets)) this.#refuse(() => this.#exchange.reset());
    else {
      this.#body?.set(bytes, this.#bodyOctets);
      this.#bodyOctets = octets;
    }
  };

  /** What comes in one piece gets as much as it needs, what comes in many twice that. False when there is no more to be had. */
  #makeRoom(body: Uint8Array, octets: number): boolean {
    if (octets <= body.length) return true;
    const room = body.length === 0 ? octets : octets * 2;
    if (!this.#parts.queries.take(room - body.length)) return false;
    this.#body = new Uint8Array(room);
    this.#body.set(body);
    return true;
  }

  readonly onEnd = (): void => {
    if (this.#body === null || !this.#isOpen) return;
    const message = this.#body.subarray(0, this.#bodyOctets);
    this.#dropBody();
    this.#ask(message);
  };

  readonly onClose = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#dropBody();
    this.#parts.replies.give(this.#replyOctets);
    this.#replyOctets = 0;
    this.#connection.leave();
  };

  /** A reply that was handed over is ready. */
  deliver(bytes: Uint8Array, length: number, _to: Address): void {
    this.#connection.end();
    this.#answer(bytes.subarray(0, length));
  }

  #ask(message: Uint8Array): void {
    const { serve, out } = this.#parts;
    if (message.length < HEADER_OCTETS) {
      this.#refuse(() => this.#exchange.respond(refusal(HTTP_STATUS.badRequest)));
      return;
    }
    if (!this.#connection.begin()) {
      this.#refuse(() => this.#exchange.reset());
      return;
    }
    const length = serve().query(message, this.#remote, this, out);
    if (length === 0) return;
    this.#connection.end();
    this.#answer(out.subarray(0, Math.max(0, length)));
  }

  /** An empty reply is none: the client is told that there will be none. */
  #answer(reply: Uint8Array): void {
    if (!this.#isOpen) return;
    if (reply.length === 0) this.#exchange.reset();
    else if (!this.#parts.replies.take(reply.length)) this.#refuse(() => this.#exchange.reset());
    else {
      this.#replyOctets = reply.length;
      this.#exchange.respond(dohResponse(reply));
    }
  }

  #refuse(how: () => void): void {
    this.#parts.serve().stats.refusedRequests++;
    this.#dropBody();
    how();
  }

  #dropBody(): void {
    this.#parts.queries.give(this.#body?.length ?? 0);
    this.#bodyOctets = 0;
    this.#body = null;
  }
}
