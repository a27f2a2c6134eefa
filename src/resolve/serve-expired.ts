/**
 * Expired answers, for when nothing better is to be had (RFC 8767, serve-expired).
 *
 * Duties: which expired answers may be served, for how long and with which TTLs; starting their time again after a failed
 * refresh. An answer is served whole as it was validated, with its verdict, never put together from parts of others
 * (CVE-2026-46582); secure data only while its signatures hold.
 * Leaves to others: when to look (resolver.ts), extended errors (serve).
 */

import type { AnswerCache } from '../cache/answer-cache.ts';
import type { CachedAnswer } from '../cache/cached-answer.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import { type SignatureTime, secondsLeft } from '../dnssec/signature-time.ts';
import type { Clock } from '../ports/clock.ts';
import { validatedSetsOf } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Answered } from '../terms/resolution.ts';
import { bytesEqual } from '../wire/bytes.ts';
import type { Question } from '../wire/question.ts';
import { readRrsig } from '../wire/rdata-rrsig.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rrsetClass, rrsetOwner, rrsetType, signaturesOf } from '../wire/rrset.ts';
import { answeredOf } from './outcome.ts';

/** The serve-expired family of directives. */
export interface ServeExpiredOptions {
  /** serve-expired. */
  readonly isOn: boolean;
  /** Seconds after its expiry that an answer may be served; 0: any time (serve-expired-ttl). */
  readonly ttlSeconds: number;
  /** A failed refresh starts that time again (serve-expired-ttl-reset). */
  readonly ttlReset: boolean;
  /** TTL of expired records in replies, seconds (serve-expired-reply-ttl). */
  readonly replyTtlSeconds: number;
  /** Types that others trust in are served expired as well (serve-expired-dane). */
  readonly includesDane: boolean;
  /** Milliseconds that fetching may take before expired data is served; 0: served at once (serve-expired-client-timeout). */
  readonly clientTimeoutMs: number;
}

/**
 * Not served expired unless configuration says so. A TLSA record set that was replaced makes mail bounce or trust a key that was given up (RFC 7671
 * §8.1 counts on TTLs), and keys and their digests decide what other data is worth.
 */
const DANE_AND_DNSSEC_TYPES: ReadonlySet<number> = new Set([TYPE.TLSA, TYPE.SMIMEA, TYPE.DS, TYPE.DNSKEY]);

/** The caches that are looked into. */
interface ExpiredAnswersParts {
  readonly clock: Clock;
  readonly answers: AnswerCache;
  readonly rrsets: RRsetCache;
  readonly options: ServeExpiredOptions;
  /** The second at which signatures are checked (val-override-date). */
  readonly signatureTime: SignatureTime;
}

/** The expired answers that may still be served. */
export class ExpiredAnswers {
  readonly #parts: ExpiredAnswersParts;

  constructor(parts: ExpiredAnswersParts) {
    this.#parts = parts;
  }

  /** True when there is an expired answer that may be served. */
  has(question: Question): boolean {
    return this.#findUsable(question) !== null;
  }

  /** The expired answer with the TTLs to serve; null when there is none that may be served. */
  find(question: Question): Answered | null {
    const cached = this.#findUsable(question);
    if (cached === null) return null;
    const now = this.#parts.clock.unixSeconds();
    const answered = answeredOf(question, cached.found, cached.verdict, now);
    const serve = (ranked: RankedRRset): RankedRRset => this.#withTtl(ranked, now);
    return {
      ...answered,
      answer: answered.answer.map(serve),
      authority: answered.authority.map(serve),
      additional: answered.additional.map(serve),
      isStale: true,
    };
  }

  /** A refresh of the question failed. */
  noteFailure(question: Question): void {
    const { answers, clock, options } = this.#parts;
    if (!options.isOn || !options.ttlReset) return;
    const cached = this.#findUsable(question);
    if (cached !== null) answers.store(question, { ...cached, staleSince: clock.unixSeconds() });
  }

  #findUsable(question: Question): CachedAnswer | null {
    const { options, answers, clock } = this.#parts;
    if (!options.isOn || (DANE_AND_DNSSEC_TYPES.has(question.type) && !options.includesDane)) return null;
    const cached = answers.findStale(question);
    const now = clock.unixSeconds();
    if (cached === null || cached.expiresAt > now) return null;
    const age = now - (cached.staleSince ?? cached.expiresAt);
    if (options.ttlSeconds > 0 && age >= options.ttlSeconds) return null;
    return this.#isWorthy(cached) ? cached : null;
  }

  /** Only what was validated good and may live longer than the moment that it came; secure data needs signatures that hold now as well. */
  #isWorthy({ found, verdict }: CachedAnswer): boolean {
    const sets = validatedSetsOf(found);
    // RFC 1035 §3.2.1: a TTL of zero is for the transaction in progress only; RFC 8767 §4 extends lives, and it has none.
    if (sets.some((ranked) => ranked.originalTtl === 0)) return false;
    if (verdict?.status === 'insecure') return true;
    if (verdict?.status !== 'secure') return false;
    const { clock, signatureTime } = this.#parts;
    const now = clock.unixSeconds();
    return sets.every((ranked) => holds(ranked, signatureTime, now));
  }

  /** Expired sets get the TTL for expired data; those that the cache has afresh, with the same records, keep what is left. */
  #withTtl(ranked: RankedRRset, now: number): RankedRRset {
    const { rrsets, options } = this.#parts;
    if (ranked.expiresAt > now) return ranked;
    const { rrset } = ranked;
    const fresh = rrsets.find(rrsetOwner(rrset), rrsetType(rrset), rrsetClass(rrset));
    if (fresh !== null && bytesEqual(fresh.rrset, rrset)) return { ...ranked, expiresAt: fresh.expiresAt };
    return { ...ranked, expiresAt: now + Math.min(options.replyTtlSeconds, ranked.originalTtl) };
  }
}

/** RFC 4035 §5.3.1: no signature of the set has expired. All count, since which of them was verified is not kept. */
export function holds(ranked: RankedRRset, time: SignatureTime, now: number): boolean {
  return signaturesOf(ranked.rrset).every((rdata) => {
    const rrsig = readRrsig(rdata);
    return rrsig !== null && secondsLeft(time, now, rrsig.expiration) >= 0;
  });
}
