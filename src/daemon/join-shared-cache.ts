/** Joins the store that hosts share to an instance (cachedb). */

import type { Config } from '../config/config.ts';
import type { OpenStore, SharedStore } from '../ports/shared-store.ts';
import { SharedCache } from '../resolve/shared-cache.ts';
import { dataBasis } from './data-basis.ts';
import type { SharedParts } from './join-resolver.ts';
import { sharedCacheOptions } from './options/shared-cache.ts';

/** Opens the store where the configuration has one; null: it has none. `open` is absent where there is no outside world. */
export function openSharedStore(config: Config, open: OpenStore | undefined): Promise<SharedStore | null> {
  const { isOn, place } = sharedCacheOptions(config);
  return isOn && open !== undefined ? open(place) : Promise.resolve(null);
}

/** The second level of the cache; null: there is no store. */
export function joinSharedCache(shared: SharedParts, store: SharedStore | null): SharedCache | null {
  if (store === null) return null;
  const { config, ports, counters, serverZones } = shared;
  let basis: { version: number; digest: Uint8Array } = { version: -1, digest: new Uint8Array() };
  return new SharedCache({
    store,
    clock: ports.clock,
    crypto: ports.crypto,
    log: ports.log,
    counters,
    options: sharedCacheOptions(config).options,
    basis: () => {
      // Servers of zones change at run time (forward_add), and what they say is another thing then.
      const { version } = serverZones;
      if (basis.version !== version) basis = { version, digest: dataBasis(config, serverZones, ports.crypto) };
      return basis.digest;
    },
  });
}
