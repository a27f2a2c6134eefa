/** Proves the bounds of the HTTP adapter over real sockets: slow, large, many, broken and gone clients; small limits, so that it is quick. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createNodeHttpServer } from '../../src/adapters/node-http-server.ts';
import { OCTETS_PER_TURN } from '../../src/adapters/paced-socket.ts';
import type { HttpLimits, HttpListener, HttpOptions, HttpRefusal, HttpReply } from '../../src/ports/http-server.ts';

/** Longer than a test takes on any machine: each test shortens the one time that it is about. */
const HOUR_MS = 3_600_000;
const LIMITS: HttpLimits = {
  headOctets: 2048,
  headMs: HOUR_MS,
  requestMs: HOUR_MS,
  exchangeMs: HOUR_MS,
  idleMs: HOUR_MS,
  connections: 3,
  requestsPerConnection: 2,
};
const OK: HttpReply = { status: 200, headers: {}, body: new TextEncoder().encode('ok') };

let listener: HttpListener | null = null;
let refusals: HttpRefusal[] = [];
const sockets: Socket[] = [];

async function serve(onRequest: HttpOptions['onRequest'], limits: Partial<HttpLimits> = {}): Promise<void> {
  refusals = [];
  const opened = await createNodeHttpServer().listen({
    local: { ip: '127.0.0.1', port: 0 },
    limits: { ...LIMITS, ...limits },
    onRequest,
    onRefusal: (why) => refusals.push(why),
  });
  if (!opened.ok) throw new Error(opened.error.text);
  listener = opened.value;
}

