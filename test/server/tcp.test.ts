/**
 * Proves how TCP clients are served: pipelining with replies out of order, limits on queries in the making, on idle time, on
 * clients that do not read, on connections; what closes a connection.
 */

import { describe, expect, test } from 'vitest';
import { SERVER_LIMITS } from '../../src/server/listen-options.ts';
import { ListeningDaemon, query, type TcpClient } from './listening.ts';

async function connected(bench: ListeningDaemon): Promise<TcpClient> {
  const client = await bench.connect();
  if (client === null) throw new Error('not connected');
  return client;
}

describe('a connection', () => {
  test('answers pipelined queries as they get ready, not in order (RFC 7766 §6.2.1.1)', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const client = await connected(bench);
    client.send(query(1, 'later'), query(2), query(3, 'later'), query(4));
    await bench.ports.clock.settle();
    expect(client.replies).toEqual([2, 4]);
    bench.serve.answer(1);
    bench.serve.answer(0);
    await bench.ports.clock.settle();
    expect(client.replies).toEqual([2, 4, 3, 1]);
    expect(client.closed).toBe(false);
  });

  test('takes a query that comes octet by octet', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const client = await connected(bench);
    for (const octet of [0, 12, ...query(7)]) {
      client.stream.write(Uint8Array.of(octet));
      await bench.ports.clock.settle();
    }
    expect(client.replies).toEqual([7]);
  });

  test.each([
    ['a message of no octets', new Uint8Array()],
    ['a message too short for a header', new Uint8Array(11)],
    ['a query that gets no reply', query(1, 'never')],
  ])('is closed after %s', async (_, message) => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const client = await connected(bench);
    client.send(message, query(2));
    await bench.ports.clock.settle();
    expect(client).toMatchObject({ closed: true, replies: [] });
    expect(bench.daemon.connections).toBe(0);
  });

  test.each([
    ['small', 'now', SERVER_LIMITS.streamQueriesPerTurn],
    // A large reply counts as several: the second one in a turn is one too many.
    ['large', 'large', 5],
  ] as const)(
    'has its turn among others, however many queries one segment holds (%s replies)',
    async (_, what, most) => {
      const bench = new ListeningDaemon();
      await bench.listen();
      const [many, one] = [await connected(bench), await connected(bench)];
      many.send(...Array.from({ length: 2000 }, (_each, i) => query(i, what)));
      one.send(query(5000));
      const { clock } = bench.ports;
      const { seen } = bench.serve;
      const seenByTurn = [0];
      const look = (): void => {
        if (seenByTurn.push(seen.length) < 100) clock.inTurn(look);
      };
      clock.inTurn(look);
      await clock.settle();
      expect(Math.max(...seenByTurn.map((count, i) => count - (seenByTurn[i - 1] ?? 0)))).toBeLessThanOrEqual(most);
      // It came behind them and was not kept waiting for all of them.
      expect(seen).toContain(5000);
      expect(seen.indexOf(5000)).toBeLessThanOrEqual(2 * most);
      if (what === 'now') expect(many.replies).toHaveLength(2000);
    },
  );

  test('stops reading while many of its queries are in the making', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const client = await connected(bench);
    const most = SERVER_LIMITS.queriesPerConnection;
    client.send(...Array.from({ length: most + 5 }, (_, i) => query(i, 'later')));
    await bench.ports.clock.settle();
    expect(bench.serve.seen).toHaveLength(most);
    bench.serve.answer();
    bench.serve.answer();
    await bench.ports.clock.settle();
    expect(bench.serve.seen).toHaveLength(most + 2);
    expect(client.replies).toEqual([0, 1]);
  });

  test('that ends while its queries are in the making does no harm', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const client = await connected(bench);
    client.send(query(1, 'later'));
    await bench.ports.clock.settle();
    client.stream.destroy();
    await bench.ports.clock.settle();
    bench.serve.answer();
    await bench.ports.clock.settle();
    expect(bench.daemon.connections).toBe(0);
  });

  test('that does not read its replies is closed, and is not read from in the meantime', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const client = await connected(bench);
    client.stream.pause();
    client.send(...Array.from({ length: 8 }, (_, i) => query(i, 'large')));
    await bench.ports.clock.settle();
    expect(bench.serve.seen.length).toBeLessThan(8);
    await bench.ports.clock.advance(31_000);
    expect(bench.daemon.connections).toBe(0);
  });

  test('that reads again gets all its replies', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    const client = await connected(bench);
    client.stream.pause();
    client.send(...Array.from({ length: 8 }, (_, i) => query(i, 'large')));
    await bench.ports.clock.settle();
    client.stream.resume();
    await bench.ports.clock.settle();
    expect(client.replies).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('idle time', () => {
  test('ends a connection on which nothing happens', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ tcpIdleMs: 5000 });
    const client = await connected(bench);
    await bench.ports.clock.advance(4000);
    client.send(query(1));
    await bench.ports.clock.advance(4000);
    expect(client.closed).toBe(false);
    await bench.ports.clock.advance(1500);
    expect(client).toMatchObject({ closed: true, replies: [1] });
  });

  test('does not run while a query is in the making', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ tcpIdleMs: 1000 });
    const client = await connected(bench);
    client.send(query(1, 'later'));
    await bench.ports.clock.advance(8000);
    expect(client.closed).toBe(false);
    bench.serve.answer();
    await bench.ports.clock.advance(500);
    expect(client).toMatchObject({ closed: false, replies: [1] });
    await bench.ports.clock.advance(2000);
    expect(client.closed).toBe(true);
  });

  test('is not extended by octets that make no whole query', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ tcpIdleMs: 1000 });
    const client = await connected(bench);
    for (let i = 0; i < 12 && !client.closed; i++) {
      client.stream.write(Uint8Array.of(0));
      await bench.ports.clock.advance(200);
    }
    expect(client.closed).toBe(true);
  });

  test('is shorter while more than half of the places are taken', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ tcpIdleMs: 10_000, maxConnections: 2 });
    const first = await connected(bench);
    const second = await connected(bench);
    await bench.ports.clock.advance(2000);
    expect([first.closed, second.closed]).toContain(true);
  });
});

