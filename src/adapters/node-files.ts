/**
 * Files of the system; every error becomes a value with the system's words. What is changed while the process is root is
 * changed in a way that nobody else can turn aside (root-writes.ts).
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  globSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { FileResult, Files } from '../ports/files.ts';
import { changeFile, type LowUser, openForAppending, permissionsOf } from './root-writes.ts';

/** Mode of a new file that replaces none: owner writes, all read. */
const DEFAULT_MODE = 0o644;

/** Random octets in the name of a file that is not yet in its place: it cannot be guessed. */
const TEMPORARY_OCTETS = 8;
/** Only a file that this call makes: nothing that is there already, no link. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** The files of this machine. `user` tells whom a process that is still root will become, whose files are written. */
export function createNodeFiles(user: () => LowUser | null = () => null): Files {
  return {
    readText: (path) => attempt(() => readFileSync(path, 'utf8')),
    readBytes: (path) => attempt(() => new Uint8Array(readFileSync(path))),
    replaceAtomically: (path, content, mode) =>
      attempt(() => changeFile(path, user(), (place) => replace(place, content, mode))),
    append: (path, content) => attempt(() => append(path, content, user())),
    remove: (path) => attempt(() => changeFile(path, user(), () => unlinkSync(path))),
    glob: (pattern) => globSync(pattern).sort(),
    exists: (path) => existsSync(path),
  };
}

function replace(path: string, content: string | Uint8Array, mode: number | undefined): void {
  const temporary = `${path}.${randomBytes(TEMPORARY_OCTETS).toString('hex')}.tmp`;
  const file = openSync(temporary, NEW_FILE, mode ?? permissionsOf(path) ?? DEFAULT_MODE);
  try {
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    unlinkIfThere(temporary);
    throw error;
  }
}

function unlinkIfThere(path: string): void {
  if (existsSync(path)) unlinkSync(path);
}

function append(path: string, content: string, user: LowUser | null): void {
  const file = openForAppending(path, user);
  try {
    writeFileSync(file, content);
  } finally {
    closeSync(file);
  }
}

/** The rename itself is safe on disk only when the folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Runs a call of node:fs, which throws Error objects with a `code`. */
function attempt<T>(call: () => T): FileResult<T> {
  try {
    return { ok: true, value: call() };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { ok: false, error: { kind: kindOf(code), text: message } };
  }
}

function kindOf(code: string | undefined): 'missing' | 'not-permitted' | 'other' {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  return code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? 'not-permitted' : 'other';
}
