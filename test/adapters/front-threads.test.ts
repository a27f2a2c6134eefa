/**
 * Proves, with real threads and sockets: datagrams are answered by a front thread or by the one that resolves, always from the
 * address that was asked; a thread that dies is replaced, or left out when it dies at once; sockets close, and nothing is left.
 */

import { createSocket } from 'node:dgram';
import { describe, expect, test } from 'vitest';
import { FastUdp } from '../../src/adapters/fast-udp.ts';
import { type SharingThreads, startFrontThreads } from '../../src/adapters/front-threads.ts';
import { bindSystemCalls } from '../../src/adapters/system-calls.ts';
import type { Datagram, UdpOptions, UdpSocket } from '../../src/ports/network.ts';
import { CheckedCalls } from './checked-calls.ts';

const calls = bindSystemCalls();
/** What a reply begins with: who gave it. The thread says its number and 100. */
const RESOLVER = 50;
const PASSED = 60;
const FRONT = 101;
const CLIENTS = 24;

/** A resolving thread with one socket, and a front thread. */
class Host {
  readonly guard: CheckedCalls;
  readonly troubles: readonly string[];
  readonly threads: SharingThreads;
  readonly port: number;
  readonly #engine: FastUdp;
  readonly #socket: UdpSocket;
  readonly #shared: ReturnType<SharingThreads['share']>;

  static async start({ leastLifeMs, ip = '127.0.0.1' }: { leastLifeMs?: number; ip?: string } = {}): Promise<Host> {
    const troubles: string[] = [];
    const guard = new CheckedCalls(calls as Exclude<typeof calls, string>);
    const threads = await startFrontThreads({
      calls: guard,
      program: new URL('./front-program.ts', import.meta.url),
      options: { threads: 1, memoryOf: (number) => FRONT + number, onTrouble: (text) => troubles.push(text) },
      ...(leastLifeMs === undefined ? {} : { leastLifeMs }),
    });
    if (typeof threads === 'string') throw new Error(threads);
    return new Host(guard, threads, troubles, ip);
  }

  private constructor(guard: CheckedCalls, threads: SharingThreads, troubles: readonly string[], ip: string) {
    this.guard = guard;
    this.threads = threads;
    this.troubles = troubles;
    this.#engine = new FastUdp(guard);
    const reply = (mark: number) => (batch: readonly Datagram[]) => {
      for (const { bytes, from } of batch)
        this.#socket.send(Uint8Array.of(mark, ...bytes.subarray(1)), bytes.length, from);
    };
    const options: UdpOptions = {
      local: { ip, port: 0 },
      isForClients: true,
      onDatagrams: reply(RESOLVER),
      onPassedOn: reply(PASSED),
      onError: () => {},
    };
    const opened = this.#engine.open(options);
    if (!opened.ok) throw new Error(opened.error.text);
    this.#socket = opened.value;
    this.port = opened.value.local.port;
    this.#shared = threads.share(opened.value, options);
  }

  /** Sends a datagram from each of some clients; who answered each, in order of their numbers. */
  async ask(octet: number, to = '127.0.0.1', patienceMs = PATIENCE_MS): Promise<readonly number[]> {
    const server = { ip: to, port: this.port, patienceMs };
    const replies = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) => askOnce(server, Uint8Array.of(octet, i, 7))),
    );
    return replies.map((reply, i) => {
      if (reply === null) return 0;
      expect([...reply.bytes.subarray(1), reply.from]).toEqual([i, 7, to]);
      return reply.bytes[0] ?? 0;
    });
  }

  /** As `ask`, where some or all may get no answer. */
  async askInVain(octet: number): Promise<readonly number[]> {
    return await this.ask(octet, '127.0.0.1', SILENCE_MS);
  }

  closeSocket(): void {
    this.#shared.close();
    this.#socket.close();
  }

  /** Ends all, and says what is left open and what went wrong. */
  async stop(): Promise<readonly unknown[]> {
    this.closeSocket();
    this.threads.stop();
    await until(() => this.threads.running === 0);
    this.#engine.close();
    return [this.guard.faults, [...this.guard.open]];
  }
}

interface Got {
  readonly bytes: Uint8Array;
  readonly from: string;
}

