/**
 * Makes the response policy zones of a configuration and loads those that stand in files.
 *
 * Leaves to others: transfer of zones and new states of them (Policy.loadPolicyZone takes them).
 */

import type { Config, RpzConfig } from '../config/config.ts';
import type { Files } from '../ports/files.ts';
import { formatName, parseName } from '../wire/name-text.ts';
import { readZoneText } from '../wire/zone-text.ts';
import type { NameFilter } from './name-filter.ts';
import { watchZone } from './policy.ts';
import { type RpzOverride, RpzZone } from './rpz-zone.ts';
import type { Tags } from './tags.ts';

/** TTL of records of a policy zone that is written without any, seconds (as Unbound). */
const ZONE_TTL_SECONDS = 3600;

/** What policy zones are made from. */
export interface RpzStart {
  readonly config: Config;
  readonly readText: Files['readText'];
  readonly tags: Tags;
  readonly filter: NameFilter;
  readonly problems: string[];
}

/** The policy zones, in order of the configuration. */
export function makeRpzZones({ config, readText, tags, filter, problems }: RpzStart): RpzZone[] {
  return config.rpzs.map((clause) => {
    const zone = makeZone(clause, tags, problems);
    if (clause.zonefile !== '') loadFile(zone, clause, readText, problems);
    watchZone(filter, zone);
    return zone;
  });
}

function makeZone(clause: RpzConfig, tags: Tags, problems: string[]): RpzZone {
  const override = clause.rpzActionOverride;
  const cnameOverride = clause.rpzCnameOverride === '' ? null : parseName(clause.rpzCnameOverride);
  if (override === 'cname' && cnameOverride === null) {
    problems.push(`rpz ${formatName(clause.name)}: rpz-action-override cname needs a name in rpz-cname-override`);
  }
  return new RpzZone({
    name: clause.name,
    override: override === '' ? null : (override as RpzOverride),
    cnameOverride,
    logName: clause.rpzLog ? clause.rpzLogName : null,
    signalNxdomainRa: clause.rpzSignalNxdomainRa,
    tags: clause.tags.length === 0 ? null : tags.setOf(clause.tags),
  });
}

function loadFile(
  zone: RpzZone,
  { name, zonefile, primary, url }: RpzConfig,
  readText: Files['readText'],
  problems: string[],
): void {
  const read = readText(zonefile);
  if (!read.ok) {
    // A zone that is transferred has no file before the first time.
    const isTransferred = primary.length + url.length > 0 && read.error.kind === 'missing';
    if (!isTransferred) problems.push(`rpz ${formatName(name)}: ${zonefile}: ${read.error.text}`);
    return;
  }
  const include = (path: string): string | null => {
    const part = readText(path);
    return part.ok ? part.value : null;
  };
  const { records, errors } = readZoneText(read.value, { origin: name, defaultTtl: ZONE_TTL_SECONDS, include });
  for (const { line, text } of errors) problems.push(`rpz ${formatName(name)}: ${zonefile}:${line}: ${text}`);
  zone.load(records);
}
