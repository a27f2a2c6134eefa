/**
 * How much costly work one turn of the event loop does, in the order in which it came: however much is to be done at once
 * (servers' answers by the hundred; KeyTrap, CVE-2023-50387; NSEC3, CVE-2023-50868), cached answers wait for no more than a
 * turn's share.
 *
 * Leaves to others: how much work there may be at all (budgets, limits on questions), what a unit is.
 */

import type { Clock } from '../ports/clock.ts';

/** Who waits for a later turn, and needs no promise for it. What `goOn` throws, a bug, keeps nobody else from going on. */
export interface TurnWaiter {
  goOn(): void;
}

/** Work that waits for a later turn. */
interface WaitingWork {
  readonly cost: number;
  readonly waiter: TurnWaiter;
}

/** The share of one kind of work. */
export class TurnLimiter {
  readonly #clock: Clock;
  readonly #perTurn: number;
  #taken = 0;
  readonly #waiting: WaitingWork[] = [];

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
    return this.#takeNow(cost) ? null : new Promise((goOn) => this.#wait(cost, { goOn }));
  }

  /** The same for who is told: true when it may be done at once, else `goOn` is called when it may. */
  takeFor(waiter: TurnWaiter, cost: number): boolean {
    if (this.#takeNow(cost)) return true;
    this.#wait(cost, waiter);
    return false;
  }

  #takeNow(cost: number): boolean {
    const share = Math.min(this.#perTurn, cost);
    if (this.#waiting.length > 0 || (this.#taken > 0 && this.#taken + share > this.#perTurn)) return false;
    if (this.#taken === 0) this.#clock.inTurn(this.#endTurn);
    this.#taken += share;
    return true;
  }

  #wait(cost: number, waiter: TurnWaiter): void {
    this.#waiting.push({ cost: Math.min(this.#perTurn, cost), waiter });
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
    this.#release(this.#waiting.splice(0, count));
  };

  #release(released: readonly WaitingWork[]): void {
    let next = 0;
    try {
      while (next < released.length) released[next++]?.waiter.goOn();
    } finally {
      if (next < released.length) this.#waiting.unshift(...released.slice(next));
    }
  }
}
