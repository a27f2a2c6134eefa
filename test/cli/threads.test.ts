/**
 * Proves that a daemon with num-threads above 1 is one server: all threads answer, upstream is asked as by one, flushes, local
 * data and reload hold in every thread as soon as the command has answered, and statistics count each query once.
 */

import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bindSystemCalls } from '../../src/adapters/system-calls.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { BIN, DaemonProcess, freePort, PATIENCE_MS } from '../support/daemon-process.ts';
import { questionFrom } from '../support/records.ts';

const run = promisify(execFile);
const ADDRESS = '127.0.0.1';

/** A server for every name: its A record is 192.0.2.N, N being what the test says, and it counts questions. */
class Upstream {
  readonly socket: Socket;
  readonly asked: string[] = [];
  address = 1;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (query, from) => {
      const parsed = parseMessage(query);
      const question = parsed.ok ? parsed.message.questions[0] : undefined;
      if (question === undefined) return;
      const end = 12 + question.name.length + 4;
      const isA = question.type === TYPE.A;
      this.asked.push(`${query.subarray(12, end).toString('latin1').toLowerCase()}`);
      const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, this.address];
      const reply = Buffer.concat([query.subarray(0, end), Uint8Array.from(isA ? record : [])]);
      reply.set([0x84, 0, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0], 2);
      socket.send(reply, from.port, from.address);
    });
  }

  static start(): Promise<Upstream> {
    return new Promise((resolve) => {
      const socket = createSocket('udp4');
      socket.bind(0, ADDRESS, () => resolve(new Upstream(socket)));
    });
  }
}

let folder = '';
let upstream: Upstream;
const daemon = new DaemonProcess();
let port = 0;
/** Ends each question that waits for its answer. */
const waiting = new Set<() => void>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hawserd-threads-'));
  upstream = await Upstream.start();
  port = await freePort();
});

afterEach(async () => {
  await daemon.end();
  for (const end of waiting) end();
  upstream.socket.close();
  rmSync(folder, { recursive: true });
});

function configure(more = ''): string {
  const path = join(folder, 'hawser.conf');
  const text = `server:
  interface: ${ADDRESS}@${port}
  directory: "${folder}"
  pidfile: ""
  username: ""
  use-syslog: no
  num-threads: 2
  extended-statistics: yes
  module-config: "iterator"
  do-not-query-localhost: no
${more}
forward-zone:
  name: "."
  forward-addr: ${ADDRESS}@${upstream.socket.address().port}
remote-control:
  control-enable: yes
  control-interface: "${folder}/control"
`;
  writeFileSync(path, text);
  return path;
}

async function start(config: string): Promise<void> {
  daemon.start(config);
  await daemon.until(() => existsSync(join(folder, 'control')));
}

async function control(...words: string[]): Promise<string> {
  return (await run(join(BIN, 'hawser-control'), ['-c', join(folder, 'hawser.conf'), ...words])).stdout;
}

/** Asks from a port of its own; the last octet of the address, 0 without an answer. */
function ask(name: string): Promise<number> {
  return new Promise((resolve) => {
    const client = createSocket('udp4');
    const end = (octet: number): void => {
      if (!waiting.delete(giveUp)) return;
      clearTimeout(timer);
      client.close();
      resolve(octet);
    };
    const giveUp = (): void => end(0);
    waiting.add(giveUp);
    const timer = setTimeout(giveUp, PATIENCE_MS);
    client.on('message', (reply) => end(reply[7] === 0 ? 0 : (reply.at(-1) ?? 0)));
    client.send(buildQuery({ id: 7, flags: FLAG.RD, question: questionFrom(`${name} A`) }), port, ADDRESS);
  });
}

/** Asks for each name, one after the other, so often; the answers. */
async function askAll(names: readonly string[], times: number): Promise<Set<number>> {
  const answers = new Set<number>();
  for (let i = 0; i < times; i++) for (const octet of await Promise.all(names.map(ask))) answers.add(octet);
  return answers;
}

function figure(statistics: string, name: string): number {
  return Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(statistics)?.[1]);
}

const NAMES = Array.from({ length: 20 }, (_, i) => `n${i}.example.`);

describe.skipIf(typeof bindSystemCalls() === 'string')('two threads', () => {
  test('answer as one server, and ask upstream once for each name', async () => {
    await start(configure());
    expect(await control('status')).toContain('threads: 2\n');
    expect(await askAll(NAMES, 15)).toEqual(new Set([1]));
    expect(new Set(upstream.asked).size).toBe(NAMES.length);
    expect(upstream.asked.length).toBe(NAMES.length);
    const statistics = await control('stats_noreset');
    const [first, second, total] = ['thread0', 'thread1', 'total'].map((of) => figure(statistics, `${of}.num.queries`));
    expect([(first ?? 0) + (second ?? 0), total]).toEqual([300, 300]);
    // Half of the clients are its own, and all but the first two questions for a name.
    expect(second).toBeGreaterThan(50);
    expect(figure(statistics, 'num.query.type.A')).toBe(300);
    expect(figure(statistics, 'total.num.cachemiss')).toBe(NAMES.length);
    expect(figure(statistics, 'thread1.num.cachemiss')).toBe(0);
    await control('stats');
    const after = await control('stats_noreset');
    expect(['thread0', 'thread1', 'total'].map((of) => figure(after, `${of}.num.queries`))).toEqual([0, 0, 0]);
  });

  test('forget at once what is flushed, and take local data and a new configuration at once', async () => {
    await start(configure());
    await askAll(NAMES, 6);
    upstream.address = 2;
    await control('flush', 'n0.example');
    expect(await askAll(['n0.example.'], 40)).toEqual(new Set([2]));
    await control('flush_zone', 'example');
    expect(await askAll(NAMES, 6)).toEqual(new Set([2]));
    await control('local_data', 'n1.example. A 192.0.2.77');
    expect(await askAll(['n1.example.'], 40)).toEqual(new Set([77]));
    await control('local_data_remove', 'n1.example.');
    expect(await askAll(['n1.example.'], 20)).toEqual(new Set([2]));
    configure('  local-zone: "n2.example." redirect\n  local-data: "n2.example. A 192.0.2.78"');
    upstream.address = 3;
    expect(await control('reload')).toBe('ok\n');
    expect(await askAll(['n2.example.'], 40)).toEqual(new Set([78]));
    expect(await askAll(['n3.example.'], 40)).toEqual(new Set([3]));
    // Nobody may ask any more: nobody is answered from memory either.
    configure('  access-control: 127.0.0.0/8 refuse');
    expect(await control('reload')).toBe('ok\n');
    expect(await askAll(['n3.example.'], 10)).toEqual(new Set([0]));
  });

  test('stop with the daemon, under load', async () => {
    await start(configure());
    await askAll(NAMES, 4);
    let isStopped = false;
    const asking = (async () => {
      while (!isStopped) await askAll(NAMES.slice(0, 4), 1);
    })();
    await control('stop');
    expect(await daemon.ended()).toBe(0);
    isStopped = true;
    for (const end of waiting) end();
    await asking;
  });

  test('are one where datagrams go through dgram, which is said', async () => {
    await start(configure('  udp-engine: dgram'));
    expect(await askAll(NAMES, 2)).toEqual(new Set([1]));
    expect(await control('status')).toContain('threads: 1\n');
    expect(daemon.log).toContain('num-threads: 2: one thread serves: front threads need system calls');
  });
});
