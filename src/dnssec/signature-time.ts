/**
 * The second at which signatures are checked (`val-override-date`): one type and one reading of it for every place that looks
 * at the times of an RRSIG, so that none takes "not at all" for a date.
 */

import { serialDifference } from '../wire/serial.ts';

/** Which second counts. */
export type SignatureTime =
  /** The clock's: without configuration. */
  | { readonly kind: 'clock' }
  /** One second for all, unix. */
  | { readonly kind: 'fixed'; readonly unixSeconds: number }
  /** Times of signatures are not looked at (`val-override-date: -1`). */
  | { readonly kind: 'ignored' };

/** The clock's second, as without configuration. */
export const BY_THE_CLOCK: SignatureTime = { kind: 'clock' };

/**
 * The second at which one signature is checked, unix. `now` is the clock's second, `inception` the signature's: where times
 * are not looked at, each signature is checked at its own first second.
 */
export function checkedAt(time: SignatureTime, now: number, inception: number): number {
  switch (time.kind) {
    case 'clock':
      return now;
    case 'fixed':
      return time.unixSeconds;
    case 'ignored':
      return inception;
    default:
      return time satisfies never;
  }
}

/** Seconds that a signature has left until its expiration; below 0 when it is over, infinite where times are not looked at. */
export function secondsLeft(time: SignatureTime, now: number, expiration: number): number {
  if (time.kind === 'ignored') return Number.POSITIVE_INFINITY;
  // RFC 4034 §3.1.5: times are compared in serial arithmetic.
  return serialDifference(expiration, checkedAt(time, now, 0));
}
