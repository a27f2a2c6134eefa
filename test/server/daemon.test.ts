/** Proves listening over both transports, what a reload changes and keeps, draining, and that stopping leaves nothing open. */

import { describe, expect, test } from 'vitest';
import { HERE, ListeningHouse, OPTIONS, PlayedServe, query } from './listening.ts';

const ELSEWHERE = { ip: '192.0.2.53', port: 53 };

describe('UDP', () => {
  test('answers at once or later, to the one who asked', async () => {
    const house = new ListeningHouse();
    await house.listen();
    const [one, two] = [await house.udpClient(), await house.udpClient()];
    one.socket.send(query(1, 'later'), 12, HERE);
    two.socket.send(query(2), 12, HERE);
    one.socket.send(query(3, 'never'), 12, HERE);
    await house.ports.clock.settle();
    house.serve.answer();
    await house.ports.clock.settle();
    expect(one.replies).toEqual([[1, 0]]);
    expect(two.replies).toEqual([[2, 0]]);
  });
});

describe('listening', () => {
  test('can be without UDP or without TCP', async () => {
    const withoutTcp = new ListeningHouse();
    await withoutTcp.listen({ tcp: false });
    expect(withoutTcp.ports.network.openCounts()).toMatchObject({ udp: 1, listeners: 0 });
    const noSlots = new ListeningHouse();
    await noSlots.listen({ maxConnections: 0 });
    expect(noSlots.ports.network.openCounts()).toMatchObject({ udp: 1, listeners: 0 });
    const withoutUdp = new ListeningHouse();
    await withoutUdp.listen({ udp: false });
    expect(withoutUdp.ports.network.openCounts()).toMatchObject({ udp: 0, listeners: 1 });
  });

  test('says what could not be opened', async () => {
    const house = new ListeningHouse();
    await house.listen();
    const second = new PlayedServe();
    const { Daemon } = await import('../../src/server/daemon.ts');
    const other = new Daemon(house.ports);
    const problems = await house.ports.clock.runUntilSettled(other.listen(second, OPTIONS));
    expect(problems.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^can't open UDP socket on 127\.0\.0\.1@53: /),
      expect.stringMatching(/^can't open TCP socket on 127\.0\.0\.1@53: /),
    ]);
  });
});

