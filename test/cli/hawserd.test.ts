/**
 * Proves the daemon as a whole process on loopback: start, answers over UDP and TCP, reload, a broken file at start and at
 * reload, stop, background, flags. Asks only what needs no internet.
 */

import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VERSION } from '../../src/daemon/version.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { DaemonProcess, freePort, HAWSERD, PATIENCE_MS } from '../support/daemon-process.ts';

const run = promisify(execFile);

let folder = '';
let port = 0;
const daemon = new DaemonProcess();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hawserd-'));
  port = await freePort();
});

afterEach(async () => {
  await daemon.end();
  rmSync(folder, { recursive: true });
});

function configure(more = ''): string {
  const path = join(folder, 'hawser.conf');
  const text = `server:
  interface: 127.0.0.1@${port}
  directory: "${folder}"
  pidfile: "${folder}/pid"
  username: ""
  use-syslog: no
${more}`;
  writeFileSync(path, text);
  return path;
}

/** Starts in the foreground and waits until it serves. */
async function start(config: string): Promise<void> {
  daemon.start(config);
  await daemon.logged(/start of service/);
}

const VERSION_QUERY = buildQuery({
  id: 77,
  flags: 0,
  question: { name: mustParseName('version.bind.'), type: TYPE.TXT, class: CLASS.CH },
});

/** Asks version.bind over UDP; the text of the TXT record, or the rcode. */
function askUdp(): Promise<string | number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => reject(new Error('no reply')), PATIENCE_MS);
    socket.on('message', (bytes) => {
      clearTimeout(timer);
      socket.close();
      resolve(textIn(bytes));
    });
    socket.send(VERSION_QUERY, port, '127.0.0.1');
  });
}

function askTcp(): Promise<string | number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(Uint8Array.of(0, VERSION_QUERY.length));
      socket.write(VERSION_QUERY);
    });
    let got = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      got = Buffer.concat([got, bytes]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      socket.destroy();
      resolve(textIn(got.subarray(2)));
    });
  });
}

function textIn(bytes: Uint8Array): string | number {
  const parsed = parseMessage(new Uint8Array(bytes));
  if (!parsed.ok) throw new Error(parsed.reason);
  const { message } = parsed;
  return message.answer.end === 0 ? message.rcode : Buffer.from(message.rdata(0).subarray(1)).toString();
}

describe('the daemon', () => {
  test('answers over UDP and TCP, writes its pid, and stops cleanly on SIGTERM', async () => {
    await start(configure('  version: "one"\n'));
    expect(await askUdp()).toBe('one');
    expect(await askTcp()).toBe('one');
    expect(readFileSync(join(folder, 'pid'), 'utf8')).toBe(`${daemon.pid}\n`);
    const exit = daemon.ended();
    daemon.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(existsSync(join(folder, 'pid'))).toBe(false);
    expect(daemon.log).toMatch(/\[\d{10}\] hawserd\[\d+:0\] info: service stopped \(hawser /);
  });

  test('takes a new configuration on SIGHUP, and keeps the old one when the new is broken', async () => {
    await start(configure('  version: "one"\n'));
    configure('  version: "two"\n');
    daemon.kill('SIGHUP');
    await daemon.logged(/Restart of hawser/);
    expect(await askUdp()).toBe('two');
    configure('  version: "three"\n  nonsense: yes\n');
    daemon.kill('SIGHUP');
    await daemon.logged(/reload failed/);
    expect(daemon.log).toMatch(/hawser\.conf:\d+: error: unknown keyword 'nonsense'/);
    expect(await askUdp()).toBe('two');
    configure('  hide-version: yes\n');
    daemon.kill('SIGHUP');
    await daemon.logged(/Restart of hawser/, 2);
    expect(await askTcp()).toBe(RCODE.REFUSED);
  });

  test('says everything that is wrong with a configuration, and starts nothing', async () => {
    const config = configure('  nonsense: yes\n  port: many\n');
    const failed = await run(HAWSERD, ['-d', '-c', config]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/:7: error: .*\n.*:8: error: /) });
    const missing = await run(HAWSERD, ['-c', join(folder, 'gone.conf')]).catch((error: unknown) => error);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('gone.conf') });
  });

  test('does not start where another one listens', async () => {
    await start(configure('  version: "one"\n'));
    const failed = await run(HAWSERD, ['-d', '-p', '-c', join(folder, 'hawser.conf')]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining(`127.0.0.1@${port}`) });
    expect(await askUdp()).toBe('one');
  });

  test.each([
    ['is told to stop', () => daemon.kill('SIGTERM')],
    ['was started in the background by somebody who is gone', () => daemon.disconnect()],
  ])('ends cleanly when it %s before it serves', async (_, stop) => {
    // So large that reading it takes a second, in turns.
    const lines = Array.from({ length: 200_000 }, (_, i) => `h${i} A 192.0.2.1`);
    writeFileSync(join(folder, 'zone'), ['@ SOA ns h 1 3600 600 86400 300', ...lines].join('\n'));
    const log = join(folder, 'log');
    const zone = `auth-zone:\n  name: example.\n  zonefile: "${join(folder, 'zone')}"\n`;
    const config = configure(`  logfile: "${log}"\n${zone}`);
    daemon.start(config, [HAWSERD, '-c', config], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const exit = daemon.ended();
    const until = performance.now() + PATIENCE_MS;
    while (!existsSync(log) && performance.now() < until) await new Promise((go) => setTimeout(go, 5));
    stop();
    expect(await exit).toBe(0);
    expect([readFileSync(log, 'utf8').includes('start of service'), existsSync(join(folder, 'pid'))]).toEqual([
      false,
      false,
    ]);
  });

  test('goes to the background without -d, when it serves', async () => {
    const config = configure(`  version: "one"\n  logfile: "${folder}/log"\n`);
    await run(HAWSERD, ['-c', config]);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    expect(await askUdp()).toBe('one');
    expect(readFileSync(join(folder, 'log'), 'utf8')).toContain('start of service');
    // What V8 says last goes there too.
    expect(readlinkSync(`/proc/${pid}/fd/2`)).toBe(join(folder, 'log'));
    process.kill(pid, 'SIGINT');
    const until = performance.now() + PATIENCE_MS;
    while (existsSync(join(folder, 'pid')) && performance.now() < until) await new Promise((go) => setTimeout(go, 10));
    expect(existsSync(join(folder, 'pid'))).toBe(false);
  });
});

describe('the program', () => {
  test('prints its version and its usage', async () => {
    expect((await run(HAWSERD, ['-V'])).stdout).toMatch(new RegExp(`^Version ${VERSION}\n`));
    const help = await run(HAWSERD, ['-h']).catch((error: unknown) => error);
    expect(help).toMatchObject({ code: 1, stdout: expect.stringContaining('-c file') });
    const wrong = await run(HAWSERD, ['-x']).catch((error: unknown) => error);
    expect(wrong).toMatchObject({ code: 1, stderr: "hawserd: invalid option -- 'x'\n" });
  });

  test('has the version of the package', () => {
    const packageText = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8');
    expect((JSON.parse(packageText) as { version: string }).version).toBe(VERSION);
  });
});
