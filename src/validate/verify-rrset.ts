/**
 * One RRset against the keys of one zone: all its signatures with all fitting keys, within limits (KeyTrap,
 * CVE-2023-50387).
 *
 * Duties: choose which signature meets which key, bound the tries, cap the TTL (RFC 4035 §5.3.3).
 * Leaves to others: which zone it must be, the proof that a wildcard expansion needs, storing the verdict.
 */

import { isKeyWithoutBit, rdataOfKey, type ZoneKey } from '../dnssec/dnskey.ts';
import { secondsLeft } from '../dnssec/signature-time.ts';
import {
  type CheckedRrsig,
  type KeyedRrsig,
  precheckRrsig,
  verifySignature,
  withKey,
} from '../dnssec/verify-signature.ts';
import type { Limit } from '../terms/limit.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { SignatureFailure, SignatureOutcome, ValidSignature } from '../terms/signature-outcome.ts';
import type { BogusReason } from '../terms/verdict.ts';
import type { Rrsig } from '../wire/rdata-rrsig.ts';
import { firstSignaturesOf, type RRset, rrsetOwner, rrsetType, signatureCount } from '../wire/rrset.ts';
import { signedLabelCount } from '../wire/signed-labels.ts';
import { moreTelling, reasonOf, recordOf } from './signature-reason.ts';
import type { ValidationContext } from './validation-context.ts';
import type { SecureZone } from './zone-security.ts';

export type RRsetCheck =
  /** `expiresAt`: when the data stops being usable after the cap, unix seconds. */
  | { readonly kind: 'secure'; readonly expiresAt: number; readonly signature: ValidSignature }
  | { readonly kind: 'bogus'; readonly why: BogusReason }
  /** The client query has had its share of checks. */
  | { readonly kind: 'limit'; readonly limit: Limit };

/** Cryptographic checks that were made for one RRset, where that takes several verifications. */
export interface SpentChecks {
  checks: number;
}

/**
 * Checks an RRset with the keys of `zone`, which must be the zone that holds it. At once, unless it has to wait for its turn or for
 * a slow algorithm. Checks count on from `spent`.
 */
export function verifyRRset(
  validation: ValidationContext,
  ranked: RankedRRset,
  zone: Pick<SecureZone, 'zone' | 'keys' | 'mustSign'>,
  spent: SpentChecks = { checks: 0 },
): RRsetCheck | Promise<RRsetCheck> {
  return new RRsetVerification(validation, ranked, zone, spent).run();
}

class RRsetVerification {
  readonly #validation: ValidationContext;
  readonly #ranked: RankedRRset;
  readonly #zone: Pick<SecureZone, 'zone' | 'keys' | 'mustSign'>;
  readonly #spent: SpentChecks;
  #failure: SignatureFailure | null = null;
  #valid: ValidSignature | null = null;
  /** Algorithms that must have signed and have not been seen yet; null: any will do. */
  readonly #missing: Set<number> | null;

  constructor(
    validation: ValidationContext,
    ranked: RankedRRset,
    zone: Pick<SecureZone, 'zone' | 'keys' | 'mustSign'>,
    spent: SpentChecks,
  ) {
    this.#spent = spent;
    this.#validation = validation;
    this.#ranked = ranked;
    this.#zone = zone;
    this.#missing = zone.mustSign.length === 0 ? null : new Set(zone.mustSign);
  }

  run(): RRsetCheck | Promise<RRsetCheck> {
    const { rrset } = this.#ranked;
    const { limits } = this.#validation.parts.options;
    const signatures = firstSignaturesOf(rrset, limits.signatures);
    if (signatures.length === 0) return this.#bogus({ kind: 'no-signature', ...recordOf(rrset, this.#zone.zone) });
    return this.#goOn(this.#candidates(signatures), 0);
  }

