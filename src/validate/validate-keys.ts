/**
 * A DNSKEY set against what is trusted of its zone: DS records that the parent signed, or an anchor (RFC 4035 §5.2, §5.3).
 *
 * Duties: find the trusted keys in the set, prove the whole set by one of them, import all keys once, bound the work and
 * spread it over turns (KeyTrap, CVE-2023-50387). Nothing here makes a zone insecure: that no DS counts was settled before, by what the parent
 * signed; a DNSKEY set is the word of whoever sent it until a trusted key proves it.
 * Leaves to others: getting DS and DNSKEY, caching.
 */

import {
  hasRdata,
  isRevoked,
  isZoneKey,
  wantedFirst,
  withZoneKeyBit,
  type ZoneKey,
  zoneKeyOf,
} from '../dnssec/dnskey.ts';
import { matchDs } from '../dnssec/match-ds.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { SignatureFailure } from '../terms/signature-outcome.ts';
import type { BogusReason } from '../terms/verdict.ts';
import { bytesEqual, readU8 } from '../wire/bytes.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { DNSKEY_PROTOCOL, keyTag } from '../wire/rdata-dnskey.ts';
import type { Ds } from '../wire/rdata-ds.ts';
import { readRrsig } from '../wire/rdata-rrsig.ts';
import { rdatasOf, signaturesOf } from '../wire/rrset.ts';
import { andThen, type Soon } from '../work/soon.ts';
import { bogusSet, limitZone } from './conclude.ts';
import { reasonOf, recordOf } from './signature-reason.ts';
import { storeSecure } from './store-verdict.ts';
import type { ValidationContext } from './validation-context.ts';
import { type RRsetCheck, type SpentChecks, verifyRRset } from './verify-rrset.ts';
import type { ZoneSecurity } from './zone-security.ts';

/** Trusted keys of one set that are tried. A rollover has 2 or 3. */
const MAX_TRUSTED_KEYS = 8;

/** DS records of one zone that are tried, each with a digest at least; those that name a signing key first. Honest zones have up to 12. */
const MAX_DS = 32;

/** Keys imported without waiting for a turn of their own, with the check that proved the set: an honest set has 1 to 4 besides the one that signed it. */
const IMPORTS_WITH_A_CHECK = 4;

/** What is trusted of a zone before its DNSKEY set is. */
interface KeyProof {
  readonly zone: Name;
  /** DS records that count, strongest first. */
  readonly ds: readonly Ds[];
  /** DNSKEY rdatas of an anchor. */
  readonly keys: readonly Uint8Array[];
  /** When the proof itself stops being usable, unix seconds. */
  readonly expiresAt: number;
}

/** Trusted keys found in a set, those that may have signed it first; or why it cannot be said. */
type TrustedKeys =
  | { readonly kind: 'keys'; readonly rdatas: readonly Uint8Array[] }
  | { readonly kind: 'bogus'; readonly why: BogusReason };

/** Validates a zone's DNSKEY set. At once, unless a check has to wait. */
export function validateKeys(validation: ValidationContext, ranked: RankedRRset, proof: KeyProof): Soon<ZoneSecurity> {
  const trusted = findTrusted(validation, rdatasOf(ranked.rrset), ranked, proof);
  if (trusted.kind === 'bogus') return bogusSet(validation, proof.zone, ranked, trusted.why);
  return new KeySetCheck(validation, ranked, proof, trusted.rdatas).tryFrom(0);
}

/** A DNSKEY set and the trusted keys that are to have signed it. */
class KeySetCheck {
  readonly #validation: ValidationContext;
  readonly #ranked: RankedRRset;
  readonly #proof: KeyProof;
  readonly #trusted: readonly Uint8Array[];
  readonly #required: readonly number[];
  /** Those of them that have not signed it yet. */
  #missing: readonly number[];
  /** The set is one RRset, however many of its keys are trusted: they share its checks. */
  readonly #spent: SpentChecks = { checks: 0 };
  readonly #imported: ZoneKey[] = [];
  #expiresAt = Number.POSITIVE_INFINITY;
  #why: BogusReason | null = null;

  constructor(validation: ValidationContext, ranked: RankedRRset, proof: KeyProof, trusted: readonly Uint8Array[]) {
    this.#validation = validation;
    this.#ranked = ranked;
    this.#proof = proof;
    this.#trusted = trusted;
    this.#required = announcedAlgorithms(validation, proof);
    this.#missing = this.#required;
  }

