/**
 * Makes dist/compile-cache: V8's compiled code of the programs, so that a start need not compile them (bin/launch).
 *
 * Each program runs once, the daemon until it serves, for code to be compiled that serving needs. Node.js keys the code by its
 * own version, the processor and the user; another Node.js does not use it. What is in it is checked against the program.
 *
 * `npm run build` runs it, and Debian's postinst, where it is dist/make-compile-cache.cjs.
 */

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..');
const CACHE = join(PROJECT, 'dist', 'compile-cache');
/** Milliseconds that the daemon gets to start. */
const PATIENCE_MS = 30_000;
/** Programs that are run with --version, besides the daemon. */
const SHORT: readonly string[] = ['hawser', 'hawser-anchor', 'hawser-checkconf', 'hawser-host'];

const env = { ...process.env, HAWSER_NODE: process.execPath, NODE_COMPILE_CACHE: '' };
const programOf = (name: string): string => join(PROJECT, 'bin', name);

/** Starts the daemon on addresses that the system chooses, asks it for its status, and stops it. */
async function runDaemon(folder: string): Promise<void> {
  const config = join(folder, 'hawser.conf');
  writeFileSync(
    config,
    `server:
  interface: 127.0.0.1@0
  username: ""
  pidfile: ""
  directory: "${folder}"
  use-syslog: no
remote-control:
  control-enable: yes
  control-interface: "${folder}/control"
`,
  );
  const daemon = spawn(programOf('hawserd'), ['-d', '-c', config], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = new Promise((resolve) => daemon.on('exit', resolve));
  try {
    await serving(daemon.stderr, gone);
    const status = spawnSync(programOf('hawser-control'), ['-c', config, 'status'], { env, encoding: 'utf8' });
    if (status.status !== 0) throw new Error(`hawser-control status failed: ${status.stderr}`);
  } finally {
    daemon.kill('SIGTERM');
    await gone;
  }
}

/** Waits until the log says so; throws what it says in its place. */
function serving(log: NodeJS.ReadableStream, gone: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (): void => reject(new Error(`hawserd did not start:\n${text}`));
    const timer = setTimeout(fail, PATIENCE_MS);
    void gone.then(fail).finally(() => clearTimeout(timer));
    log.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.includes('start of service')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Node.js keeps a folder for each user, named at its end; the installed daemon is started by root, whoever builds. */
function giveToRoot(): void {
  for (const folder of readdirSync(CACHE)) {
    const ofRoot = folder.replace(/-\d+$/, '-0');
    if (ofRoot !== folder) cpSync(join(CACHE, folder), join(CACHE, ofRoot), { recursive: true });
  }
}

async function main(): Promise<void> {
  rmSync(CACHE, { recursive: true, force: true });
  mkdirSync(CACHE);
  const folder = mkdtempSync(join(tmpdir(), 'hawser-compile-'));
  try {
    await runDaemon(folder);
    for (const name of SHORT) spawnSync(programOf(name), ['--version'], { env, stdio: 'ignore' });
  } finally {
    rmSync(folder, { recursive: true });
  }
  giveToRoot();
  if (readdirSync(CACHE).length === 0) throw new Error('Node.js wrote no compiled code');
}

void main();
