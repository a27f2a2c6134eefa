/**
 * What a denial proof is made of: NSEC or NSEC3 records whose signatures were verified, and the question that they answer.
 */

import type { Name } from '../wire/name.ts';
import type { TypeBitmap } from '../wire/type-bitmap.ts';
import type { HashParameters } from './nsec3-hash.ts';

/** One verified NSEC or NSEC3 record. */
export interface DenialRecord {
  readonly owner: Name;
  readonly rdata: Uint8Array;
  /**
   * Labels field of the RRSIG that verified it. A record whose owner has more labels was expanded from a wildcard and
   * denies nothing at that owner (CVE-2017-15105): the proofs leave it out.
   */
  readonly signatureLabels: number;
  /** What an NSEC3 record says for the zone `readFor`, where that was read already; null: nothing. `nsec3SpanOf` gives it. */
  readonly span?: Nsec3Span | null;
  /** The zone whose keys verified it: `span` holds for no other. */
  readonly readFor?: Name;
}

/** One NSEC3 record that speaks for the zone. */
export interface Nsec3Span {
  readonly parameters: HashParameters;
  /** Hash of its owner. */
  readonly hash: Uint8Array;
  /** Hash of the next owner of the chain. */
  readonly next: Uint8Array;
  readonly isOptOut: boolean;
  readonly types: TypeBitmap;
}

/** What a proof is about. */
export interface DeniedQuestion {
  readonly name: Name;
  readonly type: number;
}
