/** Failures: why a resolution has no answer at all. Each becomes SERVFAIL (or REFUSED) with an extended error. */

import type { Limit } from './limit.ts';
import { unreachable } from './unreachable.ts';

/** Why there is no answer. `zone` is presentation text of the zone whose servers failed. */
export type Failure =
  /**
   * No server of the zone answered in time. EDE 22, or 23 when there were network errors; no way to an address that no
   * public server can have (private, documentation) is none: there the delegation is what must be mended.
   */
  | {
      readonly kind: 'no-reachable-server';
      readonly zone: string;
      readonly networkError: boolean;
      /** All its addresses are such. */
      readonly isNotPublic?: boolean;
      readonly tried: string;
      /** Servers that were not asked, since too many had failed for one question; absent: none. */
      readonly untried?: number;
    }
  /** This host could not open sockets to ask the servers of the zone. EDE 23. */
  | { readonly kind: 'no-sockets'; readonly zone: string }
  /** Servers answered, but none serves the zone usably (lame, REFUSED, SERVFAIL, malformed). EDE 22. */
  | {
      readonly kind: 'all-servers-lame';
      readonly zone: string;
      readonly tried: string;
      /** As above. */
      readonly untried?: number;
    }
  /** The delegation has no usable server address at all. EDE 22. */
  | { readonly kind: 'no-server-addresses'; readonly zone: string }
  /** A budget of the client query ran out. EDE 0 with text. */
  | { readonly kind: 'limit'; readonly limit: Limit }
  /** A CNAME or DNAME chain that comes back to itself. EDE 0 with text. */
  | { readonly kind: 'alias-loop'; readonly at: string }
  /** Works that would wait for each other for ever (TsuNAME). EDE 22 with text. */
  | { readonly kind: 'dependency-cycle' }
  /** The work's deadline passed. `record`: what was asked, where that is known. EDE 22. */
  | { readonly kind: 'deadline'; readonly record?: string }
  /** Stopped, reloaded or thrown out under load. EDE 0 with text. */
  | { readonly kind: 'cancelled' }
  /** As many questions are in progress as may be (num-queries-per-thread) and none is old enough to give way. */
  | { readonly kind: 'overload' }
  /** The servers of the zone are asked as often as they may be (ratelimit). EDE 0 with text. */
  | { readonly kind: 'rate-limited'; readonly zone: string }
  /** The local copy of the zone cannot be used now, and its servers may not be asked instead. EDE 24. */
  | { readonly kind: 'zone-unusable'; readonly zone: string }
  /** A failure remembered from a short time ago (RFC 9520). EDE 13 and the code of what failed. */
  | { readonly kind: 'cached-failure'; readonly of: Failure };

/** What a failure tells about, and so for whom it is true. */
type FailureScope =
  /** The name and its servers: true for everybody who asks. */
  | 'question'
  /** Time or a budget that ran out: another caller may have more of it, but a client who asks the same meets the same. */
  | 'one-try'
  /** The work that ran and what it met in this process: says nothing to anybody else. */
  | 'caller'
  /** Known already: no news. */
  | 'remembered';

/** What a failure tells about. */
export function failureScope({ kind }: Failure): FailureScope {
  switch (kind) {
    case 'no-reachable-server':
    case 'all-servers-lame':
    case 'no-server-addresses':
    case 'alias-loop':
      return 'question';
    case 'deadline':
    case 'limit':
      return 'one-try';
    case 'cancelled':
    case 'dependency-cycle':
    case 'no-sockets':
    case 'overload':
    case 'rate-limited':
    case 'zone-unusable':
      return 'caller';
    case 'cached-failure':
      return 'remembered';
    default:
      return unreachable(kind);
  }
}

/**
 * True for a failure that who waited for another's work does not take, but starts again by itself. Clients have the same time and limits,
 * so that one takes what ran out for another; a work may have more left than the one that it waited for.
 */
export function isCallerSpecific(failure: Failure, waiter: 'client' | 'work'): boolean {
  const scope = failureScope(failure);
  return scope === 'caller' || (scope === 'one-try' && waiter === 'work');
}

/**
 * True for a failure of a client's question that is kept (RFC 9520 §2.1 and §3.2): time or limits that ran out for one client
 * do so for the next as well, so they must not be spent again for every client that asks.
 */
export function isKeptFailure(failure: Failure): boolean {
  const scope = failureScope(failure);
  return scope === 'question' || scope === 'one-try';
}

/** True when silence of servers led to it: while the own line was cut, that was about the line and not about the name. */
export function isFromTimeout({ kind }: Failure): boolean {
  switch (kind) {
    case 'no-reachable-server':
    case 'no-server-addresses':
    case 'deadline':
    case 'limit':
      return true;
    case 'all-servers-lame':
    case 'alias-loop':
    case 'cancelled':
    case 'dependency-cycle':
    case 'no-sockets':
    case 'overload':
    case 'rate-limited':
    case 'zone-unusable':
    case 'cached-failure':
      return false;
    default:
      return unreachable(kind);
  }
}
