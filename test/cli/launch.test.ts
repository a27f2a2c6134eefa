/**
 * Proves what the launcher gives Node.js: a heap out of the memory that there is, and signals that do not end a daemon while it
 * starts, nor open a debugger. Other memory is played in a mount namespace, which needs root.
 */

import { execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const BIN = join(import.meta.dirname, '..', '..', 'bin');
const PATIENCE_MS = 20_000;
const MIB = 1024 * 1024;
const run = promisify(execFile);

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hawser-launch-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A stand-in for Node.js that says what it was given. */
function echoingNode(): string {
  const path = join(folder, 'node');
  writeFileSync(path, '#!/bin/sh\n[ "$1" = --version ] && echo v24.0.0 && exit\necho "$@"\n');
  chmodSync(path, 0o755);
  return path;
}

async function given(program: string, environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const env = { ...process.env, NODE_OPTIONS: '', HAWSER_NODE: echoingNode(), ...environment };
  return (await run(join(BIN, program), ['-x', 'a b'], { env })).stdout;
}

test('the heap is named, the log’s signal opens no debugger, and NODE_OPTIONS is left to rule', async () => {
  expect(await given('hawserd')).toMatch(
    /^--inspect-port=\[ff0e::1\]:9229 --require \S+early-signals\.cjs --max-old-space-size=\d+ --max-semi-space-size=\d+ --min-semi-space-size=\d \S+hawserd\.\w+ -x a b\n$/,
  );
  expect(await given('hawser-control')).toMatch(
    /^--max-old-space-size=\d+ --max-semi-space-size=\d+ --min-semi-space-size=\d \S+ -x a b\n$/,
  );
  expect(await given('hawser-control', { NODE_OPTIONS: '--max_old_space_size=99' })).not.toContain('space-size');
});

test('the daemon’s memory goes back to the system, all threads share one heap of it, of huge pages, and what is said already rules', async () => {
  const node = join(folder, 'node');
  const says = 'echo $MALLOC_MMAP_THRESHOLD_ $MALLOC_ARENA_MAX $GLIBC_TUNABLES';
  writeFileSync(node, `#!/bin/sh\n[ "$1" = --version ] && echo v24.0.0 && exit\n${says}\n`);
  chmodSync(node, 0o755);
  const said = async (environment: NodeJS.ProcessEnv): Promise<string> => {
    const env = { ...process.env, HAWSER_NODE: node, ...environment };
    return (await run(join(BIN, 'hawserd'), [], { env })).stdout.trim();
  };
  expect(await said({})).toBe('131072 1 glibc.malloc.hugetlb=1');
  expect(await said({ MALLOC_ARENA_MAX: '4' })).toBe('131072 4 glibc.malloc.hugetlb=1');
});

test.each([
  ['by a link to it', 'link', '/'],
  ['by a link to its folder', 'folder/hawserd', '/'],
  ['from the folder itself', './hawserd', BIN],
  ['from beside', 'bin/hawserd', join(BIN, '..')],
])('the program is found %s', async (_, path, cwd) => {
  symlinkSync(join(BIN, 'hawserd'), join(folder, 'link'));
  symlinkSync(BIN, join(folder, 'folder'));
  const command = cwd === '/' ? join(folder, path) : path;
  const env = { ...process.env, NODE_OPTIONS: '', HAWSER_NODE: echoingNode() };
  const words = (await run(command, ['-x'], { env, cwd })).stdout.trim().split(' ');
  const main = words.at(-2) ?? '';
  expect(existsSync(main) && existsSync(words[words.indexOf('--require') + 1] ?? '')).toBe(true);
  expect(main).toMatch(/^\/.*\/hawserd\.(?:cjs|ts)$/);
});

const CAN_MOUNT =
  process.geteuid?.() === 0 &&
  (await run('unshare', ['-m', 'true']).then(
    () => true,
    () => false,
  ));

/** MiB of heap and of half the young one on a host of `hostMib` in a group of a control group hierarchy. */
async function heapWith(hostMib: number, group: string, limits: Readonly<Record<string, string>>): Promise<string> {
  writeFileSync(join(folder, 'meminfo'), `MemTotal:       ${hostMib * 1024} kB\nMemFree: 1 kB\n`);
  writeFileSync(join(folder, 'cgroup'), group);
  for (const [path, limit] of Object.entries(limits)) {
    mkdirSync(join(folder, 'groups', path, '..'), { recursive: true });
    writeFileSync(join(folder, 'groups', path), `${limit}\n`);
  }
  mkdirSync(join(folder, 'groups'), { recursive: true });
  const mounts = [
    `mount --bind ${folder}/meminfo /proc/meminfo`,
    `mount --bind ${folder}/groups /sys/fs/cgroup`,
    `mount --bind ${folder}/cgroup /proc/$$/cgroup`,
  ];
  const script = `${mounts.join(' && ')} && exec "$0" -V`;
  const env = { ...process.env, NODE_OPTIONS: '', HAWSER_NODE: echoingNode() };
  const { stdout } = await run('unshare', ['-m', 'sh', '-c', script, join(BIN, 'hawser-control')], { env });
  const sizes = /--max-old-space-size=(\d+) --max-semi-space-size=(\d+) --min-semi-space-size=(\d+)/.exec(stdout) ?? [];
  return sizes.slice(1).join(' ');
}

describe.skipIf(!CAN_MOUNT)('the heap is', () => {
  test.each([
    ['a third of the host', 8192, '0::/\n', {}, '2730 16 8'],
    ['half of a limit', 8192, '0::/a/b\n', { 'a/b/memory.max': String(1024 * MIB) }, '512 8 8'],
    [
      'bounded by the groups above',
      8192,
      '0::/a/b\n',
      { 'a/b/memory.max': 'max', 'a/memory.max': String(400 * MIB) },
      '200 3 3',
    ],
    [
      'bounded by where reclaim begins',
      8192,
      '0::/a\n',
      { 'a/memory.max': 'max', 'a/memory.high': String(400 * MIB) },
      '200 3 3',
    ],
    [
      'bounded by version 1',
      8192,
      '4:cpu,memory:/c\n0::/\n',
      { 'memory/c/memory.limit_in_bytes': String(200 * MIB) },
      '100 1 1',
    ],
    [
      'not bounded by no limit',
      8192,
      '4:memory:/\n',
      { 'memory/memory.limit_in_bytes': '9223372036854771712' },
      '2730 16 8',
    ],
    ['not below what a daemon needs', 64, '0::/\n', {}, '64 1 1'],
  ])('%s', async (_, host, group, limits, expected) => {
    expect(await heapWith(host, group, limits as Record<string, string>)).toBe(expected);
  });
});

/** Whether a process has a handler for SIGUSR1. */
function catchesUsr1(pid = 0): boolean {
  const mask = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & 0x200n) !== 0n;
}

