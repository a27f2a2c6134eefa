/**
 * Which question to send next (RFC 9156): as few labels as the servers of a zone need to know.
 *
 * Duties: the order of minimised questions for one name, at most 10 of them. Leaves to others: what an answer means.
 * Names that begin with an underscore are service labels (RFC 8552), hardly ever cuts, and mishandled by some servers
 * as empty non-terminals: the walk ends before the first of them and sends the full name.
 * A client's question for AAAA is preceded by one for A with the full name, unless the answer to that is known: it hides the
 * type (RFC 9156 §2.1) from servers that only refer, and clients ask for A as well. No other type costs a question more.
 */

import type { DelegationCache } from '../cache/delegation-cache.ts';
import { readU8 } from '../wire/bytes.ts';
import { labelAfter, labelCount, type Name, nameFrom } from '../wire/name.ts';
import { type Question, questionOf } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { Minimisation } from './options.ts';

/** Minimised questions for one name at most (RFC 9156 §2.3 MAX_MINIMISE_COUNT). */
export const MAX_MINIMISE_STEPS = 10;
/** The first so many questions add one label each (RFC 9156 §2.3 MINIMISE_ONE_LAB). */
const SINGLE_LABEL_STEPS = 4;

/** What a walk depends on. */
interface MinimiserParts {
  /** Of which names it is known already that the servers above speak for them. */
  readonly delegations: Pick<DelegationCache, 'isNoCut'>;
  /** A question for AAAA is preceded by one for A. */
  readonly asksForAFirst: boolean;
}

/** The walk down one name. */
export class Minimiser {
  readonly #question: Question;
  readonly #total: number;
  readonly #delegations: Pick<DelegationCache, 'isNoCut'>;
  /** So many labels are asked about, and where in the name they begin. */
  #labels = 0;
  #at: number;
  #steps = 0;
  /** The question with so many labels, once it was asked for. */
  #minimised: Question | null = null;
  #minimisedLabels = -1;
  readonly #isStrict: boolean;
  #isOff: boolean;
  #asksForAFirst: boolean;

  constructor(question: Question, mode: Minimisation, { delegations, asksForAFirst }: MinimiserParts) {
    this.#question = question;
    this.#total = labelCount(question.name);
    this.#at = question.name.length - 1;
    this.#isStrict = mode === 'strict';
    this.#isOff = mode === 'off';
    this.#delegations = delegations;
    this.#asksForAFirst = asksForAFirst && question.type === TYPE.AAAA;
  }

  /** True when the question sent is the real one. */
  get isFull(): boolean {
    return this.#isOff || (this.#labels >= this.#total && !this.#asksForAFirst);
  }

  get current(): Question {
    if (this.isFull) return this.#question;
    if (this.#minimised === null || this.#minimisedLabels !== this.#labels) {
      // RFC 9156 §2.1: the type must hide the real one and be unsuspicious; A is what servers see most.
      this.#minimised = questionOf(nameFrom(this.#question.name, this.#at), TYPE.A);
      this.#minimisedLabels = this.#labels;
    }
    return this.#minimised;
  }

  /** Starts at a zone, or goes on below it after a referral. */
  enter(zone: Name): void {
    const at = labelCount(zone);
    if (this.#labels > at) return;
    this.#goTo(at);
    this.advance();
  }

  /** Goes on to a longer name: the servers asked speak for the present one. */
  advance(): void {
    if (this.#labels >= this.#total) this.#asksForAFirst = false;
    do {
      this.#goTo(Math.min(this.#total, this.#labels + this.#stride()));
    } while (this.#labels < this.#total && this.#delegations.isNoCut(this.#question.name, this.#at));
    // Whoever answers for the very name is to learn the type in any case.
    if (this.#asksForAFirst && this.#labels >= this.#total && this.#delegations.isNoCut(this.#question.name)) {
      this.#asksForAFirst = false;
    }
    if (!this.isFull && this.#reachesServiceLabel()) {
      this.#goTo(this.#total);
      this.#asksForAFirst = false;
    }
    this.#steps++;
  }

  /** Sends the full question from now on. */
  sendFullName(): void {
    this.#isOff = true;
  }

  /** The same for a server that fails minimised questions: a strict minimiser rather gets no answer. */
  giveUpMinimising(): void {
    if (!this.#isStrict) this.sendFullName();
  }

  /** RFC 9156 §2.3: one label at a time first, then the rest spread over the steps that are left. */
  #stride(): number {
    if (this.#steps < SINGLE_LABEL_STEPS) return 1;
    const left = MAX_MINIMISE_STEPS - this.#steps;
    return left <= 1 ? this.#total : Math.max(1, Math.ceil((this.#total - this.#labels) / left));
  }

  #reachesServiceLabel(): boolean {
    return readU8(this.#question.name, this.#at + 1) === 0x5f;
  }

  #goTo(labels: number): void {
    const { name } = this.#question;
    let at = 0;
    for (let skip = this.#total - labels; skip > 0; skip--) at = labelAfter(name, at);
    this.#labels = labels;
    this.#at = at;
  }
}
