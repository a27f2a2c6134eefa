/**
 * Writing while this process is root, into folders that may belong to somebody else: whoever owns a folder can put links in
 * the place of files, and what root opens or gives away through one is theirs (CVE-2020-28935).
 *
 * Two safe ways, in this order: as the user that the process will become, who gains nothing by a link; as root, when nobody
 * but root can change any folder on the way. A third one, for a root that stays root, follows no link at the end.
 */

import { closeSync, constants, fchownSync, fstatSync, lstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A user of the system whom the process becomes (`username`). */
export interface LowUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Node's own, which its types lack. */
type WithInitgroups = NodeJS.Process & { readonly initgroups?: (user: string, group: number) => void };

/** Links on the way to a file, as many as Linux follows. */
const MAX_LINKS = 40;
const GROUP_OR_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const PERMISSIONS = 0o777;
const LOG_MODE = 0o644;
/** Without O_NONBLOCK a FIFO without a reader would hold the process. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A user by /etc/passwd; null when there is none of this name. */
export function findUser(name: string): LowUser | null {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const fields = lines.find((each) => each.startsWith(`${name}:`))?.split(':') ?? [];
  const [, , uid = '', gid = ''] = fields;
  return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? { name, uid: Number(uid), gid: Number(gid) } : null;
}

/** Whether this process may do everything. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Runs a call with the rights of a user, for this call alone. It must not wait for anything. */
export function asUser<T>(user: LowUser, call: () => T): T {
  const { initgroups, setgroups, setegid, seteuid, getgroups, getegid } = process as WithInitgroups;
  if (!initgroups || !setgroups || !setegid || !seteuid || !getgroups || !getegid) return call();
  const before = { groups: getgroups.call(process), group: getegid.call(process) };
  try {
    initgroups.call(process, user.name, user.gid);
    setegid.call(process, user.gid);
    seteuid.call(process, user.uid);
    return call();
  } finally {
    seteuid.call(process, 0);
    setegid.call(process, before.group);
    setgroups.call(process, before.groups);
  }
}

/** Runs a call with a user's group and the rights of this process: what it makes belongs to that group. */
export function withGroupOf<T>(user: LowUser, call: () => T): T {
  const { setegid, getegid } = process;
  if (!setegid || !getegid) return call();
  const before = getegid.call(process);
  try {
    setegid.call(process, user.gid);
    return call();
  } finally {
    setegid.call(process, before);
  }
}

/**
 * Where a path leads, without links, when no folder and no link on the way can be changed by anybody but root; else null.
 * A sticky folder such as /tmp is fine on the way to something of root's, not as the last folder.
 */
export function rootOnlyPath(path: string): string | null {
  let todo = resolve(path).split('/').filter(Boolean);
  let folder = '/';
  for (let links = 0; links <= MAX_LINKS; ) {
    const [name, ...rest] = todo;
    if (name === undefined || !isRootsFolder(folder, rest.length > 0)) return null;
    const found = lstatSync(join(folder, name), { throwIfNoEntry: false });
    if (found?.isSymbolicLink()) {
      if (found.uid !== 0) return null;
      const to = readlinkSync(join(folder, name));
      links++;
      todo = [...resolve(folder, to).split('/').filter(Boolean), ...rest];
      folder = '/';
      continue;
    }
    if (rest.length === 0) return join(folder, name);
    if (found === undefined) return null;
    folder = join(folder, name);
    todo = rest;
  }
  return null;
}

function isRootsFolder(path: string, isOnTheWay: boolean): boolean {
  const { uid, mode } = lstatSync(path);
  const isShared = (mode & GROUP_OR_OTHERS_WRITE) !== 0;
  return uid === 0 && (!isShared || (isOnTheWay && (mode & STICKY) !== 0));
}

/**
 * Changes a file in the first safe way. `change` gets the path to use and must follow no link at its end while `isOwnRight`
 * is false. Throws what the system says, and a sentence when there is no safe way.
 */
export function changeFile<T>(path: string, user: LowUser | null, change: (path: string, isOwnRight: boolean) => T): T {
  if (!isRoot()) return change(path, true);
  if (user === null) return change(rootOnlyPath(path) ?? path, false);
  try {
    return asUser(user, () => change(path, true));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    const safe = rootOnlyPath(path);
    if (safe !== null) return change(safe, false);
    const text = `'${user.name}' may not write ${path}, and root does not where others than root can change a folder on the way to ${dirname(path)}`;
    throw Object.assign(new Error(text), { code: 'EACCES' });
  }
}

/**
 * The same for a change that makes a new name in the folder of `path`: where only root can, it is not tried as the user first. Taking
 * a user's rights and giving them back stops every thread of the process six times.
 */
export function changeFolderOf<T>(
  path: string,
  user: LowUser | null,
  change: (path: string, isOwnRight: boolean) => T,
): T {
  const safe = user !== null && isRoot() ? rootOnlyPath(path) : null;
  return safe === null ? changeFile(path, user, change) : change(safe, false);
}

/** Opens a file for lines at its end; it becomes the user's, who has to open it again when it was moved away. */
export function openForAppending(path: string, user: LowUser | null): number {
  return changeFile(path, user, (place, isOwnRight) => {
    if (isOwnRight) return openSync(place, APPEND, LOG_MODE);
    const file = openSync(place, APPEND | constants.O_NOFOLLOW, LOG_MODE);
    try {
      const { nlink, uid } = fstatSync(file);
      // A second name of a file is a link as well.
      if (nlink > 1) throw new Error(`${path} has more than one name (hard links)`);
      if (user !== null && uid === 0) fchownSync(file, user.uid, user.gid);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    return file;
  });
}

/** The mode to make a file's successor with: its permissions, never set-user-id, and never those of what a link names. */
export function permissionsOf(path: string): number | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.mode & PERMISSIONS : null;
}

/** Owner and group of a file; null when there is none, or a link is in its place. */
export function ownerOf(path: string): { readonly uid: number; readonly gid: number } | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? { uid: found.uid, gid: found.gid } : null;
}
