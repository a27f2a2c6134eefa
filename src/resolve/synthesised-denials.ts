/**
 * Denials that follow from what is proven already: nothing exists below a name that does not (RFC 8020), nor inside a span
 * of names that validated NSEC or NSEC3 records deny (RFC 8198). Nobody is asked.
 *
 * Duties: who may speak for a name: no zone above a configured one (stub, forward, auth) or above the name's own trust anchor, and nobody
 * for names below a negative one. Leaves to others: proofs (validate/synthesise-denial.ts), which answers are kept.
 */

import type { AnswerCache } from '../cache/answer-cache.ts';
import type { CachedAnswer, KnownAnswer } from '../cache/cached-answer.ts';
import type { DenialCache } from '../cache/denial-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { FoundResult } from '../terms/iteration-result.ts';
import { SECURE } from '../terms/verdict.ts';
import type { CounterName } from '../trace/counters.ts';
import { synthesiseDenial } from '../validate/synthesise-denial.ts';
import { isAtOrBelow, isRoot, labelAfter, type Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';

/** What minimisation asks for of names above the one wanted (RFC 9156 §2.1). */
const MINIMISED_TYPE = TYPE.A;

interface SynthesisedDenialsOptions {
  /** RFC 8020 (harden-below-nxdomain). */
  readonly belowNxdomain: boolean;
  /** RFC 8198 (aggressive-nsec). */
  readonly aggressiveNsec: boolean;
}

/** What the denials are made from. */
export interface SynthesisedDenialsParts {
  readonly clock: Clock;
  /** Hashes names for NSEC3. */
  readonly crypto: Crypto;
  readonly answers: AnswerCache;
  readonly rrsets: RRsetCache;
  readonly denials: DenialCache;
  /** The deepest configured zone at or above a name (stub, forward, kept as a local copy); null when there is none. */
  readonly configuredZone: (name: Name) => Name | null;
  /** The zone of the closest trust anchor; null at and below a negative one, and where there is none. */
  readonly anchorZone: (name: Name) => Name | null;
  readonly options: SynthesisedDenialsOptions;
}

/** Denials without a question. */
export class SynthesisedDenials {
  readonly #parts: SynthesisedDenialsParts;

  constructor(parts: SynthesisedDenialsParts) {
    this.#parts = parts;
  }

  /** A secure denial of the question; null when none is known. */
  find(question: Question): KnownAnswer | null {
    const { options, configuredZone, anchorZone } = this.#parts;
    if (!options.belowNxdomain && !options.aggressiveNsec) return null;
    const anchor = anchorZone(question.name);
    if (anchor === null) return null;
    const configured = configuredZone(question.name) ?? anchor;
    // CVE-2026-44687: a zone above a configured one must not deny names in it, not even by one label. The same holds for
    // an anchor of its own: such a zone may be private to us.
    const maySpeak = (zone: Name): boolean => isAtOrBelow(zone, configured) && isAtOrBelow(zone, anchor);
    const below = options.belowNxdomain
      ? this.#belowNxdomain(question, Math.max(configured.length, anchor.length))
      : null;
    return below ?? (options.aggressiveNsec ? this.#synthesise(question, maySpeak) : null);
  }

  /**
   * RFC 8020 §2: a name that does not exist has nothing below it. Its own proof proves that as well. `leastOctets`: of the deepest
   * zone above which nobody may speak.
   */
  #belowNxdomain(question: Question, leastOctets: number): KnownAnswer | null {
    const { name, type } = question;
    if (isRoot(name)) return null;
    // The root exists.
    for (let at = labelAfter(name, 0); name.length - at >= leastOctets && name[at] !== 0; at = labelAfter(name, at)) {
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

  #synthesise(question: Question, maySpeak: (zone: Name) => boolean): KnownAnswer | null {
    const end = synthesiseDenial(this.#parts, question, maySpeak);
    if (end === null) return null;
    return {
      found: { kind: 'found', aliases: [], end: { ...end, isSynthesised: true } },
      verdict: SECURE,
      expiresAt: end.expiresAt,
    };
  }
}

/** What an answer is counted as that ends in a denial made from known ones; null: its end is none. */
export function aggressiveCounter({ end }: FoundResult): CounterName | null {
  if (end.isSynthesised !== true) return null;
  return end.kind === 'nxdomain' ? 'aggressive.nxdomain' : 'aggressive.noerror';
}
