/**
 * Validation of one answer: what DNSSEC says of what iteration found.
 *
 * Duties: dispatch by kind of answer; one verdict for the whole.
 * Leaves to others: the single checks (dnssec), how chain data is got (the fetch that it is given).
 */

import type { KeyCache } from '../cache/key-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { ZoneKey } from '../dnssec/dnskey.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { Found } from '../terms/found.ts';
import { Bug } from '../terms/unreachable.ts';
import type { Verdict } from '../terms/verdict.ts';
import type { Counters } from '../trace/counters.ts';
import type { Fetch } from '../work/fetch.ts';
import type { Work } from '../work/work.ts';
import type { ValidateOptions } from './options.ts';
import type { TrustAnchors } from './trust-anchors.ts';

/** Data that iteration found. */
export type FoundOk = Extract<Found, { readonly kind: 'found' }>;

/** What the validator is made of. */
export interface ValidateParts {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly rrsets: RRsetCache;
  readonly keys: KeyCache<ZoneKey>;
  readonly fetch: Fetch;
  readonly anchors: TrustAnchors;
  readonly options: ValidateOptions;
  readonly counters: Counters;
}

/** What came of it. */
export interface Validated {
  /** Of answer and authority together (RFC 4035 §3.2.3). */
  readonly verdict: Verdict;
  /** The same data: RRsets with their verdicts, TTLs capped (RFC 4035 §5.3.3), unproven extras left out. */
  readonly found: FoundOk;
  /** Servers (`ip@port`) whose data made it bogus. */
  readonly badServers: readonly string[];
}

/** Judges what was found. Rejects only by cancellation. */
export type Validate = (work: Work, found: FoundOk) => Promise<Validated>;

/** Makes the validator. */
export function createValidate(parts: ValidateParts): Validate {
  return () => Promise.reject(new Bug('not built', { parts }));
}
