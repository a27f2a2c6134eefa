/**
 * Proves how DNS over HTTPS is served: which requests are queries, how they are answered, what bounds their number, their memory and
 * their time, and that the slots of connections are those of TCP.
 */

import { describe, expect, test } from 'vitest';
import type { HttpOptions, ListenAddress, ServerOptions } from '../../src/server/listen-options.ts';
import { SERVER_LIMITS } from '../../src/server/listen-options.ts';
import { mustParsePrefix } from '../../src/wire/ip-prefix.ts';
import type { FakeSession } from '../fake/fake-http.ts';
import { HERE, ListeningDaemon, OPTIONS, PlayedServe, query } from './listening.ts';

const PORT = 443;
const HTTPS: ListenAddress = { ...HERE, port: PORT, protocol: 'https' };
const HTTP: HttpOptions = {
  endpoint: '/dns-query',
  maxStreams: 100,
  queryBufferBytes: 1000,
  replyBufferBytes: 70_000,
  noDelay: true,
};
const TLS = { certificatePem: 'certificate', privateKeyPem: 'key' };
const OVER_HTTPS: Partial<ServerOptions> = { interfaces: [HERE, HTTPS], tls: TLS, http: HTTP };

async function serving(options: Partial<ServerOptions> = {}): Promise<ListeningDaemon> {
  const bench = new ListeningDaemon();
  expect(await bench.listen({ ...OVER_HTTPS, ...options })).toEqual([]);
  return bench;
}

function connected(bench: ListeningDaemon, ip?: string): FakeSession {
  const session = bench.ports.http.connect(PORT, ip);
  if (session === null) throw new Error('not connected');
  return session;
}

const numberOf = (body: Uint8Array | null | undefined): number | null =>
  body === null || body === undefined ? null : ((body[0] ?? 0) << 8) | (body[1] ?? 0);

describe('a request', () => {
  test('by POST is answered, at once or later, and known as HTTPS', async () => {
    const bench = await serving();
    const session = connected(bench);
    const [now, later] = [session.post(query(1)), session.post(query(2, 'later'))];
    expect([now.response?.status, numberOf(now.response?.body)]).toEqual([200, 1]);
    expect(now.response?.headers).toEqual({ 'content-type': 'application/dns-message', 'cache-control': 'max-age=0' });
    expect(later.response).toBeNull();
    bench.serve.answer();
    expect(numberOf(later.response?.body)).toBe(2);
    expect([bench.serve.layers, bench.serve.clients.map(({ ip }) => ip)]).toEqual([
      ['https', 'https'],
      ['127.0.0.1', '127.0.0.1'],
    ]);
    expect(bench.serve.told).toEqual([]);
  });

  test('by GET is answered', async () => {
    const bench = await serving();
    const dns = Buffer.from(query(3)).toString('base64url');
    const asked = connected(bench).begin({ method: 'GET', target: `/dns-query?dns=${dns}`, contentType: null });
    expect(numberOf(asked.response?.body)).toBe(3);
  });

  test('whose body comes in pieces is answered when it is whole', async () => {
    const bench = await serving();
    const asked = connected(bench).begin({});
    for (const octet of query(7)) asked.send(Uint8Array.of(octet));
    expect(asked.response).toBeNull();
    expect(numberOf(asked.end().response?.body)).toBe(7);
    expect(bench.daemon.httpOctets.queries).toBe(0);
  });

  test('whose body comes in single octets is held in one piece of memory, and all of it counted', async () => {
    const bench = await serving();
    const request = connected(bench).begin({});
    for (let i = 0; i < 400; i++) request.send(new Uint8Array(1));
    expect(bench.daemon.httpOctets.queries).toBeLessThanOrEqual(800);
    expect(bench.daemon.httpOctets.queries).toBeGreaterThan(400);
    request.end();
    expect(bench.daemon.httpOctets.queries).toBe(0);
  });

  test('that is no question is turned away with its status, and counted', async () => {
    const bench = await serving();
    const session = connected(bench);
    const statuses = [
      session.post(query(1), { target: '/other' }),
      session.post(query(1), { method: 'PUT' }),
      session.post(query(1), { contentType: 'text/plain' }),
      session.post(new Uint8Array(11)),
      session.post(new Uint8Array()),
      session.begin({ contentLength: 70_000 }),
    ].map(({ response }) => response?.status);
    expect(statuses).toEqual([404, 405, 415, 400, 400, 413]);
    expect([bench.serve.seen, bench.serve.stats.refusedRequests]).toEqual([[], 6]);
  });

  test('that grows beyond a message is turned away while it comes', async () => {
    const bench = await serving({ http: { ...HTTP, queryBufferBytes: 1_000_000 } });
    const asked = connected(bench).begin({});
    for (let i = 0; i < 5; i++) asked.send(new Uint8Array(20_000));
    expect([asked.response?.status, bench.daemon.httpOctets.queries]).toEqual([413, 0]);
  });

  test('that gets no reply is reset, and the others of its connection go on', async () => {
    const bench = await serving();
    const session = connected(bench);
    expect(session.post(query(1, 'never')).wasReset).toBe(true);
    expect(numberOf(session.post(query(2)).response?.body)).toBe(2);
    expect(session.ended).toBeNull();
  });

  test('that its client takes back does no harm', async () => {
    const bench = await serving();
    const session = connected(bench);
    session.post(query(1, 'later')).close();
    session.post(query(2, 'later'));
    session.close();
    bench.serve.answer();
    bench.serve.answer();
    expect([bench.daemon.connections, bench.daemon.httpOctets]).toEqual([0, { queries: 0, replies: 0 }]);
  });
});

