/**
 * Whole answers and denials by question: what iteration found, with the verdict on it.
 *
 * Duties: absolute expiry, the bound in octets. Leaves to others: which answers may be kept, caps on their life, verdicts.
 */

import type { Clock } from '../ports/clock.ts';
import type { AliasStep, IterationResult } from '../terms/iteration-result.ts';
import type { Verdict } from '../terms/verdict.ts';
import { bytesEqual } from '../wire/bytes.ts';
import { type Question, questionKey, questionsEqual } from '../wire/question.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';
import { sizeOfName, sizeOfRanked, sizeOfRankedList } from './heap-size.ts';

/**
 * Octets of an answer besides its RRsets: four objects (entry, found, end, question) and their arrays. Measured: 1065 in
 * all for an answer with one set, its set included; sets that the RRset cache holds too are counted in both.
 */
const ANSWER_OCTETS = 320;

/** Octets of one alias step besides its RRsets. */
const ALIAS_OCTETS = 240;

/** An answer that iteration gave, and what it is worth. */
export interface CachedAnswer {
  readonly found: Extract<IterationResult, { kind: 'found' }>;
  /** Null: not checked yet. */
  readonly verdict: Verdict | null;
  /** When it stops being usable, unix seconds. */
  readonly expiresAt: number;
  /** From when on a question for it is a reason to fetch it again before it expires (prefetch), unix seconds. */
  readonly refreshAt?: number;
  /** From when its time as expired data counts, unix seconds, when not from `expiresAt` (serve-expired-ttl-reset). */
  readonly staleSince?: number;
  /** When its verdict was given, unix seconds; absent: it was loaded, or has none. */
  readonly judgedAt?: number;
}

/** An answer with the question that it is kept under. */
export interface AnswerEntry {
  readonly question: Question;
  readonly cached: CachedAnswer;
}

export class AnswerCache {
  readonly #clock: Clock;
  readonly #answers: ByteBoundedMap<AnswerEntry>;
  /** Octets that it may hold. */
  readonly maxBytes: number;

  constructor({ clock, maxBytes }: { readonly clock: Clock; readonly maxBytes: number }) {
    this.#clock = clock;
    this.maxBytes = maxBytes;
    this.#answers = new ByteBoundedMap({ maxBytes, sizeOf: sizeOfEntry });
  }

  /** The answer, when it is fresh (its expiry is later than now). */
  find(question: Question): CachedAnswer | null {
    const cached = this.findStale(question);
    return cached !== null && cached.expiresAt > this.#clock.unixSeconds() ? cached : null;
  }

  /** The answer, fresh or expired (RFC 8767); null when it is not kept any more. */
  findStale(question: Question): CachedAnswer | null {
    return this.#answers.get(questionKey(question))?.cached ?? null;
  }

  /** Keeps an answer in place of the one before. */
  store(question: Question, cached: CachedAnswer): void {
    const found = compacted(question, cached.found);
    this.#answers.set(questionKey(question), { question, cached: { ...cached, found } });
  }

  /** True when there was one. */
  remove(question: Question): boolean {
    return this.#answers.delete(questionKey(question));
  }

  /** Removes every answer that the test says yes to (flush commands); how many. */
  removeWhere(test: (question: Question, cached: CachedAnswer) => boolean): number {
    return this.#answers.removeWhere((entry) => test(entry.question, entry.cached));
  }

  /** The same for answers that must not be found for one turn more (byte-bounded-map.ts). */
  banInTurns(test: (question: Question, cached: CachedAnswer) => boolean, pause: () => Promise<void>): Promise<number> {
    return this.#answers.banInTurns((entry) => test(entry.question, entry.cached), pause);
  }

  /** The same a piece at a time (byte-bounded-map.ts). */
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

  /** The same in no order, for who gives others their turn in between (byte-bounded-map.ts). */
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

const NOTHING: readonly never[] = [];

/**
 * The same answer in less room: lists that were grown by pushing have 16 places to spare, empty ones need not be many, and the
 * question that was asked is mostly the one that the end answers.
 */
function compacted(question: Question, { kind, aliases, end }: CachedAnswer['found']): CachedAnswer['found'] {
  const isSame = questionsEqual(question, end.question) && bytesEqual(question.name, end.question.name);
  return {
    kind,
    aliases: fitted(aliases),
    end: {
      ...end,
      question: isSame ? question : end.question,
      answer: fitted(end.answer),
      authority: fitted(end.authority),
      additional: fitted(end.additional),
    },
  };
}

function fitted<Item>(list: readonly Item[]): readonly Item[] {
  return list.length === 0 ? NOTHING : list.slice();
}

function sizeOfEntry({ question, cached }: AnswerEntry): number {
  const { aliases, end } = cached.found;
  let size = ANSWER_OCTETS + sizeOfName(question.name);
  if (end.question !== question) size += sizeOfName(end.question.name);
  size += sizeOfRankedList(end.answer) + sizeOfRankedList(end.authority) + sizeOfRankedList(end.additional);
  for (const alias of aliases) size += sizeOfAlias(alias);
  return size;
}

function sizeOfAlias(step: AliasStep): number {
  const synthesised = step.synthesised === null ? 0 : sizeOfRanked(step.synthesised);
  return ALIAS_OCTETS + sizeOfRanked(step.alias) + synthesised + sizeOfRankedList(step.proof) + sizeOfName(step.to);
}
