/**
 * Files of the system; every error becomes a value with the system's words. What is changed while the process is root is
 * changed in a way that nobody else can turn aside (root-writes.ts).
 */

import {
  type BigIntStats,
  closeSync,
  constants,
  existsSync,
  fchownSync,
  fstatSync,
  fsync,
  fsyncSync,
  globSync,
  lstatSync,
  openSync,
  readFile,
  readSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFile,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { type FileIdentity, type FileResult, type Files, MAX_FILE_OCTETS } from '../ports/files.ts';
import {
  changeFile,
  changeFolderOf,
  isRoot,
  type LowUser,
  openForAppending,
  ownerOf,
  permissionsOf,
} from './root-writes.ts';

/** Mode of a new file that replaces none: owner writes, all read. */
const DEFAULT_MODE = 0o644;

/** Rights of others than the owner. */
const GROUP_AND_OTHERS = 0o077;

/** Random octets in the name of a file that is not yet in its place: it cannot be guessed. */
const TEMPORARY_OCTETS = 8;
/** Only a file that this call makes: nothing that is there already, no link. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** The files of this machine. `user` tells whom a process that is still root will become, whose files are written. */
export function createNodeFiles(user: () => LowUser | null = () => null): Files {
  const unfinished = new Unfinished();
  return {
    readText: (path, maxOctets) => {
      const read = readBounded(path, maxOctets);
      return read.ok ? { ok: true, value: read.value.toString('utf8') } : read;
    },
    readBytes: (path, maxOctets) => {
      const read = readBounded(path, maxOctets);
      return read.ok ? { ok: true, value: new Uint8Array(read.value) } : read;
    },
    replaceAtomically: (path, content, mode) =>
      attempt(() => changeFolderOf(path, user(), (place) => replace(place, content, mode))),
    replaceInBackground: (path, content, mode) =>
      replaceInBackground(path, { content, mode, user: user(), unfinished }),
    readPrivate: (path, maxOctets) => {
      const opened = openPrivate(path, maxOctets, user());
      if (!opened.ok) return opened;
      try {
        const read = readOpen(opened.value.file, opened.value.size, maxOctets);
        return read.ok ? octetsOf(read.value) : read;
      } finally {
        closeSync(opened.value.file);
      }
    },
    readPrivateInBackground: (path, maxOctets) => readPrivateInBackground(path, maxOctets, user()),
    append: (path, content) => attempt(() => append(path, content, user())),
    remove: (path) => attempt(() => changeFile(path, user(), () => unlinkSync(path))),
    removeSocket: (path) => {
      attempt(() =>
        changeFile(path, user(), (place) => {
          if (lstatSync(place).isSocket()) unlinkSync(place);
        }),
      );
    },
    glob: (pattern) => globSync(expanded(pattern)).sort(),
    exists: (path) => existsSync(path),
    identity: (path) => {
      const stat = attempt(() => statSync(path, { bigint: true }));
      return stat.ok && stat.value.isFile() ? identityOf(stat.value) : null;
    },
  };
}

/** The time of change counts as well as that of writing, which anybody may set. */
function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileIdentity {
  const changedNs = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  return { text: [dev, ino, size, mtimeNs, ctimeNs].join(' '), changedUnixSeconds: Number(changedNs) / 1e9 };
}

/** Octets read at once from a file that does not say its size (those of /proc say 0). */
const PIECE_OCTETS = 65_536;

function readBounded(path: string, maxOctets = MAX_FILE_OCTETS): FileResult<Buffer> {
  // O_NONBLOCK: opening a pipe must not wait for somebody at its other end.
  const opened = attempt(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY));
  if (!opened.ok) return opened;
  const file = opened.value;
  try {
    const stat = attempt(() => fstatSync(file));
    if (!stat.ok) return stat;
    if (!stat.value.isFile()) return fault(`${kindText(stat.value)}, not a file`);
    if (stat.value.size > maxOctets) return tooLarge(maxOctets);
    return readOpen(file, stat.value.size, maxOctets);
  } finally {
    closeSync(file);
  }
}

/** A file that is open, with its size when it was opened. */
interface OpenFile {
  readonly file: number;
  readonly size: number;
}

/** As `readPrivate`. What others may change could be anything; what others may read is no secret. */
function openPrivate(path: string, maxOctets: number, user: LowUser | null): FileResult<OpenFile> {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants;
  const opened = attempt(() => openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  if (!opened.ok) return opened;
  const file = opened.value;
  const stat = attempt(() => fstatSync(file));
  const wrong = stat.ok ? wrongForPrivate(stat.value, maxOctets, user) : stat;
  if (wrong === null) return { ok: true, value: { file, size: stat.ok ? stat.value.size : 0 } };
  closeSync(file);
  return wrong;
}

/** Why a file is not to be read as a private one; null: it may be. */
function wrongForPrivate(stat: Stats, maxOctets: number, user: LowUser | null): FileResult<never> | null {
  if (!stat.isFile()) return fault(`${kindText(stat)}, not a file`);
  if (stat.size > maxOctets) return tooLarge(maxOctets);
  if ((stat.mode & GROUP_AND_OTHERS) !== 0) return fault('others than its owner have rights to it (chmod 600)');
  const owners = [0, process.geteuid?.() ?? 0, user?.uid ?? 0];
  return owners.includes(stat.uid) ? null : fault(`it belongs to another user (uid ${stat.uid})`);
}

async function readPrivateInBackground(
  path: string,
  maxOctets: number,
  user: LowUser | null,
): Promise<FileResult<Uint8Array>> {
  const opened = openPrivate(path, maxOctets, user);
  if (!opened.ok) return opened;
  const { file } = opened.value;
  const content = await attemptLater(() => readWhole(file));
  closeSync(file);
  if (!content.ok) return content;
  return content.value.length > maxOctets ? tooLarge(maxOctets) : octetsOf(content.value);
}

function octetsOf(read: Buffer): FileResult<Uint8Array> {
  return { ok: true, value: new Uint8Array(read.buffer, read.byteOffset, read.length) };
}

/** To the end, whatever the size was when the file was opened: it may grow. */
function readOpen(file: number, size: number, maxOctets: number): FileResult<Buffer> {
  const pieces: Buffer[] = [];
  let octets = 0;
  for (;;) {
    const piece = Buffer.allocUnsafe(Math.max(PIECE_OCTETS, size - octets + 1));
    const read = attempt(() => readSync(file, piece));
    if (!read.ok) return read;
    if (read.value === 0)
      return { ok: true, value: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces) };
    pieces.push(piece.subarray(0, read.value));
    octets += read.value;
    if (octets > maxOctets) return tooLarge(maxOctets);
  }
}

