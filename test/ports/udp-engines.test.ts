/**
 * Proves that both ways for datagrams, Node's dgram and the system's own calls, do the same on loopback: what arrives, from whom,
 * what is refused and how, what a closed socket does. The calls run under guard: no pointer outside of its memory, no use of a
 * closed descriptor, none left open.
 */

import { afterAll, describe, expect, test } from 'vitest';
import { FastUdp } from '../../src/adapters/fast-udp.ts';
import { openNodeUdp } from '../../src/adapters/node-udp.ts';
import { bindSystemCalls } from '../../src/adapters/system-calls.ts';
import type { Address, NetworkError, Opened, UdpOptions, UdpSocket } from '../../src/ports/network.ts';
import { CheckedCalls } from '../adapters/checked-calls.ts';

type OpenUdp = (options: UdpOptions) => Promise<Opened<UdpSocket>>;

const PATIENCE_MS = 60_000;
const LOOPBACK = { ip: '127.0.0.1', port: 0 };
const LARGEST_OCTETS = 65_507;

const calls = bindSystemCalls();
const checked = typeof calls === 'string' ? null : new CheckedCalls(calls);
const fast = checked === null ? null : new FastUdp(checked);
const WAYS: readonly (readonly [string, OpenUdp])[] = [
  ['dgram', (options) => openNodeUdp(options)],
  ...(fast === null ? [] : [['calls', async (options: UdpOptions) => fast.open(options)] as const]),
];

interface Opener {
  readonly socket: UdpSocket;
  readonly got: { readonly text: string; readonly from: Address }[];
  readonly errors: NetworkError[];
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const octets = (words: string): Uint8Array => Buffer.from(words, 'latin1');

function send({ socket }: Pick<Opener, 'socket'>, words: string, to: Address): void {
  const bytes = octets(words);
  socket.send(bytes, bytes.length, to);
}

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error('never came true');
    await pass(1);
  }
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Opens a socket that keeps what it gets; `onText` sees each as it comes. */
async function opened(
  open: OpenUdp,
  more: Partial<UdpOptions> = {},
  onText: (words: string, from: Address) => void = () => {},
): Promise<Opener> {
  const got: Opener['got'] = [];
  const errors: NetworkError[] = [];
  const result = await open({
    local: LOOPBACK,
    onDatagrams: (batch) => {
      for (const { bytes, from } of batch) {
        got.push({ text: text(bytes), from });
        onText(text(bytes), from);
      }
    },
    onError: (error) => errors.push(error),
    ...more,
  });
  if (!result.ok) throw new Error(result.error.text);
  return { socket: result.value, got, errors };
}

/** A listening socket that answers each datagram with `reply` of its text. */
async function answering(open: OpenUdp, reply: (words: string) => string, more: Partial<UdpOptions> = {}) {
  const held: { server?: Opener } = {};
  const server = await opened(open, { isForClients: true, ...more }, (words, from) => {
    if (held.server !== undefined) send(held.server, reply(words), from);
  });
  held.server = server;
  return server;
}

function close(...all: readonly Opener[]): void {
  for (const { socket } of all) socket.close();
}

async function errorOf(open: OpenUdp, options: Partial<UdpOptions>): Promise<NetworkError | null> {
  const result = await open({ local: LOOPBACK, onDatagrams: () => {}, onError: () => {}, ...options });
  if (!result.ok) return result.error;
  result.value.close();
  return null;
}

