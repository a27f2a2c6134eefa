/** Proves that HTTP/2 of the platform keeps the port's contract: requests, responses, resets, limits. With real sockets. */

import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createNodeNetwork } from '../../src/adapters/node-network.ts';
import { OCTETS_PER_TURN } from '../../src/adapters/paced-socket.ts';
import type { HttpExchange, HttpListenOptions, HttpRequest, HttpSession } from '../../src/ports/http.ts';
import type { Listener } from '../../src/ports/network.ts';
import { readProxyHeader } from '../../src/wire/proxy-header.ts';
import { makeCertificate, type TestCertificate } from '../support/certificates.ts';
import { proxyHeader } from '../support/proxy-header.ts';

let own: TestCertificate;
const open: { close(): void }[] = [];

beforeAll(() => {
  own = makeCertificate();
});

afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

interface Seen {
  readonly request: HttpRequest;
  readonly exchange: HttpExchange;
  body: string;
  isWhole: boolean;
  isClosed: boolean;
}

interface Listening {
  readonly port: number;
  readonly listener: Listener;
  readonly seen: Seen[];
  readonly sessions: HttpSession[];
  readonly closed: { count: number };
  readonly faults: { count: number };
}

/** Listens; says each body back, or does what a header line of the target says. */
async function listen(isSecure: boolean, more: Partial<HttpListenOptions> = {}): Promise<Listening> {
  const [seen, sessions, closed]: [Seen[], HttpSession[], { count: number }] = [[], [], { count: 0 }];
  const faults = { count: 0 };
  const opened = await createNodeNetwork().listenHttp({
    local: { ip: '127.0.0.1', port: 0 },
    ...(isSecure ? { tls: own } : {}),
    maxStreams: 5,
    onError: () => {},
    onSession: (session) => {
      sessions.push(session);
      return {
        onFault: () => {
          faults.count++;
        },
        onClose: () => {
          closed.count++;
        },
        onRequest: (request, exchange) => {
          const one: Seen = { request, exchange, body: '', isWhole: false, isClosed: false };
          seen.push(one);
          if (request.target === '/refuse') exchange.respond({ status: 415, headers: { accept: 'x' }, body: null });
          return {
            onData: (bytes) => {
              one.body += Buffer.from(bytes).toString();
            },
            onEnd: () => {
              one.isWhole = true;
              if (request.target === '/reset') exchange.reset();
              if (request.target === '/wait' || request.target === '/refuse') return;
              const body = Buffer.from(one.body === '' ? request.target : one.body);
              exchange.respond({ status: 200, headers: { 'content-type': 'text/plain' }, body });
              // The caller may use its octets again.
              body.fill(0x78);
            },
            onClose: () => {
              one.isClosed = true;
            },
          };
        },
      };
    },
    ...more,
  });
  if (!opened.ok) throw new Error(opened.error.text);
  open.push(opened.value);
  return { port: opened.value.local.port, listener: opened.value, seen, sessions, closed, faults };
}

