/** Denial proofs by NSEC3 records (RFC 5155 §8, RFC 9276). */

import type { DenialOutcome, WildcardOutcome } from '../terms/denial-outcome.ts';
import { Bug } from '../terms/unreachable.ts';
import type { Name } from '../wire/name.ts';
import type { DenialRecord, DeniedQuestion } from './denial-record.ts';
import type { Nsec3Hasher } from './nsec3-hash.ts';

/** What NSEC3 proofs need beside the records. */
export interface Nsec3Means {
  readonly hasher: Nsec3Hasher;
  /** Most iterations (RFC 9276 §3.2). Default 150, as `val-nsec3-keysize-iterations`. */
  readonly maxIterations: number;
}

/**
 * What verified NSEC3 records of `zone` prove of `question`: `nxdomain`, `nodata`, `wildcard-nodata`, `opt-out`,
 * `iterations-too-high`, `hash-budget`; for type DS also `no-ds` and `no-cut`; else `not-proven`.
 */
export function proveByNsec3(
  question: DeniedQuestion,
  records: readonly DenialRecord[],
  zone: Name,
  means: Nsec3Means,
): DenialOutcome {
  throw new Bug('not built', { question, records, zone, means });
}

/** What a wildcard answer needs proven. */
export interface WildcardAnswer {
  readonly name: Name;
  /** Labels field of the answer's RRSIG: the closest encloser has this many labels. */
  readonly closestEncloserLabels: number;
}

/** Whether the records prove that `answer.name` does not exist itself (RFC 5155 §8.8). */
export function proveWildcardByNsec3(
  answer: WildcardAnswer,
  records: readonly DenialRecord[],
  zone: Name,
  means: Nsec3Means,
): WildcardOutcome {
  throw new Bug('not built', { answer, records, zone, means });
}
