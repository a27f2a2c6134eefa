/**
 * A denial that follows from known records, which are shown where they lie: it is good until any cache is changed, and for no other
 * turn of the event loop.
 */

import type { Question } from '../wire/question.ts';
import type { PlacedRRset } from '../wire/rrset.ts';
import type { FinalAnswer } from './iteration-result.ts';

export interface ProvenDenial {
  readonly kind: 'nxdomain' | 'nodata';
  /** Where in the question's name that of the zone begins whose records they are. */
  readonly zoneAt: number;
  /** Of all records, unix seconds. */
  readonly expiresAt: number;
  /** The zone's SOA, then the NSEC or NSEC3 records. */
  readonly sets: readonly PlacedRRset[];
  /** The same with records of its own. */
  asAnswer(question: Question): FinalAnswer;
}
