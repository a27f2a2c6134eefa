/**
 * What it costs to find addresses of servers: the questions sent by all look-ups that one name causes, however they are
 * nested, so that delegations without glue that lead to each other cannot multiply them (NXNSAttack and its relatives).
 */

import type { Work } from '../work/work.ts';

/** Address look-ups above a work that are nested in each other; a validator's question starts anew. */
export function addressDepth(work: Work): number {
  let depth = 0;
  for (let at = work; at.parent !== null && at.mode !== 'for-validation'; at = at.parent) depth++;
  return depth;
}

/** The work above all nested address look-ups: what it may cost to find its servers is counted there. */
function askerOfAddresses(work: Work): Work {
  let at = work;
  while (at.parent !== null && at.mode !== 'for-validation') at = at.parent;
  return at;
}

/** The count. One for all questions; what is counted for a work goes with it. */
export class AddressQueries {
  readonly #most: number;
  readonly #sent = new WeakMap<Work, number>();

  /** `most`: `maxAddressQueries` of the options. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Counts anew for a work that begins with another name. */
  restart(work: Work): void {
    if (addressDepth(work) === 0) this.#sent.delete(work);
  }

  /** Counts a question of an address look-up; false when it may not be sent. Other works' questions are not counted. */
  spend(work: Work): boolean {
    if (addressDepth(work) === 0) return true;
    const asker = askerOfAddresses(work);
    const sent = this.#sent.get(asker) ?? 0;
    if (sent >= this.#most) return false;
    this.#sent.set(asker, sent + 1);
    return true;
  }
}
