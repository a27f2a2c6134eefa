/** Proves listening over both transports, what a reload changes and keeps, draining, and that stopping leaves nothing open. */

import { describe, expect, test } from 'vitest';
import { HERE, ListeningDaemon, OPTIONS, PlayedServe, query } from './listening.ts';

const ELSEWHERE = { ip: '192.0.2.53', port: 53 };

describe('UDP', () => {
  test('answers at once or later, to the one who asked', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const [one, two] = [await bench.udpClient(), await bench.udpClient()];
    one.socket.send(query(1, 'later'), 12, HERE);
    two.socket.send(query(2), 12, HERE);
    one.socket.send(query(3, 'never'), 12, HERE);
    await bench.ports.clock.settle();
    bench.serve.answer();
    await bench.ports.clock.settle();
    expect(one.replies).toEqual([[1, 0]]);
    expect(two.replies).toEqual([[2, 0]]);
  });
});

describe('listening', () => {
  test('can be without UDP or without TCP', async () => {
    const withoutTcp = new ListeningDaemon();
    await withoutTcp.listen({ tcp: false });
    expect(withoutTcp.ports.network.openCounts()).toMatchObject({ udp: 1, listeners: 0 });
    const noSlots = new ListeningDaemon();
    await noSlots.listen({ maxConnections: 0 });
    expect(noSlots.ports.network.openCounts()).toMatchObject({ udp: 1, listeners: 0 });
    const withoutUdp = new ListeningDaemon();
    await withoutUdp.listen({ udp: false });
    expect(withoutUdp.ports.network.openCounts()).toMatchObject({ udp: 0, listeners: 1 });
  });

  test('says what could not be opened', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const second = new PlayedServe();
    const { Daemon } = await import('../../src/server/daemon.ts');
    const other = new Daemon(bench.ports);
    const problems = await bench.ports.clock.runUntilSettled(other.listen(second, OPTIONS));
    expect(problems.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^can't open UDP socket on 127\.0\.0\.1@53: /),
      expect.stringMatching(/^can't open TCP socket on 127\.0\.0\.1@53: /),
    ]);
  });
});

describe('a reload', () => {
  test('keeps sockets whose address stays, opens new ones and closes the others', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ interfaces: [HERE, { ip: '127.0.0.1', port: 5300 }] });
    const next = new PlayedServe(9);
    const listening = bench.daemon.listen(next, { ...OPTIONS, interfaces: [HERE, ELSEWHERE] });
    expect(await bench.ports.clock.runUntilSettled(listening)).toEqual([]);
    expect(bench.daemon.addresses()).toEqual([HERE, ELSEWHERE]);
    expect(bench.ports.network.openCounts()).toMatchObject({ udp: 2, listeners: 2 });
  });

  test('lets the resolver before finish its answers, and gives new queries to the next, on open connections too', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const [udp, tcp] = [await bench.udpClient(), await bench.connect()];
    udp.socket.send(query(1, 'later'), 12, HERE);
    await bench.ports.clock.settle();
    const next = new PlayedServe(9);
    await bench.ports.clock.runUntilSettled(bench.daemon.listen(next, OPTIONS));
    udp.socket.send(query(2), 12, HERE);
    tcp?.send(query(3));
    await bench.ports.clock.settle();
    bench.serve.answer();
    await bench.ports.clock.settle();
    expect(udp.replies).toEqual([
      [2, 9],
      [1, 0],
    ]);
    expect(next.seen).toEqual([2, 3]);
  });
});

