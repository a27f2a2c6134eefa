/**
 * The daemon's program: flags, configuration, background, signals, pid file, privileges.
 *
 * SIGHUP reloads (a broken file leaves the old configuration in force), SIGTERM, SIGINT and SIGQUIT stop cleanly, SIGUSR1
 * opens the log file anew. Exit status 1 when it could not start, with every reason on stderr.
 */

import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { childProcesses } from '../adapters/child-processes.ts';
import { setServingFlags } from '../adapters/engine-flags.ts';
import { createNodeFiles } from '../adapters/node-files.ts';
import type { NodeLog } from '../adapters/node-log.ts';
import { ownMemory } from '../adapters/own-memory.ts';
import { openForAppending } from '../adapters/root-writes.ts';
import { pidfilePath } from '../config/check-files.ts';
import { type Config, defaultConfig } from '../config/config.ts';
import { DEFAULT_PATHS, defaultConfigPath } from '../config/default-path.ts';
import { findingText } from '../config/finding.ts';
import { loadConfigInPieces } from '../config/load-config.ts';
import { giveBackMemory } from '../daemon/give-back.ts';
import { logTarget } from '../daemon/options/log.ts';
import { type LoadedFor, Running } from '../daemon/running.ts';
import { VERSION } from '../daemon/version.ts';
import { bugText } from '../terms/unreachable.ts';
import { runAtOnce, type Steps } from '../wire/steps.ts';
import { type Arguments, readArguments } from './arguments.ts';
import {
  hasRoomForPolicy,
  loadWithinHeap,
  scarceMemoryText,
  THIS_HEAP,
  tooLargeText,
  watchHeap,
  withinHeap,
} from './heap.ts';
import { dropPrivileges, futureUser } from './privileges.ts';
import { keepWatchdogCalm, ServiceManager, sendToManager } from './service-manager.ts';
import { thisProcess } from './this-process.ts';

const USAGE = `usage:  hawserd [options]
	start hawser daemon DNS resolver.
-h	this help.
-c file	config file to read instead of ${DEFAULT_PATHS}
	file format is described in unbound.conf(5); without either file
	the resolver serves this host with built-in settings.
-d	do not fork into the background; twice: log to stderr too.
-p	do not create a pidfile.
-v	verbose (more times to increase verbosity).
-V	show version number and build options.

Version ${VERSION}
MIT licensed, see LICENSE in source package for details.
`;

const VERSION_TEXT = `Version ${VERSION}

Linked libs: Node.js ${process.version}, OpenSSL ${process.versions.openssl}
Linked modules: cachedb validator iterator

MIT licensed, see LICENSE in source package for details.
`;

/** Milliseconds that a child in the background gets to start. */
const START_PATIENCE_MS = 60_000;

/** Runs the program; the result is the exit status, or null when it goes on. */
async function main(words: readonly string[]): Promise<number | null> {
  const read = readArguments(words);
  if (!read.ok) {
    process.stderr.write(`hawserd: ${read.text}\n`);
    process.stdout.write(USAGE);
    return 1;
  }
  const flags = read.value;
  if (flags.wantsHelp || flags.wantsVersion) {
    process.stdout.write(flags.wantsHelp ? USAGE : VERSION_TEXT);
    return flags.wantsHelp ? 1 : 0;
  }
  const loaded = runAtOnce(load(flags));
  if (!loaded.ok) {
    for (const line of loaded.lines) process.stderr.write(`${line}\n`);
    return 1;
  }
  const isBackground = flags.debug === 0 && loaded.config.server.doDaemonize && process.send === undefined;
  return isBackground ? await startInBackground(words, lastWords(loaded.config)) : await startHere(flags, [loaded]);
}

/** Reads the configuration; without `-c` and without the default file there is an empty one. */
function* load(flags: Arguments): Steps<LoadedFor> {
  const path = flags.configPath ?? defaultConfigPath(createNodeFiles());
  if (flags.configPath === null && !existsSync(path)) {
    return { ok: true, config: withVerbosity(defaultConfig(), flags), warnings: [] };
  }
  const heap = THIS_HEAP;
  const loading = loadConfigInPieces(withinHeap(createNodeFiles(), heap), path);
  const loaded = yield* loadWithinHeap(loading, heap);
  if (loaded === null || (loaded.ok && !hasRoomForPolicy(loaded.config, heap))) {
    return { ok: false, lines: [`read ${path} failed: ${tooLargeText(heap.look())}`] };
  }
  if (loaded.ok) return { ok: true, config: withVerbosity(loaded.config, flags), warnings: loaded.warnings };
  const summary = `read ${path} failed: ${loaded.errorCount} errors in configuration file`;
  return { ok: false, lines: [...loaded.findings.map(findingText), summary] };
}

/** What was read when the process was started, then what stands in the file. */
function* loadOnce(flags: Arguments, read: LoadedFor[]): Steps<LoadedFor> {
  return read.pop() ?? (yield* load(flags));
}

function withVerbosity(config: Config, { verbose }: Arguments): Config {
  return { ...config, server: { ...config.server, verbosity: config.server.verbosity + verbose } };
}

