/** Options of the zones that are kept as a whole (`auth-zone`, `rpz`), out of the configuration. */

import { absolutePath } from '../../config/check-files.ts';
import type { AuthZoneConfig, Config, RpzConfig } from '../../config/config.ts';
import type { CheckOptions } from '../../zones/check-zone.ts';
import type { ZoneOptions } from '../../zones/zone-options.ts';
import { validateOptions } from './rooms.ts';

/** The zones that configuration names. */
export function zoneOptions(config: Config): ZoneOptions[] {
  const authorities = config.authZones.map((zone): ZoneOptions => {
    const { fallbackEnabled, forDownstream, forUpstream, zonemdCheck, zonemdRejectAbsence } = zone;
    const { maxTransferSize: maxTransferOctets, maxTransferTime: maxTransferMs } = zone;
    return {
      purpose: 'authority',
      ...sourcesOf(config, zone),
      fallbackEnabled,
      forDownstream,
      forUpstream,
      zonemdCheck,
      zonemdRejectAbsence,
      maxTransferOctets,
      maxTransferMs,
    };
  });
  const policies = config.rpzs.map((zone): ZoneOptions => {
    const sources = sourcesOf(config, zone);
    const { forDownstream, maxTransferSize: maxTransferOctets, maxTransferTime: maxTransferMs } = zone;
    const bounds = { maxTransferOctets, maxTransferMs };
    // An rpz clause has no directive for these.
    const fixed = { fallbackEnabled: false, zonemdCheck: false, zonemdRejectAbsence: false };
    return { ...fixed, ...sources, ...bounds, purpose: 'policy', forDownstream, forUpstream: false };
  });
  return [...authorities, ...policies];
}

type Sources = Pick<ZoneOptions, 'name' | 'primaries' | 'urls' | 'allowNotify' | 'zonefile'>;

function sourcesOf(config: Config, zone: AuthZoneConfig | RpzConfig): Sources {
  return {
    name: zone.name,
    // As in Unbound, the last line is tried first.
    primaries: zone.primary.toReversed(),
    urls: zone.url.toReversed(),
    allowNotify: zone.allowNotify,
    zonefile: zone.zonefile === '' ? null : absolutePath(config, zone.zonefile),
  };
}

/** How signatures of such zones are checked. */
export function zoneCheckOptions(config: Config): CheckOptions {
  const { signatureTime, skew, algorithms } = validateOptions(config);
  return { signatureTime, skew, algorithms };
}
