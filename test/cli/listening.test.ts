/**
 * Proves what the daemon does when the network is not as configured: none of the addresses there, link-local ones, an interface
 * that goes away and comes back around a reload. In a network namespace of its own where that needs root.
 */

import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bindSystemCalls } from '../../src/adapters/system-calls.ts';
import { DaemonProcess, freePort, HAWSERD } from '../support/daemon-process.ts';

const run = promisify(execFile);

let folder = '';
let port = 0;
const daemon = new DaemonProcess();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hawserd-listening-'));
  // Who the daemon becomes reads its file again.
  chmodSync(folder, 0o755);
  port = await freePort();
});

afterEach(async () => {
  await daemon.end();
  rmSync(folder, { recursive: true });
});

function configure(...lines: readonly string[]): string {
  const path = join(folder, 'hawser.conf');
  const text = ['server:', `directory: "${folder}"`, 'pidfile: ""', 'use-syslog: no', 'verbosity: 1', ...lines];
  writeFileSync(path, `${text.join('\n')}\n`);
  return path;
}

/** Starts, in a namespace that `prepare` has made ready; waits until it serves or has ended. */
async function start(config: string, prepare: string | null = null): Promise<void> {
  const inNamespace = ['unshare', '-n', 'sh', '-c', `${prepare}; exec "$0" -d -c "$1"`, HAWSERD, config];
  daemon.start(config, prepare === null ? undefined : inNamespace);
  await daemon.until(() => daemon.log.includes('start of service') || daemon.hasEnded);
}

/** Runs a command in the daemon's namespace. */
async function inside(command: string): Promise<string> {
  return (await run('nsenter', ['-t', String(daemon.pid), '-n', 'sh', '-c', command])).stdout;
}

/** What the daemon in the namespace says for version.bind, over UDP and TCP; the status, or that there is none. */
async function ask(server: string): Promise<string> {
  const ask = (more: string) => `dig @${server} -p 53 +tries=1 +time=2 ${more} version.bind TXT CH`;
  const shown = await inside(`${ask('')}; ${ask('+tcp')}`).catch(({ stdout }: { stdout: string }) => stdout);
  return [...shown.matchAll(/status: (\w+)/g)].map((match) => match[1]).join();
}

const ALL_ALLOWED = ['access-control: 0.0.0.0/0 allow', 'access-control: ::/0 allow'];
const NO_SOCKET = /no socket to listen on/;

