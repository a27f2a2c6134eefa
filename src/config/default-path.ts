/** Which configuration file the programs read when none is named. */

import type { Files } from '../ports/files.ts';

/** Where Unbound's packages put it. Hawser takes Unbound's place, so that it comes first. */
export const UNBOUND_PATH = '/etc/unbound/unbound.conf';
/** Where it is on a host without Unbound. */
export const OWN_PATH = '/etc/hawser/hawser.conf';

/** Both, as usage texts say them. */
export const DEFAULT_PATHS = `${UNBOUND_PATH}, else ${OWN_PATH}`;

/** The file to read; it need not be there. */
export function defaultConfigPath(files: Pick<Files, 'exists'>): string {
  return files.exists(UNBOUND_PATH) ? UNBOUND_PATH : OWN_PATH;
}