/** Milliseconds that a client waits: where an answer must come, and where there may be none. */
const PATIENCE_MS = 60_000;
const SILENCE_MS = 1_000;

interface Asked {
  readonly ip: string;
  readonly port: number;
  readonly patienceMs: number;
}

function askOnce({ ip, port, patienceMs }: Asked, bytes: Uint8Array): Promise<Got | null> {
  return new Promise((resolve) => {
    const client = createSocket('udp4');
    const end = (got: Got | null): void => {
      clearTimeout(timer);
      client.close();
      resolve(got);
    };
    const timer = setTimeout(() => end(null), patienceMs);
    client.on('message', (reply, from) => end({ bytes: reply, from: from.address }));
    client.send(bytes, port, ip);
  });
}

async function until(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo).toBe(true);
}

describe.skipIf(typeof calls === 'string')('front threads', () => {
  test('share the clients of an address, and hand over what they do not answer', async () => {
    const host = await Host.start();
    const answered = await host.ask(1);
    expect(new Set(answered)).toEqual(new Set([RESOLVER, FRONT]));
    const handedOver = await host.ask(2);
    expect(new Set(handedOver)).toEqual(new Set([RESOLVER, PASSED]));
    expect([host.threads.running, host.troubles, await host.stop()]).toEqual([1, [], [[], []]]);
  });

  test('answer from the address that was asked, where there are many', async () => {
    const host = await Host.start({ ip: '0.0.0.0' });
    expect(new Set(await host.ask(1, '127.0.0.9'))).toEqual(new Set([RESOLVER, FRONT]));
    expect(new Set(await host.ask(2, '127.0.0.8'))).toEqual(new Set([RESOLVER, PASSED]));
    expect(await host.stop()).toEqual([[], []]);
  });

  test.each([
    ['a bug', 9],
    ['its heap', 8],
  ])('that die of %s are started again, on the sockets that they had', async (_, octet) => {
    const host = await Host.start({ leastLifeMs: 0 });
    await host.askInVain(octet);
    await until(() => host.troubles.length > 0 && host.threads.running === 1);
    expect(host.troubles[0]).toMatch(/^thread 1 has died: .+: it is started again$/);
    await until(() => host.threads.running === 1);
    // Those that killed it one after the other may still stand in its socket.
    while (!(await host.askInVain(1)).includes(FRONT));
    const answered = await host.ask(1);
    expect(new Set(answered)).toEqual(new Set([RESOLVER, FRONT]));
    expect(await host.stop()).toEqual([[], []]);
  });

  test('that die at once are left out, and the resolving thread has their clients', async () => {
    const host = await Host.start();
    await host.askInVain(9);
    await until(() => host.threads.running === 0);
    expect(host.troubles).toEqual([
      'thread 1 has died soon after its start: told to: it is not started again, the others serve',
    ]);
    expect(new Set(await host.ask(1))).toEqual(new Set([RESOLVER]));
    expect(await host.stop()).toEqual([[], []]);
  });

  test('close an address, and open it anew', async () => {
    const host = await Host.start();
    host.closeSocket();
    expect(new Set(await host.askInVain(1))).toEqual(new Set([0]));
    expect([host.threads.running, await host.stop()]).toEqual([1, [[], []]]);
  });

  test('keep a second daemon from the port', async () => {
    const host = await Host.start();
    const other = new FastUdp(calls as Exclude<typeof calls, string>);
    const options = { local: { ip: '127.0.0.1', port: host.port }, onDatagrams: () => {}, onError: () => {} };
    expect(other.open(options)).toMatchObject({ ok: false, error: { kind: 'in-use' } });
    other.close();
    expect(await host.stop()).toEqual([[], []]);
  });

  test('that cannot start are none', async () => {
    const guard = new CheckedCalls(calls as Exclude<typeof calls, string>);
    const started = await startFrontThreads({
      calls: guard,
      program: new URL('./no-such-program.ts', import.meta.url),
      options: { threads: 2, memoryOf: () => 0, onTrouble: () => {} },
    });
    expect(started).toMatch(/^thread 1 ended: .*no-such-program/);
    expect([guard.faults, [...guard.open]]).toEqual([[], []]);
  });
});
