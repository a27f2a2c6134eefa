/** Proves that the fake internet and the real sockets keep the network port's contract, on loopback. */

import { describe, expect, test } from 'vitest';
import type { Address, ByteStream, Datagram, NetworkError, UdpSocket } from '../../src/ports/network.ts';
import { SIDES, type Side } from './sides.ts';

const LOOPBACK = { ip: '127.0.0.1', port: 0 };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const octets = (words: string) => new TextEncoder().encode(words);

interface OpenUdp {
  readonly socket: UdpSocket;
  readonly got: { text: string; from: Address }[];
  readonly errors: NetworkError[];
}

async function openUdp(side: Side, remote?: Address): Promise<OpenUdp> {
  const got: OpenUdp['got'] = [];
  const errors: NetworkError[] = [];
  const onDatagrams = (batch: readonly Datagram[]) => {
    for (const { bytes, from } of batch) got.push({ text: text(bytes), from });
  };
  const onError = (error: NetworkError) => errors.push(error);
  const base = { local: LOOPBACK, onDatagrams, onError };
  const opened = await side.run(
    Promise.resolve(side.network.openUdp(remote === undefined ? base : { ...base, remote })),
  );
  if (!opened.ok) throw new Error(opened.error.text);
  return { socket: opened.value, got, errors };
}

function send(from: OpenUdp, words: string, to: Address): void {
  from.socket.send(octets(words), octets(words).length, to);
}

describe.each(SIDES)('datagrams on the %s side', (_name, makeSide) => {
  test('arrive whole, with their sender, at a port of the system choosing', async () => {
    const side = makeSide();
    const [a, b] = [await openUdp(side), await openUdp(side)];
    expect(a.socket.local.ip).toBe('127.0.0.1');
    expect(a.socket.local.port).toBeGreaterThan(0);
    send(a, 'hello', b.socket.local);
    await side.until(() => b.got.length === 1);
    expect(b.got).toEqual([{ text: 'hello', from: { ip: '127.0.0.1', port: a.socket.local.port } }]);
    send(b, 'back', a.socket.local);
    await side.until(() => a.got.length === 1);
    for (const { socket } of [a, b]) socket.close();
  });

  test('send the first octets only, as they were at the time of sending', async () => {
    const side = makeSide();
    const [a, b] = [await openUdp(side), await openUdp(side)];
    const buffer = octets('abcdef');
    a.socket.send(buffer, 3, b.socket.local);
    buffer.fill(0x78);
    a.socket.send(buffer, 6, b.socket.local);
    await side.until(() => b.got.length === 2);
    expect(b.got.map((one) => one.text)).toEqual(['abc', 'xxxxxx']);
    for (const { socket } of [a, b]) socket.close();
  });

  test('reach a connected socket from its own remote only', async () => {
    const side = makeSide();
    const [server, stranger] = [await openUdp(side), await openUdp(side)];
    const client = await openUdp(side, server.socket.local);
    send(stranger, 'forged', client.socket.local);
    await side.pass(10);
    send(server, 'true', client.socket.local);
    await side.until(() => client.got.length > 0);
    expect(client.got.map((one) => one.text)).toEqual(['true']);
    for (const { socket } of [server, stranger, client]) socket.close();
  });

  test('tell a connected socket that nobody listens', async () => {
    const side = makeSide();
    const gone = await openUdp(side);
    const client = await openUdp(side, gone.socket.local);
    gone.socket.close();
    await side.pass(5);
    send(client, 'anybody?', gone.socket.local);
    await side.until(() => client.errors.length > 0);
    expect(client.errors[0]?.kind).toBe('refused');
    client.socket.close();
  });

  test('do not come after closing, and a closed socket takes sends in silence', async () => {
    const side = makeSide();
    const [a, b] = [await openUdp(side), await openUdp(side)];
    b.socket.close();
    send(a, 'late', b.socket.local);
    send(b, 'from the grave', a.socket.local);
    b.socket.close();
    await side.pass(10);
    expect(b.got).toEqual([]);
    expect(a.got).toEqual([]);
    a.socket.close();
  });

  test('and errors are told to the very object that opened the socket', async () => {
    const side = makeSide();
    class Owner {
      readonly local = LOOPBACK;
      readonly remote: Address;
      readonly told: string[] = [];
      constructor(remote: Address) {
        this.remote = remote;
      }
      onDatagrams(batch: readonly Datagram[]): void {
        for (const { bytes } of batch) this.told.push(text(bytes));
      }
      onError({ kind }: NetworkError): void {
        this.told.push(kind);
      }
    }
    const server = await openUdp(side);
    const owner = new Owner(server.socket.local);
    const opened = await side.run(Promise.resolve(side.network.openUdp(owner)));
    if (!opened.ok) throw new Error(opened.error.text);
    send(server, 'hello', opened.value.local);
    await side.until(() => owner.told.length === 1);
    server.socket.close();
    await side.pass(5);
    opened.value.send(octets('anybody?'), 8, server.socket.local);
    await side.until(() => owner.told.length === 2);
    expect(owner.told).toEqual(['hello', 'refused']);
    opened.value.close();
  });

  test('cannot be had at a port that is taken', async () => {
    const side = makeSide();
    const first = await openUdp(side);
    const second = await side.run(
      Promise.resolve(side.network.openUdp({ local: first.socket.local, onDatagrams: () => {}, onError: () => {} })),
    );
    expect(second.ok ? 'opened' : second.error.kind).toBe('in-use');
    first.socket.close();
  });
});

