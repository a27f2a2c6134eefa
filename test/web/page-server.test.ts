/** Proves what the page's server answers, what it refuses and counts, and that what is under way is bounded. HTTP itself is played. */

import { describe, expect, test } from 'vitest';
import type { CheckLines } from '../../src/dane/report.ts';
import type { HttpOptions, HttpReply, HttpRequest } from '../../src/ports/http-server.ts';
import type { WebRefusal } from '../../src/terms/web-refusal.ts';
import { MAX_ACTIONS, MAX_BODY_OCTETS, SAMPLE_MS } from '../../src/web/limits.ts';
import type { Health } from '../../src/web/messages.ts';
import { type DaemonView, type PageActions, PageServer } from '../../src/web/page-server.ts';
import { type FakePorts, makeFakePorts } from '../fake/fake-ports.ts';

const TOKEN = 'secret';
const HERE = { ip: '127.0.0.1', port: 8153 };
const CHECK: CheckLines = { name: 'a.test', end: 'good', mail: null, hosts: [] };

interface Bench {
  readonly ports: FakePorts;
  readonly server: PageServer;
  readonly ask: (line: string, body?: string, headers?: Readonly<Record<string, string>>) => Promise<Heard>;
  /** Those that listen, by address. */
  readonly listening: Map<string, HttpOptions>;
}

interface Heard {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

function makeBench(actions: Partial<PageActions> = {}, onRefused: (why: WebRefusal) => void = () => {}): Bench {
  const ports = makeFakePorts();
  const listening = new Map<string, HttpOptions>();
  const server = new PageServer({
    clock: ports.clock,
    log: ports.log,
    token: TOKEN,
    onRefused,
    files: new Map([['/', { type: 'text/html', bytes: new TextEncoder().encode('<p>') }]]),
    http: {
      listen: (options) => {
        if ('path' in options.local) {
          listening.set(options.local.path, options);
          return Promise.resolve({ ok: true, value: { local: options.local, close: () => {} } });
        }
        const { ip, port } = options.local;
        if (ip === '127.0.0.9') {
          return Promise.resolve({ ok: false, error: { kind: 'in-use', text: 'address in use' } });
        }
        listening.set(ip, options);
        const close = (): void => void listening.delete(ip);
        return Promise.resolve({ ok: true, value: { local: { ip, port }, close } });
      },
    },
    actions: {
      explain: () => Promise.resolve('not now'),
      checkDane: () => Promise.resolve(CHECK),
      examine: () => Promise.resolve(null),
      look: () => Promise.resolve({ why: 'no daemon' }),
      ...actions,
    },
  });
  const ask: Bench['ask'] = async (line, body = '', headers = {}) => {
    const [method = '', target = ''] = line.split(' ');
    const all = {
      host: 'localhost:8153',
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      ...headers,
    };
    const request: HttpRequest = {
      method,
      target,
      headers: new Map(Object.entries(all).map(([name, value]) => [name, [value]])),
      readBody: (maxOctets) => Promise.resolve(body.length > maxOctets ? 'too-large' : new TextEncoder().encode(body)),
    };
    return await heard(await server.answer(request, HERE.port));
  };
  return { ports, server, ask, listening };
}

async function heard({ status, headers, body }: HttpReply): Promise<Heard> {
  if (body instanceof Uint8Array) return { status, headers, text: new TextDecoder().decode(body) };
  let text = '';
  const write = (piece: string): Promise<boolean> => {
    text += piece;
    return Promise.resolve(true);
  };
  await body({ write, onGone: () => {} });
  return { status, headers, text };
}

describe('every reply', () => {
  test.each(['GET /', 'GET /nothing', 'GET /api/health', 'POST /api/doctor'])(
    'keeps the browser strict: %s',
    async (line) => {
      const { headers } = await makeBench().ask(line);
      const policy = headers['Content-Security-Policy'] ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers).toMatchObject({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' });
      expect(Object.keys(headers).map((name) => name.toLowerCase())).not.toContain('access-control-allow-origin');
    },
  );
});

describe('turns away and counts', () => {
  test.each([
    ['a foreign name', 'GET /', '', { host: 'evil.test' }, 421, 'host'],
    ['another site', 'POST /api/check', '{}', { 'sec-fetch-site': 'cross-site' }, 403, 'cross-site'],
    ['another page', 'POST /api/check', '{}', { origin: 'http://evil.test' }, 403, 'origin'],
    ['who has no token', 'POST /api/check', '{}', { authorization: 'Bearer x' }, 401, 'token'],
    ['another method', 'PUT /', '', {}, 405, 'method'],
    ['a path that there is not', 'GET /x', '', {}, 404, 'not-found'],
    ['another type', 'POST /api/check', '{}', { 'content-type': 'text/plain' }, 415, 'type'],
    ['a large body', 'POST /api/check', 'x'.repeat(MAX_BODY_OCTETS + 1), {}, 413, 'body'],
    ['no JSON', 'POST /api/check', '{', {}, 400, 'words'],
    ['a list', 'POST /api/check', '[]', {}, 400, 'words'],
    ['values that are no texts', 'POST /api/check', '{"target":{}}', {}, 400, 'words'],
    ['no name', 'POST /api/explain', '{"name":"a..b"}', {}, 400, 'words'],
    ['no type', 'POST /api/explain', '{"name":"a","type":"NONE"}', {}, 400, 'words'],
  ] as const)('%s', async (_, line, body, headers, status, why) => {
    const { server, ask } = makeBench();
    expect((await ask(line, body, headers)).status).toBe(status);
    expect([...server.refused]).toEqual([[why, 1]]);
  });

  test('says which method there is', async () => {
    expect((await makeBench().ask('DELETE /api/check', '{}')).headers.Allow).toBe('POST');
    expect((await makeBench().ask('POST /', '{}')).headers.Allow).toBe('GET, HEAD');
  });
});

describe('actions', () => {
  test('a check tells its steps, then its result, a line each', async () => {
    const { ask } = makeBench({
      checkDane: (target, tell) => {
        tell({ id: 0, text: `MX of ${target}`, isDone: true });
        return Promise.resolve(CHECK);
      },
    });
    const { text } = await ask('POST /api/check', '{"target":"a.test"}');
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { kind: 'step', id: 0, text: 'MX of a.test', isDone: true },
      { kind: 'result', result: CHECK },
    ]);
  });

  test('what cannot be done says why', async () => {
    const { ask } = makeBench({ checkDane: () => Promise.resolve('not a domain') });
    expect((await ask('POST /api/check', '{"target":""}')).text).toBe('{"kind":"error","text":"not a domain"}\n');
    expect(await ask('POST /api/explain', '{"name":"a.test"}')).toMatchObject({
      status: 502,
      text: '{"error":"not now"}\n',
    });
  });

  test('one above the number that may be under way is told to wait, until one is done', async () => {
    const waiting: (() => void)[] = [];
    const { ask, server } = makeBench({
      explain: () => new Promise((resolve) => waiting.push(() => resolve('done'))),
    });
    const asked = Array.from({ length: MAX_ACTIONS }, () => ask('POST /api/explain', '{"name":"a.test"}'));
    await Promise.resolve();
    const refused = await ask('POST /api/explain', '{"name":"a.test"}');
    expect(refused).toMatchObject({ status: 429, headers: { 'Retry-After': '5' } });
    expect([...server.refused]).toEqual([['busy', 1]]);
    // Looking is no action.
    expect((await ask('GET /api/health')).status).toBe(200);
    for (const end of waiting) end();
    await Promise.all(asked);
    const next = ask('POST /api/explain', '{"name":"a.test"}');
    await new Promise((resolve) => setImmediate(resolve));
    waiting.at(-1)?.();
    expect((await next).status).toBe(502);
  });
});

