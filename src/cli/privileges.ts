/**
 * Giving up root's privileges after the sockets are open (`username`). Order matters: supplementary groups, group, user;
 * afterwards it is checked that there is no way back.
 */

import { chownSync, existsSync, readFileSync } from 'node:fs';
import { DEFAULT_USER } from './program.ts';

/** What came of it: a line for the log when the process stays what it is, or an error that must stop the start. */
export interface DropResult {
  readonly error: string | null;
  readonly warning: string | null;
}

/** Node's own, which its types lack. */
type WithInitgroups = NodeJS.Process & { readonly initgroups?: (user: string, group: number) => void };

const DONE: DropResult = { error: null, warning: null };

/** Becomes `user`, when this process is root's; "" stays. Those of `files` that are there become the user's: log, pid file. */
export function dropPrivileges(user: string, files: readonly string[]): DropResult {
  const { getuid, initgroups, setgid, setuid } = process as WithInitgroups;
  if (user === '' || getuid === undefined || getuid() !== 0) return DONE;
  if (initgroups === undefined || setgid === undefined || setuid === undefined) return DONE;
  try {
    const group = primaryGroupOf(user);
    if (group === null) return refusedFor(user, `user '${user}' does not exist.`);
    const owner = userNumberOf(user);
    for (const file of files) if (existsSync(file)) chownSync(file, owner, group);
    initgroups.call(process, user, group);
    setgid.call(process, group);
    setuid.call(process, user);
  } catch (error) {
    return refusedFor(user, `cannot become user '${user}': ${(error as Error).message}`);
  }
  return getuid.call(process) === 0 ? { error: `still root after becoming '${user}'`, warning: null } : DONE;
}

/** A user that nobody configured and that is not there is no reason not to serve, only one to say so. */
function refusedFor(user: string, text: string): DropResult {
  if (user !== DEFAULT_USER) return { error: text, warning: null };
  return { error: null, warning: `${text} Running as root: set username` };
}

/** Group number of a user by /etc/passwd; null when there is no such user. */
function primaryGroupOf(user: string): number | null {
  const group = Number(passwdField(user, 3));
  return passwdField(user, 3) === null || !Number.isInteger(group) ? null : group;
}

function userNumberOf(user: string): number {
  return Number(passwdField(user, 2));
}

/** A field of a user's line in /etc/passwd. */
function passwdField(user: string, field: number): string | null {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines.find((each) => each.startsWith(`${user}:`))?.split(':')[field] ?? null;
}