interface End {
  readonly stream: ByteStream;
  readonly log: string[];
}

interface Pair {
  readonly client: End;
  readonly server: End;
  readonly stop: () => void;
}

async function openPair(side: Side): Promise<Pair> {
  const serverLog: string[] = [];
  let accepted: ByteStream | null = null;
  const listening = side.network.listen({
    local: LOOPBACK,
    onConnection: (stream) => {
      accepted = stream;
      return eventsInto(serverLog);
    },
    onError: () => {},
  });
  const listener = await side.run(listening);
  if (!listener.ok) throw new Error(listener.error.text);
  const clientLog: string[] = [];
  const connecting = side.network.connect({ remote: listener.value.local, timeoutMs: 1_000, ...eventsInto(clientLog) });
  const client = await side.run(connecting);
  if (!client.ok) throw new Error(client.error.text);
  await side.until(() => accepted !== null);
  return {
    client: { stream: client.value, log: clientLog },
    server: { stream: accepted as unknown as ByteStream, log: serverLog },
    stop: () => listener.value.close(),
  };
}

function eventsInto(log: string[]): { onData: (bytes: Uint8Array) => void; onClose: (e: NetworkError | null) => void } {
  return {
    onData: (bytes) => log.push(text(bytes)),
    onClose: (error) => log.push(error === null ? 'closed' : `closed: ${error.kind}`),
  };
}

