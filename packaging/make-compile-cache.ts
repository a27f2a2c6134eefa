/**
 * Makes dist/compile-cache: V8's compiled code of the programs, so that a start need not compile them (load-program.ts).
 *
 * Each program runs once. The daemon serves: it answers questions about the lab's small signed internet, whose servers live in this
 * process, so that what resolving and validating needs is compiled too, and the first questions after a start do not wait for that.
 * Nothing leaves the machine. Another version of V8 does not use what is made here.
 *
 * `npm run build` runs it, and Debian's postinst: dist/make-compile-cache.cjs.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { setUsualFlags } from '../src/adapters/engine-flags.ts';
import { createNodeClock } from '../src/adapters/node-clock.ts';
import { createNodeNetwork } from '../src/adapters/node-network.ts';
import { checkLine } from '../test/lab/lab-check.ts';
import { LAB_LINES } from '../test/lab/lab-lines.ts';
import { type LabServers, serveWorld } from '../test/lab/lab-servers.ts';
import { makeLabWorld } from '../test/lab/lab-world.ts';
import { KeyStore } from '../test/world/keys.ts';
import type { World } from '../test/world/world.ts';
import { type BuiltProgram, codePath, compiledPath, hasCompiled, runProgram, sealed } from './load-program.ts';
import { programDigest } from './program-digest.ts';

const DIST = __dirname;
const CACHE = join(DIST, 'compile-cache');
const LOOPBACK = '127.0.0.1';
/** Milliseconds that the daemon gets to start. */
const PATIENCE_MS = 30_000;
/** Programs that have compiled code in the end. */
const PROGRAMS = ['hawserd', 'hawser-control', 'hawser-checkconf', 'hawser-host', 'hawser', 'hawser-anchor'];
/** A root server that is not asked, so that a file of them was read once. */
const HINTS = '. 3600000 NS a.root-servers.test.\na.root-servers.test. 3600000 A 198.51.100.1\n';
/** The word that makes this program run another and keep its compiled code. */
const RUN = '--run';

/** Runs a program in a process of its own, which keeps the compiled code when it ends. */
function start(name: string, words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [process.argv[1] ?? '', RUN, name, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
}

function builtProgram(name: string): BuiltProgram {
  return { name, digest: programDigest(readFileSync(codePath(DIST, name))) };
}

/** What the process started so does. */
function runAndKeep([name = '', ...words]: readonly string[]): void {
  const [node = ''] = process.argv;
  process.argv = [node, join(DIST, `${name}.cjs`), ...words];
  const program = builtProgram(name);
  const script = runProgram(DIST, name);
  process.on('exit', () => {
    // The daemon sets them all (the first: adapters/own-memory.ts); V8 takes no code that was compiled under other flags.
    setFlagsFromString('--no-expose-gc');
    setUsualFlags();
    writeFileSync(compiledPath(DIST, program), sealed(script.createCachedData()));
  });
}

/** The daemon's configuration: what the lab's zones are asked for goes to their ports, and nothing to where the lab says that servers are. */
function configText(world: World, servers: LabServers, { folder, port }: { folder: string; port: number }): string {
  const stubs = world.zones().map(({ name, spec }) => {
    const ports = Object.values(spec.servers).flatMap((ips) => ips.map((ip) => servers.addresses.get(ip)?.port));
    return `stub-zone:\n  name: "${name}"\n${ports.map((at) => `  stub-addr: ${LOOPBACK}@${at}\n`).join('')}`;
  });
  return `server:
  interface: ${LOOPBACK}@${port}
  local-zone: "test." nodefault
  do-not-query-localhost: no
  do-not-query-address: 128.0.0.0/1
  do-not-query-address: ::/0
  username: ""
  pidfile: ""
  chroot: ""
  directory: "${folder}"
  use-syslog: no
  val-log-level: 2
  trust-anchor-file: "${folder}/anchors"
  root-hints: "${folder}/hints"
remote-control:
  control-enable: yes
  control-interface: "${folder}/control"
${stubs.join('')}`;
}

/** A port of the loopback that nobody has. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, LOOPBACK);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** Waits until the log says that the daemon serves; throws what it says in its place. */
function serving(daemon: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (): void => reject(new Error(`hawserd did not start:\n${text}`));
    const timer = setTimeout(fail, PATIENCE_MS);
    daemon.once('exit', fail);
    daemon.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.includes('start of service')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

async function ended(program: ChildProcess): Promise<void> {
  program.stderr?.resume();
  if (program.exitCode === null && program.signalCode === null) await once(program, 'exit');
}

async function runAll(folder: string): Promise<void> {
  const world = makeLabWorld(createNodeClock().unixSeconds(), new KeyStore());
  const servers = await serveWorld(world, createNodeNetwork());
  const port = await freePort();
  const config = join(folder, 'hawser.conf');
  writeFileSync(join(folder, 'anchors'), world.anchors().join('\n'));
  writeFileSync(join(folder, 'hints'), HINTS);
  writeFileSync(config, configText(world, servers, { folder, port }));
  const daemon = start('hawserd', ['-d', '-d', '-c', config]);
  try {
    await serving(daemon);
    // Again, for what writes a cached reply.
    for (const line of [...LAB_LINES, ...LAB_LINES]) {
      const problem = await checkLine(line, { ip: LOOPBACK, port });
      // Zones whose servers are lame or refuse look otherwise when the configuration names the servers.
      if (problem !== null && line.isAuthentic) throw new Error(`${line.name} ${line.type}: ${problem}`);
    }
    for (const words of [
      ['hawser-control', '-c', config, 'status'],
      ['hawser-checkconf', config],
      ['hawser-host', '-C', config, '-t', 'MX', 'dane.example.'],
      // What all that resolve by themselves have in common: dane, trace, doctor.
      ['hawser', 'explain', '--own', '-C', config, 'dane.example.', 'MX'],
      ['hawser-anchor', '-h'],
    ]) {
      const [name = '', ...rest] = words;
      await ended(start(name, rest));
    }
  } finally {
    daemon.kill('SIGTERM');
    await ended(daemon);
    servers.close();
  }
}

async function makeAll(): Promise<void> {
  rmSync(CACHE, { recursive: true, force: true });
  mkdirSync(CACHE);
  const folder = mkdtempSync(join(tmpdir(), 'hawser-compile-'));
  try {
    await runAll(folder);
    const without = PROGRAMS.filter((name) => !hasCompiled(DIST, builtProgram(name)));
    if (without.length > 0) throw new Error(`no compiled code that V8 takes: ${without.join(', ')}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [, , word, ...rest] = process.argv;
if (word === RUN) runAndKeep(rest);
else void makeAll();
