/**
 * Prefetch: when an answer that is asked for is fetched again before it expires, what a refresh counts as expired, and keys that
 * are fetched before somebody needs them.
 */

import type { IterateParts } from '../iterate/parts.ts';
import { questionOf } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { Background } from '../work/background.ts';
import type { Fetch } from '../work/fetch.ts';

/**
 * Seconds after an answer's expiry that what a refresh rests on must still hold, so that a delegation that ends together
 * with the answer is asked for anew as well (Unbound PREFETCH_EXPIRY_ADD).
 */
const CARRY_SECONDS = 60;

/** From when on an answer kept at `now` is worth refreshing: in the last tenth of its life, as Unbound does. */
export function refreshTime(now: number, expiresAt: number): number {
  const life = Math.max(0, expiresAt - now);
  return now + life - Math.floor(life / 10);
}

/** Seconds that delegations must still hold for when an answer with so much life left is refreshed. */
export function secondsToCarry(secondsLeft: number): number {
  return Math.max(0, secondsLeft) + CARRY_SECONDS;
}

/** Fetches a zone's keys as soon as a referral says that it is signed (prefetch-key). */
export function keyPrefetch(fetch: Fetch, background: Background): NonNullable<IterateParts['prefetchKey']> {
  return (work, zone) => {
    background.start(() => fetch(work, questionOf(zone, TYPE.DNSKEY), { mode: 'for-validation' }));
  };
}
