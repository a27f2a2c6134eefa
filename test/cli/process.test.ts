/**
 * Proves the daemon as a process among others: statistics over the control channel, the metrics endpoint, log files that are
 * moved away, JSON lines, sockets passed by a service manager, readiness told to it, and what it refuses to do.
 * Asks only what needs no internet.
 */

import { execFile, type StdioOptions, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bindSystemCalls } from '../../src/adapters/system-calls.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { BIN, DaemonProcess, freePort, HAWSERD, PATIENCE_MS } from '../support/daemon-process.ts';

const run = promisify(execFile);
const QUERY = buildQuery({
  id: 77,
  flags: FLAG.RD,
  question: { name: mustParseName('a.test.'), type: TYPE.A, class: CLASS.IN },
});

let folder = '';
let port = 0;
const daemon = new DaemonProcess();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hawserd-process-'));
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
  pidfile: ""
  username: ""
  use-syslog: no
  local-data: "a.test. A 192.0.2.1"
${more}
remote-control:
  control-enable: yes
  control-interface: "${folder}/control"
`;
  writeFileSync(path, text);
  return path;
}

async function start(
  config: string,
  environment: NodeJS.ProcessEnv = {},
  passed: readonly number[] = [],
): Promise<void> {
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', ...passed];
  // The shell tells the process its own number, as a service manager does, and is replaced by it.
  const command = ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', HAWSERD, '-d', '-c', config];
  daemon.start(config, command, { stdio, env: { ...process.env, ...environment } });
  await daemon.until(() => existsSync(join(folder, 'control')));
}

async function control(...words: string[]): Promise<string> {
  return (await run(join(BIN, 'hawser-control'), ['-c', join(folder, 'hawser.conf'), ...words])).stdout;
}

function askUdp(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => reject(new Error(`no reply:\n${daemon.log}`)), PATIENCE_MS);
    socket.on('message', (bytes) => {
      clearTimeout(timer);
      socket.close();
      resolve(bytes.readUInt16BE(6));
    });
    socket.send(QUERY, port, '127.0.0.1');
  });
}

/** Sends octets over TCP; everything that comes back until the other side closes. */
function exchange(to: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(to, '127.0.0.1', () => socket.write(text));
    let got = '';
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      got += bytes.toString();
    });
    socket.on('end', () => resolve(got));
  });
}

test('statistics count what was asked; stats sets them back, stats_noreset and statistics-cumulative do not', async () => {
  await start(configure('  extended-statistics: yes\n'));
  await askUdp();
  await askUdp();
  expect(await control('stats_noreset')).toContain('thread0.num.queries=2\n');
  const shown = await control('stats');
  expect(shown).toContain('total.num.queries=2\n');
  expect(shown).toContain('num.query.type.A=2\nnum.query.class.IN=2\nnum.query.opcode.QUERY=2\n');
  expect(shown).toContain('num.answer.rcode.NOERROR=2\n');
  const after = await control('stats_noreset');
  expect(after).toContain('thread0.num.queries=0\n');
  expect(after).not.toContain('num.query.type.A');
  expect(await control('status')).toContain('threads: 1\n');
  await control('set_option', 'statistics-cumulative:', 'yes');
  await askUdp();
  await control('stats');
  expect(await control('stats')).toContain('thread0.num.queries=1\n');
  await control('flush_stats');
  expect(await control('stats')).toContain('thread0.num.queries=0\n');
});

test('Prometheus gets the same counts over HTTP, and nothing else is answered', async () => {
  const metrics = await freePort();
  await start(configure(`  metrics-interface: 127.0.0.1@${metrics}\n`));
  await askUdp();
  const reply = await exchange(metrics, 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
  expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain; version=0\.0\.4; charset=utf-8\r\n/);
  expect(reply).toContain('hawser_queries_total{thread="0"} 1\n');
  expect(reply).toContain('hawser_query_types_total{type="A"} 1\n');
  expect(reply).toContain('hawser_bogus_total{reason="signature-expired"} 0\n');
  expect(reply).toContain('hawser_response_time_seconds_bucket{le="+Inf"} 0\n');
  expect(await exchange(metrics, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')).toMatch(/^HTTP\/1\.1 404 /);
  expect(await askUdp()).toBe(1);
});

test('hawser-control sends a dump of many pieces without gathering listeners', async () => {
  await start(configure());
  const child = spawn(join(BIN, 'hawser-control'), ['-c', join(folder, 'hawser.conf'), 'load_cache']);
  let said = '';
  for (const out of [child.stdout, child.stderr]) {
    out.on('data', (text: Buffer) => {
      said += text.toString();
    });
  }
  const line = `; ${'x'.repeat(1000)}\n`;
  child.stdin.end(`START_RRSET_CACHE\n${line.repeat(16_000)}END_RRSET_CACHE\nSTART_MSG_CACHE\nEND_MSG_CACHE\nEOF\n`);
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
  expect(said).toBe('ok\n');
});

test('the cache is written at a stop, for its user alone, and taken at the next start', async () => {
  const path = join(folder, 'cache');
  const config = configure(`  cache-file: "${path}"\n  logfile: ""\n`);
  await start(config);
  await stopDaemon();
  expect([path, `${path}.key`].map((each) => statSync(each).mode & 0o777)).toEqual([0o600, 0o600]);
  await start(config);
  await daemon.until(() => daemon.log.includes('0 answers and 0 RRsets taken'));
  await stopDaemon();
  writeFileSync(path, 'something else');
  await start(config);
  await daemon.until(() => daemon.log.includes('is dropped: it is no cache file'));
});

async function stopDaemon(): Promise<void> {
  // Once it answers that, it minds signals.
  await control('status');
  const gone = daemon.ended();
  daemon.kill('SIGTERM');
  await gone;
  rmSync(join(folder, 'control'), { force: true });
}

test('a log file that was moved away is opened anew by log_reopen and by SIGUSR1', async () => {
  const path = join(folder, 'log');
  await start(configure(`  logfile: "${path}"\n  log-replies: yes\n  log-destaddr: yes\n  log-tag-queryreply: yes\n`));
  renameSync(path, `${path}.1`);
  await askUdp();
  expect(existsSync(path)).toBe(false);
  await control('log_reopen');
  await askUdp();
  const line = new RegExp(
    String.raw`^\[\d+\] hawserd\[\d+:0\] reply: 127\.0\.0\.1 a\.test\. A IN NOERROR 0\.000000 1 \d+ on udp 127\.0\.0\.1 ${port}$`,
    'm',
  );
  await daemon.until(
    () => line.test(readFileSync(path, 'utf8')),
    () => readFileSync(path, 'utf8'),
  );
  renameSync(path, `${path}.2`);
  daemon.kill('SIGUSR1');
  await daemon.until(() => existsSync(path));
});

test('a reload that fails leaves the log where it was, and a log that cannot be opened does not end the one before', async () => {
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  const told = (text: string, path = first): Promise<void> =>
    daemon.until(
      () => readFileSync(path, 'utf8').includes(text),
      () => readFileSync(path, 'utf8'),
    );
  await start(configure(`  logfile: "${first}"\n`));
  // The file is read, but no resolver comes of it.
  configure(`  logfile: "${second}"\n  root-hints: "${folder}/gone"\n`);
  daemon.kill('SIGHUP');
  await told('the configuration before stays in force');
  expect(existsSync(second)).toBe(false);
  configure(`  logfile: "${folder}/gone/log"\n`);
  daemon.kill('SIGHUP');
  await told('cannot open the log: ');
  await told('Restart of hawser');
  configure(`  logfile: "${second}"\n`);
  daemon.kill('SIGHUP');
  await daemon.until(
    () => existsSync(second) && readFileSync(second, 'utf8').includes('Restart of hawser'),
    () => readFileSync(first, 'utf8'),
  );
});

test('lines are JSON objects when asked for, and tell the thread when asked for', async () => {
  await start(configure('  log-format: json\n  log-queries: yes\n  log-replies: yes\n  log-identity: "ns1"\n'));
  await askUdp();
  await daemon.until(() => daemon.log.includes('"event":"reply"'));
  const lines = daemon.log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines[0]).toMatchObject({ identity: 'ns1', pid: daemon.pid, level: 'notice', message: expect.any(String) });
  const asked = { name: 'a.test.', type: 'A', class: 'IN' };
  expect(lines.find(({ event }) => event === 'query')).toMatchObject({ client: '127.0.0.1', ...asked, level: 'info' });
  const replied = { rcode: 'NOERROR', seconds: 0, cached: true, transport: 'udp', server: '127.0.0.1', port };
  expect(lines.find(({ event }) => event === 'reply')).toMatchObject({ client: '127.0.0.1', ...asked, ...replied });
});

test('the thread of log-thread-id is the process on Linux', async () => {
  await start(configure('  log-thread-id: yes\n'));
  await daemon.until(() => daemon.log.includes('start of service'));
  expect(daemon.log).toContain(`hawserd[${daemon.pid}:${daemon.pid}] info: start of service`);
});

/** The descriptor behind a socket of Node, which only its inner handle tells. */
function descriptorOf(socket: Socket | Server): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

test.skipIf(process.platform !== 'linux')(
  'takes sockets that a service manager passes, instead of binding',
  async () => {
    const udp = createSocket('udp4');
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    port = udp.address().port;
    const tcp = createServer();
    await new Promise<void>((resolve) => tcp.listen(port, '127.0.0.1', resolve));
    // While this process holds both, the daemon could not bind them itself.
    await start(configure(), { LISTEN_FDS: '2' }, [descriptorOf(udp), descriptorOf(tcp)]);
    udp.close();
    tcp.close();
    expect(await askUdp()).toBe(1);
    const framed = `\0${String.fromCharCode(QUERY.length)}${String.fromCharCode(...QUERY)}`;
    const stream = connect(port, '127.0.0.1', () => stream.write(framed, 'latin1'));
    const octets = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
    stream.destroy();
    expect(octets.readUInt16BE(2)).toBe(77);
    daemon.kill('SIGHUP');
    await daemon.until(() => daemon.log.includes('Restart of hawser'));
    expect(await askUdp()).toBe(1);
  },
);

test.skipIf(process.platform !== 'linux')(
  'says which descriptors that a service manager passes are of no use, and starts without them',
  async () => {
    const connected = createSocket('udp4');
    await new Promise<void>((resolve) => connected.connect(9, '127.0.0.1', resolve));
    const file = openSync(join(folder, 'file'), 'w');
    await start(configure(), { LISTEN_FDS: '2' }, [descriptorOf(connected), file]);
    connected.close();
    closeSync(file);
    for (const fd of [3, 4])
      await daemon.until(() => daemon.log.includes(`descriptor ${fd} was passed to this process, but is no socket`));
    expect(await askUdp()).toBe(1);
  },
);

const CAN_NOTIFY = ['/usr/bin/systemd-notify', '/usr/bin/python3'].every((path) => existsSync(path));

test.skipIf(!CAN_NOTIFY)('tells a service manager when it is ready and when it stops', async () => {
  // Node has no unix datagram sockets: another program plays the service manager.
  const listen = [
    'import socket, sys',
    's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
    's.bind(sys.argv[1])',
    'while True: print(s.recv(4096).decode(), flush=True)',
  ].join('\n');
  const path = join(folder, 'notify');
  const manager = spawn('/usr/bin/python3', ['-c', listen, path], { stdio: ['ignore', 'pipe', 'ignore'] });
  let told = '';
  manager.stdout.on('data', (text: Buffer) => {
    told += text.toString();
  });
  const isTold = (state: string): Promise<void> =>
    daemon.until(
      () => told.includes(state),
      () => `${told}\n${daemon.log}`,
    );
  try {
    await daemon.until(
      () => existsSync(path),
      () => 'no service manager',
    );
    await start(configure(), { NOTIFY_SOCKET: path });
    await isTold('READY=1');
    expect(told).toContain('MAINPID=');
    daemon.kill('SIGHUP');
    await isTold('RELOADING=1');
    daemon.kill('SIGTERM');
    await isTold('STOPPING=1');
  } finally {
    manager.kill();
  }
});

const CALLS = bindSystemCalls();

test.each(
  [
    ['dgram', 'UDP through dgram'],
    ['ffi', 'UDP through system calls by '],
    ['auto', typeof CALLS === 'string' ? 'UDP through dgram: ' : `UDP through system calls by ${CALLS.by}`],
  ].filter(([engine]) => engine !== 'ffi' || typeof CALLS !== 'string') as [string, string][],
)('with udp-engine: %s queries are answered, and the log says through what', async (engine, line) => {
  await start(configure(`  udp-engine: ${engine}`));
  expect(await askUdp()).toBe(1);
  await control('reload');
  expect(await askUdp()).toBe(1);
  expect(daemon.log.split('\n').filter((text) => text.includes(`info: ${line}`)).length).toBe(1);
});

test('the log says once what signatures are checked by', async () => {
  await start(configure('  crypto-engine: auto'));
  await control('reload');
  const lines = daemon.log.split('\n').filter((text) => text.includes('info: P-256 signatures through '));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(typeof CALLS === 'string' ? 'node:crypto: ' : `OpenSSL's functions by ${CALLS.by}`);
});