function kindText(stat: Stats): string {
  if (stat.isDirectory()) return 'a folder';
  if (stat.isFIFO()) return 'a pipe';
  return stat.isSocket() ? 'a socket' : 'a device';
}

function tooLarge(maxOctets: number): FileResult<never> {
  return fault(`file too large (at most ${maxOctets} octets)`);
}

function fault(text: string): FileResult<never> {
  return { ok: false, error: { kind: 'other', text } };
}

/** A leading `~` is the home folder, as a shell has it; `**` is `*`: a pattern walks no whole tree. */
function expanded(pattern: string): string {
  return pattern.replace(/^~(?=\/|$)/, () => homedir()).replace(/\*{2,}/g, '*');
}

const writeWhole = promisify(writeFile);
const readWhole = promisify(readFile);
const sync = promisify(fsync);

/** What a file is called until it is whole. */
function temporarySuffix(): string {
  // Loaded when it is wanted: half of what starts a program that only reads.
  return `.${process.getBuiltinModule('node:crypto').randomBytes(TEMPORARY_OCTETS).toString('hex')}.tmp`;
}

/** Files that are being written: they go with the process when it ends meanwhile, since nobody would look for their names. */
class Unfinished {
  readonly #removals = new Set<() => void>();

  add(remove: () => void): void {
    if (this.#removals.size === 0) process.on('exit', this.#removeAll);
    this.#removals.add(remove);
  }

  delete(remove: () => void): void {
    this.#removals.delete(remove);
    if (this.#removals.size === 0) process.off('exit', this.#removeAll);
  }

  readonly #removeAll = (): void => {
    for (const remove of this.#removals) remove();
  };
}

interface Replacement {
  readonly content: Uint8Array;
  readonly mode: number | undefined;
  readonly user: LowUser | null;
  readonly unfinished: Unfinished;
}

/** As `replace`; what waits for the disk does so beside. Opening and renaming, which whoever is root must do with care, do not. */
async function replaceInBackground(path: string, replacement: Replacement): Promise<FileResult<void>> {
  const { content, mode, user, unfinished } = replacement;
  const suffix = temporarySuffix();
  const remove = (): void => void attempt(() => changeFile(path, user, (place) => unlinkIfThere(place + suffix)));
  const opened = attempt(() =>
    changeFile(path, user, (place) => {
      const file = openSync(place + suffix, NEW_FILE, mode ?? permissionsOf(place) ?? DEFAULT_MODE);
      keepOwner(file, place);
      return file;
    }),
  );
  if (!opened.ok) return opened;
  unfinished.add(remove);
  const written = await attemptLater(async () => {
    try {
      await writeWhole(opened.value, content);
      await sync(opened.value);
    } finally {
      closeSync(opened.value);
    }
  });
  const placed = written.ok
    ? attempt(() => changeFile(path, user, (place) => renameSync(place + suffix, place)))
    : written;
  unfinished.delete(remove);
  if (!placed.ok) remove();
  return placed.ok ? await attemptLater(() => syncFolderLater(dirname(path))) : placed;
}

async function syncFolderLater(path: string): Promise<void> {
  const folder = openSync(path, 'r');
  try {
    await sync(folder);
  } finally {
    closeSync(folder);
  }
}

function replace(path: string, content: string | Uint8Array, mode: number | undefined): void {
  const temporary = path + temporarySuffix();
  const file = openSync(temporary, NEW_FILE, mode ?? permissionsOf(path) ?? DEFAULT_MODE);
  try {
    try {
      writeFileSync(file, content);
      keepOwner(file, path);
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

/**
 * Root gives the new file to whom the old one belonged: who could read or write it before must still be able to. Gives away
 * nothing but what was just written, through the open file.
 */
function keepOwner(file: number, path: string): void {
  const owner = isRoot() ? ownerOf(path) : null;
  if (owner !== null) fchownSync(file, owner.uid, owner.gid);
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
    return faultOf(error);
  }
}

async function attemptLater<T>(call: () => Promise<T>): Promise<FileResult<T>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    return faultOf(error);
  }
}

function faultOf(error: unknown): FileResult<never> {
  const { code, message } = error as NodeJS.ErrnoException;
  return { ok: false, error: { kind: kindOf(code), text: message } };
}

function kindOf(code: string | undefined): 'missing' | 'not-permitted' | 'other' {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  return code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? 'not-permitted' : 'other';
}