  /** Tries the signatures from the given one on. */
  #goOn(candidates: readonly CheckedRrsig[], from: number): RRsetCheck | Promise<RRsetCheck> {
    for (let i = from; i < candidates.length; i++) {
      const candidate = candidates[i] as CheckedRrsig;
      const stop = this.#tryKeys(candidate, 0, 0);
      if (stop instanceof Promise) return this.#goOnAfter(stop, candidates, i + 1);
      if (stop !== null) return stop;
    }
    return this.#conclude();
  }

  // Functions of their own for what waits: one that holds a closure makes a context whenever it is called.
  #goOnAfter(stop: Promise<RRsetCheck | null>, candidates: readonly CheckedRrsig[], next: number): Promise<RRsetCheck> {
    return stop.then((late) => late ?? this.#goOn(candidates, next));
  }

  /**
   * Tries one signature with the keys from the given one on that have its tag and algorithm, of which so many were tried, not more than
   * allowed; a result when nothing more needs to be tried.
   */
  #tryKeys(candidate: CheckedRrsig, from: number, triedBefore: number): RRsetCheck | null | Promise<RRsetCheck | null> {
    const { keyTag, algorithm } = candidate.rrsig;
    const most = this.#validation.parts.options.limits.keysPerTag;
    const { keys } = this.#zone;
    let tried = triedBefore;
    for (let i = from; i < keys.length && tried < most; i++) {
      const key = keys[i] as ZoneKey;
      if (key.keyTag !== keyTag || key.algorithm !== algorithm) continue;
      tried++;
      const stop = this.#try(candidate, key);
      if (stop instanceof Promise) return this.#tryKeysAfter(stop, candidate, i + 1, tried);
      if (stop !== null) return stop;
    }
    if (tried === 0) this.#noKey(candidate.rrsig);
    return null;
  }

  #tryKeysAfter(
    stop: Promise<RRsetCheck | null>,
    candidate: CheckedRrsig,
    next: number,
    tried: number,
  ): Promise<RRsetCheck | null> {
    return stop.then((late) => late ?? this.#tryKeys(candidate, next, tried));
  }

  #try(checked: CheckedRrsig, key: ZoneKey): RRsetCheck | null | Promise<RRsetCheck | null> {
    const { rrset } = this.#ranked;
    const ready = withKey(checked, key);
    if ('kind' in ready) {
      this.#failed(ready);
      return null;
    }
    const { limits } = this.#validation.parts.options;
    if (this.#spent.checks >= limits.signatureChecks) {
      this.#validation.countLimit('signature-checks');
      return this.#bogus({ kind: 'too-much-work', limit: 'signature-checks', ...recordOf(rrset, this.#zone.zone) });
    }
    this.#spent.checks++;
    const leave = this.#validation.mayCheckSignature(rrset.length);
    return leave instanceof Promise ? this.#verifyAfter(leave, ready) : this.#verify(leave, ready);
  }

  #verifyAfter(leave: Promise<boolean>, ready: KeyedRrsig): Promise<RRsetCheck | null> {
    return leave.then((may) => this.#verify(may, ready));
  }

  #verify(mayCheck: boolean, ready: KeyedRrsig): RRsetCheck | null | Promise<RRsetCheck | null> {
    if (!mayCheck) return { kind: 'limit', limit: 'signature-checks' };
    const verified = verifySignature(ready, this.#validation.parts.crypto);
    const { keyTag } = ready.checked.rrsig;
    return verified instanceof Promise ? this.#takeAfter(verified, keyTag) : this.#take(verified, keyTag);
  }

  #takeAfter(verified: Promise<SignatureOutcome>, keyTag: number): Promise<RRsetCheck | null> {
    return verified.then((outcome) => this.#take(outcome, keyTag));
  }

  /** A result when nothing more needs to be tried. */
  #take(outcome: SignatureOutcome, keyTag: number): RRsetCheck | null {
    if (this.#validation.work.trace !== null) this.#noteOutcome(outcome, keyTag);
    if (outcome.kind !== 'valid') {
      this.#failed(outcome);
      return null;
    }
    this.#valid ??= outcome;
    this.#missing?.delete(outcome.algorithm);
    return this.#missing === null || this.#missing.size === 0 ? this.#secure(this.#valid) : null;
  }

  /** Signatures that could hold with some key, those that need no wildcard proof first. */
  #candidates(signatures: readonly Uint8Array[]): CheckedRrsig[] {
    const { now, parts } = this.#validation;
    const { signatureTime: time, skew } = parts.options;
    const { rrset } = this.#ranked;
    let candidates: CheckedRrsig[] = [];
    for (let i = 0; i < signatures.length; i++) {
      const signature = signatures[i] as Uint8Array;
      const checked = precheckRrsig({ rrset, signature, zone: this.#zone.zone, time, now, skew });
      if ('kind' in checked) this.#failed(checked);
      // A list that grows has 16 places to spare.
      else if (candidates.length === 0) candidates = [checked];
      else candidates.push(checked);
    }
    if (candidates.length < 2) return candidates;
    const full = signedLabelCount(rrsetOwner(rrset));
    return candidates.sort((a, b) => Number(a.rrsig.labels < full) - Number(b.rrsig.labels < full));
  }

  /** No key has the tag and algorithm of a signature. */
  #noKey({ keyTag, algorithm }: Rrsig): void {
    const hasLostBit = this.#zone.keys.some((key) => isKeyWithoutBit(rdataOfKey(key), keyTag, algorithm));
    this.#failed(hasLostBit ? { kind: 'zone-key-bit-missing', keyTag } : { kind: 'other-key', keyTag, algorithm });
  }

  #conclude(): RRsetCheck {
    const record = recordOf(this.#ranked.rrset, this.#zone.zone);
    // RFC 6840 §5.11 asks for one good signature only; with harden-algo-downgrade every announced algorithm must have one.
    const [algorithm] = this.#missing ?? [];
    if (this.#valid !== null && algorithm !== undefined) {
      return this.#bogus({ kind: 'algorithm-missing', algorithm, ...record });
    }
    return this.#bogus(reasonOf(this.#failure ?? { kind: 'malformed' }, record));
  }

  #secure(signature: ValidSignature): RRsetCheck {
    const expiresAt = cappedExpiry(this.#ranked, signature, this.#validation);
    this.#validation.parts.onVerified?.(this.#ranked.rrset, signature, expiresAt);
    return { kind: 'secure', signature, expiresAt };
  }

  #bogus(why: BogusReason): RRsetCheck {
    return { kind: 'bogus', why };
  }

  #failed(failure: SignatureFailure): void {
    this.#failure = moreTelling(this.#failure, failure);
  }

  #noteOutcome({ kind }: SignatureOutcome, keyTag: number): void {
    const { rrset } = this.#ranked;
    this.#validation.note(() => ({
      kind: 'signature',
      owner: rrsetOwner(rrset),
      type: rrsetType(rrset),
      keyTag,
      outcome: kind,
    }));
  }
}

/** When verified data stops being usable. */
function cappedExpiry(ranked: RankedRRset, signature: ValidSignature, validation: ValidationContext): number {
  const { now, parts } = validation;
  // RFC 4035 §5.3.3: the TTL is at most the received TTL, the Original TTL and the time that the signature has left.
  const ofOriginal = now + signature.originalTtl;
  const ofSignature = now + secondsLeft(parts.options.signatureTime, now, signature.expiration);
  return Math.max(now, Math.min(ranked.expiresAt, ofOriginal, ofSignature));
}

/** True when an RRset carries at least one RRSIG that covers it (whoever made it). */
export function isSigned(rrset: RRset): boolean {
  return signatureCount(rrset) > 0;
}