describe.each(WAYS)('datagrams through %s', (name, open) => {
  test('each client of a busy server gets its own answers', async () => {
    const server = await answering(open, (words) => `re ${words}`);
    const clients = await Promise.all(Array.from({ length: 6 }, () => opened(open, { remote: server.socket.local })));
    for (const [c, client] of clients.entries()) {
      for (let i = 0; i < 30; i++) send(client, `${c}.${i}`, server.socket.local);
    }
    await until(() => clients.every(({ got }) => got.length === 30));
    for (const [c, { got }] of clients.entries()) {
      expect(got.map((one) => one.text)).toEqual(Array.from({ length: 30 }, (_, i) => `re ${c}.${i}`));
      expect(got[0]?.from).toEqual(server.socket.local);
    }
    close(server, ...clients);
  });

  test('a reply that comes later goes to who asked, whoever asked in between', async () => {
    const server = await opened(open, { isForClients: true });
    const clients = await Promise.all(Array.from({ length: 40 }, () => opened(open, { remote: server.socket.local })));
    for (const [c, client] of clients.entries()) send(client, `${c}`, server.socket.local);
    await until(() => server.got.length === clients.length);
    for (const { text: words, from } of server.got) send(server, `for ${words}`, from);
    await until(() => clients.every(({ got }) => got.length === 1));
    expect(clients.map(({ got }) => got[0]?.text)).toEqual(clients.map((_, c) => `for ${c}`));
    close(server, ...clients);
  });

  test('the empty and the largest datagram arrive whole', async () => {
    const server = await answering(open, (words) => words);
    const client = await opened(open, { remote: server.socket.local });
    const largest = 'x'.repeat(LARGEST_OCTETS - 1).concat('y');
    send(client, '', server.socket.local);
    send(client, largest, server.socket.local);
    send(client, 'after', server.socket.local);
    await until(() => client.got.length === 3);
    expect(client.got.map((one) => one.text.length)).toEqual([0, LARGEST_OCTETS, 5]);
    expect(client.got[1]?.text).toBe(largest);
    close(server, client);
  });

  test('what cannot be sent is an error each, and the datagrams beside it arrive', async () => {
    const server = await opened(open, { isForClients: true }, (_, from) => {
      send(server, 'one', from);
      send(server, 'to nobody', { ip: from.ip, port: 0 });
      send(server, 'z'.repeat(LARGEST_OCTETS + 1), from);
      send(server, 'two', from);
    });
    const client = await opened(open, { remote: server.socket.local });
    send(client, 'ask', server.socket.local);
    await until(() => client.got.length === 2 && server.errors.length === 2);
    expect(client.got.map((one) => one.text)).toEqual(['one', 'two']);
    expect(server.errors.map(({ kind }) => kind)).toEqual(['other', 'other']);
    close(server, client);
  });

  test('a server that closes while it is asked gets no more, and its port is free', async () => {
    const server = await opened(open, { isForClients: true }, () => server.socket.close());
    const { local } = server.socket;
    const client = await opened(open);
    for (let i = 0; i < 20; i++) send(client, `${i}`, local);
    await until(() => server.got.length > 0);
    await pass(20);
    expect(server.got.length).toBe(1);
    const next = await opened(open, { local });
    close(server, client, next);
  });

  test('a socket that another one closes in the same turn gets nothing', async () => {
    const server = await opened(open, { isForClients: true });
    const asked: Opener[] = [];
    const closeOthers = (own: number): void => {
      for (const [i, { socket }] of asked.entries()) if (i !== own) socket.close();
    };
    for (let i = 0; i < 10; i++) {
      asked.push(await opened(open, { remote: server.socket.local }, () => closeOthers(i)));
    }
    for (const one of asked) send(one, 'ask', server.socket.local);
    await until(() => server.got.length === 10);
    for (const { from } of server.got) send(server, 'answer', from);
    await until(() => asked.some(({ got }) => got.length > 0));
    await pass(20);
    expect(asked.filter(({ got }) => got.length > 0).length).toBe(1);
    close(server, ...asked);
  });

  test('sockets for one question, one after the other, get their own answer and none of one before', async () => {
    const server = await opened(open, { isForClients: true });
    const late: { readonly words: string; readonly from: Address }[] = [];
    for (let i = 0; i < 100; i++) {
      const client = await opened(open, { remote: server.socket.local });
      send(client, `${i}`, server.socket.local);
      await until(() => server.got.length === i + 1);
      const from = server.got[i]?.from as Address;
      // Two answers are on the way when the socket is closed after the first: the second must not reach the next socket.
      send(server, `${i} first`, from);
      send(server, `${i} second`, from);
      await until(() => client.got.length > 0);
      close(client);
      expect(client.got[0]?.text).toBe(`${i} first`);
      late.push({ words: `${i}`, from });
    }
    expect(new Set(late.map(({ words }) => words)).size).toBe(100);
    close(server);
  });

  test('promises of what a datagram brings are kept before the next turn of the loop', async () => {
    const order: string[] = [];
    const server = await opened(open, { isForClients: true }, () => {
      setImmediate(() => order.push('turn'));
      process.nextTick(() => order.push('tick'));
      void Promise.resolve().then(() => order.push('promise'));
    });
    const client = await opened(open);
    send(client, 'ask', server.socket.local);
    await until(() => order.length === 3);
    expect(order).toEqual(['tick', 'promise', 'turn']);
    close(server, client);
  });

  test('over IPv6: addresses in canonical text, and the family alone', async (context) => {
    const probe = await errorOf(open, { local: { ip: '::1', port: 0 } });
    if (probe !== null) context.skip(`no IPv6 on loopback: ${probe.text}`);
    const six = await answering(open, (words) => words, { local: { ip: '::', port: 0 } });
    const four = await opened(open, { local: { ip: '0.0.0.0', port: six.socket.local.port } });
    const client = await opened(open, {
      local: { ip: '::', port: 0 },
      remote: { ip: '::1', port: six.socket.local.port },
    });
    send(client, 'ask', { ip: '::1', port: six.socket.local.port });
    await until(() => client.got.length === 1);
    expect(six.got[0]?.from.ip).toBe('::1');
    expect(client.got[0]?.from).toEqual({ ip: '::1', port: six.socket.local.port });
    expect(six.socket.local.ip).toBe('::');
    close(six, four, client);
  });

  test('a port is shared only by those who all want that', async () => {
    const first = await opened(open, { reusePort: true });
    const { local } = first.socket;
    expect(await errorOf(open, { local, reusePort: true })).toBeNull();
    expect((await errorOf(open, { local }))?.kind).toBe('in-use');
    close(first);
  });

  test('an address that the host does not have is unreachable, in the words of Node.js', async () => {
    const error = await errorOf(open, { local: { ip: '192.0.2.1', port: 5300 } });
    expect(error).toEqual({ kind: 'unreachable', text: 'bind EADDRNOTAVAIL 192.0.2.1:5300' });
  });

  test('a foreign address can be bound where the calls are, and is refused else', async () => {
    const foreign = { local: { ip: '192.0.2.1', port: 0 }, bindForeign: 'freebind' } as const;
    expect((await errorOf(open, foreign))?.kind).toBe(name === 'dgram' ? 'unreachable' : undefined);
  });

  test('buffers take the sizes that they are told', async () => {
    const { socket, errors } = await opened(open, { receiveBufferBytes: 50_000, sendBufferBytes: 60_000 });
    socket.setBuffers(30_000, 0);
    await pass(1);
    expect(errors).toEqual([]);
    socket.close();
    socket.setBuffers(40_000, 40_000);
  });

  test('a name is not an address', async () => {
    const server = await opened(open, { isForClients: true });
    send(server, 'x', { ip: '127.0.0.256', port: 53 });
    await until(() => server.errors.length === 1);
    close(server);
  });

  test('to one of many addresses are answered from that one', async (context) => {
    if (name === 'dgram') context.skip('Node.js cannot say where a datagram is to leave from');
    const server = await answering(open, (words) => words, { local: { ip: '0.0.0.0', port: 0 } });
    const { port } = server.socket.local;
    const clients: Opener[] = [];
    for (const ip of ['127.0.0.5', '127.0.0.1', '127.9.9.9', '127.0.0.5']) {
      clients.push(await opened(open, { local: { ip: '0.0.0.0', port: 0 }, remote: { ip, port } }));
    }
    for (const client of clients) send(client, 'ask', LOOPBACK);
    await until(() => clients.every(({ got }) => got.length === 1));
    expect(clients.map(({ got }) => got[0]?.from.ip)).toEqual(['127.0.0.5', '127.0.0.1', '127.9.9.9', '127.0.0.5']);
    close(server, ...clients);
  });
});

