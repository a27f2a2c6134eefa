/**
 * Session: Hawser in Unbound's place on a Debian system. The package's own /etc/unbound/unbound.conf, the anchor file as its
 * unit puts it there, its user, its control socket. Prints one line of JSON. Runs inside a network namespace; /run and
 * /var/lib/unbound are empty file systems of the session's own.
 */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { dig, waitForAnswer } from './daemons.ts';
import { PROJECT } from './programs.ts';

const CONFIG = '/etc/unbound/unbound.conf';
const KEY = '/var/lib/unbound/root.key';
const PID = '/run/unbound.pid';
const INSIDE = 'inside';

function ownFileSystems(): void {
  for (const folder of ['/run', '/var/lib/unbound']) execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
  execFileSync('chown', ['unbound:unbound', '/var/lib/unbound']);
  // What the helper of Debian's unit does before the daemon starts.
  execFileSync('install', ['-o', 'unbound', '-g', 'unbound', '-m', '644', '/usr/share/dns/root.key', KEY]);
}

function control(...words: string[]) {
  const { status, stdout, stderr } = spawnSync('unbound-control', words, { encoding: 'utf8', timeout: 10_000 });
  return { status, out: stdout + stderr };
}

function userOf(pid: string): string {
  const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  return execFileSync('id', ['-nu', uid], { encoding: 'utf8' }).trim();
}

async function session(): Promise<void> {
  ownFileSystems();
  let log = '';
  const daemon = spawn(join(PROJECT, 'bin/hawserd'), ['-d', '-c', CONFIG]);
  daemon.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  await waitForAnswer('127.0.0.1', 53, 'version.server CH TXT');
  const pid = readFileSync(PID, 'utf8').trim();
  const found = {
    isItself: pid === String(daemon.pid),
    user: userOf(pid),
    ip6: dig('::1', 53, ['version.server', 'CH', 'TXT', '+short']),
    anchor: dig('127.0.0.1', 53, ['trustanchor.unbound', 'CH', 'TXT', '+short']),
    localhost: dig('127.0.0.1', 53, ['localhost', 'A', '+short']),
    status: control('status'),
    option: control('get_option', 'auto-trust-anchor-file'),
    reload: control('reload'),
    afterReload: dig('127.0.0.1', 53, ['localhost', 'A', '+short']),
    keyOwner: statSync(KEY).uid === 0 ? 'root' : 'unbound',
    stop: control('stop'),
  };
  await new Promise((resolve) => (daemon.exitCode === null ? daemon.once('exit', resolve) : resolve(null)));
  const after = { exit: daemon.exitCode, hasPid: existsSync(PID), log };
  process.stdout.write(JSON.stringify({ ...found, ...after }));
}

// A mount namespace of the session's own: what is mounted here is seen nowhere else.
if (process.argv[2] === INSIDE) await session();
else {
  const command = ['-m', '--propagation', 'private', process.execPath, import.meta.filename, INSIDE];
  process.stdout.write(execFileSync('unshare', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
}
