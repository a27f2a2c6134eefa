/** Joins the store that hosts share to an instance (cachedb). */

import type { OpenStore, SharedStore } from '../ports/shared-store.ts';
import { SharedCache } from '../resolve/shared-cache.ts';
import { dataBasis } from './data-basis.ts';
import type { SharedParts } from './join-resolver.ts';
import { sharedCacheOptions } from './options/shared-cache.ts';

/** The second level of the cache, both null where there is none. */
interface SecondLevel {
  readonly sharedStore: SharedStore | null;
  readonly sharedCache: SharedCache | null;
}

/**
 * Opens the store where the configuration has one, or goes on with the one of the instance before. `open` is absent where there
 * is no outside world.
 */
export async function joinSecondLevel(
  shared: SharedParts,
  tlsAuthorities: string | null,
  open: OpenStore | undefined,
  before: SharedStore | null | undefined,
): Promise<SecondLevel> {
  const { isOn, servers } = sharedCacheOptions(shared.config, tlsAuthorities);
  const isOpened = before === undefined && isOn && open !== undefined;
  const opening: Promise<SharedStore | null> = isOpened ? open(servers) : Promise.resolve(before ?? null);
  const sharedStore = await opening;
  return { sharedStore, sharedCache: sharedStore === null ? null : joinSharedCache(shared, sharedStore) };
}

function joinSharedCache(shared: SharedParts, store: SharedStore): SharedCache {
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