test.skipIf(process.platform !== 'linux')(
  'SIGUSR1 while it starts neither ends the daemon nor opens a debugger',
  async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = server.address() as { port: number };
        server.close(() => resolve(free));
      });
    });
    const config = join(folder, 'hawser.conf');
    const text = `interface: 127.0.0.1@${port}\npidfile: ""\nusername: ""\nuse-syslog: no\n`;
    writeFileSync(config, `server:\ndirectory: "${folder}"\nlogfile: "${folder}/log"\n${text}`);
    const daemon = spawn(join(BIN, 'hawserd'), ['-d', '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    daemon.stderr.on('data', (octets: Buffer) => {
      stderr += octets.toString();
    });
    const log = (): string => {
      try {
        return readFileSync(join(folder, 'log'), 'utf8');
      } catch {
        return '';
      }
    };
    const giveUpAt = performance.now() + PATIENCE_MS;
    // Before Node.js hears signals at all nobody can help.
    while (!catchesUsr1(daemon.pid)) await new Promise((resume) => setTimeout(resume, 1));
    while (!log().includes('start of service') && daemon.signalCode === null && performance.now() < giveUpAt) {
      daemon.kill('SIGUSR1');
      await new Promise((resume) => setTimeout(resume, 3));
    }
    expect(daemon.signalCode).toBe(null);
    expect(log()).toContain('start of service');
    const gone = new Promise((resolve) => daemon.on('exit', resolve));
    daemon.kill('SIGKILL');
    await gone;
    expect(stderr).not.toMatch(/debugger listening/i);
  },
);