describe('what cannot be opened', () => {
  const IN_USE = { kind: 'in-use', text: 'address already in use' } as const;
  const DENIED = { kind: 'not-permitted', text: 'permission denied' } as const;

  test('is opened later on: the TCP socket of an address that has its UDP socket', async () => {
    const bench = new ListeningDaemon();
    bench.ports.network.refuseLocal = (transport) => (transport === 'tcp' ? IN_USE : null);
    expect(await bench.listen()).toEqual(["can't open TCP socket on 127.0.0.1@53: address already in use"]);
    expect(await bench.listen()).toHaveLength(1);
    bench.ports.network.refuseLocal = () => null;
    expect(await bench.listen()).toEqual([]);
    expect(bench.ports.network.openCounts()).toMatchObject({ udp: 1, listeners: 1 });
    expect(await bench.connect()).not.toBe(null);
  });

  test('does not cost the sockets that are there: they could not be opened again', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    bench.ports.network.refuseLocal = () => DENIED;
    expect(await bench.listen({ interfaces: [ELSEWHERE] })).toHaveLength(2);
    expect(bench.daemon.addresses()).toEqual([HERE]);
    const client = await bench.connect();
    client?.send(query(1));
    await bench.ports.clock.settle();
    expect(client?.replies).toEqual([1]);
    expect(bench.ports.log.text()).toContain('still listening on 127.0.0.1@53');
    bench.ports.network.refuseLocal = () => null;
    expect(await bench.listen({ interfaces: [ELSEWHERE] })).toEqual([]);
    expect(bench.daemon.addresses()).toEqual([ELSEWHERE]);
  });

  test.each([
    ['makes way for "any address", which its own old socket stands in the way of', true],
    ['comes back when another process stands in the way', false],
  ])('%s', async (_, isOwn) => {
    const bench = new ListeningDaemon();
    const { network } = bench.ports;
    await bench.listen();
    const anywhere = { ip: '0.0.0.0', port: 53 };
    network.refuseLocal = (transport, { ip }) => {
      const { udp, listeners } = network.openCounts();
      const isTaken = !isOwn || (transport === 'udp' ? udp : listeners) > 0;
      return ip === '0.0.0.0' && isTaken ? IN_USE : null;
    };
    expect(await bench.listen({ interfaces: [anywhere] })).toHaveLength(isOwn ? 0 : 2);
    expect(bench.daemon.addresses()).toEqual([isOwn ? anywhere : HERE]);
    expect(network.openCounts()).toMatchObject({ udp: 1, listeners: 1 });
  });

  test('of a network interface stays open while that has no address', async () => {
    const bench = new ListeningDaemon();
    const away = { interfaces: [], networkInterfaces: ['eth0'], missing: ['eth0'] };
    await bench.listen({ interfaces: [{ ...HERE, from: 'eth0' }], networkInterfaces: ['eth0'] });
    expect(bench.daemon.hasSlot({ ...OPTIONS, ...away })).toBe(true);
    expect(await bench.listen(away)).toEqual(['no address at interface eth0']);
    expect(bench.daemon.addresses()).toHaveLength(1);
    expect(await bench.listen({ interfaces: [ELSEWHERE], networkInterfaces: [] })).toEqual([]);
    expect(bench.daemon.addresses()).toEqual([ELSEWHERE]);
  });

  test('is nothing: known before anything is changed', async () => {
    const bench = new ListeningDaemon();
    expect(bench.daemon.hasSlot(OPTIONS)).toBe(true);
    expect(bench.daemon.hasSlot({ ...OPTIONS, interfaces: [] })).toBe(false);
    expect(bench.daemon.hasSlot({ ...OPTIONS, interfaces: [], waitsForAddresses: true })).toBe(true);
    expect(bench.daemon.hasSlot({ ...OPTIONS, udp: false, maxConnections: 0 })).toBe(false);
    expect(bench.daemon.hasSlot({ ...OPTIONS, udp: false, tcp: false })).toBe(false);
  });
});

describe('sockets that are kept', () => {
  test('take do-tcp, do-udp and the sizes of their buffers', async () => {
    const bench = new ListeningDaemon();
    const { network } = bench.ports;
    await bench.listen();
    await bench.listen({ tcp: false, receiveBufferBytes: 1000, sendBufferBytes: 2000 });
    expect(network.openCounts()).toMatchObject({ udp: 1, listeners: 0 });
    expect(network.bufferBytes).toEqual({ receive: 1000, send: 2000 });
    await bench.listen({ udp: false });
    expect(network.openCounts()).toMatchObject({ udp: 0, listeners: 1 });
    await bench.listen();
    expect(network.openCounts()).toMatchObject({ udp: 1, listeners: 1 });
  });
});

describe('the end', () => {
  test('draining waits for the answers, but not for ever', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const udp = await bench.udpClient();
    udp.socket.send(query(1, 'later'), 12, HERE);
    await bench.ports.clock.settle();
    bench.ports.clock.after(300, () => bench.serve.answer());
    const started = bench.ports.clock.monotonicMs();
    await bench.ports.clock.runUntilSettled(bench.daemon.drain(bench.serve, 5000));
    expect(bench.ports.clock.monotonicMs() - started).toBeLessThan(400);
    udp.socket.send(query(2, 'later'), 12, HERE);
    await bench.ports.clock.settle();
    await bench.ports.clock.runUntilSettled(bench.daemon.drain(bench.serve, 5000));
    expect(bench.serve.waiting()).toBe(1);
  });

  test('leaves no socket, connection or timer', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const client = await bench.connect();
    client?.send(query(1, 'later'));
    await bench.ports.clock.settle();
    bench.daemon.stop();
    await bench.ports.clock.settle();
    expect(bench.ports.network.openCounts()).toEqual({ udp: 0, streams: 0, listeners: 0 });
    expect(client?.closed).toBe(true);
    bench.serve.answer();
  });
});
