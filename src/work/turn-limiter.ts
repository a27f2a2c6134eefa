/**
 * How much costly work one turn of the event loop does, in the order in which it came: however much is to be done at once
 * (servers' answers by the hundred; KeyTrap, CVE-2023-50387; NSEC3, CVE-2023-50868), cached answers wait for no more than a
 * turn's share.
 *
 * Leaves to others: how much work there may be at all (budgets, limits on questions), what a unit is.
 */

import type { Clock } from '../ports/clock.ts';

/** Work that waits for a later turn. */
interface WaitingWork {
  readonly cost: number;
  readonly release: () => void;
}

/** The share of one kind of work. */
export class TurnLimiter {
  readonly #clock: Clock;
  readonly #perTurn: number;
  #taken = 0;
  #waiting: WaitingWork[] = [];

  /** `perTurn`: units of work in one turn. */
  constructor(clock: Clock, perTurn: number) {
    this.#clock = clock;
    this.#perTurn = perTurn;
  }

  /**
   * Asks for leave to do work of `cost` units: null when it may be done at once, else what resolves when it may. Work that
   * costs more than a turn's share has a turn alone.
   */
  take(cost: number): Promise<void> | null {
    const share = Math.min(this.#perTurn, cost);
    if (this.#waiting.length > 0 || (this.#taken > 0 && this.#taken + share > this.#perTurn)) {
      return new Promise((release) => this.#waiting.push({ cost: share, release }));
    }
    if (this.#taken === 0) this.#clock.inTurn(this.#endTurn);
    this.#taken += share;
    return null;
  }

  readonly #endTurn = (): void => {
    this.#taken = 0;
    if (this.#waiting.length === 0) return;
    let count = 0;
    for (const { cost } of this.#waiting) {
      if (count > 0 && this.#taken + cost > this.#perTurn) break;
      this.#taken += cost;
      count++;
      if (this.#taken >= this.#perTurn) break;
    }
    this.#clock.inTurn(this.#endTurn);
    for (const { release } of this.#waiting.splice(0, count)) release();
  };
}
