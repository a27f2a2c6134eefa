/**
 * Makes the response policy zones of a configuration, without rules yet.
 *
 * Leaves to others: files and transfer of zones (the zones room; Policy.loadPolicyZone takes each new state).
 */

import type { Config, RpzConfig } from '../config/config.ts';
import { formatName, parseName } from '../wire/name-text.ts';
import { type RpzOverride, RpzZone } from './rpz-zone.ts';
import type { Tags } from './tags.ts';

/** What policy zones are made from. */
interface RpzParts {
  readonly config: Config;
  readonly tags: Tags;
  readonly problems: string[];
}

/** The policy zones, in order of the configuration. */
export function makeRpzZones({ config, tags, problems }: RpzParts): RpzZone[] {
  return config.rpzs.map((clause) => makeZone(clause, tags, problems));
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
