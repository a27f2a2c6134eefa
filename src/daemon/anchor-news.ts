/** Says when a zone announces a key that is not trusted here, or the root one that this release does not know. */

import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Counters } from '../trace/counters.ts';
import { anchorTags } from '../validate/anchor-signal.ts';
import { readAnchors } from '../validate/read-anchors.ts';
import { ROOT_ANCHORS_TEXT } from '../validate/root-anchors.ts';
import type { TrustAnchor } from '../validate/trust-anchors.ts';
import { unknownKeyTags } from '../validate/unknown-keys.ts';
import { readU16 } from '../wire/bytes.ts';
import { isRoot } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';

/** Key tags of the anchors that the program is born with. */
function builtInTags(): ReadonlySet<number> {
  return new Set(readAnchors(ROOT_ANCHORS_TEXT).records.map(({ rdata }) => readU16(rdata, 0)));
}

/** Sentences that are remembered as said; a zone has a handful of keys. */
const MAX_SAID = 100;

/** What somebody should know of an anchor, by the zone's keys as they are in the cache; a sentence each. */
export function anchorWarnings(anchor: TrustAnchor, rrsets: Pick<RRsetCache, 'find'>): readonly string[] {
  const ranked = rrsets.find(anchor.zone, TYPE.DNSKEY, CLASS.IN);
  if (ranked === null) return [];
  const untrusted = unknownKeyTags(ranked.rrset, anchorTags(anchor)).map(
    (tag) => `the zone announces key ${tag}, which is not trusted here yet`,
  );
  const newer = isRoot(anchor.zone) ? unknownKeyTags(ranked.rrset, builtInTags()) : [];
  return [
    ...untrusted,
    ...newer.map((tag) => `key ${tag} of the root is newer than the anchors of this release; update Hawser`),
  ];
}

/** Writes them into the log, each once, and counts. */
export class AnchorNews {
  readonly #said = new Set<string>();
  readonly #log: LogSink;
  readonly #counters: Counters;

  constructor(log: LogSink, counters: Counters) {
    this.#log = log;
    this.#counters = counters;
  }

  /** The keys of an anchor's zone were fetched and proven. */
  note(anchor: TrustAnchor, rrsets: Pick<RRsetCache, 'find'>): void {
    const warnings = anchorWarnings(anchor, rrsets);
    for (const text of warnings) {
      this.#counters.add(text.includes('newer than') ? 'anchor.old-release' : 'anchor.unknown-keys');
      const line = `trust anchor ${formatName(anchor.zone)}: ${text}`;
      if (this.#said.has(line) || this.#said.size >= MAX_SAID) continue;
      this.#said.add(line);
      this.#log.write('warning', line);
    }
  }
}
