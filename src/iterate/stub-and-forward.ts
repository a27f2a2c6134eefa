/** Zones whose servers configuration names: which of them speaks for a name. */

import { isAtOrBelow, type Name } from '../wire/name.ts';
import type { ConfiguredZone } from './options.ts';

/** The deepest configured zone at or above the name, stub or forward; null when there is none. */
export function closestConfigured(
  zones: readonly ConfiguredZone[],
  name: Name,
  ignored: ReadonlySet<ConfiguredZone>,
): ConfiguredZone | null {
  let closest: ConfiguredZone | null = null;
  for (const configured of zones) {
    if (ignored.has(configured) || !isAtOrBelow(name, configured.zone)) continue;
    if (closest === null || configured.zone.length > closest.zone.length) closest = configured;
  }
  return closest;
}
