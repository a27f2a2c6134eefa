/**
 * Explains an ending: the extended error (RFC 8914) of a reply, and the reason in words for a log line.
 *
 * Leaves to others: what each verdict is called (terms/ede-of.ts, terms/verdict-text.ts).
 */

import type { Failure } from '../terms/failure.ts';
import { LIMIT_TEXT } from '../terms/limit.ts';
import type { Resolution } from '../terms/resolution.ts';
import { unreachable } from '../terms/unreachable.ts';
import type { Verdict } from '../terms/verdict.ts';
import { EDE, type ExtendedError } from '../wire/ede.ts';

/** The extended error that belongs to a resolution; null when there is nothing to explain. */
export function extendedErrorOf(resolution: Resolution): ExtendedError | null {
  if (resolution.kind === 'failed') return { code: failureCode(resolution.why), text: textOfFailure(resolution.why) };
  return resolution.verdict === null ? null : errorOfVerdict(resolution.verdict);
}

/** Why there is no good answer, in words; empty when there is one. */
export function failureText(resolution: Resolution): string {
  if (resolution.kind === 'failed') return textOfFailure(resolution.why);
  return resolution.verdict === null ? '' : (errorOfVerdict(resolution.verdict)?.text ?? '');
}

function errorOfVerdict(verdict: Verdict): ExtendedError | null {
  if (verdict.status === 'bogus') return { code: EDE.DNSSEC_BOGUS, text: verdict.why.kind };
  if (verdict.status === 'indeterminate') return { code: EDE.DNSSEC_INDETERMINATE, text: verdict.why.kind };
  return null;
}

function failureCode(why: Failure): number {
  switch (why.kind) {
    case 'no-reachable-server':
      return why.networkError ? EDE.NETWORK_ERROR : EDE.NO_REACHABLE_AUTHORITY;
    case 'all-servers-lame':
    case 'no-server-addresses':
    case 'dependency-cycle':
    case 'deadline':
      return EDE.NO_REACHABLE_AUTHORITY;
    case 'limit':
    case 'alias-loop':
    case 'cancelled':
      return EDE.OTHER;
    case 'overload':
      return EDE.OVER_QUOTA;
    case 'not-allowed':
      return EDE.PROHIBITED;
    case 'cached-failure':
      return EDE.CACHED_ERROR;
    default:
      return unreachable(why);
  }
}

function textOfFailure(why: Failure): string {
  switch (why.kind) {
    case 'no-reachable-server':
      return `no server of ${why.zone} could be reached${tried(why.tried)}`;
    case 'all-servers-lame':
      return `no server of ${why.zone} gives a usable answer${tried(why.tried)}`;
    case 'no-server-addresses':
      return `no server of ${why.zone} has an address`;
    case 'limit':
      return LIMIT_TEXT[why.limit];
    case 'alias-loop':
      return `the aliases come back to ${why.at}`;
    case 'dependency-cycle':
      return 'the servers of two zones can be found only through each other';
    case 'deadline':
      return LIMIT_TEXT['wall-time'];
    case 'cancelled':
      return 'the question was given up';
    case 'overload':
      return 'too many questions in progress (num-queries-per-thread)';
    case 'not-allowed':
      return why.text;
    case 'cached-failure':
      return `failed a short time ago: ${textOfFailure(why.of)}`;
    default:
      return unreachable(why);
  }
}

function tried(servers: string): string {
  return servers === '' ? '' : `: ${servers}`;
}
