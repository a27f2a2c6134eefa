/**
 * Denials that follow from what is proven already: nothing exists below a name that does not (RFC 8020), nor inside a span
 * of names that validated NSEC or NSEC3 records deny (RFC 8198). Nobody is asked.
 *
 * Leaves to others: who may speak for a name (speakers.ts), proofs (validate/synthesise-denial.ts), which answers are kept.
 */

import type { AnswerCache } from '../cache/answer-cache.ts';
import type { CachedAnswer, KnownAnswer } from '../cache/cached-answer.ts';
import type { DenialCache } from '../cache/denial-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { FinalAnswer, FoundResult } from '../terms/iteration-result.ts';
import type { ProvenDenial } from '../terms/proven-denial.ts';
import type { Resolution } from '../terms/resolution.ts';
import { SECURE } from '../terms/verdict.ts';
import type { CounterName } from '../trace/counters.ts';
import { DenialSynthesis } from '../validate/synthesise-denial.ts';
import { labelAfter } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { answeredOf } from './outcome.ts';
import { highestSpeaker, type SpeakersParts } from './speakers.ts';

/** What minimisation asks for of names above the one wanted (RFC 9156 §2.1). */
const MINIMISED_TYPE = TYPE.A;

interface SynthesisedDenialsOptions {
  /** RFC 8020 (harden-below-nxdomain). */
  readonly belowNxdomain: boolean;
  /** RFC 8198 (aggressive-nsec). */
  readonly aggressiveNsec: boolean;
}

/** What the denials are made from. */
export interface SynthesisedDenialsParts extends SpeakersParts {
  readonly clock: Clock;
  /** Hashes names for NSEC3. */
  readonly crypto: Crypto;
  readonly answers: AnswerCache;
  readonly rrsets: RRsetCache;
  readonly denials: DenialCache;
  readonly options: SynthesisedDenialsOptions;
}

/** Labels of a name, by offset: from one on, before another. */
interface NamePart {
  readonly from: number;
  readonly to: number;
}

/** Denials without a question. */
export class SynthesisedDenials {
  readonly #parts: SynthesisedDenialsParts;
  readonly #synthesis: DenialSynthesis;

  constructor(parts: SynthesisedDenialsParts) {
    this.#parts = parts;
    this.#synthesis = new DenialSynthesis(parts);
  }

  /** A secure denial of the question as an answer; null when none is known. */
  find(question: Question): KnownAnswer | null {
    const known = this.look(question);
    return known === null ? null : knownAnswerOf(question, known);
  }

  /** The same; one that known records prove is not copied, and is good for this turn only. */
  look(question: Question): KnownAnswer | ProvenDenial | null {
    const { options } = this.#parts;
    if (!options.belowNxdomain && !options.aggressiveNsec) return null;
    const highest = highestSpeaker(this.#parts, question.name);
    if (highest === null) return null;
    // All are at or above the name, so that their lengths say which is deeper.
    const leastOctets = highest.length;
    const { length } = question.name;
    const spokenFor = length - leastOctets + 1;
    const belowNxdomain = (from: number, to: number): KnownAnswer | null =>
      options.belowNxdomain ? this.#belowNxdomain(question, { from, to: Math.min(to, spokenFor) }) : null;
    // A zone with known spans is there, as is all above it: the answers there are not asked but where its spans say nothing.
    const deepest = options.aggressiveNsec ? this.#synthesis.deepest(question) : null;
    const zoneAt = deepest?.at ?? length;
    return (
      belowNxdomain(0, zoneAt) ??
      (deepest === null ? null : this.#synthesis.find(question, deepest, leastOctets)) ??
      belowNxdomain(zoneAt, length)
    );
  }

  /** RFC 8020 §2: a name that does not exist has nothing below it. Its own proof proves that as well. */
  #belowNxdomain(question: Question, part: NamePart): KnownAnswer | null {
    const { name, type } = question;
    // The root exists.
    for (let at = labelAfter(name, 0); at < part.to && name[at] !== 0; at = labelAfter(name, at)) {
      if (at < part.from) continue;
      const known =
        this.#nxdomainAt(question, MINIMISED_TYPE, at) ??
        (type === MINIMISED_TYPE ? null : this.#nxdomainAt(question, type, at));
      if (known === null) continue;
      const end = { ...known.found.end, question };
      return { found: { ...known.found, end }, verdict: known.verdict, expiresAt: known.expiresAt };
    }
    return null;
  }

  /** A secure denial of that very name, not of what it is an alias of. */
  #nxdomainAt(question: Question, type: number, at: number): CachedAnswer | null {
    const known = this.#parts.answers.findNxdomain(question, type, at);
    return known?.verdict?.status === 'secure' && known.found.aliases.length === 0 ? known : null;
  }
}

/** A denial as an answer: where known records prove it, these copied. */
export function knownAnswerOf(question: Question, denial: KnownAnswer | ProvenDenial): KnownAnswer {
  if ('found' in denial) return denial;
  const end = denial.asAnswer(question);
  return { found: { kind: 'found', aliases: [], end }, verdict: SECURE, expiresAt: end.expiresAt };
}

/** What a resolution ends as when known records prove a denial: good for this turn only. */
export interface Proven {
  readonly kind: 'proven';
  readonly question: Question;
  readonly denial: ProvenDenial;
}

export function provenOf(question: Question, denial: ProvenDenial): Proven {
  return { kind: 'proven', question, denial };
}

/** A resolution to keep, its records copied. */
export function wholeOf(resolution: Resolution | Proven): Resolution {
  if (resolution.kind !== 'proven') return resolution;
  const { question, denial } = resolution;
  const { found, verdict, expiresAt } = knownAnswerOf(question, denial);
  return answeredOf(question, found, verdict, expiresAt);
}

/** What an answer is counted as that ends in a denial made from known ones; null: its end is none. */
export function aggressiveCounter({ end }: FoundResult): CounterName | null {
  return end.isSynthesised === true ? denialCounter(end) : null;
}

/** What a denial made from known ones is counted as. */
export function denialCounter({ kind }: Pick<FinalAnswer, 'kind'>): CounterName {
  return kind === 'nxdomain' ? 'aggressive.nxdomain' : 'aggressive.noerror';
}
