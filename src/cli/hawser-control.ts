/** The control program: joins control/client.ts to the process. Exit status 0, 1 on an error, 3 when the daemon is stopped. */

import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { childProcesses } from '../adapters/child-processes.ts';
import { createNodeFiles } from '../adapters/node-files.ts';
import { type Config, defaultConfig } from '../config/config.ts';
import { DEFAULT_PATHS, defaultConfigPath } from '../config/default-path.ts';
import { findingText } from '../config/finding.ts';
import { loadConfig } from '../config/load-config.ts';
import {
  type ClientArguments,
  END_OF_LINES,
  EXIT,
  inputOf,
  isErrorReply,
  readClientArguments,
  requestLine,
  type Target,
  targetOf,
  targetText,
} from '../control/client.ts';
import { controlUsage } from '../control/usage.ts';
import { VERSION } from '../daemon/version.ts';
import { openControlSocket, readKeysFor, systemWords } from './control-connection.ts';

async function main(given: readonly string[]): Promise<number> {
  const read = readClientArguments(given);
  if (typeof read === 'string') process.stderr.write(`hawser-control: ${read}\n`);
  if (typeof read === 'string' || read.wantsHelp || read.words.length === 0) {
    process.stdout.write(controlUsage(DEFAULT_PATHS, VERSION));
    return EXIT.error;
  }
  if (read.words[0] === 'start') return await startDaemon(read);
  const config = readConfig(read.configPath);
  if (config === null) return EXIT.error;
  if (!config.remoteControl.controlEnable) complain('warning', "control-enable is 'no' in the config file.");
  const target = targetOf(config, read.server);
  if (target === null) {
    complain('fatal error', `could not parse IP: ${read.server ?? 'control-interface'}`);
    return EXIT.error;
  }
  return await runCommand(read, config, target);
}

function readConfig(path: string | null): Config | null {
  const files = createNodeFiles();
  const usual = defaultConfigPath(files);
  if (path === null && !files.exists(usual)) return defaultConfig();
  const loaded = loadConfig(files, path ?? usual, 'values');
  if (loaded.ok) return loaded.config;
  for (const finding of loaded.findings) complain('error', findingText(finding));
  complain('fatal error', 'could not read config file');
  return null;
}

function complain(level: string, text: string): void {
  process.stderr.write(`[${Math.floor(Date.now() / 1000)}] hawser-control[${process.pid}:0] ${level}: ${text}\n`);
}

/** The daemon's launcher stands beside this program's. */
async function startDaemon({ configPath }: ClientArguments): Promise<number> {
  const { spawnSync } = childProcesses();
  const launcher = join(dirname(process.argv[1] ?? ''), '..', 'bin', 'hawserd');
  const beside = join(dirname(process.argv[1] ?? ''), '..', '..', 'bin', 'hawserd');
  const program = [launcher, beside].find((path) => existsSync(path)) ?? 'hawserd';
  const started = spawnSync(program, configPath === null ? [] : ['-c', configPath], { stdio: 'inherit' });
  if (started.error !== undefined) complain('fatal error', `could not exec hawserd: ${started.error.message}`);
  return started.status ?? EXIT.error;
}

async function runCommand(read: ClientArguments, config: Config, target: Target): Promise<number> {
  const keys = readKeysFor(config, target);
  if (typeof keys === 'string') {
    complain('fatal error', keys);
    return EXIT.error;
  }
  let socket: Socket;
  try {
    socket = await openControlSocket(target, keys);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    complain('error', `connect: ${systemWords(error as NodeJS.ErrnoException)} for ${targetText(target)}`);
    const isStopped = code === 'ECONNREFUSED' || (code === 'ENOENT' && target.kind === 'unix');
    if (!isStopped || read.words[0] !== 'status') return EXIT.error;
    process.stdout.write('unbound is stopped\n');
    return EXIT.stopped;
  }
  const reply = readReply(socket, read.quiet);
  socket.write(requestLine(read.words));
  const input = inputOf(read.words);
  if (input !== 'none') await sendInput(socket, input);
  return await reply;
}

/** Prints what comes; with -q only what begins with `error`. The result is the exit status. */
function readReply(socket: Socket, quiet: boolean): Promise<number> {
  return new Promise((resolve) => {
    let isFirst = true;
    let isError = false;
    socket.on('data', (bytes: Buffer) => {
      if (isFirst) isError = isErrorReply(bytes.toString('latin1'));
      isFirst = false;
      if (!quiet || isError) process.stdout.write(bytes);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      complain('fatal error', `could not recv: ${systemWords(error)}`);
      resolve(EXIT.error);
    });
    socket.on('close', () => resolve(isError ? EXIT.error : EXIT.ok));
  });
}

/** Waits until the daemon takes more, or never will. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const resume = (): void => {
      socket.off('drain', resume).off('close', resume);
      resolve();
    };
    socket.on('drain', resume).on('close', resume);
  });
}

async function sendInput(socket: Socket, input: 'lines' | 'dump'): Promise<void> {
  for await (const chunk of process.stdin) {
    if (socket.destroyed) return;
    if (!socket.write(chunk)) await drained(socket);
  }
  if (input === 'lines') socket.write(END_OF_LINES);
}

void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
