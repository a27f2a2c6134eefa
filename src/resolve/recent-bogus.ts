/**
 * Names that were bogus within the last hour, with why, for `list_bogus` and the page: who reads it need not search the log.
 *
 * Duties: one entry for each name and type, bounded in number and time. Leaves to others: verdicts, and their count by reason.
 */

import type { Clock } from '../ports/clock.ts';
import type { BogusReason } from '../terms/verdict.ts';
import { verdictText } from '../terms/verdict-text.ts';
import { nameKey } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { typeText } from '../wire/rr-type.ts';
import { TransientMap } from '../work/transient-map.ts';

/** Names with their types that are kept; who floods with bogus names drives out the oldest and costs no more memory. */
const MAX_NAMES = 200;
/** Seconds that an entry is shown. */
const SHOWN_SECONDS = 3600;

interface Held {
  readonly question: Question;
  readonly why: BogusReason;
  readonly count: number;
  readonly last: number;
}

/** One name and type, as text. */
interface BogusName {
  readonly name: string;
  readonly type: string;
  /** The sentence of the verdict. */
  readonly reason: string;
  /** Resolutions that ended so, the last one within the hour. */
  readonly count: number;
  /** Unix seconds. */
  readonly last: number;
}

export class RecentBogus {
  readonly #clock: Clock;
  /** In the order of their last time. */
  readonly #names = new TransientMap<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(question: Question, why: BogusReason): void {
    const key = `${nameKey(question.name)} ${question.type} ${question.class}`;
    const now = this.#clock.unixSeconds();
    const known = this.#names.get(key);
    const count = known !== undefined && this.#isShown(known, now) ? known.count + 1 : 1;
    this.#names.delete(key);
    this.#names.set(key, { question, why, count, last: now });
    if (this.#names.size > MAX_NAMES) this.#names.takeOldest();
  }

  /** Those of the last hour, newest first. */
  list(): readonly BogusName[] {
    const now = this.#clock.unixSeconds();
    const shown = this.#names.list().filter((one) => this.#isShown(one, now));
    return shown.reverse().map(({ question: { name, type }, why, count, last }) => ({
      name: formatName(name),
      type: typeText(type),
      count,
      last,
      reason: verdictText({ status: 'bogus', why }),
    }));
  }

  #isShown({ last }: Held, now: number): boolean {
    // A wall clock that was set back makes nothing older.
    return now - last < SHOWN_SECONDS;
  }
}
