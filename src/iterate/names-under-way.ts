/**
 * Which names servers are being asked about: who would only ask whether a name is a cut waits for whoever asks about it already.
 *
 * A mail server asks for MX, A, AAAA and TLSA of one domain within a moment, and each of them would ask the servers above for the
 * same minimised name (RFC 9156). What comes back tells all of them: a referral, or that the name is no cut.
 *
 * Duties: one entry for each name while one exchange about it lasts. An exchange waits for no other question, so that waiting for
 * one closes no circle. Leaves to others: what is learned (delegation cache), how often one waits (iterative-query.ts).
 */

import type { Clock } from '../ports/clock.ts';
import { type Name, nameKey, namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { waitFor } from '../work/wait.ts';
import type { Work } from '../work/work.ts';

/** Somebody asks servers of a zone about a name. */
export interface UnderWay {
  readonly zone: Name;
  /** Called when it is over. */
  readonly waiting: (() => void)[];
}

export class NamesUnderWay {
  readonly #byName = new Map<string, UnderWay>();

  /**
   * Notes that servers of the zone are asked; `end` is owed when what they said has been kept. Null: nobody is to wait for this
   * question, as another about the name is under way, or as it is one for DS, which says nothing about servers.
   */
  begin(zone: Name, { name, type }: Question): { readonly end: () => void } | null {
    const key = nameKey(name);
    if (type === TYPE.DS || this.#byName.has(key)) return null;
    const underWay: UnderWay = { zone, waiting: [] };
    this.#byName.set(key, underWay);
    const end = (): void => {
      this.#byName.delete(key);
      for (const wake of underWay.waiting) wake();
    };
    return { end };
  }

  /** Who asks servers of the zone about the name; null: nobody. */
  find(zone: Name, name: Name): UnderWay | null {
    const underWay = this.#byName.get(nameKey(name));
    return underWay !== undefined && namesEqual(underWay.zone, zone) ? underWay : null;
  }
}

/** Waits until the other has its answer, or none. Rejects with `Cancelled` only. */
export async function waitForOther(clock: Clock, work: Work, { waiting }: UnderWay): Promise<void> {
  await waitFor<'over'>({
    clock,
    signal: work.signal,
    timeoutMs: Math.max(0, work.deadlineMs - clock.monotonicMs()),
    start: (settle) => void waiting.push(() => settle('over')),
  });
}
