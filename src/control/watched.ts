/**
 * What alerts look at beside the statistics: trust anchors, the clock, the room of caches. States of now, not counts; for the
 * metrics endpoint alone.
 */

import { formatName } from '../wire/name-text.ts';
import type { ListedAnchor } from './parts.ts';
import { head, sample } from './prometheus.ts';

/** What is so at the moment of asking. */
export interface Watched {
  readonly anchors: readonly ListedAnchor[];
  /** The signatures of many zones, or of the root, say that the clock of this host is wrong. */
  readonly isClockDoubtful: boolean;
  /** Octets that caches may hold, by their label in `memory_caches_bytes`. */
  readonly cacheLimits: Readonly<Record<string, number>>;
}

/** States of a key in which it proves something: given by configuration, or by RFC 5011 §4.2. */
const TRUSTED_STATES: ReadonlySet<string> = new Set(['configured', 'fixed', 'valid', 'missing']);

/** The states as metrics. */
export function watchedText({ anchors, isClockDoubtful, cacheLimits }: Watched): string {
  const lines = [
    ...head('clock_doubtful', 'gauge', 'Whether signatures say that the clock of this host is wrong'),
    sample('clock_doubtful', null, isClockDoubtful ? 1 : 0),
    ...head('memory_caches_limit_bytes', 'gauge', 'Octets that may be held'),
    ...Object.entries(cacheLimits).map(([cache, octets]) =>
      sample('memory_caches_limit_bytes', ['cache', cache], octets),
    ),
    ...perZone(
      anchors,
      'trust_anchor_keys',
      'Keys by which a zone is trusted now',
      ({ keys }) => keys.filter(({ state }) => TRUSTED_STATES.has(state)).length,
    ),
    ...perZone(
      anchors,
      'trust_anchor_missing_keys',
      'Trusted keys that their zone does not announce any more',
      ({ keys }) => keys.filter(({ state }) => state === 'missing').length,
    ),
    ...perZone(
      anchors,
      'trust_anchor_warnings',
      'What hawser-control list_anchors warns of',
      ({ warnings }) => warnings.length,
    ),
    ...perZone(
      anchors.filter(({ lastSuccess }) => lastSuccess > 0),
      'trust_anchor_last_success_time_seconds',
      'When the keys of a zone were last found proven, seconds since 1970',
      ({ lastSuccess }) => lastSuccess,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function perZone(
  anchors: readonly ListedAnchor[],
  name: string,
  help: string,
  read: (anchor: ListedAnchor) => number,
): string[] {
  return [
    ...head(name, 'gauge', help),
    ...anchors.map((anchor) => sample(name, ['zone', formatName(anchor.zone)], read(anchor))),
  ];
}
