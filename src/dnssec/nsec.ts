/** Denial proofs by NSEC records (RFC 4035 §5.4, RFC 6840 §4, RFC 9824). */

import type { DenialOutcome, WildcardOutcome } from '../terms/denial-outcome.ts';
import { Bug } from '../terms/unreachable.ts';
import type { Name } from '../wire/name.ts';
import type { DenialRecord, DeniedQuestion } from './denial-record.ts';

/**
 * What verified NSEC records of `zone` (its keys made the signatures) prove of `question`: `nxdomain`, `nodata`,
 * `wildcard-nodata`; for type DS also `no-ds` and `no-cut`; else `not-proven`. The caller compares with the rcode.
 */
export function proveByNsec(question: DeniedQuestion, records: readonly DenialRecord[], zone: Name): DenialOutcome {
  throw new Bug('not built', { question, records, zone });
}

/**
 * Whether the records prove that `name`, answered from the wildcard below its ancestor of `closestEncloserLabels` labels
 * (the RRSIG's labels field), does not exist itself (RFC 4035 §5.3.4).
 */
export function proveWildcardByNsec(
  name: Name,
  closestEncloserLabels: number,
  records: readonly DenialRecord[],
  zone: Name,
): WildcardOutcome {
  throw new Bug('not built', { name, closestEncloserLabels, records, zone });
}
