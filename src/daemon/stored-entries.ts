/**
 * Puts entries that were stored back into caches.
 *
 * Duties: nothing that is held already is replaced; a verdict stays only where it may and every signature still holds; else the
 * data is unchecked and ranks no better than an answer, so that it is validated when it is asked for.
 */

import type { AnswerEntry, CachedAnswer } from '../cache/cached-answer.ts';
import type { Proven } from '../cache/denial-cache.ts';
import type { StoredEntry } from '../cache/entry-reader.ts';
import type { SignatureTime } from '../dnssec/signature-time.ts';
import { holds } from '../resolve/serve-expired.ts';
import { validatedSetsOf, withSets } from '../terms/iteration-result.ts';
import { RANK, type Rank } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { keepSpan } from '../validate/keep-spans.ts';
import { rrsetClass, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import type { Caches } from './caches.ts';

/** Stands in the place of a server: when unchecked data turns out to be bogus, real servers are asked in its place. */
const STORED = 'cache-file';

interface StoredEntriesParts {
  readonly caches: Pick<Caches, 'rrsets' | 'answers' | 'delegations' | 'denials'>;
  /** Unix seconds. */
  readonly now: number;
  readonly signatureTime: SignatureTime;
  /** False: nothing counts as validated. */
  readonly keepsVerdicts: boolean;
  /** Whether an entry that ended then is still of use. */
  readonly isOfUse: (expiresAt: number) => boolean;
}

export class StoredEntries {
  readonly #parts: StoredEntriesParts;
  /** Sets as they are taken: those of several answers stay one. */
  readonly #taken = new Map<RankedRRset, RankedRRset>();
  /** How many were taken. */
  readonly count = { answers: 0, rrsets: 0 };

  constructor(parts: StoredEntriesParts) {
    this.#parts = parts;
  }

  take(stored: StoredEntry): void {
    switch (stored.kind) {
      case 'answer':
        this.#takeAnswer(stored.entry);
        break;
      case 'rrset':
        this.#takeSet(this.#asTaken(stored.ranked));
        break;
      case 'delegation': {
        const { delegations } = this.#parts.caches;
        const { cut } = stored;
        if (cut.expiresAt > this.#parts.now && delegations.find(cut.zone) === null) delegations.store(cut);
        break;
      }
      case 'span':
        this.#takeSpan(stored.span);
        break;
      default:
        stored satisfies never;
    }
  }

  #takeAnswer({ question, cached }: AnswerEntry): void {
    const { answers } = this.#parts.caches;
    const found = withSets(cached.found, (ranked) => this.#asTaken(ranked));
    if (!this.#parts.isOfUse(cached.expiresAt) || answers.findStale(question) !== null) return;
    const isKept = this.#parts.keepsVerdicts && this.#isStillProven(cached);
    const unchecked = { ...found, end: { ...found.end, server: STORED } };
    answers.store(question, isKept ? { ...cached, found } : { ...cached, found: unchecked, verdict: null });
    this.count.answers++;
  }

  #takeSet(ranked: RankedRRset): void {
    const { rrset, expiresAt } = ranked;
    const { rrsets } = this.#parts.caches;
    const isHeld = rrsets.findStale(rrsetOwner(rrset), rrsetType(rrset), rrsetClass(rrset)) !== null;
    if (isHeld || !this.#parts.isOfUse(expiresAt)) return;
    rrsets.store(ranked);
    this.count.rrsets++;
  }

  /** A span denies without being validated again: without its verdict it is worth nothing. */
  #takeSpan(span: Proven): void {
    const { keepsVerdicts, signatureTime, now, caches } = this.#parts;
    if (!keepsVerdicts || span.learntAt > now || !holds(span.ranked, signatureTime, now)) return;
    // The same rules held when it was kept: they are part of what verdicts rest on.
    keepSpan(caches.denials, span, { maxIterations: Number.POSITIVE_INFINITY, conflict: 'leave' });
  }

  #isStillProven({ found, verdict }: CachedAnswer): boolean {
    const { signatureTime, now } = this.#parts;
    if (verdict?.status !== 'secure') return verdict?.status === 'insecure';
    return validatedSetsOf(found).every((ranked) => holds(ranked, signatureTime, now));
  }

  #asTaken(stored: RankedRRset): RankedRRset {
    const known = this.#taken.get(stored);
    if (known !== undefined) return known;
    const { keepsVerdicts, signatureTime, now } = this.#parts;
    const isKept = keepsVerdicts && stored.verdict !== null && holds(stored, signatureTime, now);
    const rank = Math.min(stored.rank, RANK.answerAuthoritative) as Rank;
    const taken = isKept ? stored : { ...stored, verdict: null, rank, server: STORED };
    this.#taken.set(stored, taken);
    return taken;
  }
}
