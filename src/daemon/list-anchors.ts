/** The trust anchors of an instance, tracked and fixed, as list_anchors shows them. */

import type { AnchorKey, ListedAnchor } from '../control/parts.ts';
import type { TrackedFile } from '../validate/anchor-tracker.ts';
import type { TrackedKey } from '../validate/rfc5011.ts';
import type { TrustAnchor } from '../validate/trust-anchors.ts';
import { readU16 } from '../wire/bytes.ts';
import { namesEqual } from '../wire/name.ts';
import { keyTag } from '../wire/rdata-dnskey.ts';
import { anchorWarnings } from './anchor-news.ts';
import type { ResolverInstance } from './resolver-instance.ts';

/** All of them: first those that are tracked. */
export function listAnchors({
  anchors,
  tracker,
  caches,
}: Pick<ResolverInstance, 'anchors' | 'tracker' | 'caches'>): readonly ListedAnchor[] {
  const tracked = tracker.files();
  const positive = anchors.positive();
  const warningsOf = (anchor: TrustAnchor | undefined): readonly string[] =>
    anchor === undefined ? [] : anchorWarnings(anchor, caches.rrsets);
  const known = tracked.map((file) => {
    const { zone } = file.state.tracked;
    return trackedAnchor(file, warningsOf(positive.find((anchor) => namesEqual(anchor.zone, zone))));
  });
  const fixed = positive.filter(({ zone }) => !known.some((anchor) => namesEqual(anchor.zone, zone)));
  return [...known, ...fixed.map((anchor) => fixedAnchor(anchor, warningsOf(anchor)))];
}

function trackedAnchor({ path, state }: TrackedFile, warnings: readonly string[]): ListedAnchor {
  const { zone, ds, keys } = state.tracked;
  const { lastSuccess, lastQueried, nextProbe, failedProbes } = state;
  const failed = failedProbes > 0 ? [`${failedProbes} probes since the last success could not be proven`] : [];
  const times = { lastSuccess, lastQueried, nextProbe };
  return {
    zone,
    path,
    keys: [...ds.map(dsKey), ...keys.map(trackedKey)],
    ...times,
    warnings: [...failed, ...warnings],
  };
}

function fixedAnchor({ zone, ds, dnskeys }: TrustAnchor, warnings: readonly string[]): ListedAnchor {
  const fixed = dnskeys.map((rdata): AnchorKey => ({ ...keyFacts(rdata), state: 'fixed', since: 0 }));
  return {
    zone,
    path: null,
    keys: [...ds.map(dsKey), ...fixed],
    lastSuccess: 0,
    lastQueried: 0,
    nextProbe: 0,
    warnings,
  };
}

/** RFC 4034 §5.1: key tag, algorithm, digest type, digest. */
function dsKey(rdata: Uint8Array): AnchorKey {
  return { keyTag: readU16(rdata, 0), algorithm: rdata[2] ?? 0, type: 'DS', state: 'configured', since: 0 };
}

function trackedKey({ rdata, state, changedAt }: TrackedKey): AnchorKey {
  return { ...keyFacts(rdata), state, since: changedAt };
}

function keyFacts(rdata: Uint8Array): Pick<AnchorKey, 'keyTag' | 'algorithm' | 'type'> {
  return { keyTag: keyTag(rdata), algorithm: rdata[3] ?? 0, type: 'DNSKEY' };
}
