/**
 * The rooms' options as a daemon has them that nothing is configured for: out of the options table, by the daemon's own mappers.
 * A test that wants others spreads these. Proves nothing by itself.
 */

import { defaultConfig } from '../../src/config/config.ts';
import { parseConfigText } from '../../src/config/load-config.ts';
import {
  iterateOptions,
  resolveOptions,
  serveOptions,
  serverCacheOptions,
  validateOptions,
} from '../../src/daemon/options/rooms.ts';
import { zoneCheckOptions, zoneOptions } from '../../src/daemon/options/zones.ts';
import { BUILT_IN_HINTS } from '../../src/iterate/root-hints.ts';
import type { ZoneOptions } from '../../src/zones/zone-options.ts';

const CONFIG = defaultConfig();
const HOST = { hostName: 'localhost', programVersion: 'hawser 0', addressesOf: () => [] };

export const DEFAULT_ITERATE_OPTIONS = iterateOptions(CONFIG, { hints: BUILT_IN_HINTS, tlsAuthorities: null });
export const DEFAULT_VALIDATE_OPTIONS = validateOptions(CONFIG);
export const DEFAULT_RESOLVE_OPTIONS = resolveOptions(CONFIG);
/** What one client query may spend. */
export const DEFAULT_ALLOWANCE = DEFAULT_RESOLVE_OPTIONS.allowance;
export const DEFAULT_SERVE_OPTIONS = serveOptions(CONFIG, HOST, []);
export const DEFAULT_SERVER_CACHE_OPTIONS = serverCacheOptions(CONFIG);
export const DEFAULT_CHECK_OPTIONS = zoneCheckOptions(CONFIG);
/** Of an `auth-zone` clause with nothing but a name. */
export const DEFAULT_ZONE_OPTIONS = zoneDefaults();

function zoneDefaults(): Omit<ZoneOptions, 'name'> {
  const loaded = parseConfigText('auth-zone:\n  name: example.\n', 'test.conf');
  const [zone] = loaded.ok ? zoneOptions(loaded.config) : [];
  if (zone === undefined) throw new Error('an auth-zone with a name alone is not accepted');
  const { name: _, ...defaults } = zone;
  return defaults;
}
