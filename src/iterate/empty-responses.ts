/** Responses without any record: some servers say "no such data" so, others say it when they are broken. */

import type { DelegationPoint } from './delegation.ts';
import type { Response } from './read-response.ts';
import type { Choice } from './server-selection.ts';

/**
 * Responses without any record, of as many servers as there are, until that counts as "no such data" (Unbound
 * EMPTY_NODATA_RETRY_COUNT counts them of one server).
 */
const EMPTY_RESPONSES = 2;
/** Timeouts of every other server until an empty response is believed, and how slow a server may be to be asked, ms. */
const TIMEOUTS_BESIDE_EMPTY = 2;
const WAIT_BESIDE_EMPTY_MS = 1000;

/** True when two servers said nothing at all as an answer; one without AA speaks for no zone, and may not know it. */
export function confirmsEmpty(first: Response | null, second: Response, { isForward }: DelegationPoint): boolean {
  if (first?.classified.kind !== 'empty' || first.server === second.server) return false;
  return isForward || (first.isAuthoritative && second.isAuthoritative);
}

/** Which of what is spared and another empty response to spare: that with AA among empty ones. */
export function betterEmpty(fallback: Response | null, empty: Response): Response {
  return fallback === null || (fallback.classified.kind === 'empty' && !fallback.isAuthoritative) ? empty : fallback;
}

/** True when the server left to ask has given as bad a response before as the one that is there, or may not give any. */
export function isNoBetter(fallback: Response, { candidate, cost }: Choice, emptyResponses: number): boolean {
  if (candidate.isDnssecLame) return true;
  if (fallback.classified.kind !== 'empty') return false;
  if (candidate.wasEmpty) return emptyResponses >= EMPTY_RESPONSES;
  return candidate.timeouts >= TIMEOUTS_BESIDE_EMPTY || cost > WAIT_BESIDE_EMPTY_MS;
}