  /** Tries the trusted keys from the given one on. */
  tryFrom(from: number): Soon<ZoneSecurity> {
    const { crypto } = this.#validation.parts;
    const { zone } = this.#proof;
    for (let i = from; i < this.#trusted.length; i++) {
      const key = zoneKeyOf(this.#trusted[i] as Uint8Array, crypto);
      if (key === null) continue;
      this.#imported.push(key);
      const fault = faultOf(key);
      if (fault !== null) {
        this.#why ??= reasonOf(fault, recordOf(this.#ranked.rrset, zone));
        continue;
      }
      const check = verifyRRset(this.#validation, this.#ranked, { zone, keys: [key], mustSign: [] }, this.#spent);
      if (check instanceof Promise) return this.#tryAfter(key, check, i + 1);
      const end = this.#take(key, check);
      if (end !== null) return end;
    }
    return this.#conclude();
  }

  // Functions of their own for what waits: one that holds a closure makes a context whenever it is called.
  #tryAfter(key: ZoneKey, check: Promise<RRsetCheck>, next: number): Promise<ZoneSecurity> {
    return check.then((late) => this.#take(key, late) ?? this.tryFrom(next));
  }

  /** What ends it; null: the next key is to be tried. */
  #take(key: ZoneKey, check: RRsetCheck): Soon<ZoneSecurity> | null {
    if (check.kind === 'limit') return limitZone(this.#validation, this.#proof.zone, check.limit);
    if (check.kind === 'bogus') {
      const isBetter = this.#why === null || this.#why.kind === 'no-trusted-signature';
      if (isBetter) this.#why = seenFrom(key, check.why);
      return check.why.kind === 'too-much-work' ? this.#conclude() : null;
    }
    if (this.#missing.length > 0) this.#missing = this.#missing.filter((algorithm) => algorithm !== key.algorithm);
    this.#expiresAt = Math.min(this.#expiresAt, check.expiresAt);
    return this.#missing.length === 0 ? this.#secure() : null;
  }

  #conclude(): ZoneSecurity {
    const { zone } = this.#proof;
    const [algorithm] = this.#missing;
    const isPartial = this.#expiresAt !== Number.POSITIVE_INFINITY && algorithm !== undefined;
    const why = isPartial
      ? ({ kind: 'algorithm-missing', algorithm, ...recordOf(this.#ranked.rrset, zone) } as const)
      : (this.#why ?? ({ kind: 'no-dnskey', zone: formatName(zone) } as const));
    return bogusSet(this.#validation, zone, this.#ranked, why);
  }

  #secure(): Soon<ZoneSecurity> {
    storeSecure(this.#validation, this.#ranked, this.#expiresAt);
    const { parts } = this.#validation;
    const isTrusted = (rdata: Uint8Array): boolean => this.#trusted.some((one) => bytesEqual(one, rdata));
    const rdatas = wantedFirst(rdatasOf(this.#ranked.rrset), isTrusted, parts.options.limits.zoneKeys);
    const keys: ZoneKey[] = [];
    return andThen(this.#importFrom(rdatas, 0, keys, 0), () => this.#zone(keys));
  }

  #zone(keys: readonly ZoneKey[]): ZoneSecurity {
    const { now, parts } = this.#validation;
    const { zone, expiresAt } = this.#proof;
    const until = Math.min(this.#expiresAt, expiresAt, now + parts.options.limits.keyTtlSeconds);
    return { status: 'secure', zone, keys, mustSign: this.#required, expiresAt: until };
  }

  /**
   * Imports the keys of the proven set that are not imported yet. Importing one takes about as long as checking a signature: what is
   * more than an honest set has waits for its turn.
   */
  #importFrom(rdatas: readonly Uint8Array[], from: number, keys: ZoneKey[], imports: number): Soon<void> {
    let count = imports;
    for (let i = from; i < rdatas.length; i++) {
      const rdata = rdatas[i] as Uint8Array;
      const known = this.#imported.find((key) => hasRdata(key, rdata));
      const turn = known === undefined && ++count > IMPORTS_WITH_A_CHECK ? this.#validation.mayImport() : null;
      if (turn !== null) {
        const imported = count;
        return turn.then(() => {
          this.#import(rdata, keys);
          return this.#importFrom(rdatas, i + 1, keys, imported);
        });
      }
      if (known === undefined) this.#import(rdata, keys);
      else keys.push(known);
    }
  }

  #import(rdata: Uint8Array, keys: ZoneKey[]): void {
    const key = zoneKeyOf(rdata, this.#validation.parts.crypto);
    if (key !== null) keys.push(key);
  }
}

/** The reason as the operator sees it: the key is there, and what is missing is its signature. */
function seenFrom({ keyTag: tag }: ZoneKey, why: BogusReason): BogusReason {
  return why.kind === 'no-matching-key' ? { ...why, kind: 'no-trusted-signature', keyTag: tag } : why;
}

/**
 * Keys of the set that a DS names, and an anchor's own keys; each once. The tag of each key is counted once; of DS no more than
 * `MAX_DS` are compared with them.
 */
function findTrusted(
  validation: ValidationContext,
  rdatas: readonly Uint8Array[],
  ranked: RankedRRset,
  proof: KeyProof,
): TrustedKeys {
  const { crypto, options } = validation.parts;
  const ids = rdatas.map(idOf);
  const found = proof.keys.slice();
  let mismatches = 0;
  for (const ds of firstDs(proof.ds, ranked)) {
    const id = keyId(ds.keyTag, ds.algorithm);
    for (let i = ids.indexOf(id); i >= 0; i = ids.indexOf(id, i + 1)) {
      const rdata = rdatas[i] as Uint8Array;
      if (matchDs(proof.zone, ds, rdata, crypto) === 'match') {
        if (!found.some((known) => bytesEqual(known, rdata))) found.push(rdata);
      } else if (++mismatches > options.limits.dsMatchFailures) {
        validation.countLimit('ds-match-failures');
        const record = recordOf(ranked.rrset, proof.zone);
        return { kind: 'bogus', why: { kind: 'too-much-work', limit: 'ds-match-failures', ...record } };
      }
    }
  }
  if (found.length > 0) return { kind: 'keys', rdatas: signersFirst(found, ranked) };
  const lost = findLostBit(validation, rdatas, proof);
  if (lost !== null) {
    return { kind: 'bogus', why: { kind: 'zone-key-bit-missing', zone: formatName(proof.zone), keyTag: lost.keyTag } };
  }
  const tag = proof.ds[0]?.keyTag ?? 0;
  return { kind: 'bogus', why: { kind: 'no-dnskey-matches-ds', zone: formatName(proof.zone), keyTag: tag } };
}

/**
 * The DS that names a key of the set as it was before it lost its zone key bit; null when none of the first tries shows one.
 * Only for saying what is wrong, so it may cost no more than a search for trusted keys.
 */
function findLostBit(validation: ValidationContext, rdatas: readonly Uint8Array[], { zone, ds }: KeyProof): Ds | null {
  const { crypto, options } = validation.parts;
  const wholes = rdatas.map(withZoneKeyBit).filter((whole) => whole !== null);
  const byTag = Map.groupBy(wholes, idOf);
  let tries = 0;
  for (const each of ds) {
    for (const whole of byTag.get(keyId(each.keyTag, each.algorithm)) ?? []) {
      if (matchDs(zone, each, whole, crypto) === 'match') return each;
      if (++tries > options.limits.dsMatchFailures) return null;
    }
  }
  return null;
}

function idOf(rdata: Uint8Array): number {
  return keyId(keyTag(rdata), readU8(rdata, 3));
}

function keyId(tag: number, algorithm: number): number {
  return tag * 256 + algorithm;
}

/** Tags and algorithms of the keys that signed the set, as its signatures say. */
function signingIds({ rrset }: RankedRRset): ReadonlySet<number> {
  const ids = new Set<number>();
  for (const signature of signaturesOf(rrset)) {
    const rrsig = readRrsig(signature);
    if (rrsig !== null) ids.add(keyId(rrsig.keyTag, rrsig.algorithm));
  }
  return ids;
}

/** DS that name a key that signed the set first: a bound on tries must not drop them. */
function firstDs(ds: readonly Ds[], ranked: RankedRRset): readonly Ds[] {
  if (ds.length <= MAX_DS) return ds;
  const signing = signingIds(ranked);
  return wantedFirst(ds, (one) => signing.has(keyId(one.keyTag, one.algorithm)), MAX_DS);
}

/** Keys whose tag stands in a signature of the set first, for the same reason. */
function signersFirst(rdatas: readonly Uint8Array[], ranked: RankedRRset): readonly Uint8Array[] {
  if (rdatas.length <= MAX_TRUSTED_KEYS) return rdatas;
  const signing = signingIds(ranked);
  return wantedFirst(rdatas, (rdata) => signing.has(idOf(rdata)), MAX_TRUSTED_KEYS);
}

/** Why a key that is named as trusted cannot be used; null when it can. */
function faultOf(key: ZoneKey): SignatureFailure | null {
  const tag = key.keyTag;
  // RFC 4034 §2.1.1: a key without the zone key bit MUST NOT be used to verify RRSIGs; §2.1.2 the same for the protocol.
  if (!isZoneKey(key)) {
    return { kind: key.protocol === DNSKEY_PROTOCOL ? 'zone-key-bit-missing' : 'key-protocol-wrong', keyTag: tag };
  }
  // RFC 5011 §2.1: a revoked key is no trust anchor, nor the start of a zone's trust.
  if (isRevoked(key)) return { kind: 'key-revoked', keyTag: tag };
  return key.imported === null ? { kind: 'key-unusable', keyTag: tag, algorithm: key.algorithm } : null;
}

function announcedAlgorithms(validation: ValidationContext, proof: KeyProof): readonly number[] {
  if (!validation.parts.options.hardenAlgoDowngrade) return [];
  const announced = [...proof.ds.map((ds) => ds.algorithm), ...proof.keys.map((rdata) => readU8(rdata, 3))];
  return [...new Set(announced)];
}
