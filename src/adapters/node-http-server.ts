/** The HTTP port by node:http, whose parser does the framing; every bound of the port is set, none is left to Node's defaults. */

import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type {
  HttpListener,
  HttpOptions,
  HttpRefusal,
  HttpReply,
  HttpRequest,
  HttpServer,
  HttpSink,
} from '../ports/http-server.ts';
import type { Opened } from '../ports/network.ts';
import { networkErrorOf } from './network-error.ts';
import { asSocketOfGroup } from './node-listen.ts';
import { OctetPace, PacedSocket } from './paced-socket.ts';

/** Milliseconds between looks for requests that take too long; Node's own 30 s would let a slow one stay for that much longer. */
const LOOK_MS = 1000;

export function createNodeHttpServer(): HttpServer {
  return { listen };
}

function listen(options: HttpOptions): Promise<Opened<HttpListener>> {
  const { limits, local } = options;
  const clients = new Clients(options);
  const server = createServer(
    {
      maxHeaderSize: limits.headOctets,
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: Math.min(LOOK_MS, limits.headMs),
      insecureHTTPParser: false,
      // One Host and no more is for the resolver to judge, which answers in its own words.
      requireHostHeader: false,
    },
    (message, response) => void clients.answer(message, response),
  );
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  pace(server, clients);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    options.onRefusal(refusalOf(error));
    if (socket.writable) socket.write(`HTTP/1.1 ${statusOf(error)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.destroy();
  });
  return new Promise((resolve) => {
    server.once('error', (error) => resolve({ ok: false, error: networkErrorOf(error) }));
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    if ('path' in local) {
      removeSocket(local.path);
      asSocketOfGroup(() => server.listen(local.path, () => resolve({ ok: true, value: { local, close } })));
      return;
    }
    server.listen({ host: local.ip, port: local.port, exclusive: true }, () => {
      const { port } = server.address() as AddressInfo;
      resolve({ ok: true, value: { local: { ip: local.ip, port }, close } });
    });
  });
}

/** Has the server read a little in each turn: a client may send requests by the thousand without waiting for answers. */
function pace(server: Server, clients: Clients): void {
  const pace = new OctetPace();
  const [serve] = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket) => {
    const paced = new PacedSocket(socket, pace);
    if (clients.admit(socket, paced)) serve?.call(server, paced);
  });
}

/** Takes away what a process has left that ended without a word; anything but a socket stays, and listening fails. */
function removeSocket(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch {
    // Not there, or not ours: listening says what is wrong.
  }
}

/** The connections that are open. */
class Clients {
  readonly #options: HttpOptions;
  /** Oldest first. */
  readonly #open = new Set<Duplex>();
  /** Those on which a request is being answered. */
  readonly #asking = new Set<Duplex>();

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /** Who connects and asks nothing keeps nobody out; false: there is no place for it. */
  admit(socket: Socket, client: Duplex): boolean {
    const { limits, onRefusal } = this.#options;
    // node:http bounds neither the time before the first octet nor that between requests of what is no socket of the system.
    socket.setTimeout(limits.idleMs, () => {
      if (!this.#asking.has(client)) socket.destroy();
    });
    if (this.#open.size >= limits.connections) {
      const idle = [...this.#open].find((one) => !this.#asking.has(one));
      onRefusal('connections');
      if (idle === undefined) {
        socket.destroy();
        return false;
      }
      this.#open.delete(idle);
      idle.destroy();
    }
    this.#open.add(client);
    client.once('close', () => {
      this.#open.delete(client);
      this.#asking.delete(client);
    });
    return true;
  }

  async answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { limits, onRefusal, onRequest } = this.#options;
    const { socket } = message;
    const stop = setTimeout(() => {
      onRefusal('exchange');
      socket.destroy();
    }, limits.exchangeMs);
    this.#asking.add(socket);
    response.on('error', () => {});
    response.once('close', () => {
      clearTimeout(stop);
      this.#asking.delete(socket);
    });
    await send(await onRequest(requestOf(message)), message, response);
  }
}

function refusalOf({ code }: NodeJS.ErrnoException): HttpRefusal {
  if (code === 'HPE_HEADER_OVERFLOW') return 'head';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'slow' : 'malformed';
}

function statusOf({ code }: NodeJS.ErrnoException): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
}

function requestOf(message: IncomingMessage): HttpRequest {
  const headers = new Map<string, readonly string[]>();
  const raw = message.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), raw[i + 1] ?? '']);
  }
  const { method = '', url = '' } = message;
  return { method, target: url, headers, readBody: (maxOctets) => readBody(message, maxOctets) };
}

function readBody(message: IncomingMessage, maxOctets: number): Promise<Uint8Array | 'too-large' | 'gone'> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let octets = 0;
    message.on('data', (piece: Buffer) => {
      octets += piece.length;
      if (octets <= maxOctets) pieces.push(piece);
      else {
        message.pause();
        resolve('too-large');
      }
    });
    message.once('end', () => resolve(new Uint8Array(Buffer.concat(pieces))));
    message.once('close', () => resolve('gone'));
  });
}

async function send(reply: HttpReply, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, headers, body } = reply;
  // What was not read of a request would be taken for the next one.
  if (!message.complete) response.setHeader('Connection', 'close');
  if (body instanceof Uint8Array) {
    response.writeHead(status, { ...headers, 'Content-Length': String(body.length) });
    response.end(message.method === 'HEAD' ? undefined : body);
    return;
  }
  response.writeHead(status, headers);
  await body(sinkOf(response));
  response.end();
}

function sinkOf(response: ServerResponse): HttpSink {
  return {
    write: (text) =>
      new Promise((resolve) => {
        if (response.destroyed) resolve(false);
        else if (response.write(text)) resolve(true);
        else {
          const settle = (): void => {
            response.off('drain', settle).off('close', settle);
            resolve(!response.destroyed);
          };
          response.once('drain', settle).once('close', settle);
        }
      }),
    onGone: (run) => {
      if (response.destroyed) run();
      else
        response.once('close', () => {
          if (!response.writableFinished) run();
        });
    },
  };
}
