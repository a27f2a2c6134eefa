/**
 * A denial that follows from known records, which are shown where they lie: it is good until any cache is changed, and for no other
 * turn of the event loop.
 */

import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import type { PlacedRRset } from '../wire/rrset.ts';
import type { FinalAnswer } from './iteration-result.ts';

export interface ProvenDenial {
  readonly kind: 'nxdomain' | 'nodata';
  /** The zone whose records they are; it is above the question's name, or that. */
  readonly zone: Name;
  /** Of all records, unix seconds. */
  readonly expiresAt: number;
  /** The zone's SOA, then the NSEC or NSEC3 records. */
  readonly sets: readonly PlacedRRset[];
  /** The same with records of its own. */
  asAnswer(question: Question): FinalAnswer;
}
