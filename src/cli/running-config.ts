/**
 * Which configuration file the programs for people mean when none is named: that of the daemon that runs here; without one, the
 * usual place. A host may have Unbound's file and Hawser's own.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { defaultConfigPath, OWN_PATH, UNBOUND_PATH } from '../config/default-path.ts';
import type { Files } from '../ports/files.ts';
import { readArguments } from './arguments.ts';

/** A process of this host. */
interface RunningProcess {
  readonly pid: number;
  readonly words: readonly string[];
  readonly folder: string;
}

/** The file, and why it is that one. */
interface ChosenConfig {
  readonly path: string;
  /** In words, for a report. */
  readonly why: string;
}

/** The daemon's program, as a source or built. Under Unbound's names it is started as this one all the same. */
const PROGRAM = /^hawserd(?:\.[cm]?[jt]s)?$/;

/** The words that follow the daemon's program in a command line; null when it is another program. */
function daemonWords(words: readonly string[]): readonly string[] | null {
  const at = words.findIndex((word) => PROGRAM.test(basename(word)));
  const isNode = /^node/.test(basename(words[0] ?? ''));
  // `node … hawserd.ts -c FILE`, or a launcher's own name first; what names the daemon later is an argument of something else.
  return at === 0 || (at > 0 && isNode) ? words.slice(at + 1) : null;
}

/** Chooses among the daemons that run here; those with a file in one of the usual places come first. */
export function chooseConfig(processes: readonly RunningProcess[], files: Pick<Files, 'exists'>): ChosenConfig {
  const running = processes.flatMap(({ pid, words, folder }) => {
    const own = daemonWords(words);
    const read = own === null ? null : readArguments(own);
    if (read === null || !read.ok) return [];
    const given = read.value.configPath;
    return [{ pid, path: given === null ? defaultConfigPath(files) : resolve(folder, given) }];
  });
  const usual = running.find(({ path }) => path === UNBOUND_PATH || path === OWN_PATH) ?? running[0];
  if (usual !== undefined) return { path: usual.path, why: `of the daemon that runs here, process ${usual.pid}` };
  const path = defaultConfigPath(files);
  const other = path === UNBOUND_PATH && files.exists(OWN_PATH) ? OWN_PATH : null;
  if (!files.exists(path)) return { path, why: 'there is none: built-in defaults' };
  return {
    path,
    why: other === null ? 'no daemon runs here' : `no daemon runs here; ${other} is there too, and not read`,
  };
}

/** Processes of this host that are in the same network and see the same files; those of others can be seen by root only. */
export function readProcesses(): readonly RunningProcess[] {
  const own = namespacesOf('self');
  if (own === null) return [];
  return folderNames('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const words = commandLine(pid);
      if (words === null || daemonWords(words) === null || namespacesOf(pid) !== own) return [];
      const folder = linkOf(`/proc/${pid}/cwd`);
      return folder === null ? [] : [{ pid: Number(pid), words, folder }];
    })
    .sort((a, b) => a.pid - b.pid);
}

function namespacesOf(pid: string): string | null {
  const links = ['net', 'mnt'].map((kind) => linkOf(`/proc/${pid}/ns/${kind}`));
  return links.includes(null) ? null : links.join();
}

function commandLine(pid: string): readonly string[] | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return null;
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function folderNames(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