function client(port: number, isSecure: boolean): ClientHttp2Session {
  const session = connect(`${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on('error', () => {});
  open.push({ close: () => session.destroy() });
  return session;
}

interface Answer {
  readonly status: string | string[] | number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly code: number;
}

function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body: string | null = null): Promise<Answer> {
  return new Promise((resolve) => {
    const stream = session.request(headers, { endStream: body === null });
    let [got, answer]: [string, IncomingHttpHeaders] = ['', {}];
    stream.on('response', (each) => {
      answer = each;
    });
    stream.on('data', (bytes) => {
      got += String(bytes);
    });
    stream.on('error', () => {});
    stream.on('close', () =>
      resolve({ status: answer[':status'], headers: answer, body: got, code: stream.rstCode ?? -1 }),
    );
    if (body !== null) stream.end(body);
  });
}

describe.each([true, false])('requests (TLS: %s)', (isSecure) => {
  test('come with method, target, type and length, and are answered, many at a time', async () => {
    const { port, seen, sessions } = await listen(isSecure);
    const session = client(port, isSecure);
    const answers = await Promise.all([
      ask(session, { ':path': '/a?dns=x' }),
      ask(session, { ':method': 'POST', ':path': '/b', 'content-type': 'a/b', 'content-length': 4 }, 'body'),
    ]);
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, '/a?dns=x'],
      [200, 'body'],
    ]);
    expect(answers[1]?.headers).toMatchObject({ 'content-type': 'text/plain', 'content-length': '4' });
    expect(seen.map(({ request }) => request)).toEqual([
      { method: 'GET', target: '/a?dns=x', contentType: null, contentLength: null },
      { method: 'POST', target: '/b', contentType: 'a/b', contentLength: 4 },
    ]);
    await expect.poll(() => seen.every(({ isClosed }) => isClosed)).toBe(true);
    expect([sessions.length, sessions[0]?.remote.ip, sessions[0]?.local.port]).toEqual([1, '127.0.0.1', port]);
  });

  test('may be reset, and turned away before their body has come', async () => {
    const { port } = await listen(isSecure);
    const session = client(port, isSecure);
    expect(await ask(session, { ':method': 'POST', ':path': '/reset' }, 'x')).toMatchObject({
      status: undefined,
      code: constants.NGHTTP2_CANCEL,
    });
    const refused = session.request({ ':method': 'POST', ':path': '/refuse' });
    const status = await new Promise((resolve) => refused.on('response', (headers) => resolve(headers[':status'])));
    refused.on('error', () => {});
    await new Promise((resolve) => refused.on('close', resolve));
    expect(status).toBe(415);
    // The connection is still good.
    expect((await ask(session, { ':path': '/c' })).body).toBe('/c');
  });

  test('end with their connection, and a connection that is told to go closes', async () => {
    const { port, seen, sessions, closed } = await listen(isSecure);
    const [first, second] = [client(port, isSecure), client(port, isSecure)];
    void ask(first, { ':path': '/wait' });
    await ask(second, { ':path': '/d' });
    await expect.poll(() => seen.length).toBe(2);
    first.destroy();
    await expect
      .poll(() => [seen.find(({ request }) => request.target === '/wait')?.isClosed, closed.count])
      .toEqual([true, 1]);
    const gone = new Promise((resolve) => second.on('close', resolve));
    for (const session of sessions) session.end();
    await gone;
    await expect.poll(() => closed.count).toBe(2);
  });

  test('above the number that may be at once are refused, and the others are answered', async () => {
    const { port } = await listen(isSecure);
    const session = client(port, isSecure);
    await ask(session, { ':path': '/settings' });
    expect(session.remoteSettings.maxConcurrentStreams).toBe(5);
  });

  test('with headers above 64 KiB are not seen', async () => {
    const { port, seen } = await listen(isSecure);
    const session = client(port, isSecure);
    const { status } = await ask(session, { ':path': `/${'x'.repeat(100_000)}` });
    expect(status ?? 431).toBe(431);
    expect(seen).toEqual([]);
  });
});

test('a client that does not name HTTP/2 in its handshake is not served over TLS', async () => {
  const { port, sessions } = await listen(true);
  for (const ALPNProtocols of [[], ['http/1.1'], ['dot']]) {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols });
    socket.on('error', () => {});
    socket.on('secureConnect', () => socket.write('GET /dns-query HTTP/1.1\r\nhost: x\r\n\r\n'));
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve));
  }
  expect(sessions).toEqual([]);
});

test('plain octets at a port of HTTPS, and HTTP/1.1 at one of HTTP, are no request', async () => {
  for (const isSecure of [true, false]) {
    const { port, seen } = await listen(isSecure);
    const socket = connectTcp(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write('GET /dns-query HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    expect(seen).toEqual([]);
  }
});

test('what a proxy says first names the client, with TLS and without', async () => {
  const address = { ip: '192.0.2.7', port: 4000 };
  const preface: HttpListenOptions['preface'] = (bytes) => readProxyHeader(bytes);
  const secure = await listen(true, { preface });
  const raw = connectTcp({ host: '127.0.0.1', port: secure.port });
  raw.write(proxyHeader({ client: address }));
  const tls = connectTls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  const session = connect('https://127.0.0.1', { createConnection: () => tls });
  open.push({ close: () => session.destroy() });
  expect((await ask(session, { ':path': '/proxied' })).body).toBe('/proxied');
  const plain = await listen(false, { preface });
  const socket = connectTcp({ host: '127.0.0.1', port: plain.port });
  open.push({ close: () => socket.destroy() });
  // Header, preface, SETTINGS and HEADERS of `GET /` in one segment (RFC 9113 §3.4, §6.2; RFC 7541 appendix A).
  const start = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const frames = Buffer.from('000000040000000000' + '000006010500000001' + '828684410178', 'hex');
  socket.write(Buffer.concat([proxyHeader({ client: address }), start, frames]));
  await expect.poll(() => plain.seen.map(({ request }) => request.target)).toEqual(['/']);
  expect([secure.sessions[0]?.remote, plain.sessions[0]?.remote]).toEqual([address, address]);
});

test('a flood of requests that are taken back at once ends the connection, not the process (CVE-2023-44487)', async () => {
  const { port, seen, closed } = await listen(false, { maxStreams: 100 });
  const session = client(port, false);
  let isGone = false;
  session.on('close', () => {
    isGone = true;
  });
  session.on('goaway', () => {
    isGone = true;
  });
  for (let i = 0; i < 3000 && !isGone; i++) {
    if (session.destroyed || session.closed) break;
    const stream = session.request({ ':path': '/wait' });
    stream.on('error', () => {});
    stream.close(constants.NGHTTP2_CANCEL);
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(() => isGone || seen.every(({ isClosed }) => isClosed)).toBe(true);
  expect((await ask(client(port, false), { ':path': '/after' })).body).toBe('/after');
  expect(closed.count).toBeLessThanOrEqual(1);
});

/** A frame of HTTP/2 (RFC 9113 §4.1). */
function frame(type: number, stream: number, payload: Buffer = Buffer.alloc(0), flags = 0): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const [DATA, HEADERS, SETTINGS, WINDOW_UPDATE] = [0, 1, 4, 8];
const START = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0)]);
/** GET / by http, from the table of HPACK, at the authority "x". */
const GET = Buffer.from([0x82, 0x86, 0x84, 0x01, 0x01, 0x78]);
const POST = Buffer.from([0x83, 0x86, 0x84, 0x01, 0x01, 0x78]);

/** Says this and that again and again, until the other side closes. */
function flood(port: number, first: Buffer, again: Buffer): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1');
  open.push({ close: () => socket.destroy() });
  socket.on('error', () => {});
  socket.on('data', () => {});
  socket.write(Buffer.concat([START, first]));
  const more = (): void => {
    while (!socket.destroyed && socket.write(again));
  };
  socket.on('drain', more);
  more();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

test('requests that come by the thousand are begun a few in a turn, so that others get theirs', async () => {
  let turn = 0;
  const begun = new Map<number, number>();
  const { port } = await listen(false, {
    maxStreams: 2000,
    onSession: () => ({
      onFault: () => {},
      onClose: () => {},
      onRequest: (_, exchange) => {
        begun.set(turn, (begun.get(turn) ?? 0) + 1);
        return { onData: () => {}, onEnd: () => exchange.reset(), onClose: () => {} };
      },
    }),
  });
  const count = (): void => {
    turn++;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  open.push({ close: () => clearImmediate(next) });
  const requests = Array.from({ length: 500 }, (_, i) => frame(HEADERS, 2 * i + 1, GET, 5));
  const socket = connectTcp(port, '127.0.0.1');
  open.push({ close: () => socket.destroy() });
  socket.on('error', () => {});
  socket.write(Buffer.concat([START, ...requests]));
  await expect.poll(() => [...begun.values()].reduce((sum, each) => sum + each, 0)).toBe(500);
  const perTurn = Math.ceil(OCTETS_PER_TURN / (requests[0]?.length ?? 1));
  // What begins at the end of one turn may be told at the beginning of the next.
  expect(Math.max(...begun.values())).toBeLessThanOrEqual(2 * perTurn);
});

test.each([
  ['a body in single octets that nobody reads', frame(HEADERS, 1, POST, 4), frame(DATA, 1, Buffer.alloc(1))],
  ['window updates', Buffer.alloc(0), frame(WINDOW_UPDATE, 0, Buffer.from([0, 0, 0, 1]))],
  ['settings', Buffer.alloc(0), frame(SETTINGS, 0)],
])('%s without end close the connection, which is counted', async (_, first, again) => {
  const { port, faults, closed } = await listen(false);
  await flood(port, first, Buffer.concat(Array<Buffer>(1000).fill(again)));
  await expect.poll(() => [closed.count, faults.count]).toEqual([1, 1]);
  expect((await ask(client(port, false), { ':path': '/after' })).body).toBe('/after');
});

test('a client whose request was answered before its body came is told to send no more of it', async () => {
  const { port } = await listen(false);
  const stream = client(port, false).request({ ':method': 'POST', ':path': '/refuse' });
  stream.on('error', () => {});
  stream.resume();
  stream.write('some');
  await new Promise((resolve) => stream.once('close', resolve));
  expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
});
