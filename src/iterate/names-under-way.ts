/**
 * Which names servers are being asked about: who would only ask whether a name is a cut waits for whoever asks about it already.
 *
 * A mail server asks for MX, A, AAAA and TLSA of one domain within a moment, and each of them would ask the servers above for the
 * same minimised name (RFC 9156). What comes back tells all of them: a referral, or that the name is no cut.
 *
 * Duties: one entry for each name while one exchange about it lasts, until what came back is kept. An exchange waits for no other
 * question, so that waiting for one closes no circle. Each waits for a name once. Leaves to others: what is learned (delegation cache).
 */

import { type Name, nameKey, namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { Cancelled } from '../work/cancelled.ts';
import type { Deadlines, Waiting } from '../work/deadlines.ts';
import type { Stoppable } from '../work/stop-signal.ts';
import { TransientMap } from '../work/transient-map.ts';
import type { Work } from '../work/work.ts';

/** Somebody asks servers of a zone about a name. */
export class UnderWay {
  readonly zone: Name;
  /** Of the name. */
  readonly key: string;
  #waiting: Turn[] | null = null;

  constructor(zone: Name, key: string) {
    this.zone = zone;
    this.key = key;
  }

  /** Waits until it has its answer, or none, as long as the work has time. Rejects with `Cancelled` only. */
  wait(deadlines: Deadlines, work: Work): Promise<void> {
    const turn = new Turn(deadlines, work);
    this.#waiting ??= [];
    this.#waiting.push(turn);
    return turn.start();
  }

  end(): void {
    for (const turn of this.#waiting ?? []) turn.fallDue();
  }
}

/** One wait for another's answer: its timer and its stop at once. Ends once, by whatever comes first. */
class Turn implements Waiting, Stoppable {
  readonly #deadlines: Deadlines;
  readonly #work: Work;
  readonly #end = Promise.withResolvers<void>();
  dueMs = 0;
  place = -1;

  constructor(deadlines: Deadlines, work: Work) {
    this.#deadlines = deadlines;
    this.#work = work;
  }

  start(): Promise<void> {
    if (this.#work.signal.aborted) return Promise.reject(new Cancelled());
    this.#work.signal.add(this);
    this.#deadlines.addUntil(this, this.#work.deadlineMs);
    return this.#end.promise;
  }

  fallDue(): void {
    this.#deadlines.remove(this);
    this.#work.signal.remove(this);
    this.#end.resolve();
  }

  stop(): void {
    this.#deadlines.remove(this);
    this.#end.reject(new Cancelled());
  }
}

export class NamesUnderWay {
  readonly #byName = new TransientMap<string, UnderWay>();

  /**
   * Notes that servers of the zone are asked; `end` is owed. Null: nobody is to wait for this
   * question, as another about the name is under way, or as it is one for DS, which says nothing about servers.
   */
  begin(zone: Name, { name, type }: Question): UnderWay | null {
    const key = nameKey(name);
    if (type === TYPE.DS || this.#byName.has(key)) return null;
    const underWay = new UnderWay(zone, key);
    this.#byName.set(key, underWay);
    return underWay;
  }

  end(underWay: UnderWay): void {
    this.#byName.delete(underWay.key);
    underWay.end();
  }

  /** Who asks servers of the zone about the name; null: nobody. */
  find(zone: Name, name: Name): UnderWay | null {
    if (this.#byName.size === 0) return null;
    const underWay = this.#byName.get(nameKey(name));
    return underWay !== undefined && namesEqual(underWay.zone, zone) ? underWay : null;
  }
}

/** What one question has others wait for, and waits for itself. */
export class NameShare {
  readonly #names: NamesUnderWay;
  #own: UnderWay | null = null;
  /** The name that another question was waited for last. */
  #awaited: Name | null = null;

  constructor(names: NamesUnderWay) {
    this.#names = names;
  }

  /** Others may wait for what the servers of the zone are about to say of the name; `end` is owed. */
  begin(zone: Name, asked: Question): void {
    this.#own = this.#names.begin(zone, asked);
  }

  /** Owed when what was said is kept, and before waiting for anything but an exchange: no one waits for a question that waits. */
  end(): void {
    if (this.#own === null) return;
    this.#names.end(this.#own);
    this.#own = null;
  }

  /** Who asks servers of the zone about the name already, and is worth a wait. */
  findOther(zone: Name, name: Name): UnderWay | null {
    if (this.#own !== null || (this.#awaited !== null && namesEqual(name, this.#awaited))) return null;
    const other = this.#names.find(zone, name);
    if (other !== null) this.#awaited = name;
    return other;
  }
}
