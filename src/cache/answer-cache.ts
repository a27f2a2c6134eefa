/**
 * Whole answers and denials by question: what iteration found, with the verdict on it.
 *
 * Duties: absolute expiry, the bound in octets. Leaves to others: which answers may be kept, caps on their life, verdicts; where
 * the RRsets of answers lie (packed-answer.ts).
 */

import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { Question } from '../wire/question.ts';
import type { AnswerEntry, CachedAnswer } from './cached-answer.ts';
import type { KeyHash } from './key-hash.ts';
import { answerForm, saysNxdomain } from './packed-answer.ts';
import { PackedMap } from './packed-map.ts';
import type { RRsetCache } from './rrset-cache.ts';

interface AnswerCacheParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Of all caches that are asked about the same names; one of its own where none is given. */
  readonly hash?: KeyHash | undefined;
  /** Where the sets of answers lie. */
  readonly rrsets: RRsetCache;
  /** Bound on what is held, sets that are only there for answers included, octets. */
  readonly maxBytes: number;
}

export class AnswerCache {
  readonly #clock: Clock;
  readonly #answers: PackedMap<AnswerEntry>;
  /** Octets that it may hold. */
  readonly maxBytes: number;

  constructor({ clock, random, hash, rrsets, maxBytes }: AnswerCacheParts) {
    this.#clock = clock;
    this.maxBytes = maxBytes;
    const othersOctets = () => rrsets.referredOctets;
    this.#answers = new PackedMap({ random, hash, maxBytes, form: answerForm(rrsets), othersOctets });
  }

  /** The answer, when it is fresh (its expiry is later than now). */
  find(question: Question): CachedAnswer | null {
    const cached = this.findStale(question);
    return cached !== null && cached.expiresAt > this.#clock.unixSeconds() ? cached : null;
  }

  /** The fresh answer for the name above the question's whose first label is at `at`, when it says that this does not exist. */
  findNxdomain({ name, class: rrClass }: Question, type: number, at: number): CachedAnswer | null {
    const octets = this.#answers.find(name, type, rrClass, at);
    if (octets === null || !saysNxdomain(octets)) return null;
    const cached = this.#answers.get(name, type, rrClass, at)?.cached ?? null;
    return cached !== null && cached.expiresAt > this.#clock.unixSeconds() ? cached : null;
  }

  /** The answer, fresh or expired (RFC 8767); null when it is not kept any more. */
  findStale(question: Question): CachedAnswer | null {
    return this.#answers.get(question.name, question.type, question.class)?.cached ?? null;
  }

  /** Keeps an answer in place of the one before. */
  store(question: Question, cached: CachedAnswer): void {
    this.#answers.set({ question, cached });
  }

  /** True when there was one. */
  remove(question: Question): boolean {
    return this.#answers.delete(question.name, question.type, question.class);
  }

  /** Removes every answer that the test says yes to (flush commands); how many. */
  removeWhere(test: (question: Question, cached: CachedAnswer) => boolean): number {
    return this.#answers.removeWhere((entry) => test(entry.question, entry.cached));
  }

  /** The same for answers that must not be found for one turn more (packed-map.ts). */
  banInTurns(test: (question: Question, cached: CachedAnswer) => boolean, pause: () => Promise<void>): Promise<number> {
    return this.#answers.banInTurns((entry) => test(entry.question, entry.cached), pause);
  }

  /** The same a piece at a time (packed-map.ts). */
  removeInTurns(
    test: (question: Question, cached: CachedAnswer) => boolean,
    pause: () => Promise<void>,
  ): Promise<number> {
    return this.#answers.removeInTurns((entry) => test(entry.question, entry.cached), pause);
  }

  clear(): void {
    this.#answers.clear();
  }

  /** All answers, expired ones too, most recently used first (dump_cache). */
  entries(): Iterable<AnswerEntry> {
    return this.#answers.values();
  }

  /** The same in no order, for who gives others their turn in between (packed-map.ts). */
  unordered(): Iterable<AnswerEntry> {
    return this.#answers.unordered();
  }

  get count(): number {
    return this.#answers.count;
  }

  get sizeBytes(): number {
    return this.#answers.sizeBytes;
  }
}