describe('an idle time that a client was told (RFC 7828)', () => {
  test('is kept, also when places become scarce', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ tcpIdleMs: 5000, maxConnections: 2 });
    const client = await connected(bench);
    client.send(query(1, 'told'));
    await bench.ports.clock.settle();
    const other = await connected(bench);
    await bench.ports.clock.advance(59_000);
    expect([client.closed, other.closed]).toEqual([false, true]);
    await bench.ports.clock.advance(2000);
    expect(client.closed).toBe(true);
    expect(bench.serve.told).toEqual([60_000]);
  });

  test('is no longer than others get while places are scarce', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ tcpIdleMs: 10_000, maxConnections: 1 });
    const client = await connected(bench);
    client.send(query(1, 'told'));
    await bench.ports.clock.settle();
    expect(bench.serve.told).toEqual([1000]);
    await bench.ports.clock.advance(900);
    expect(client.closed).toBe(false);
    await bench.ports.clock.advance(200);
    expect(client.closed).toBe(true);
  });
});

describe('places', () => {
  test('the connection that is idle longest makes room for a new one', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ maxConnections: 3 });
    const clients: TcpClient[] = [];
    for (let i = 0; i < 3; i++) {
      clients.push(await connected(bench));
      await bench.ports.clock.advance(10);
    }
    clients[0]?.send(query(1));
    await bench.ports.clock.settle();
    const fourth = await connected(bench);
    fourth.send(query(4));
    await bench.ports.clock.settle();
    expect(clients.map(({ closed }) => closed)).toEqual([false, true, false]);
    expect(fourth.replies).toEqual([4]);
    expect(bench.daemon.connections).toBe(3);
  });

  test('a new connection is refused when all wait for answers', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ maxConnections: 1 });
    const first = await connected(bench);
    first.send(query(1, 'later'));
    await bench.ports.clock.settle();
    const second = await bench.connect();
    await bench.ports.clock.settle();
    expect(second === null || second.closed).toBe(true);
    expect(first.closed).toBe(false);
  });
});

describe('the clients of a netblock (tcp-connection-limit)', () => {
  const block = (address: number[], prefixLength: number, limit: number) => ({
    address: Uint8Array.from(address),
    prefixLength,
    limit,
  });
  /** Whether a client of each address is let in, in turn. */
  async function letIn(bench: ListeningDaemon, ...ips: string[]): Promise<boolean[]> {
    const all: boolean[] = [];
    for (const ip of ips) {
      const client = await bench.connect(ip);
      await bench.ports.clock.settle();
      all.push(client !== null && !client.closed);
    }
    return all;
  }

  test('have so many connections together; others have theirs', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ connectionLimits: [block([192, 0, 2, 0], 24, 2)] });
    const asked = await letIn(bench, '192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.3', '198.51.100.1');
    expect(asked).toEqual([true, true, false, false, true]);
    expect(bench.daemon.connections).toBe(3);
  });

  test('get the place back that one of them gave up', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ connectionLimits: [block([192, 0, 2, 0], 24, 1)] });
    const first = await bench.connect('192.0.2.1');
    expect(await letIn(bench, '192.0.2.2')).toEqual([false]);
    first?.stream.end();
    await bench.ports.clock.settle();
    expect(await letIn(bench, '192.0.2.2', '192.0.2.2')).toEqual([true, false]);
  });

  test('are counted at the longest prefix, of two equal ones at the first', async () => {
    const bench = new ListeningDaemon();
    const limits = [block([192, 0, 0, 0], 16, 0), block([192, 0, 2, 0], 24, 1), block([192, 0, 2, 0], 24, 5)];
    await bench.listen({ connectionLimits: limits });
    expect(await letIn(bench, '192.0.9.1', '192.0.2.1', '192.0.2.2')).toEqual([false, true, false]);
  });

  test('and of IPv6 by theirs', async () => {
    const bench = new ListeningDaemon();
    await bench.listen({ connectionLimits: [block([0x20, 1, 0xd, 0xb8, ...Array(12).fill(0)], 32, 1)] });
    expect(await letIn(bench, '2001:db8::1', '2001:db8:1::2', '192.0.2.1')).toEqual([true, false, true]);
  });

  test('are counted anew after a reload, those that stayed among them', async () => {
    const bench = new ListeningDaemon();
    await bench.listen();
    expect(await letIn(bench, '192.0.2.1', '192.0.2.2')).toEqual([true, true]);
    await bench.listen({ connectionLimits: [block([192, 0, 2, 0], 24, 3)] });
    expect(await letIn(bench, '192.0.2.3', '192.0.2.4')).toEqual([true, false]);
  });
});
