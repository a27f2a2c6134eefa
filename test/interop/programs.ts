/** Real programs that interop tests need: found on PATH, skipped with a clear reason where missing, required in CI. */

import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The checkout. */
export const PROJECT = join(import.meta.dirname, '..', '..');
/** Public data that is never committed: beside the checkout, or where HAWSER_SHARED says. */
export const SHARED = process.env.HAWSER_SHARED ?? join(PROJECT, '..', 'shared');

/** Path of a program, or null. System folders are looked into although a user's PATH may lack them. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/** Why a test that needs these cannot run here; null when it can. Throws in CI, where all of it must be there. */
export function whyNotHere(programs: readonly string[], files: readonly string[] = []): string | null {
  const missing = [
    ...programs.filter((name) => findProgram(name) === null).map((name) => `program ${name}`),
    ...files.filter((path) => !existsSync(path)).map((path) => `file ${path}`),
    ...(canMakeNamespaces() ? [] : ['right to make a network namespace']),
  ];
  if (missing.length === 0) return null;
  const why = `needs ${missing.join(', ')}`;
  if (process.env.CI === 'true') throw new Error(`required in CI: ${why}`);
  return why;
}

function namespaceCommand(): readonly string[] {
  return process.getuid?.() === 0 ? ['unshare', '-n'] : ['unshare', '-Urn'];
}

function canMakeNamespaces(): boolean {
  const [command, ...args] = namespaceCommand();
  return command !== undefined && spawnSync(command, [...args, 'true']).status === 0;
}

/** The command that runs a session script (TypeScript) inside a new network namespace with loopback up. */
function sessionCommand(session: string, args: readonly string[]): readonly [string, string[]] {
  const [command, ...options] = namespaceCommand();
  const script = 'ip link set lo up && exec "$@"';
  const node = [process.execPath, join(PROJECT, 'test/interop', session), ...args];
  return [command as string, [...options, 'sh', '-c', script, 'sh', ...node]];
}

function sessionOptions(timeoutMs: number) {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  return { encoding: 'utf8', timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024, env } as const;
}

/** Runs a session; its standard output as text. */
export function runInNamespace(session: string, args: readonly string[], timeoutMs: number): string {
  const [command, words] = sessionCommand(session, args);
  return execFileSync(command, words, { ...sessionOptions(timeoutMs), stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The same beside others: for sessions that mostly wait. */
export async function runBesideOthers(session: string, args: readonly string[], timeoutMs: number): Promise<string> {
  const [command, words] = sessionCommand(session, args);
  const { stdout, stderr } = await promisify(execFile)(command, words, sessionOptions(timeoutMs));
  process.stderr.write(stderr);
  return stdout;
}