describe('a reload', () => {
  test('keeps sockets whose address stays, opens new ones and closes the others', async () => {
    const house = new ListeningHouse();
    await house.listen({ interfaces: [HERE, { ip: '127.0.0.1', port: 5300 }] });
    const next = new PlayedServe(9);
    const listening = house.daemon.listen(next, { ...OPTIONS, interfaces: [HERE, ELSEWHERE] });
    expect(await house.ports.clock.runUntilSettled(listening)).toEqual([]);
    expect(house.daemon.addresses()).toEqual([HERE, ELSEWHERE]);
    expect(house.ports.network.openCounts()).toMatchObject({ udp: 2, listeners: 2 });
  });

  test('lets the house before finish its answers, and gives new queries to the next, on open connections too', async () => {
    const house = new ListeningHouse();
    await house.listen();
    const [udp, tcp] = [await house.udpClient(), await house.connect()];
    udp.socket.send(query(1, 'later'), 12, HERE);
    await house.ports.clock.settle();
    const next = new PlayedServe(9);
    await house.ports.clock.runUntilSettled(house.daemon.listen(next, OPTIONS));
    udp.socket.send(query(2), 12, HERE);
    tcp?.send(query(3));
    await house.ports.clock.settle();
    house.serve.answer();
    await house.ports.clock.settle();
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
    const house = new ListeningHouse();
    house.ports.network.refuseLocal = (transport) => (transport === 'tcp' ? IN_USE : null);
    expect(await house.listen()).toEqual(["can't open TCP socket on 127.0.0.1@53: address already in use"]);
    expect(await house.listen()).toHaveLength(1);
    house.ports.network.refuseLocal = () => null;
    expect(await house.listen()).toEqual([]);
    expect(house.ports.network.openCounts()).toMatchObject({ udp: 1, listeners: 1 });
    expect(await house.connect()).not.toBe(null);
  });

  test('does not cost the sockets that are there: they could not be opened again', async () => {
    const house = new ListeningHouse();
    await house.listen();
    house.ports.network.refuseLocal = () => DENIED;
    expect(await house.listen({ interfaces: [ELSEWHERE] })).toHaveLength(2);
    expect(house.daemon.addresses()).toEqual([HERE]);
    const client = await house.connect();
    client?.send(query(1));
    await house.ports.clock.settle();
    expect(client?.replies).toEqual([1]);
    expect(house.ports.log.text()).toContain('still listening on 127.0.0.1@53');
    house.ports.network.refuseLocal = () => null;
    expect(await house.listen({ interfaces: [ELSEWHERE] })).toEqual([]);
    expect(house.daemon.addresses()).toEqual([ELSEWHERE]);
  });

  test.each([
    ['makes way for "any address", which its own old socket stands in the way of', true],
    ['comes back when another process stands in the way', false],
  ])('%s', async (_, isOwn) => {
    const house = new ListeningHouse();
    const { network } = house.ports;
    await house.listen();
    const anywhere = { ip: '0.0.0.0', port: 53 };
    network.refuseLocal = (transport, { ip }) => {
      const { udp, listeners } = network.openCounts();
      const isTaken = !isOwn || (transport === 'udp' ? udp : listeners) > 0;
      return ip === '0.0.0.0' && isTaken ? IN_USE : null;
    };
    expect(await house.listen({ interfaces: [anywhere] })).toHaveLength(isOwn ? 0 : 2);
    expect(house.daemon.addresses()).toEqual([isOwn ? anywhere : HERE]);
    expect(network.openCounts()).toMatchObject({ udp: 1, listeners: 1 });
  });

  test('of a network interface stays open while that has no address', async () => {
    const house = new ListeningHouse();
    const away = { interfaces: [], networkInterfaces: ['eth0'], missing: ['eth0'] };
    await house.listen({ interfaces: [{ ...HERE, from: 'eth0' }], networkInterfaces: ['eth0'] });
    expect(house.daemon.hasSlot({ ...OPTIONS, ...away })).toBe(true);
    expect(await house.listen(away)).toEqual(['no address at interface eth0']);
    expect(house.daemon.addresses()).toHaveLength(1);
    expect(await house.listen({ interfaces: [ELSEWHERE], networkInterfaces: [] })).toEqual([]);
    expect(house.daemon.addresses()).toEqual([ELSEWHERE]);
  });

  test('is nothing: known before anything is changed', async () => {
    const house = new ListeningHouse();
    expect(house.daemon.hasSlot(OPTIONS)).toBe(true);
    expect(house.daemon.hasSlot({ ...OPTIONS, interfaces: [] })).toBe(false);
    expect(house.daemon.hasSlot({ ...OPTIONS, interfaces: [], waitsForAddresses: true })).toBe(true);
    expect(house.daemon.hasSlot({ ...OPTIONS, udp: false, maxConnections: 0 })).toBe(false);
    expect(house.daemon.hasSlot({ ...OPTIONS, udp: false, tcp: false })).toBe(false);
  });
});

describe('sockets that are kept', () => {
  test('take do-tcp, do-udp and the sizes of their buffers', async () => {
    const house = new ListeningHouse();
    const { network } = house.ports;
    await house.listen();
    await house.listen({ tcp: false, receiveBufferBytes: 1000, sendBufferBytes: 2000 });
    expect(network.openCounts()).toMatchObject({ udp: 1, listeners: 0 });
    expect(network.bufferBytes).toEqual({ receive: 1000, send: 2000 });
    await house.listen({ udp: false });
    expect(network.openCounts()).toMatchObject({ udp: 0, listeners: 1 });
    await house.listen();
    expect(network.openCounts()).toMatchObject({ udp: 1, listeners: 1 });
  });
});

describe('the end', () => {
  test('draining waits for the answers, but not for ever', async () => {
    const house = new ListeningHouse();
    await house.listen();
    const udp = await house.udpClient();
    udp.socket.send(query(1, 'later'), 12, HERE);
    await house.ports.clock.settle();
    house.ports.clock.after(300, () => house.serve.answer());
    const started = house.ports.clock.monotonicMs();
    await house.ports.clock.runUntilSettled(house.daemon.drain(house.serve, 5000));
    expect(house.ports.clock.monotonicMs() - started).toBeLessThan(400);
    udp.socket.send(query(2, 'later'), 12, HERE);
    await house.ports.clock.settle();
    await house.ports.clock.runUntilSettled(house.daemon.drain(house.serve, 5000));
    expect(house.serve.waiting()).toBe(1);
  });

  test('leaves no socket, connection or timer', async () => {
    const house = new ListeningHouse();
    await house.listen();
    const client = await house.connect();
    client?.send(query(1, 'later'));
    await house.ports.clock.settle();
    house.daemon.stop();
    await house.ports.clock.settle();
    expect(house.ports.network.openCounts()).toEqual({ udp: 0, streams: 0, listeners: 0 });
    expect(client?.closed).toBe(true);
    house.serve.answer();
  });
});
