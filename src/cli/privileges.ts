/**
 * Giving up root's privileges after the sockets are open (`username`). Order matters: supplementary groups, group, user;
 * afterwards it is checked that there is no way back.
 */

import { findUser, isRoot, type LowUser } from '../adapters/root-writes.ts';
import { DEFAULT_USER } from '../daemon/version.ts';

/** What came of it: a line for the log when the process stays what it is, or an error that must stop the start. */
interface DropResult {
  readonly error: string | null;
  readonly warning: string | null;
}

/** Node's own, which its types lack. */
type WithInitgroups = NodeJS.Process & { readonly initgroups?: (user: string, group: number) => void };

const DONE: DropResult = { error: null, warning: null };

/** Whom this process is going to become; null: it stays what it is. */
export function futureUser(user: string): LowUser | null {
  return user === '' || !isRoot() ? null : findUser(user);
}

/**
 * Becomes `user`, when this process is root's; "" stays. No file is given to the user here: a path may by now lead elsewhere,
 * so those that are to be the user's are made as such (adapters/root-writes.ts).
 */
export function dropPrivileges(user: string): DropResult {
  const { getuid, initgroups, setgid, setuid } = process as WithInitgroups;
  if (user === '' || getuid === undefined || getuid() !== 0) return DONE;
  if (initgroups === undefined || setgid === undefined || setuid === undefined) return DONE;
  try {
    const found = findUser(user);
    if (found === null) return refusedFor(user, `user '${user}' does not exist.`);
    initgroups.call(process, user, found.gid);
    setgid.call(process, found.gid);
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
