/** Zone cuts as parents tell of them. */

import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { DelegationSource } from '../trace/events.ts';
import type { Name } from '../wire/name.ts';

/** A server of a delegation, with the addresses that came with it (canonical text). */
export interface DelegatedServer {
  readonly name: Name;
  readonly addresses: readonly string[];
}

/** A zone cut with its servers. */
export interface Delegation {
  readonly zone: Name;
  readonly servers: readonly DelegatedServer[];
  readonly source: DelegationSource;
  /** When it was learned, unix seconds. */
  readonly receivedAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** True when a DS set came with the referral: answers should carry signatures. */
  readonly hasDs: boolean;
  /** NSEC and NSEC3 sets that came with a referral without DS: what the parent says of there being none, unchecked. */
  readonly denial?: readonly RankedRRset[];
}
