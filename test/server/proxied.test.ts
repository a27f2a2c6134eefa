/**
 * Proves who counts as the client where a proxy says it first (PROXY protocol): over UDP, TCP and TLS; that the reply goes to the
 * proxy; and that whoever says nothing, or may not, is not answered and is counted.
 */

import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/ports/network.ts';
import type { ListenAddress, ServerOptions } from '../../src/server/listen-options.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { framed } from '../../src/wire/frames.ts';
import { mustParsePrefix } from '../../src/wire/ip-prefix.ts';
import { proxyHeader } from '../support/proxy-header.ts';
import { HERE, ListeningDaemon, OPTIONS, PlayedServe, query } from './listening.ts';

const CLIENT: Address = { ip: '192.0.2.7', port: 40_000 };
const PROXIED: ListenAddress = { ...HERE, isProxied: true };
const HEADER = proxyHeader({ client: CLIENT });
const HEALTH_CHECK = proxyHeader({ client: null });

async function proxied(options: Partial<ServerOptions> = {}): Promise<ListeningDaemon> {
  const bench = new ListeningDaemon();
  expect(await bench.listen({ interfaces: [PROXIED], ...options })).toEqual([]);
  return bench;
}

describe('a datagram', () => {
  async function sent(bench: ListeningDaemon, ...datagrams: readonly Uint8Array[]): Promise<number[]> {
    const { socket, replies } = await bench.udpClient();
    for (const bytes of datagrams) socket.send(bytes, bytes.length, HERE);
    await bench.ports.clock.settle();
    while (bench.serve.waiting() > 0) bench.serve.answer();
    await bench.ports.clock.settle();
    return replies.map(([number]) => number);
  }

  test('is its client’s, and is answered to the proxy without a header, at once or later', async () => {
    const bench = await proxied();
    const header = proxyHeader({ client: CLIENT, transport: 'datagram' });
    expect(await sent(bench, concatBytes(header, query(1)), concatBytes(header, query(2, 'later')))).toEqual([1, 2]);
    expect(bench.serve.clients).toEqual([CLIENT, CLIENT]);
  });

  test('of the proxy itself is the proxy’s', async () => {
    const bench = await proxied();
    expect(await sent(bench, concatBytes(HEALTH_CHECK, query(1)))).toEqual([1]);
    expect(bench.serve.clients.map(({ ip }) => ip)).toEqual(['127.0.0.1']);
  });

  test('without a whole header is dropped and counted', async () => {
    const bench = await proxied();
    expect(await sent(bench, query(1), HEADER.subarray(0, 20), new Uint8Array())).toEqual([]);
    expect([bench.serve.seen, bench.serve.stats.malformedProxyHeaders]).toEqual([[], 3]);
  });

  test('of who is no proxy is dropped and counted', async () => {
    const bench = await proxied({ proxies: [mustParsePrefix('198.51.100.0/24')] });
    expect(await sent(bench, concatBytes(HEADER, query(1)))).toEqual([]);
    expect([bench.serve.seen, bench.serve.stats.foreignProxies]).toEqual([[], 1]);
    // Another list counts from the reload on.
    await bench.listen({ interfaces: [PROXIED], proxies: [mustParsePrefix('127.0.0.0/8')] });
    expect(await sent(bench, concatBytes(HEADER, query(2)))).toEqual([2]);
  });
});

describe('a connection', () => {
  async function written(bench: ListeningDaemon, ...pieces: readonly Uint8Array[]) {
    const client = await bench.connect();
    for (const bytes of pieces) {
      client?.stream.write(bytes);
      await bench.ports.clock.settle();
    }
    return client;
  }

  test('is its client’s from the header on, for all of its queries, however it comes', async () => {
    const bench = await proxied();
    const all = concatBytes(HEADER, framed(query(1)), framed(query(2)));
    expect((await written(bench, all))?.replies).toEqual([1, 2]);
    expect((await written(bench, ...[...all].map((octet) => Uint8Array.of(octet))))?.replies).toEqual([1, 2]);
    expect(bench.serve.clients).toEqual([CLIENT, CLIENT, CLIENT, CLIENT]);
  });

  test('without a header is closed and counted', async () => {
    const bench = await proxied();
    expect(await written(bench, framed(query(1)))).toMatchObject({ replies: [], closed: true });
    expect([bench.serve.seen, bench.serve.stats.malformedProxyHeaders]).toEqual([[], 1]);
  });

  test('of who is no proxy is closed and counted', async () => {
    const bench = await proxied({ proxies: [mustParsePrefix('198.51.100.0/24')] });
    expect(await written(bench, HEADER, framed(query(1)))).toMatchObject({ replies: [], closed: true });
    expect(bench.serve.stats.foreignProxies).toBe(1);
  });

  test('takes the slot of its client’s netblock, not of the proxy’s', async () => {
    const bench = await proxied({ connectionLimits: [{ ...mustParsePrefix('192.0.2.0/24'), limit: 1 }] });
    const first = await written(bench, HEADER, framed(query(1)));
    const second = await written(bench, HEADER, framed(query(2)));
    const other = await written(bench, proxyHeader({ client: { ip: '198.51.100.7', port: 1 } }), framed(query(3)));
    expect([first?.closed, second?.closed, other?.replies]).toEqual([false, true, [3]]);
  });
});

