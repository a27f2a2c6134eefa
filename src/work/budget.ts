/**
 * Budget: one ledger of work limits for one client query, inherited by everything that the query starts, so that no
 * restart and no sub-query resets it (CAMP, NXNS; CVE-2026-50045 was such a reset).
 */

import type { Limit } from '../terms/limit.ts';

/** The first values: what Unbound allows, so that comparisons are fair. */
export const DEFAULT_ALLOWANCE = {
  /** Upstream queries for one client query. Unbound `max-global-quota`. */
  'upstream-queries': 200,
  /** Address look-ups of server names for one client query (NXNSAttack, CVE-2020-12662). Unbound MAX_TARGET_COUNT. */
  'target-lookups': 64,
  /** Server names that turned out not to exist (NXNSAttack). Unbound MAX_TARGET_NX, widened for real delegations. */
  'target-nxdomains': 5,
  /** CNAME and DNAME restarts. Unbound `max-query-restarts`. */
  aliases: 11,
  /** Signature checks for one client query, all zones together (KeyTrap, CVE-2023-50387). */
  'signature-checks': 400,
  /** NSEC3 hash calculations for one client query, counted with iterations (CVE-2023-50868). */
  'nsec3-hashes': 20_000,
} as const satisfies Partial<Record<Limit, number>>;

/** Limits that are counted for the client query as a whole. The others are counted where they apply. */
type Spendable = keyof typeof DEFAULT_ALLOWANCE;

/** How much of each may be spent. */
export type Allowance = Readonly<Record<Spendable, number>>;

export class Budget {
  readonly #left: Record<Spendable, number>;
  /** First limit that ran out, for the failure's reason; null while all is well. */
  exhausted: Spendable | null = null;

  constructor(allowance: Allowance = DEFAULT_ALLOWANCE) {
    this.#left = { ...allowance };
  }

  /** Takes `amount` from the budget; false when it is used up (nothing is taken then, and `exhausted` says which). */
  spend(limit: Spendable, amount = 1): boolean {
    if (this.#left[limit] < amount) {
      this.exhausted ??= limit;
      return false;
    }
    this.#left[limit] -= amount;
    return true;
  }

  /** What is left. */
  left(limit: Spendable): number {
    return this.#left[limit];
  }
}