describe.each(SIDES)('streams on the %s side', (_name, makeSide) => {
  test('carry octets both ways, in order', async () => {
    const side = makeSide();
    const { client, server, stop } = await openPair(side);
    client.stream.write(octets('one '));
    client.stream.write(octets('two'));
    await side.until(() => server.log.join('') === 'one two');
    server.stream.write(octets('three'));
    await side.until(() => client.log.join('') === 'three');
    expect(client.stream.remote).toEqual(server.stream.local);
    client.stream.destroy();
    stop();
  });

  test('send what is queued before they end, and tell both sides once', async () => {
    const side = makeSide();
    const { client, server, stop } = await openPair(side);
    client.stream.write(octets('last words'));
    client.stream.end();
    await side.until(() => server.log.at(-1) === 'closed' && client.log.at(-1) === 'closed');
    await side.pass(5);
    expect(server.log).toEqual(['last words', 'closed']);
    expect(client.log).toEqual(['closed']);
    stop();
  });

  test('close both sides when one is destroyed', async () => {
    const side = makeSide();
    const { client, server, stop } = await openPair(side);
    server.stream.destroy();
    server.stream.destroy();
    await side.until(() => client.log.length > 0 && server.log.length > 0);
    await side.pass(5);
    expect(client.log.length).toBe(1);
    expect(server.log.length).toBe(1);
    stop();
  });

  test('hold data back while paused', async () => {
    const side = makeSide();
    const { client, server, stop } = await openPair(side);
    server.stream.pause();
    client.stream.write(octets('patience'));
    await side.pass(10);
    expect(server.log).toEqual([]);
    server.stream.resume();
    await side.until(() => server.log.join('') === 'patience');
    client.stream.destroy();
    stop();
  });

  test('say when the reader is slow, and when there is room again', async () => {
    const side = makeSide();
    let accepted: ByteStream | null = null;
    let received = 0;
    const listener = await side.run(
      side.network.listen({
        local: LOOPBACK,
        onConnection: (stream) => {
          accepted = stream;
          stream.pause();
          return {
            onData: (bytes) => {
              received += bytes.length;
            },
            onClose: () => {},
          };
        },
        onError: () => {},
      }),
    );
    if (!listener.ok) throw new Error(listener.error.text);
    let drains = 0;
    const client = await side.run(
      side.network.connect({
        remote: listener.value.local,
        timeoutMs: 1_000,
        onData: () => {},
        onClose: () => {},
        onDrain: () => {
          drains++;
        },
      }),
    );
    if (!client.ok) throw new Error(client.error.text);
    await side.until(() => accepted !== null);
    const piece = new Uint8Array(65_536);
    let written = piece.length;
    // Buffers of the system are large: many pieces may pass before it says stop.
    for (let i = 0; i < 1_000 && client.value.write(piece); i++) written += piece.length;
    expect(drains).toBe(0);
    (accepted as unknown as ByteStream).resume();
    await side.until(() => drains > 0 && received === written);
    client.value.destroy();
    listener.value.close();
  });

  test('are refused where nobody listens, and where the listener says no', async () => {
    const side = makeSide();
    const { client, stop } = await openPair(side);
    client.stream.destroy();
    stop();
    await side.pass(5);
    const refused = await side.run(
      side.network.connect({
        remote: client.stream.remote,
        timeoutMs: 1_000,
        onData: () => {},
        onClose: () => {},
      }),
    );
    expect(refused.ok ? 'connected' : refused.error.kind).toBe('refused');
  });

  test('listen at a foreign address where the system lets them, and say so where not', async () => {
    const side = makeSide();
    const options = { local: { ip: '192.0.2.1', port: 0 }, onConnection: () => null, onError: () => {} };
    const listening = await side.run(side.network.listen({ ...options, bindForeign: 'freebind' }));
    if (!listening.ok) {
      expect(listening.error.kind).toBe('unreachable');
      return;
    }
    const { local } = listening.value;
    expect(local.ip).toBe('192.0.2.1');
    const again = await side.run(side.network.listen({ ...options, local, bindForeign: 'freebind' }));
    expect(again.ok ? 'listening' : again.error.kind).toBe('in-use');
    listening.value.close();
    await side.pass(5);
    const free = await side.run(side.network.listen({ ...options, local, bindForeign: 'freebind' }));
    expect(free.ok).toBe(true);
    if (free.ok) free.value.close();
  });

  test('cannot listen at a port that is taken', async () => {
    const side = makeSide();
    const options = { local: LOOPBACK, onConnection: () => null, onError: () => {} };
    const first = await side.run(side.network.listen(options));
    if (!first.ok) throw new Error(first.error.text);
    const second = await side.run(side.network.listen({ ...options, local: first.value.local }));
    expect(second.ok ? 'listening' : second.error.kind).toBe('in-use');
    first.value.close();
  });
});
