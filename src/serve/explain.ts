/** Explains an ending: the extended errors (RFC 8914) of a reply, and the reason in words for a log line. */

import { edeOf, edesOfFailure } from '../terms/ede-of.ts';
import { failureText } from '../terms/failure-text.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import { verdictText } from '../terms/verdict-text.ts';
import { EDE, type ExtendedError } from '../wire/ede.ts';
import { RCODE } from '../wire/rcode.ts';

const OUT_OF_TIME: ReadonlySet<number> = new Set([EDE.SIGNATURE_EXPIRED, EDE.SIGNATURE_NOT_YET_VALID]);

/**
 * The extended errors that belong to a resolution, the most telling first; none when there is nothing to explain.
 * `addsStaleEde`: that data has expired is said as well (ede-serve-expired).
 */
export function extendedErrorsOf(resolution: Resolution, addsStaleEde: boolean): readonly ExtendedError[] {
  if (resolution.kind === 'failed') return edesOfFailure(resolution.why);
  const error = resolution.verdict === null ? null : edeOf(resolution.verdict);
  const stale = addsStaleEde && resolution.isStale === true ? [staleError(resolution)] : [];
  return error === null ? stale : [...stale, error];
}

/** The errors with a hint beside those that say a signature is out of time (RFC 8914 §4.8, §4.9). */
export function withClockHint(errors: readonly ExtendedError[], hint: string | null): readonly ExtendedError[] {
  if (hint === null) return errors;
  return errors.map((error) => (OUT_OF_TIME.has(error.code) ? { ...error, text: `${error.text}; ${hint}` } : error));
}

/** RFC 8914 §4.4 and §4.20. */
function staleError({ rcode }: Answered): ExtendedError {
  return { code: rcode === RCODE.NXDOMAIN ? EDE.STALE_NXDOMAIN_ANSWER : EDE.STALE_ANSWER, text: '' };
}

/** Why there is no good answer, in words. */
export function reasonText(resolution: Resolution): string {
  if (resolution.kind === 'failed') return failureText(resolution.why);
  return resolution.verdict === null ? 'unchecked' : verdictText(resolution.verdict);
}