describe('listening', () => {
  test('follows the configuration, and says what cannot be had', async () => {
    const { server, listening } = makeBench();
    expect(server.url).toBeNull();
    expect(await server.listen([HERE, { ip: '::1', port: 8153 }])).toEqual([]);
    expect(server.url).toBe('http://127.0.0.1:8153/#token=secret');
    expect(
      await server.listen([
        { ip: '::1', port: 8153 },
        { ip: '127.0.0.9', port: 8153 },
      ]),
    ).toEqual(["can't serve the page on 127.0.0.9@8153: address in use"]);
    expect([...listening.keys()]).toEqual(['::1']);
    expect(server.url).toBe('http://[::1]:8153/#token=secret');
    server.stop();
    expect(listening.size).toBe(0);
  });

  test('statistics are sampled while it does, and no longer', async () => {
    let looks = 0;
    const view = (): DaemonView => {
      looks++;
      const statistics = { 'total.num.queries': looks * 10, 'total.num.cachehits': looks * 9 };
      return { daemon: { version: 'v', upSeconds: 1 }, statistics, bogus: [] };
    };
    const { ports, server, ask } = makeBench({ look: () => Promise.resolve(view()) });
    await ports.clock.runUntilSettled(ports.clock.nextTurn());
    expect(looks).toBe(0);
    await server.listen([HERE]);
    await ports.clock.advance(SAMPLE_MS * 3);
    expect(looks).toBe(4);
    const health = JSON.parse((await ask('GET /api/health')).text) as Health;
    expect(health.samples.map(({ queries, cacheHits }) => [queries, cacheHits])).toEqual([
      [10, 9],
      [10, 9],
      [10, 9],
    ]);
    server.stop();
    const before = looks;
    await ports.clock.advance(SAMPLE_MS * 3);
    expect(looks).toBe(before);
  });
});

describe('on a unix socket', () => {
  test('the port of the address bar is whatever leads there, the name is still ours, and the token is needed', async () => {
    const { server, listening } = makeBench();
    expect(await server.listen([{ path: '/run/hawser/page' }])).toEqual([]);
    const answer = async (headers: Readonly<Record<string, string>>, target: string): Promise<number> => {
      const all = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
      const asked: HttpRequest = { method: 'GET', target, headers: all, readBody: () => Promise.resolve('gone') };
      return (await listening.get('/run/hawser/page')?.onRequest(asked))?.status ?? 0;
    };
    expect(await answer({ host: 'localhost:9999' }, '/')).toBe(200);
    expect(await answer({ host: 'evil.example:9999' }, '/')).toBe(421);
    expect(await answer({ host: 'localhost:9999', origin: 'http://localhost:8153' }, '/')).toBe(403);
    expect(await answer({ host: 'localhost:9999' }, '/api/health')).toBe(401);
    expect(server.url).toBe(`http://localhost:8153/#token=${TOKEN} after ssh -L 8153:/run/hawser/page HOST`);
    server.stop();
  });
});

test('tells each refusal to the statistics, by its name', async () => {
  const told: string[] = [];
  const { ask, server, listening } = makeBench({}, (why) => told.push(why));
  await ask('GET /', '', { host: 'evil.example' });
  await ask('POST /api/explain', '{', {});
  await server.listen([HERE]);
  listening.get('127.0.0.1')?.onRefusal('slow');
  expect(told).toEqual(['host', 'words', 'slow']);
  server.stop();
});
