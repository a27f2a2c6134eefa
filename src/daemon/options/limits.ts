/** Limits on how often, by zone and by client, out of the configuration. */

import type { Config } from '../../config/config.ts';
import type { ZoneRateOptions } from '../../resolve/zone-rates.ts';
import type { ClientRateOptions } from '../../serve/rate-limit.ts';
import type { Name } from '../../wire/name.ts';

export function zoneRateOptions({ server }: Config): ZoneRateOptions {
  const limitOf = ({ name, value }: { readonly name: Name; readonly value: number }) => ({ name, perSecond: value });
  return {
    perSecond: server.ratelimit,
    factor: server.ratelimitFactor,
    backoff: server.ratelimitBackoff,
    maxBytes: server.ratelimitSize,
    forZones: server.ratelimitForDomain.map(limitOf),
    belowNames: server.ratelimitBelowDomain.map(limitOf),
  };
}

export function clientRateOptions({ server }: Config): ClientRateOptions {
  return {
    perSecond: server.ipRatelimit,
    perSecondWithCookie: server.ipRatelimitCookie,
    factor: server.ipRatelimitFactor,
    backoff: server.ipRatelimitBackoff,
    maxBytes: server.ipRatelimitSize,
  };
}
