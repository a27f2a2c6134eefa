/**
 * Proves what the fake internet can do beyond the network port's contract (test/ports): lose, double, delay, reorder and
 * forge datagrams by rule or by seed, routes that are not there, servers behind any address, counts of what is open.
 */

import { describe, expect, test } from 'vitest';
import type { UdpSocket } from '../../src/ports/network.ts';
import { type FakePorts, makeFakePorts } from './fake-ports.ts';
import { SeededRandom } from './fake-random.ts';
import { badLink } from './link.ts';

const octets = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

interface Client {
  readonly socket: UdpSocket;
  readonly got: string[];
  readonly errors: string[];
}

async function openClient({ clock, network }: FakePorts, ip = '0.0.0.0'): Promise<Client> {
  const got: string[] = [];
  const errors: string[] = [];
  const opened = await clock.runUntilSettled(
    network.openUdp({
      local: { ip, port: 0 },
      onDatagrams: (batch) => {
        for (const { bytes, from } of batch) got.push(`${from.ip}: ${text(bytes)}`);
      },
      onError: (error) => errors.push(error.kind),
    }),
  );
  if (!opened.ok) throw new Error(opened.error.text);
  return { socket: opened.value, got, errors };
}

function send({ socket }: Client, words: string, ip = '192.0.2.1'): void {
  socket.send(octets(words), octets(words).length, { ip, port: 53 });
}

/** Ports with a server that sends everything back. */
function withEcho(): FakePorts {
  const ports = makeFakePorts();
  ports.servers.serve('192.0.2.1', (query) => query.reply(query.bytes));
  return ports;
}

describe('the fake internet', () => {
  test('has servers at any address, and silence elsewhere', async () => {
    const ports = withEcho();
    const client = await openClient(ports);
    send(client, 'here');
    send(client, 'nobody', '192.0.2.2');
    await ports.clock.settle();
    expect(client.got).toEqual(['192.0.2.1: here']);
  });

  test('has one server for all other addresses', async () => {
    const ports = withEcho();
    ports.servers.serve('*', (query) => query.reply(octets(`asked at ${query.to.ip}`)));
    const client = await openClient(ports);
    send(client, 'x', '203.0.113.5');
    await ports.clock.settle();
    expect(client.got).toEqual(['203.0.113.5: asked at 203.0.113.5']);
  });

  test('delays and reorders by rule', async () => {
    const ports = withEcho();
    ports.network.link = ({ bytes, to }) => [{ afterMs: to.port === 53 && text(bytes) === 'slow' ? 50 : 0 }];
    const client = await openClient(ports);
    send(client, 'slow');
    send(client, 'fast');
    await ports.clock.settle();
    expect(client.got).toEqual(['192.0.2.1: fast']);
    await ports.clock.advance(50);
    expect(client.got).toEqual(['192.0.2.1: fast', '192.0.2.1: slow']);
  });

  test('loses, doubles and forges by rule', async () => {
    const ports = withEcho();
    const client = await openClient(ports);
    ports.network.link = () => [];
    send(client, 'lost');
    ports.network.link = ({ to }) => (to.port === 53 ? [{ afterMs: 0 }, { afterMs: 0 }] : [{ afterMs: 0 }]);
    send(client, 'twice');
    await ports.clock.settle();
    expect(client.got).toEqual(['192.0.2.1: twice', '192.0.2.1: twice']);
    ports.network.link = () => [{ afterMs: 0 }];
    const to = { ip: ports.network.sourceIpFor('192.0.2.1'), port: client.socket.local.port };
    ports.network.transmit({ bytes: octets('forged'), from: { ip: '192.0.2.1', port: 53 }, to });
    await ports.clock.settle();
    expect(client.got.at(-1)).toBe('192.0.2.1: forged');
  });

  test('is as bad as told, and equally bad for the same seed', async () => {
    const run = async (seed: number): Promise<number> => {
      const ports = withEcho();
      ports.network.link = badLink(new SeededRandom(seed), { loss: 0.3, duplication: 0.1, delayMs: [1, 20] });
      const client = await openClient(ports);
      for (let i = 0; i < 500; i++) send(client, String(i));
      await ports.clock.advance(100);
      return client.got.length;
    };
    const first = await run(5);
    expect(first).toBeGreaterThan(150);
    expect(first).toBeLessThan(450);
    expect(await run(5)).toBe(first);
  });

  test('tells that there is no route', async () => {
    const ports = withEcho();
    ports.network.noRoute.add('ip6');
    const client = await openClient(ports, '::');
    send(client, 'x', '2001:db8::1');
    await ports.clock.settle();
    expect(client.errors).toEqual(['unreachable']);
    const connecting = ports.network.connect({
      remote: { ip: '2001:db8::1', port: 53 },
      timeoutMs: 1_000,
      onData: () => {},
      onClose: () => {},
    });
    const connected = await ports.clock.runUntilSettled(connecting);
    expect(connected.ok ? 'connected' : connected.error.kind).toBe('unreachable');
  });

  test('lets a connection to nobody time out', async () => {
    const ports = withEcho();
    const connecting = ports.network.connect({
      remote: { ip: '192.0.2.9', port: 53 },
      timeoutMs: 1_500,
      onData: () => {},
      onClose: () => {},
    });
    const startMs = ports.clock.monotonicMs();
    const connected = await ports.clock.runUntilSettled(connecting);
    expect(connected.ok ? 'connected' : connected.error.kind).toBe('timeout');
    expect(ports.clock.monotonicMs() - startMs).toBe(1_500);
  });

  test('counts what is open', async () => {
    const ports = withEcho();
    const client = await openClient(ports);
    expect(ports.network.openCounts()).toEqual({ udp: 1, streams: 0, listeners: 0 });
    client.socket.close();
    expect(ports.network.openCounts()).toEqual({ udp: 0, streams: 0, listeners: 0 });
  });
});