describe('a connection over TLS', () => {
  /** What stands for the first octets of a handshake; the rest of it is none on the fake internet. */
  const HELLO = Uint8Array.of(0x16);
  const TLS = { certificatePem: 'certificate', privateKeyPem: 'key' };
  const OVER_TLS: Partial<ServerOptions> = { interfaces: [{ ...PROXIED, protocol: 'tls' }], tls: TLS };

  async function written(bench: ListeningDaemon, ...pieces: readonly Uint8Array[]) {
    const client = await bench.connect(undefined, { tls: { serverName: null } });
    for (const bytes of pieces) {
      client?.stream.write(bytes);
      await bench.ports.clock.settle();
    }
    return client;
  }

  test('is its client’s when the header comes before TLS, as from HAProxy', async () => {
    const bench = await proxied(OVER_TLS);
    const client = await written(bench, concatBytes(HEADER, framed(query(1))));
    expect([client?.replies, bench.serve.clients, bench.serve.layers]).toEqual([[1], [CLIENT], ['tls']]);
  });

  test('is its client’s when the header comes inside of TLS, as from dnsdist, however it comes', async () => {
    const bench = await proxied(OVER_TLS);
    const inside = concatBytes(HEADER, framed(query(1)), framed(query(2)));
    expect((await written(bench, HELLO, inside))?.replies).toEqual([1, 2]);
    expect((await written(bench, HELLO, ...[...inside].map((octet) => Uint8Array.of(octet))))?.replies).toEqual([1, 2]);
    expect(bench.serve.clients).toEqual([CLIENT, CLIENT, CLIENT, CLIENT]);
  });

  test('is closed and counted without a header, inside of TLS or before', async () => {
    const bench = await proxied(OVER_TLS);
    expect(await written(bench, HELLO, framed(query(1)))).toMatchObject({ closed: true, replies: [] });
    expect(await written(bench, framed(query(1)))).toMatchObject({ closed: true, replies: [] });
    expect([bench.serve.seen, bench.serve.stats.malformedProxyHeaders]).toEqual([[], 2]);
  });

  test('with a header before and another inside of TLS is closed: nobody claims an address twice', async () => {
    const bench = await proxied(OVER_TLS);
    const client = await written(bench, HEADER, concatBytes(HEADER, framed(query(1))));
    await bench.ports.clock.advance(31_000);
    expect([client?.closed, bench.serve.seen]).toEqual([true, []]);
  });

  test('that never sends its header inside ends with the idle time', async () => {
    const bench = await proxied({ ...OVER_TLS, tcpIdleMs: 5000 });
    const client = await written(bench, HELLO, HEADER.subarray(0, 20));
    expect(bench.daemon.connections).toBe(1);
    await bench.ports.clock.advance(6000);
    expect([client?.closed, bench.daemon.connections]).toEqual([true, 0]);
  });

  test('takes the slot of its client’s netblock, once that is known', async () => {
    const connectionLimits = [{ ...mustParsePrefix('192.0.2.0/24'), limit: 1 }];
    const bench = await proxied({ ...OVER_TLS, connectionLimits });
    const inside = concatBytes(HEADER, framed(query(1)));
    const [first, second] = [await written(bench, HELLO, inside), await written(bench, HELLO, inside)];
    expect([first?.closed, second?.closed]).toEqual([false, true]);
    first?.stream.destroy();
    await bench.ports.clock.settle();
    expect((await written(bench, HELLO, inside))?.replies).toEqual([1]);
  });

  test('of who is no proxy does not begin its handshake', async () => {
    const bench = await proxied({ ...OVER_TLS, proxies: [mustParsePrefix('198.51.100.0/24')] });
    expect(await written(bench, HELLO)).toMatchObject({ closed: true });
    expect(bench.serve.stats).toMatchObject({ foreignProxies: 1, handshakes: 0 });
  });
});

test('an address at which a proxy speaks from a reload on answers nobody else any more', async () => {
  const bench = new ListeningDaemon();
  await bench.listen();
  const before = await bench.connect();
  const serve = new PlayedServe();
  const listening = bench.daemon.listen(serve, { ...OPTIONS, interfaces: [PROXIED] });
  expect(await bench.ports.clock.runUntilSettled(listening)).toEqual([]);
  const { socket, replies } = await bench.udpClient();
  socket.send(query(1), 12, HERE);
  await bench.ports.clock.settle();
  expect([before?.closed, replies, serve.seen]).toEqual([true, [], []]);
});
