/** Files of the system; every error becomes a value with the system's words. */

import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  globSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import type { FileResult, Files } from '../ports/files.ts';

/** Mode of a new file that replaces none: owner writes, all read. */
const DEFAULT_MODE = 0o644;

/** The files of this machine. */
export function createNodeFiles(): Files {
  return {
    readText: (path) => attempt(() => readFileSync(path, 'utf8')),
    readBytes: (path) => attempt(() => new Uint8Array(readFileSync(path))),
    replaceAtomically: (path, content, mode) => attempt(() => replace(path, content, mode)),
    append: (path, content) => attempt(() => appendFileSync(path, content)),
    remove: (path) => attempt(() => unlinkSync(path)),
    glob: (pattern) => globSync(pattern.replace(/^~(?=\/|$)/, () => homedir())).sort(),
    exists: (path) => existsSync(path),
  };
}

function replace(path: string, content: string | Uint8Array, mode: number | undefined): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const keptMode = mode ?? statSync(path, { throwIfNoEntry: false })?.mode ?? DEFAULT_MODE;
  try {
    const file = openSync(temporary, 'w', keptMode & 0o7777);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    if (existsSync(temporary)) unlinkSync(temporary);
    throw error;
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