describe.skipIf(checked === null || fast === null)('the calls', () => {
  afterAll(() => {
    fast?.close();
    expect(checked?.faults).toEqual([]);
    expect([...(checked?.open ?? [])]).toEqual([]);
  });

  const open: OpenUdp = async (options) => (fast as FastUdp).open(options);
  const guard = checked as CheckedCalls;

  test('take and send many datagrams at a time', async () => {
    const server = await answering(open, (words) => words);
    const client = await opened(open);
    const before = new Map(guard.counts);
    for (let i = 0; i < 64; i++) send(client, `${i}`, server.socket.local);
    await until(() => client.got.length === 64);
    const received = (guard.counts.get('recvmmsg') ?? 0) - (before.get('recvmmsg') ?? 0);
    const sent = (guard.counts.get('sendmmsg') ?? 0) - (before.get('sendmmsg') ?? 0);
    // 64 by the client; of the server two and two, and by fours what the client takes.
    expect(sent).toBe(64 + 2);
    expect(received).toBeLessThanOrEqual(2 + 64 / 4 + 4);
    close(server, client);
  });

  test('take four full batches in a turn of the loop, and then let others have theirs', async () => {
    const perTurn: number[] = [];
    let isTurn = false;
    const server = await opened(open, { isForClients: true }, () => {
      if (!isTurn) {
        perTurn.push(0);
        setImmediate(() => {
          isTurn = false;
        });
      }
      isTurn = true;
      perTurn.push((perTurn.pop() ?? 0) + 1);
    });
    const client = await opened(open);
    for (let i = 0; i < 150; i++) send(client, `${i}`, server.socket.local);
    await until(() => server.got.length === 150);
    expect(perTurn).toEqual([128, 22]);
    close(server, client);
  });

  test('a reply for which the system has no room is sent when it has', async () => {
    const server = await answering(open, (words) => words);
    const client = await opened(open, { remote: server.socket.local });
    for (const errno of [11, 105]) guard.failNext('sendmmsg', errno);
    const before = client.got.length;
    send(client, 'question', server.socket.local);
    send(client, 'another', server.socket.local);
    await until(() => client.got.length === before + 2);
    expect(client.got.map((one) => one.text).sort()).toEqual(['another', 'question']);
    expect(server.errors).toEqual([]);
    close(server, client);
  });

  test('an interrupted call is made again', async () => {
    const server = await answering(open, (words) => words);
    const client = await opened(open, { remote: server.socket.local });
    guard.failNext('sendmmsg', 4);
    guard.failNext('recvmmsg', 4);
    send(client, 'question', server.socket.local);
    await until(() => client.got.length === 1);
    close(server, client);
  });

  test('a host without descriptors is said to be exhausted, and none is lost', async () => {
    const before = guard.open.size;
    guard.failNext('socket', 24);
    expect(await errorOf(open, {})).toEqual({ kind: 'exhausted', text: 'socket EMFILE' });
    guard.failNext('epoll_ctl', 28);
    expect((await errorOf(open, {}))?.text).toBe('epoll_ctl ENOSPC');
    guard.failNext('bind', 13);
    expect((await errorOf(open, {}))?.kind).toBe('not-permitted');
    expect(guard.open.size).toBe(before);
  });

  test('what a firewall forbids is an error of that datagram', async () => {
    const client = await opened(open);
    guard.failNext('sendmmsg', 1);
    send(client, 'question', { ip: '127.0.0.1', port: 9 });
    await until(() => client.errors.length === 1);
    expect(client.errors[0]?.kind).toBe('not-permitted');
    close(client);
  });
});