afterEach(() => {
  listener?.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

function portOf(open: typeof listener): number {
  return open === null || open === undefined || 'path' in open.local ? 0 : open.local.port;
}

interface Visitor {
  readonly socket: Socket;
  text: string;
  readonly closed: Promise<string>;
}

async function visit(): Promise<Visitor> {
  const socket = connect({ host: '127.0.0.1', port: portOf(listener) });
  sockets.push(socket);
  const visitor: Visitor = {
    socket,
    text: '',
    closed: new Promise((resolve) => socket.once('close', () => resolve(visitor.text))),
  };
  socket.on('data', (piece: Buffer) => {
    visitor.text += piece.toString('latin1');
  });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return visitor;
}

const HEAD = 'Host: localhost\r\n';

describe('a client that', () => {
  test('sends its head without ever ending it (Slowloris) is closed after headMs', async () => {
    await serve(() => Promise.resolve(OK), { headMs: 300 });
    const visitor = await visit();
    visitor.socket.write('GET / HTTP/1.1\r\n');
    const timer = setInterval(() => visitor.socket.write('X-A: b\r\n'), 50);
    const text = await visitor.closed;
    clearInterval(timer);
    expect(text).toContain('408');
    expect(refusals).toEqual(['slow']);
  });

  test('sends its body without ever ending it is closed after requestMs', async () => {
    await serve(
      async (request) => {
        await request.readBody(1000);
        return OK;
      },
      { headMs: 600, requestMs: 600 },
    );
    const visitor = await visit();
    visitor.socket.write(`POST / HTTP/1.1\r\n${HEAD}Content-Length: 900\r\n\r\n`);
    const timer = setInterval(() => visitor.socket.write('x'), 50);
    await visitor.closed;
    clearInterval(timer);
    expect(refusals).toContain('slow');
  });

  test('sends a large head is refused', async () => {
    await serve(() => Promise.resolve(OK));
    const visitor = await visit();
    visitor.socket.write(`GET / HTTP/1.1\r\n${HEAD}X-A: ${'b'.repeat(3000)}\r\n\r\n`);
    expect(await visitor.closed).toContain('431');
    expect(refusals).toEqual(['head']);
  });

  test('speaks something else is refused', async () => {
    await serve(() => Promise.resolve(OK));
    const visitor = await visit();
    visitor.socket.write('EHLO client.test\r\n\r\n');
    expect(await visitor.closed).toContain('400');
    expect(refusals).toEqual(['malformed']);
  });

  test('sends two lengths (request smuggling) is refused', async () => {
    await serve(() => Promise.resolve(OK));
    const visitor = await visit();
    visitor.socket.write(`POST / HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
    expect(await visitor.closed).toContain('400');
  });

  test('waits for a reply that never ends is closed after exchangeMs', async () => {
    await serve(
      () =>
        Promise.resolve({ status: 200, headers: {}, body: (sink) => new Promise((resolve) => sink.onGone(resolve)) }),
      { exchangeMs: 300 },
    );
    const visitor = await visit();
    visitor.socket.write(`GET / HTTP/1.1\r\n${HEAD}\r\n`);
    await visitor.closed;
    expect(refusals).toEqual(['exchange']);
  });

  test('sends a body above the bound is told so, and its connection ends', async () => {
    await serve(async (request) => {
      const body = await request.readBody(100);
      return { ...OK, status: body === 'too-large' ? 413 : 200 };
    });
    const visitor = await visit();
    visitor.socket.write(`POST / HTTP/1.1\r\n${HEAD}Content-Length: 5000\r\n\r\n${'x'.repeat(200)}`);
    expect(await visitor.closed).toMatch(/^HTTP\/1\.1 413 [\s\S]*Connection: close/);
  });

  test('connects and is silent keeps nobody out: it gives way to one that asks', async () => {
    await serve(() => Promise.resolve(OK));
    const silent = [await visit(), await visit(), await visit()];
    const visitor = await visit();
    visitor.socket.write(`GET / HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`);
    expect(await visitor.closed).toContain('200 OK');
    await silent[0]?.closed;
    expect(refusals).toEqual(['connections']);
  });

  test('comes when all ask something is closed', async () => {
    let isFree: (reply: HttpReply) => void = () => {};
    const later = new Promise<HttpReply>((resolve) => {
      isFree = resolve;
    });
    let asking = 0;
    await serve(() => {
      asking++;
      return later;
    });
    const busy = [await visit(), await visit(), await visit()];
    for (const { socket } of busy) socket.write(`GET / HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`);
    await expect.poll(() => asking).toBe(3);
    const visitor = await visit();
    expect(await visitor.closed).toBe('');
    isFree(OK);
    expect(await busy[0]?.closed).toContain('200 OK');
    expect(refusals).toEqual(['connections']);
  });

  test('asks on one connection more often than it may gets a new one', async () => {
    await serve(() => Promise.resolve(OK), { idleMs: 2000 });
    const visitor = await visit();
    visitor.socket.write(`GET / HTTP/1.1\r\n${HEAD}\r\nGET / HTTP/1.1\r\n${HEAD}\r\nGET / HTTP/1.1\r\n${HEAD}\r\n`);
    const text = await visitor.closed;
    expect(text.match(/200 OK/g)?.length).toBe(2);
  });

  test('leaves in the middle of a reply ends what writes it', async () => {
    let isTold = (): void => {};
    const told = new Promise<void>((resolve) => {
      isTold = resolve;
    });
    await serve(() =>
      Promise.resolve({
        status: 200,
        headers: {},
        body: async (sink) => {
          await sink.write('begin');
          await new Promise<void>((resolve) => sink.onGone(resolve));
          if (!(await sink.write('more'))) isTold();
        },
      }),
    );
    const visitor = await visit();
    visitor.socket.write(`GET / HTTP/1.1\r\n${HEAD}\r\n`);
    await expect.poll(() => visitor.text).toContain('begin');
    visitor.socket.destroy();
    await told;
  });
});

test('requests that come by the thousand are taken a few in a turn, so that others get theirs', async () => {
  let turn = 0;
  const begun = new Map<number, number>();
  await serve(
    () => {
      begun.set(turn, (begun.get(turn) ?? 0) + 1);
      return Promise.resolve(OK);
    },
    { requestsPerConnection: 1000 },
  );
  const one = `GET / HTTP/1.1\r\n${HEAD}\r\n`;
  const { socket } = await visit();
  const count = (): void => {
    turn++;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  socket.write(one.repeat(900));
  await expect.poll(() => [...begun.values()].reduce((sum, each) => sum + each, 0)).toBe(900);
  clearImmediate(next);
  // What comes at the end of one turn may be told at the beginning of the next.
  expect(Math.max(...begun.values())).toBeLessThanOrEqual(2 * Math.ceil(OCTETS_PER_TURN / one.length));
});

test('a port that is taken is told', async () => {
  await serve(() => Promise.resolve(OK));
  const again = await createNodeHttpServer().listen({
    local: listener?.local ?? { ip: '', port: 0 },
    limits: LIMITS,
    onRequest: () => Promise.resolve(OK),
    onRefusal: () => {},
  });
  expect(again).toMatchObject({ ok: false, error: { kind: 'in-use' } });
});

test('headers come with their repeats, and a body as it was sent', async () => {
  const seen: unknown[] = [];
  await serve(async (request) => {
    seen.push(request.method, request.target, request.headers.get('x-a'), request.headers.get('host'));
    const body = await request.readBody(100);
    seen.push(typeof body === 'string' ? body : new TextDecoder().decode(body));
    return OK;
  });
  const visitor = await visit();
  visitor.socket.write(
    `POST /p?q HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\nHost: a\r\nHost: b\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc`,
  );
  await visitor.closed;
  expect(seen).toEqual(['POST', '/p?q', ['1', '2'], ['a', 'b'], 'abc']);
});

describe('a unix socket', () => {
  test('answers as an address does, is for its owner and group alone, and takes the place of one that nobody listens on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-page-'));
    const path = join(folder, 'page');
    // What a process leaves behind that was killed.
    const left = spawnSync(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    expect([left.signal, existsSync(path)]).toEqual(['SIGKILL', true]);
    const reply: HttpReply = { status: 200, headers: {}, body: new TextEncoder().encode('here') };
    const options = { local: { path }, limits: LIMITS, onRequest: () => Promise.resolve(reply), onRefusal: () => {} };
    const opened = await createNodeHttpServer().listen(options);
    if (!opened.ok) throw new Error(opened.error.text);
    listener = opened.value;
    expect(opened.value.local).toEqual({ path });
    expect(statSync(path).mode & 0o007).toBe(0);
    const text = await new Promise((resolve) => {
      request({ socketPath: path, path: '/' }, (response) => {
        response.on('data', (piece) => resolve(String(piece)));
      }).end();
    });
    expect(text).toBe('here');
    rmSync(folder, { recursive: true });
  });

  test('never takes the place of a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-page-'));
    const path = join(folder, 'page');
    writeFileSync(path, 'precious');
    const onRequest = () => Promise.reject(new Error('nobody asks'));
    const opened = await createNodeHttpServer().listen({
      local: { path },
      limits: LIMITS,
      onRequest,
      onRefusal: () => {},
    });
    expect(opened.ok).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('precious');
    rmSync(folder, { recursive: true });
  });
});
