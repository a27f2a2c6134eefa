/** Responses without any record: some servers say "no such data" so, others say it when they are broken. */

import type { DelegationPoint } from './delegation.ts';
import type { Response } from './read-response.ts';

/** True when two servers said nothing at all as an answer; one without AA speaks for no zone, and may not know it. */
export function confirmsEmpty(first: Response | null, second: Response, { isForward }: DelegationPoint): boolean {
  if (first?.classified.kind !== 'empty' || first.server === second.server) return false;
  return isForward || (first.isAuthoritative && second.isAuthoritative);
}

/** Which of what is spared and another empty response to spare: that with AA among empty ones. */
export function betterEmpty(fallback: Response | null, empty: Response): Response {
  return fallback === null || (fallback.classified.kind === 'empty' && !fallback.isAuthoritative) ? empty : fallback;
}
