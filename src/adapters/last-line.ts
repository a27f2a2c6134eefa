/**
 * The line that a process cannot write itself: that it ended without having been stopped, since V8 aborts when its heap is full, or
 * the kernel killed it. A shell waits at a pipe until its other end is gone, and then writes to the log.
 *
 * Leaves to others: where the log is (node-log.ts).
 */

import type { Socket } from 'node:net';
import type { LogTarget } from '../ports/log-sink.ts';
import { childProcesses } from './child-processes.ts';
import type { LowUser } from './root-writes.ts';

const SHELL = '/bin/sh';
/**
 * Who is told a word was not left alone. A service manager ends what is left of a service as soon as its process has ended
 * (SIGTERM to all of its control group): the line is written first.
 */
const WAIT = 'trap "" TERM; read -r word && exit; ';
/** With the form of the time and the rest of the line. */
const TO_FILE = `${WAIT}printf "%s%s\\n" "$(date -u "$1")" "$2"`;
const TO_FILE_LOCALLY = TO_FILE.replace('-u ', '');
/** With the program, the identity and the line. */
const TO_SYSLOG = `${WAIT}exec "$1" --tag "$2" -p daemon.crit -- "$3"`;

const TEXT = 'the process ended without having been stopped: it ran out of memory, or was killed';

/** Where the line goes: the descriptor of a log file, or the program that writes to syslog. */
type LogOutput = { readonly fd: number } | { readonly logger: string };

/** Has the line written when this process ends from now on; the result ends that, and must be called where it stops. */
export function watchForEnd(target: LogTarget, output: LogOutput, user: LowUser | null): () => void {
  const isRoot = process.getuid?.() === 0;
  const child = childProcesses().spawn(SHELL, ['-c', ...scriptFor(target, output)], {
    stdio: ['pipe', 'fd' in output ? output.fd : 'ignore', 'ignore'],
    // What is sent to the terminal's group is meant for the daemon.
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', ...(process.env.TZ === undefined ? {} : { TZ: process.env.TZ }) },
    ...(isRoot && user !== null ? { uid: user.uid, gid: user.gid } : {}),
  });
  // Without a shell there is no such line: nothing else is lost.
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  (child.stdin as Socket | null)?.unref();
  const stop = (): void => {
    process.off('exit', stop);
    child.kill('SIGKILL');
  };
  process.on('exit', stop);
  return stop;
}

function scriptFor({ identity, time, hasThreadId, isJson }: LogTarget, output: LogOutput): readonly string[] {
  const { pid } = process;
  const who = `[${pid}:${hasThreadId ? pid : 0}] fatal error: ${TEXT}`;
  if ('logger' in output) return [TO_SYSLOG, SHELL, output.logger, identity, who];
  if (isJson) {
    const rest = JSON.stringify({ identity, pid, level: 'fatal error', message: TEXT }).slice(1);
    return [TO_FILE, SHELL, '+{"time":"%Y-%m-%dT%H:%M:%SZ",', rest];
  }
  const form = { epoch: '+[%s]', ascii: '+%b %d %H:%M:%S', iso: '+%Y-%m-%dT%H:%M:%S%z' }[time];
  return [TO_FILE_LOCALLY, SHELL, form, ` ${identity}${who}`];
}
