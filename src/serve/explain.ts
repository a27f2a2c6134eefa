/** Explains an ending: the extended errors (RFC 8914) of a reply, and the reason in words for a log line. */

import { edeOf, edesOfFailure } from '../terms/ede-of.ts';
import { failureText } from '../terms/failure-text.ts';
import type { Resolution } from '../terms/resolution.ts';
import { verdictText } from '../terms/verdict-text.ts';
import type { ExtendedError } from '../wire/ede.ts';

/** The extended errors that belong to a resolution, the most telling first; none when there is nothing to explain. */
export function extendedErrorsOf(resolution: Resolution): readonly ExtendedError[] {
  if (resolution.kind === 'failed') return edesOfFailure(resolution.why);
  const error = resolution.verdict === null ? null : edeOf(resolution.verdict);
  return error === null ? [] : [error];
}

/** Why there is no good answer, in words. */
export function reasonText(resolution: Resolution): string {
  if (resolution.kind === 'failed') return failureText(resolution.why);
  return resolution.verdict === null ? 'unchecked' : verdictText(resolution.verdict);
}
