/** What has been tried for one work of the resolver, and whom it is not to ask again. */

import type { FoundResult } from '../terms/iteration-result.ts';
import type { Answered } from '../terms/resolution.ts';
import type { Verdict } from '../terms/verdict.ts';
import { isRemembered as isFromMemory, MEMORY } from '../validate/ask-chain.ts';
import type { Validated } from '../validate/validate-answer.ts';
import { isOnlyAlong } from './outcome.ts';

/** The caches have no answer to give at once. */
export interface Miss {
  readonly kind: 'miss';
  /** Data that iteration fetched for itself and that nobody has validated yet; null: none. */
  readonly unchecked: FoundResult | null;
}

const NOBODY: ReadonlySet<string> = new Set();

export class Tries {
  /** What `look` said when the client asked; null: the caches were not asked. */
  readonly miss: Miss | null;
  /** Delegations that do not hold for so many seconds more are asked for anew. */
  readonly expiryMarginSeconds: number;
  /** Servers whose data was bad. */
  avoid: ReadonlySet<string> = NOBODY;
  /** The last answer, a bogus one. */
  best: Answered | null = null;
  restarts = 0;
  /** Signed addresses that came along with another answer may be the answer, once they are proven. */
  mayUseAlong = true;
  /** When the last one began, unix seconds. */
  askedAt = 0;

  constructor(miss: Miss | null, expiryMarginSeconds: number) {
    this.miss = miss;
    this.expiryMarginSeconds = expiryMarginSeconds;
  }

  /** Dismisses what only came along and is not proven: the servers are asked for it instead. False: it may be the answer. */
  dismissUnproven(found: FoundResult, { status }: Verdict): boolean {
    if (!this.mayUseAlong || status === 'secure' || !isOnlyAlong(found)) return false;
    this.mayUseAlong = false;
    return true;
  }
}

/** Whom not to ask again: before a server is blamed for data that was remembered, the servers are asked anew (RFC 4035 §4.7). */
export function blamedFor(found: FoundResult, { badServers }: Validated, { avoid, askedAt }: Tries): readonly string[] {
  const mayBeOld = badServers.length > 0 && !avoid.has(MEMORY) && isFromMemory(found, askedAt);
  return mayBeOld ? [MEMORY] : badServers;
}