/** Where V8 says why it aborts, which the log of the process cannot: the log file; else nowhere. */
function lastWords(config: Config): number | 'ignore' {
  const { file, syslog } = logTarget(config, false);
  if (file === null || syslog) return 'ignore';
  try {
    return openForAppending(file, futureUser(config.server.username));
  } catch {
    // The process itself says that its log cannot be opened.
    return 'ignore';
  }
}

/** Starts a process of its own that outlives this one; waits until it serves or says why it cannot. */
function startInBackground(words: readonly string[], stderr: number | 'ignore'): Promise<number> {
  const script = process.argv[1] ?? '';
  const child = childProcesses().spawn(process.execPath, [...process.execArgv, script, ...words], {
    detached: true,
    stdio: ['ignore', 'ignore', stderr, 'ipc'],
  });
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(1, ['no answer from the background process']), START_PATIENCE_MS);
    const finish = (status: number, lines: readonly string[]): void => {
      clearTimeout(timer);
      for (const line of lines) process.stderr.write(`${line}\n`);
      resolve(status);
    };
    child.on('message', (lines: readonly string[]) => finish(lines.length === 0 ? 0 : 1, lines));
    child.on('exit', (code) => finish(code ?? 1, []));
    child.on('error', (error) => finish(1, [error.message]));
  });
}

/** `read`: what was read before, once; it is not held longer than it is needed. */
async function startHere(flags: Arguments, read: LoadedFor[]): Promise<number | null> {
  const { ports, host } = thisProcess();
  const { log } = ports;
  const running = new Running({ ports, host, load: () => loadOnce(flags, read), logToStderr: flags.debug > 1 });
  watchForBugs(log);
  const ending = listenForStop(running, log);
  watchHeap(ports.clock, log);
  giveBackMemory(ports.clock, ownMemory());
  const lines = [...(await running.start())];
  const { config } = running;
  if (config === null) return await fail(lines);
  const scarce = scarceMemoryText(Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY));
  if (scarce !== null) log.write('warning', scarce);
  const pidfile = flags.noPidfile ? '' : pidfilePath(config);
  // Who learns that the daemon is there may signal it at once.
  const manager = new ServiceManager(sendToManager());
  ending.first.push(
    () => manager.tellLast('STOPPING=1'),
    () => removePidfile(pidfile),
  );
  listenForSignals(running, log, manager);
  writePidfile(pidfile, config, log);
  manager.tell('READY=1');
  keepWatchdogCalm(manager, ports.clock);
  const dropped = dropPrivileges(config.server.username);
  if (dropped.warning !== null) log.write('warning', dropped.warning);
  if (dropped.error !== null) {
    running.stop();
    removePidfile(pidfile);
    return await fail([dropped.error]);
  }
  await tellParent([]);
  process.off('disconnect', ending.stop);
  if (process.send !== undefined) process.disconnect();
  setServingFlags();
  return null;
}

async function fail(lines: readonly string[]): Promise<number> {
  for (const line of lines) process.stderr.write(`${line}\n`);
  await tellParent(lines.length === 0 ? ['could not start'] : lines);
  return 1;
}

function tellParent(lines: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send([...lines], undefined, undefined, () => resolve());
  });
}

interface Ending {
  /** What is done before everything stops. */
  readonly first: (() => void)[];
  readonly stop: () => void;
}

/** From the start on: whatever is half done is taken back. So it is when who started this process ends before it was told. */
function listenForStop(running: Running, log: NodeLog): Ending {
  const first: (() => void)[] = [];
  const stop = (): void => {
    for (const each of first) each();
    running.stop();
    log.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, stop);
  process.once('disconnect', stop);
  return { first, stop };
}

function listenForSignals(running: Running, log: NodeLog, manager: ServiceManager): void {
  process.on('SIGHUP', () => {
    manager.tell('RELOADING=1');
    void running.reload().finally(() => manager.tell('READY=1'));
  });
  process.on('SIGUSR1', () => {
    const problem = log.reopen();
    if (problem !== null) log.write('error', `cannot reopen the log: ${problem}`);
  });
}

/** A forgotten promise is a bug, but no reason to leave a mail host without names; an exception outside of one is. */
function watchForBugs(log: NodeLog): void {
  process.on('unhandledRejection', (reason) => log.write('error', `bug, unhandled rejection: ${bugText(reason)}`));
  process.on('uncaughtException', (error) => {
    log.write('fatal error', `bug, uncaught exception: ${bugText(error)}`);
    process.exit(1);
  });
}

function writePidfile(path: string, { server }: Config, log: NodeLog): void {
  if (path === '') return;
  const files = createNodeFiles(() => futureUser(server.username));
  const written = files.replaceAtomically(path, `${process.pid}\n`, 0o644);
  if (!written.ok) log.write('error', `cannot write pidfile ${path}: ${written.error.text}`);
}

/** Best effort: without privileges the folder may not let us. */
function removePidfile(path: string): void {
  if (path !== '') createNodeFiles().remove(path);
}

void main(process.argv.slice(2)).then((status) => {
  if (status !== null) process.exit(status);
});
