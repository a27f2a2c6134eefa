/** HTTP/2 of the system towards clients, behind the port of http.ts. The module is loaded when it is used first. */

import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { HttpExchange, HttpListenOptions, HttpResponse, HttpSession, HttpSessionEvents } from '../ports/http.ts';
import type { Address, Listener, Opened } from '../ports/network.ts';
import { type ListenParts, listenSockets } from './node-listen.ts';
import { ignore, localOf } from './node-stream.ts';
import { OctetPace, PacedSocket } from './paced-socket.ts';

type NodeHttp2 = typeof import('node:http2');

/** RFC 9113 §3.2: the name of HTTP/2 in TLS. */
const ALPN_HTTP2 = 'h2';
/**
 * Octets of a request's headers that clients are told to keep to (SETTINGS_MAX_HEADER_LIST_SIZE); Node takes up to 64 KiB. The
 * message of a GET is among them: a query with padding has some 200 letters, and what needs more can come by POST.
 */
const MAX_HEADER_OCTETS = 16_384;
/** Headers of a request (Node: 128). */
const MAX_HEADERS = 64;
/** Megabytes that a connection may take, its streams together: http-max-streams times the largest reply, and headers. */
const MAX_SESSION_MEGABYTES = 10;
/**
 * Octets that a client may send without beginning a request: four of the largest bodies. Node itself ends sessions that reset
 * streams, set settings or send pings by the hundred (CVE-2023-44487, CVE-2019-9512, -9515) or whose headers never end
 * (CVE-2024-27316), but not those of window updates, or of a body that was refused.
 */
const MAX_OCTETS_BETWEEN_REQUESTS = 256 * 1024;
/** The flag of a request without a body (RFC 9113 §6.2). */
const END_STREAM = 1;

export function listenNodeHttp(options: HttpListenOptions, parts?: ListenParts): Promise<Opened<Listener>> {
  const protocols = [ALPN_HTTP2];
  const { tls } = options;
  const spoken = tls === undefined ? options : { ...options, tls: { ...tls, protocols } };
  const pace = new OctetPace();
  return listenSockets(spoken, (socket, { remote }) => welcome({ socket, remote, pace }, options), parts);
}

function http2(): NodeHttp2 {
  return process.getBuiltinModule('node:http2');
}

interface Arrived {
  readonly socket: Socket;
  readonly remote: Address;
  readonly pace: OctetPace;
}

function welcome({ socket, remote, pace }: Arrived, options: HttpListenOptions): void {
  // RFC 9113 §3.2: over TLS both sides say in the handshake that they speak it.
  if (options.tls !== undefined && (socket as TLSSocket).alpnProtocol !== ALPN_HTTP2) {
    socket.destroy();
    return;
  }
  const paced = new PacedSocket(socket, pace, MAX_OCTETS_BETWEEN_REQUESTS);
  const session = http2().performServerHandshake(paced, {
    maxSessionMemory: MAX_SESSION_MEGABYTES,
    maxHeaderListPairs: MAX_HEADERS,
    settings: { enablePush: false, maxConcurrentStreams: options.maxStreams, maxHeaderListSize: MAX_HEADER_OCTETS },
  }) as ServerHttp2Session;
  const isResumed = options.tls !== undefined && (socket as TLSSocket).isSessionReused();
  const events = options.onSession(new NodeHttpSession(session, { local: localOf(socket), remote, isResumed }));
  if (events === null) {
    session.on('error', ignore);
    session.destroy();
    return;
  }
  hear(session, paced, events);
}

/** Hands what happens to `events`, and lets go of them at the end, as a stream does (node-stream.ts). */
function hear(session: ServerHttp2Session, paced: PacedSocket, events: HttpSessionEvents): void {
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number): void => {
    paced.octetsLeft = MAX_OCTETS_BETWEEN_REQUESTS;
    take(stream, headers, { events, hasBody: !(flags & END_STREAM) });
  };
  const onTooMany = (): void => {
    events.onFault();
    session.destroy();
  };
  const onClose = (): void => {
    events.onClose();
    paced.onTooMany = ignore;
    session.off('error', events.onFault).off('stream', onStream).off('close', onClose).on('error', ignore);
  };
  paced.onTooMany = onTooMany;
  // A connection that breaks off is no fault of its session, and makes none here.
  session.on('error', events.onFault).on('stream', onStream).on('close', onClose);
}

interface Taken {
  readonly events: HttpSessionEvents;
  readonly hasBody: boolean;
}

function take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, { events, hasBody }: Taken): void {
  stream.on('error', ignore);
  const length = headers['content-length'];
  const { onData, onEnd, onClose } = events.onRequest(
    {
      method: headers[':method'] ?? '',
      target: headers[':path'] ?? '',
      contentType: headers['content-type'] ?? null,
      contentLength: length === undefined || !/^[0-9]{1,15}$/.test(length) ? null : Number(length),
    },
    new NodeHttpExchange(stream),
  );
  const close = (): void => {
    onClose();
    stream.off('data', onData).off('end', onEnd).off('close', close);
  };
  stream.on('close', close);
  if (!hasBody) {
    // In a turn of its own, as every call back.
    queueMicrotask(onEnd);
    return;
  }
  // One that is answered already is not read: Node then tells the client to stop.
  if (stream.headersSent || stream.destroyed) return;
  stream.on('data', onData);
  stream.on('end', onEnd);
}

class NodeHttpSession implements HttpSession {
  readonly local: Address;
  readonly remote: Address;
  readonly isResumed: boolean;
  readonly #session: ServerHttp2Session;

  constructor(session: ServerHttp2Session, of: Pick<HttpSession, 'local' | 'remote' | 'isResumed'>) {
    this.#session = session;
    this.local = of.local;
    this.remote = of.remote;
    this.isResumed = of.isResumed;
  }

  end(): void {
    this.#session.close();
  }

  destroy(): void {
    this.#session.destroy();
  }
}

class NodeHttpExchange implements HttpExchange {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  /** What is said in one turn of the event loop goes out in one write, the replies of other exchanges among it. */
  respond({ status, headers, body }: HttpResponse): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed || stream.headersSent) return;
    const fields = { ':status': status, ...headers, 'content-length': String(body?.length ?? 0) };
    if (body === null) {
      stream.respond(fields, { endStream: true });
      this.#stopReading();
      return;
    }
    stream.respond(fields);
    // A copy, since the caller may use its octets again.
    stream.end(Buffer.from(body));
    this.#stopReading();
  }

  /** RFC 9113 §8.1: a client whose request was answered before it was whole is told to send no more of it. */
  #stopReading(): void {
    const stream = this.#stream;
    if (!stream.readableEnded && stream.listenerCount('data') > 0) stream.close(http2().constants.NGHTTP2_NO_ERROR);
  }

  reset(): void {
    this.#stream.close(http2().constants.NGHTTP2_CANCEL);
  }
}