describe('limits', () => {
  test('of queries in the making hold for those that were taken back too (CVE-2023-44487)', async () => {
    const bench = await serving();
    const session = connected(bench);
    const most = SERVER_LIMITS.queriesPerConnection;
    for (let i = 0; i < most; i++) session.post(query(i, 'later')).close();
    const more = session.post(query(most, 'later'));
    expect([more.wasReset, bench.serve.seen.length]).toEqual([true, most]);
    bench.serve.answer();
    expect(session.post(query(most + 1)).response?.status).toBe(200);
  });

  test('of memory for bodies reset what is above, and free what is done', async () => {
    const bench = await serving();
    const session = connected(bench);
    const first = session.begin({}).send(new Uint8Array(900));
    const second = session.begin({}).send(new Uint8Array(101));
    expect([first.wasReset, second.wasReset, bench.daemon.httpOctets.queries]).toEqual([false, true, 900]);
    first.close();
    expect(session.begin({}).send(new Uint8Array(1000)).wasReset).toBe(false);
  });

  test('of memory for replies reset what is above, until others have been read', async () => {
    const bench = await serving();
    const session = connected(bench);
    const first = session.post(query(1, 'large'));
    const second = session.post(query(2, 'large'));
    expect([first.response?.status, second.wasReset, bench.daemon.httpOctets.replies]).toEqual([200, true, 65_535]);
    first.close();
    expect([session.post(query(3, 'large')).wasReset, bench.daemon.httpOctets.replies]).toEqual([false, 65_535]);
  });

  test('of requests at once are told to clients', async () => {
    const bench = await serving({ http: { ...HTTP, maxStreams: 7, noDelay: false } });
    expect(bench.ports.http.listening(PORT)).toMatchObject({ maxStreams: 7, noDelay: false });
  });
});

describe('a connection', () => {
  test('is told to go when it is idle; one that is stalled in its middle is cut off', async () => {
    const bench = await serving({ tcpIdleMs: 5000 });
    const [idle, slow, busy] = [connected(bench), connected(bench), connected(bench)];
    busy.post(query(1, 'later'));
    const body = slow.begin({});
    await bench.ports.clock.advance(3000);
    body.send(Uint8Array.of(0));
    await bench.ports.clock.advance(3000);
    expect([idle.ended, slow.ended, busy.ended]).toEqual(['politely', 'at once', null]);
  });

  test('whose replies nobody reads is cut off', async () => {
    const bench = await serving({ tcpIdleMs: 5000 });
    const session = connected(bench);
    session.post(query(1));
    await bench.ports.clock.advance(6000);
    expect([session.ended, bench.daemon.httpOctets.replies]).toEqual(['at once', 0]);
  });

  test('takes one of the slots of TCP, and gives it up to newcomers when idle', async () => {
    const bench = await serving({ maxConnections: 2 });
    const first = connected(bench);
    const second = await bench.connect();
    expect(connected(bench).ended).toBeNull();
    expect([first.ended, second?.closed]).toEqual(['politely', false]);
  });

  test('counts for the netblock of its client', async () => {
    const bench = await serving({ connectionLimits: [{ ...mustParsePrefix('192.0.2.0/24'), limit: 1 }] });
    connected(bench, '192.0.2.1').post(query(1));
    expect(bench.ports.http.connect(PORT, '192.0.2.2')).toBeNull();
    expect(bench.serve.stats.refusedHandshakes).toBe(1);
  });

  test('of an address that speaks something else from a reload on is closed', async () => {
    const bench = await serving();
    const session = connected(bench);
    const listening = bench.daemon.listen(new PlayedServe(), {
      ...OPTIONS,
      ...OVER_HTTPS,
      interfaces: [HERE, { ...HERE, port: PORT, protocol: 'tls' }],
    });
    expect(await bench.ports.clock.runUntilSettled(listening)).toEqual([]);
    expect([session.ended, bench.ports.http.listening(PORT)]).toEqual(['politely', null]);
  });
});

test('HTTPS needs a key; HTTP behind a proxy that adds TLS does not', async () => {
  const bench = new ListeningDaemon();
  expect(await bench.listen({ ...OVER_HTTPS, tls: null })).toEqual([
    `can't open HTTPS socket on 127.0.0.1@${PORT}: there is no key and certificate for it`,
  ]);
  expect(bench.ports.http.listening(PORT)).toBeNull();
  expect(await bench.listen({ ...OVER_HTTPS, tls: null, interfaces: [HERE, { ...HTTPS, protocol: 'http' }] })).toEqual(
    [],
  );
  expect(connected(bench).post(query(1)).response?.status).toBe(200);
  expect(bench.serve.layers).toEqual(['http']);
});

test('nothing is answered over UDP where HTTPS is spoken', async () => {
  const bench = await serving();
  expect(bench.ports.network.openCounts()).toMatchObject({ udp: 1, listeners: 1 });
});
