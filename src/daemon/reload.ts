/** What a reload that keeps caches may keep of what DNSSEC said: nothing when that rested on other trust than now. */

import { forgetTrust } from '../cache/forget.ts';
import type { Clock } from '../ports/clock.ts';
import { toHex } from '../wire/bytes.ts';
import { ROOT } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { validateOptions } from './options/rooms.ts';
import type { ResolverInstance } from './resolver-instance.ts';

/**
 * Forgets the verdicts in the caches of `after` when anchors, negative anchors or rules of validation are not those of `before`.
 * None is found from the call on; ends when they are out of the caches.
 */
export async function dropStaleTrust(before: ResolverInstance, after: ResolverInstance, clock: Clock): Promise<void> {
  if (trustBasis(before) === trustBasis(after)) return;
  before.resolver.retire();
  await forgetTrust({ caches: after.caches, pause: () => clock.nextTurn() }, ROOT);
}

/** All that verdicts rest on, as one text. */
export function trustBasis({ anchors, config }: Pick<ResolverInstance, 'anchors' | 'config'>): string {
  const positive = anchors
    .positive()
    .map(({ zone, ds, dnskeys }) => [formatName(zone), ...[...ds, ...dnskeys].map(toHex).sort()]);
  const negative = anchors.negative().map(formatName);
  return JSON.stringify([positive.map(String).sort(), [...negative].sort(), validateOptions(config)]);
}
