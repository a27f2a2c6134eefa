/** All that an instance remembers, made to the sizes of its configuration. */

import { AnswerCache } from '../cache/answer-cache.ts';
import { DELEGATION_CACHE_OCTETS, DelegationCache } from '../cache/delegation-cache.ts';
import { DenialCache } from '../cache/denial-cache.ts';
import { FAILURE_CACHE_OCTETS, FailureCache } from '../cache/failure-cache.ts';
import type { CacheSet } from '../cache/forget.ts';
import { KeyCache } from '../cache/key-cache.ts';
import { KeyHash } from '../cache/key-hash.ts';
import { ReplyCache } from '../cache/reply-cache.ts';
import { RRsetCache } from '../cache/rrset-cache.ts';
import { ServerCache } from '../cache/server-cache.ts';
import type { Config } from '../config/config.ts';
import { type ZoneKey, zoneKeyAgain } from '../dnssec/dnskey.ts';
import type { Ports } from '../ports/ports.ts';
import { isFromTimeout } from '../terms/failure.ts';
import { cacheSizes, serverCacheOptions } from './options/rooms.ts';

/** All that an instance remembers. May outlive it (reload_keep_cache). */
export interface Caches extends CacheSet {
  readonly keys: KeyCache<ZoneKey>;
}

/** Empty caches, in a heap of a given size in octets. */
export function makeCaches(
  config: Config,
  { clock, random, crypto }: Pick<Ports, 'clock' | 'random' | 'crypto'>,
  heapOctets?: number,
): Caches {
  const { sizes } = cacheSizes(config, heapOctets);
  // One question looks for the same names in all of these.
  const hash = new KeyHash(random);
  const failures = new FailureCache({ clock, maxBytes: FAILURE_CACHE_OCTETS });
  const rrsets = new RRsetCache({ clock, random, hash, maxBytes: sizes.rrsets });
  const delegations = new DelegationCache({ clock, random, hash, maxBytes: DELEGATION_CACHE_OCTETS });
  return {
    rrsets,
    answers: new AnswerCache({ clock, random, hash, rrsets, maxBytes: sizes.messages }),
    replies: new ReplyCache({ clock, random, maxBytes: sizes.messages }),
    keys: new KeyCache<ZoneKey>({
      ...{ clock, random, hash, maxBytes: sizes.keys },
      keyAgain: (packed) => zoneKeyAgain(packed, crypto),
    }),
    delegations,
    servers: new ServerCache({
      ...{ clock, options: serverCacheOptions(config) },
      onLineCut: (answeredAtMs) => delegations.takeBack(answeredAtMs),
      onLineBack: () => failures.removeWhere(({ why }) => 'failure' in why && isFromTimeout(why.failure)),
    }),
    failures,
    denials: new DenialCache({ clock, random, hash, maxBytes: sizes.denials }),
  };
}
