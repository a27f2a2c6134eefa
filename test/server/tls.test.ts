/** Proves what is listened on for DNS over TLS: TLS and nothing else, by what key, for whom, and what a reload changes. */

import { expect, test } from 'vitest';
import type { TlsServerOptions } from '../../src/ports/network.ts';
import { MAX_HANDSHAKES_PER_SECOND } from '../../src/server/handshake-gate.ts';
import type { ListenAddress } from '../../src/server/listen-options.ts';
import { HERE, ListeningDaemon, OPTIONS, PlayedServe, query } from './listening.ts';

const PORT = 853;
const ADDRESS: ListenAddress = { ...HERE, port: PORT, protocol: 'tls' };
const TLS: TlsServerOptions = { certificatePem: 'certificate', privateKeyPem: 'key' };
const OVER_TLS = { port: PORT, tls: { serverName: null } };
const OPTIONS_TLS = { interfaces: [HERE, ADDRESS], tls: TLS };

async function encrypted(options: object = {}): Promise<ListeningDaemon> {
  const bench = new ListeningDaemon();
  expect(await bench.listen({ ...OPTIONS_TLS, ...options })).toEqual([]);
  return bench;
}

test('queries over TLS are answered, and are known as such', async () => {
  const bench = await encrypted();
  const [secure, plain] = [await bench.connect(undefined, OVER_TLS), await bench.connect()];
  secure?.send(query(1));
  plain?.send(query(2));
  await bench.ports.clock.settle();
  expect([secure?.replies, plain?.replies]).toEqual([[1], [2]]);
  expect([...bench.serve.layers].sort()).toEqual(['tls', undefined]);
  expect(bench.serve.stats.handshakes).toBe(1);
});

test('there is no plain DNS at an address for TLS, neither over TCP nor over UDP', async () => {
  const bench = await encrypted();
  expect(bench.ports.network.openCounts()).toMatchObject({ udp: 1, listeners: 2 });
  expect(await bench.connect(undefined, { port: PORT })).toBeNull();
});

test('nothing is opened at an address for TLS when there is no key', async () => {
  const bench = new ListeningDaemon();
  for (const tls of [null, undefined]) {
    const problems = await bench.listen({ interfaces: [HERE, ADDRESS], ...(tls === undefined ? {} : { tls }) });
    expect(problems).toEqual([`can't open TLS socket on 127.0.0.1@${PORT}: there is no key and certificate for it`]);
  }
  expect(bench.ports.network.openCounts()).toMatchObject({ udp: 1, listeners: 1 });
});

test('a port that becomes one for TLS at a reload answers nobody plainly any more', async () => {
  const bench = new ListeningDaemon();
  await bench.listen({ interfaces: [HERE, { ...HERE, port: PORT }] });
  const before = await bench.connect(undefined, { port: PORT });
  const elsewhere = await bench.connect();
  const problems = bench.daemon.listen(new PlayedServe(), { ...OPTIONS, ...OPTIONS_TLS });
  expect(await bench.ports.clock.runUntilSettled(problems)).toEqual([]);
  await bench.ports.clock.settle();
  expect([before?.closed, elsewhere?.closed]).toEqual([true, false]);
  expect(await bench.connect(undefined, { port: PORT })).toBeNull();
  expect(await bench.connect(undefined, OVER_TLS)).not.toBeNull();
  expect(bench.ports.network.openCounts()).toMatchObject({ udp: 1, listeners: 2 });
});

test('a port that becomes one for TLS and cannot be opened as such stays closed', async () => {
  const bench = new ListeningDaemon();
  await bench.listen({ interfaces: [HERE, { ...HERE, port: PORT }] });
  bench.ports.network.refuseLocal = (_, { port }) =>
    port === PORT ? { kind: 'not-permitted', text: 'permission denied' } : null;
  const problems = await bench.listen(OPTIONS_TLS);
  expect(problems).toEqual([`can't open TLS socket on 127.0.0.1@${PORT}: permission denied`]);
  expect(await bench.connect(undefined, { port: PORT })).toBeNull();
  expect(await bench.connect()).not.toBeNull();
});

test('a new key is used by sockets that are open; the same key leaves their sessions alone', async () => {
  const bench = new ListeningDaemon();
  const used: string[] = [];
  const { network } = bench.ports;
  const listen = network.listen.bind(network);
  network.listen = async (options) => {
    const opened = await listen(options);
    if (!opened.ok) return opened;
    const useTls = (tls: TlsServerOptions): void => void used.push(tls.privateKeyPem);
    return { ok: true, value: { ...opened.value, useTls } };
  };
  await bench.listen(OPTIONS_TLS);
  await bench.listen({ ...OPTIONS_TLS, tls: { ...TLS } });
  // Both sockets are told, of which one has no TLS.
  expect(used).toEqual([]);
  await bench.listen({ ...OPTIONS_TLS, tls: { ...TLS, privateKeyPem: 'other key' } });
  expect(used).toEqual(['other key', 'other key']);
});

test('slots, idle time and what clients are told of it are as over TCP', async () => {
  const bench = await encrypted({ maxConnections: 2, tcpIdleMs: 5000 });
  const first = await bench.connect(undefined, OVER_TLS);
  first?.send(query(1, 'told'));
  const second = await bench.connect();
  await bench.ports.clock.settle();
  expect(bench.serve.told).toEqual([60_000]);
  const third = await bench.connect(undefined, OVER_TLS);
  expect([first?.closed, second?.closed, third?.closed]).toEqual([true, false, false]);
  await bench.ports.clock.advance(6000);
  expect([second?.closed, third?.closed]).toEqual([true, true]);
});

test('a client without a slot of its netblock is turned away before the handshake', async () => {
  const prefix = { address: Uint8Array.of(192, 0, 2, 0), prefixLength: 24 };
  const bench = await encrypted({ connectionLimits: [{ ...prefix, limit: 1 }] });
  expect(await bench.connect('192.0.2.1', OVER_TLS)).not.toBeNull();
  expect(await bench.connect('192.0.2.2', OVER_TLS)).toBeNull();
  expect(await bench.connect('198.51.100.1', OVER_TLS)).not.toBeNull();
  expect(bench.serve.stats).toMatchObject({ handshakes: 2, refusedHandshakes: 1 });
});

test('a client that makes one handshake after another is turned away before them, and others are not', async () => {
  const bench = await encrypted({ maxConnections: 1000 });
  for (let i = 0; i < MAX_HANDSHAKES_PER_SECOND + 5; i++)
    (await bench.connect('192.0.2.1', OVER_TLS))?.stream.destroy();
  expect(bench.serve.stats).toMatchObject({ handshakes: MAX_HANDSHAKES_PER_SECOND, refusedHandshakes: 5 });
  expect(await bench.connect('192.0.2.2', OVER_TLS)).not.toBeNull();
});
