/** An RRset owned by a work in flight, with what is known about it. Does not depend on the cache still having it. */

import type { Name } from '../wire/name.ts';
import type { RRset } from '../wire/rrset.ts';
import { RANK, type Rank } from './rank.ts';
import type { Verdict } from './verdict.ts';

/** Bytes of an RRset plus time, rank, verdict and source. */
export interface RankedRRset {
  readonly rrset: RRset;
  /** When it came from its server, unix seconds; where that is not known (a dump, a store that hosts share), when it was taken. */
  readonly receivedAt: number;
  /** When the data stops being usable, unix seconds. TTL to serve = expiresAt - now. */
  readonly expiresAt: number;
  /** TTL as it came (after caps), seconds: for prefetch and for `serve-original-ttl`. */
  readonly originalTtl: number;
  readonly rank: Rank;
  /** Null: not checked yet. */
  readonly verdict: Verdict | null;
  /** Server that it came from (`ip@port`), to avoid it when the data is bogus; null when local or unknown. */
  readonly server: string | null;
  /** Zone cut whose servers gave it; null when configured. */
  readonly zone: Name | null;
  /** From servers whose words no cache may keep (stub-no-cache, forward-no-cache). */
  readonly notKept?: true;
  /** Beyond the share of the cache that one response may fill: in use, but not kept, whatever becomes known of it. */
  readonly leftOut?: true;
}

/** A set of configuration or of a local copy, in the form of what servers gave. `zone`: null where it is of none; `now`: unix seconds. */
export function configuredSet(rrset: RRset, ttl: number, zone: Name | null, now: number): RankedRRset {
  const times = { receivedAt: now, expiresAt: now + ttl, originalTtl: ttl };
  return { rrset, ...times, rank: RANK.configured, verdict: null, server: null, zone };
}
