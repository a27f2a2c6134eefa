/**
 * What a denial proof is made of: NSEC or NSEC3 records whose signatures were verified, and the question that they answer.
 */

import type { Name } from '../wire/name.ts';

/** One verified NSEC or NSEC3 record. */
export interface DenialRecord {
  readonly owner: Name;
  readonly rdata: Uint8Array;
  /**
   * Labels field of the RRSIG that verified it. A record whose owner has more labels was expanded from a wildcard and
   * denies nothing at that owner (CVE-2017-15105): the proofs leave it out.
   */
  readonly signatureLabels: number;
}

/** What a proof is about. */
export interface DeniedQuestion {
  readonly name: Name;
  readonly type: number;
}