describe('without an address to listen on', () => {
  test('nothing is started', async () => {
    await start(configure('username: ""', `interface: 127.0.0.1@${port}`, 'do-ip4: no'));
    expect(daemon.exitCode).toBe(1);
    expect(daemon.log).toMatch(NO_SOCKET);
    daemon.log = '';
    await start(configure('username: ""', 'interface: nothere0'));
    expect(daemon.exitCode).toBe(1);
    expect(daemon.log).toContain('no address at interface nothere0');
  });

  test('a reload changes nothing', async () => {
    const place = ['username: ""', `interface: 127.0.0.1@${port}`];
    await start(configure(...place, 'version: "first"'));
    configure(...place, 'do-ip4: no', 'version: "second"');
    daemon.kill('SIGHUP');
    await daemon.until(() => NO_SOCKET.test(daemon.log));
    const { stdout } = await run('dig', ['@127.0.0.1', '-p', String(port), '+short', 'version.bind', 'TXT', 'CH']);
    expect(stdout).toBe('"first"\n');
  });

  test('one that is not there yet is waited for when ip-freebind says so', async () => {
    const place = `interface: 203.0.113.77@${port}`;
    await start(configure('username: ""', 'udp-engine: dgram', 'ip-freebind: yes', place));
    expect(daemon.exitCode).toBe(null);
    expect(daemon.log).toMatch(/can't open UDP socket on 203\.0\.113\.77@\d+: .*it will be tried again/);
  });
});

const HAS_CALLS = typeof bindSystemCalls() !== 'string';
const CAN_UNSHARE =
  process.geteuid?.() === 0 &&
  (await run('unshare', ['-n', 'ip', 'link']).then(
    () => true,
    () => false,
  ));

describe.skipIf(!CAN_UNSHARE)('in a network of its own', () => {
  const LINK =
    'ip link add eth7 type veth peer name eth8; ip link set eth7 addrgenmode none; ip link set eth8 up; ip addr add 192.0.2.7/24 dev eth7; ip addr add fe80::7/64 dev eth7 nodad';

  test('interface: eth7 takes link-local addresses, answers at them, and stays while the link is down', async () => {
    const config = configure('username: "nobody"', 'interface: eth7', ...ALL_ALLOWED);
    await start(config, `ip link set lo up; ${LINK}; ip link set eth7 up; sleep 0.2`);
    expect(daemon.exitCode).toBe(null);
    expect(daemon.log).not.toMatch(/error/);
    for (const server of ['192.0.2.7', 'fe80::7%eth7']) expect(await ask(server)).toBe('NOERROR,NOERROR');
    await inside('ip link set eth7 down');
    daemon.kill('SIGHUP');
    await daemon.until(() => daemon.log.includes('Restart of'));
    expect(daemon.log).toContain('no address at interface eth7');
    await inside('ip link set eth7 up; ip addr add fe80::7/64 dev eth7 nodad || true; sleep 0.2');
    // Nobody may open port 53 any more: these are the sockets from before.
    expect(readFileSync(`/proc/${daemon.pid}/status`, 'utf8')).toMatch(/^CapEff:\s+0+$/m);
    for (const server of ['192.0.2.7', 'fe80::7%eth7']) expect(await ask(server)).toBe('NOERROR,NOERROR');
    await daemon.until(() => daemon.log.includes('listening on all that is configured'));
  });

  test('an address that comes late is served soon after, with ip-freebind or ip-transparent', async () => {
    const lines = [
      'username: ""',
      'udp-engine: dgram',
      'ip-transparent: yes',
      'access-control: 0.0.0.0/0 allow',
      'interface: 127.0.0.1',
      'interface: 192.0.2.7',
    ];
    await start(configure(...lines), 'ip link set lo up');
    expect(await ask('127.0.0.1')).toBe('NOERROR,NOERROR');
    await inside(`${LINK}; ip link set eth7 up`);
    await daemon.until(() => daemon.log.includes('listening on all that is configured'));
    expect(await ask('192.0.2.7')).toBe('NOERROR,NOERROR');
  });

  test.skipIf(!HAS_CALLS).each(['ip-freebind', 'ip-transparent'])(
    'an address that comes late is served at once with %s, also after root is given up',
    async (directive) => {
      const lines = ['username: "nobody"', `${directive}: yes`, 'interface: 127.0.0.1', 'interface: 192.0.2.7'];
      const six = 'interface: 2001:db8::7';
      await start(configure(...lines, six, ...ALL_ALLOWED), 'ip link set lo up');
      expect(await ask('127.0.0.1')).toBe('NOERROR,NOERROR');
      expect(readFileSync(`/proc/${daemon.pid}/status`, 'utf8')).toMatch(/^CapEff:\s+0+$/m);
      await inside(`${LINK}; ip addr add 2001:db8::7/64 dev eth7 nodad; ip link set eth7 up; sleep 0.2`);
      for (const server of ['192.0.2.7', '2001:db8::7']) expect(await ask(server)).toBe('NOERROR,NOERROR');
      expect(daemon.log).not.toMatch(/error|tried again/);
    },
  );

  test('a reload that may not open the new address stays at the old one', async () => {
    const lines = (ip: string) => ['username: "nobody"', `interface: ${ip}`, ...ALL_ALLOWED];
    await start(configure(...lines('127.0.0.1')), 'ip link set lo up');
    expect(await ask('127.0.0.1')).toBe('NOERROR,NOERROR');
    configure(...lines('127.0.0.2'));
    daemon.kill('SIGHUP');
    await daemon.until(() => daemon.log.includes('still listening on 127.0.0.1@53'));
    expect(await ask('127.0.0.1')).toBe('NOERROR,NOERROR');
  });
});
