/**
 * Budget: one ledger of work limits for one client query, inherited by everything that the query starts, so that no
 * restart and no sub-query resets it (CAMP, NXNS; CVE-2026-50045 was such a reset).
 */

import type { Limit } from '../terms/limit.ts';

/** What no directive sets: what Unbound allows, so that comparisons are fair. */
export const FIXED_ALLOWANCE = {
  /** Address look-ups of server names for one client query (NXNSAttack, CVE-2020-12662). Unbound MAX_TARGET_COUNT. */
  'target-lookups': 64,
  /** Server names that turned out not to exist (NXNSAttack). Unbound MAX_TARGET_NX, widened for real delegations. */
  'target-nxdomains': 5,
  /** Signature checks for one client query, all zones together (KeyTrap, CVE-2023-50387). */
  'signature-checks': 400,
  /** NSEC3 hash calculations for one client query, counted with iterations (CVE-2023-50868). */
  'nsec3-hashes': 20_000,
} as const satisfies Partial<Record<Limit, number>>;

/** Limits that are counted for the client query as a whole. The others are counted where they apply. */
type Spendable = keyof Allowance;

/** How much of each may be spent for one client query. */
export interface Allowance extends Readonly<Record<keyof typeof FIXED_ALLOWANCE, number>> {
  /** Queries to servers (`max-global-quota`). */
  readonly 'upstream-queries': number;
  /** CNAME and DNAME restarts (`max-query-restarts`). */
  readonly aliases: number;
}

export class Budget {
  readonly #left: Record<Spendable, number>;
  /** First limit that ran out, for the failure's reason; null while all is well. */
  exhausted: Spendable | null = null;

  constructor(allowance: Allowance) {
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

  left(limit: Spendable): number {
    return this.#left[limit];
  }
}
