/**
 * A client's wait for its question: for the resolution, but not for ever. The work itself goes on, so that its answer is there next
 * time.
 *
 * Duties: when the wait ends early and by what (RFC 8767 §5: expired data after the client response timer), expired data in place of
 * no good answer (RFC 8767 §4). Leaves to others: the work, which expired answers are fit.
 */

import type { Clock } from '../ports/clock.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import { type Question, questionText } from '../wire/question.ts';
import type { Deadlines, Waiting } from '../work/deadlines.ts';
import type { Taker } from '../work/taker.ts';
import { isGoodVerdict } from './outcome.ts';

/** What waits of clients are made of, one for all. */
export interface ClientWaitParts {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Milliseconds after which a wait fails with `deadline`. */
  readonly wallTimeMs: number;
  /** Milliseconds after which expired data does (serve-expired-client-timeout). */
  readonly staleAfterMs: number;
  /** True when there is expired data that may be served. */
  readonly hasExpired: (question: Question) => boolean;
  /** That data; null: none. */
  readonly expired: (question: Question) => Answered | null;
  /** Takes a rejection that comes when the wait has ended; a bug. */
  readonly report: (error: unknown) => void;
}

export class ClientWait implements Taker<Resolution>, Waiting {
  readonly #parts: ClientWaitParts;
  readonly #question: Question;
  /** Null: it has been told. */
  #client: Taker<Resolution> | null;
  #isForExpired = false;
  dueMs = 0;
  place = -1;

  constructor(parts: ClientWaitParts, question: Question, client: Taker<Resolution>) {
    this.#parts = parts;
    this.#question = question;
    this.#client = client;
  }

  /** Begins to count the time. */
  start(): void {
    const { deadlines, wallTimeMs, staleAfterMs, hasExpired } = this.#parts;
    this.#isForExpired = staleAfterMs <= wallTimeMs && hasExpired(this.#question);
    deadlines.add(this, this.#isForExpired ? staleAfterMs : wallTimeMs);
  }

  fallDue(): void {
    if (!this.#isForExpired) {
      this.take({
        kind: 'failed',
        question: this.#question,
        why: { kind: 'deadline', record: questionText(this.#question) },
      });
      return;
    }
    const { clock, deadlines, wallTimeMs, staleAfterMs, expired } = this.#parts;
    const stale = expired(this.#question);
    if (stale !== null) {
      this.#end()?.take(stale);
      return;
    }
    this.#isForExpired = false;
    const endMs = this.dueMs - staleAfterMs + wallTimeMs;
    deadlines.add(this, Math.max(0, endMs - clock.monotonicMs()));
  }

  take(resolution: Resolution): void {
    this.#end()?.take(this.orExpired(resolution));
  }

  fail(error: unknown): void {
    const client = this.#end();
    if (client === null) this.#parts.report(error);
    else client.fail(error);
  }

  /** What the client gets when it must not wait at all. */
  orExpired(resolution: Resolution): Resolution {
    const isGood = resolution.kind === 'answered' && isGoodVerdict(resolution.verdict);
    return isGood ? resolution : (this.#parts.expired(resolution.question) ?? resolution);
  }

  /** Who is to be told; null: it has been. */
  #end(): Taker<Resolution> | null {
    this.#parts.deadlines.remove(this);
    const client = this.#client;
    this.#client = null;
    return client;
  }
}
