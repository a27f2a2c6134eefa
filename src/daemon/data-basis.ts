/** What kept data rests on besides its servers' words: whom this resolver asks, and what it takes from them. */

import type { Config } from '../config/config.ts';
import type { ConfiguredZones } from '../iterate/stub-and-forward.ts';
import type { Crypto } from '../ports/crypto.ts';
import { toHex } from '../wire/bytes.ts';
import { iterateOptions } from './options/rooms.ts';

/** A digest of it: data of a resolver with another one is not to be taken. */
export function dataBasis(
  config: Config,
  serverZones: Pick<ConfiguredZones, 'all'>,
  crypto: Pick<Crypto, 'digest'>,
): Uint8Array {
  const options = iterateOptions(config, { hints: [], tlsAuthorities: null });
  const { scrubPromiscuous, hardenGlue, hardenUnverifiedGlue, hardenUnknownAdditional } = options;
  const { privateAddresses, privateDomains, maxTtl, minTtl, maxNegativeTtl, minNegativeTtl } = options;
  const taken = { scrubPromiscuous, hardenGlue, hardenUnverifiedGlue, hardenUnknownAdditional };
  const kept = { privateAddresses, privateDomains, maxTtl, minTtl, maxNegativeTtl, minNegativeTtl };
  const copies = config.authZones.map(({ name, forUpstream }) => [name, forUpstream]);
  const text = JSON.stringify([taken, kept, serverZones.all, copies, config.server.rootHints], withOctets);
  return crypto.digest('sha256', new TextEncoder().encode(text));
}

function withOctets(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? toHex(value) : value;
}
