/** This host, read through /proc, the file system and the programs on it. */

import { accessSync, constants, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { FileFacts, Host, ProcessLimits, UserIds } from '../ports/host.ts';
import { childProcesses } from './child-processes.ts';
import { findUser } from './root-writes.ts';

/** Milliseconds that a program gets; postconf takes some 20. */
const PROGRAM_MS = 5000;
const PERMISSIONS = 0o7777;
/** Where programs of administrators are, which a user's PATH may lack. */
const SYSTEM_FOLDERS = '/usr/sbin:/sbin:/usr/bin:/bin';

export function createNodeHost(): Host {
  return {
    fileFacts,
    linkTarget: (path) => valueOr(null, () => readlinkSync(path)),
    userNamed,
    run: runProgram,
    holderOf,
    limits,
  };
}

/** Runs calls of node:fs, which throw where something is not there. */
function valueOr<T>(other: T, read: () => T): T {
  try {
    return read();
  } catch {
    return other;
  }
}

function fileFacts(path: string): FileFacts | null {
  const stat = valueOr(null, () => statSync(path));
  if (stat === null) return null;
  const isWritable = valueOr(false, () => {
    accessSync(path, constants.W_OK);
    return true;
  });
  return { uid: stat.uid, gid: stat.gid, mode: stat.mode & PERMISSIONS, isWritable };
}

function userNamed(name: string): UserIds | null {
  const user = valueOr(null, () => findUser(name));
  if (user === null) return null;
  const lines = valueOr('', () => readFileSync('/etc/group', 'utf8')).split('\n');
  const groups = lines
    .map((line) => line.split(':'))
    .filter(([, , , members = '']) => members.split(',').includes(name));
  return { uid: user.uid, gids: [user.gid, ...groups.map(([, , gid]) => Number(gid))] };
}

/** Without waiting in place: the daemon answers meanwhile. */
function runProgram(program: string, args: readonly string[]): Promise<string | null> {
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:${SYSTEM_FOLDERS}`, LC_ALL: 'C' };
  return new Promise((resolve) => {
    const { execFile } = childProcesses();
    execFile(program, args, { timeout: PROGRAM_MS, env }, (error, output) => resolve(error === null ? output : null));
  });
}

/** /proc/net/udp names the inode of each bound socket; the links of /proc/PID/fd tell whose it is (root sees all). */
function holderOf(ip: Uint8Array, port: number): string | null {
  const inodes = new Set(['udp', 'udp6', 'tcp', 'tcp6'].flatMap((table) => inodesAt(table, ip, port)));
  if (inodes.size === 0) return null;
  for (const pid of valueOr([], () => readdirSync('/proc')).filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    for (const file of valueOr([], () => readdirSync(folder))) {
      const link = valueOr('', () => readlinkSync(`${folder}/${file}`));
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
      if (inode !== undefined && inodes.has(inode)) return nameOf(pid);
    }
  }
  return null;
}

function nameOf(pid: string): string | null {
  return valueOr(null, () => readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
}

/** States of /proc/net in which a socket takes what comes: 07 for UDP, 0A for a listening TCP socket. */
const TAKING = new Set(['07', '0A']);

function inodesAt(table: string, ip: Uint8Array, port: number): string[] {
  const lines = valueOr('', () => readFileSync(`/proc/net/${table}`, 'utf8')).split('\n');
  const suffix = port.toString(16).toUpperCase().padStart(4, '0');
  const places = new Set([kernelText(ip), '0'.repeat(8), '0'.repeat(32)].map((place) => `${place}:${suffix}`));
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state = '']) => places.has(local) && TAKING.has(state))
    .flatMap((fields) => (fields[9] === undefined ? [] : [fields[9]]));
}

/** An address as /proc/net shows it: words of 32 bits, each in the order of this machine (little-endian). */
function kernelText(bytes: Uint8Array): string {
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    words.push(
      Buffer.from(bytes.slice(at, at + 4))
        .reverse()
        .toString('hex')
        .toUpperCase(),
    );
  }
  return words.join('');
}

function limits(): ProcessLimits {
  const text = valueOr('', () => readFileSync('/proc/self/limits', 'utf8'));
  const openFiles = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  const constrained = process.constrainedMemory();
  const host = totalmem();
  return {
    openFiles: openFiles === undefined ? null : Number(openFiles),
    memoryOctets: constrained > 0 ? Math.min(constrained, host) : host,
  };
}
