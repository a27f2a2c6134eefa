/**
 * How much costly work one turn of the event loop does, all validations together: however many clients an attacker's
 * questions come from, cached answers wait for no more than that (KeyTrap, CVE-2023-50387; NSEC3, CVE-2023-50868).
 *
 * Leaves to others: how much one client query may spend (work/budget.ts).
 */

import type { Clock } from '../ports/clock.ts';

/** The pace of one validator. */
export class Pace {
  readonly #clock: Clock;
  readonly #perTurn: number;
  #spent = 0;
  #turn: Promise<void> | null = null;

  /** `perTurn`: units of work in one turn. */
  constructor(clock: Clock, perTurn: number) {
    this.#clock = clock;
    this.#perTurn = perTurn;
  }

  /** Takes `cost` units: at once when this turn has room for them, else in the first turn that has. */
  async take(cost: number): Promise<void> {
    while (this.#spent > 0 && this.#spent + cost > this.#perTurn) await this.#nextTurn();
    this.#spent += cost;
    // Armed by whoever begins a turn: the next one starts from nothing.
    void this.#nextTurn();
  }

  #nextTurn(): Promise<void> {
    this.#turn ??= this.#clock.nextTurn().then(() => {
      this.#spent = 0;
      this.#turn = null;
    });
    return this.#turn;
  }
}
