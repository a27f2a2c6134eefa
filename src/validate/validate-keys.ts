/**
 * A DNSKEY set against what is trusted of its zone: DS records that the parent signed, or an anchor (RFC 4035 §5.2, §5.3).
 *
 * Duties: find the trusted keys in the set, prove the whole set by one of them, import all keys once, bound the work and
 * spread it over turns (KeyTrap, CVE-2023-50387). Nothing here makes a zone insecure: that no DS counts was settled before, by what the parent
 * signed; a DNSKEY set is the word of whoever sent it until a trusted key proves it.
 * Leaves to others: getting DS and DNSKEY, caching.
 */

import { isRevoked, isZoneKey, wantedFirst, withZoneKeyBit, type ZoneKey, zoneKeyOf } from '../dnssec/dnskey.ts';
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
import { bogusSet, limitZone } from './conclude.ts';
import { reasonOf, recordOf } from './signature-reason.ts';
import { storeSecure } from './store-verdict.ts';
import type { ValidationContext } from './validation-context.ts';
import { type SpentChecks, verifyRRset } from './verify-rrset.ts';
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

/** Validates a zone's DNSKEY set. */
export async function validateKeys(
  validation: ValidationContext,
  ranked: RankedRRset,
  proof: KeyProof,
): Promise<ZoneSecurity> {
  const all = rdatasOf(ranked.rrset);
  const trusted = findTrusted(validation, all, ranked, proof);
  if (trusted.kind === 'bogus') return bogusSet(validation, proof.zone, ranked, trusted.why);
  const required = announcedAlgorithms(validation, proof);
  const missing = new Set(required);
  // The set is one RRset, however many of its keys are trusted: they share its checks.
  const spent: SpentChecks = { checks: 0 };
  const imported: ZoneKey[] = [];
  let expiresAt = Number.POSITIVE_INFINITY;
  let why: BogusReason | null = null;
  for (const rdata of trusted.rdatas) {
    const key = zoneKeyOf(rdata, validation.parts.crypto);
    if (key === null) continue;
    imported.push(key);
    const fault = faultOf(key);
    if (fault !== null) {
      why ??= reasonOf(fault, recordOf(ranked.rrset, proof.zone));
      continue;
    }
    const check = await verifyRRset(validation, ranked, { zone: proof.zone, keys: [key], mustSign: [] }, spent);
    if (check.kind === 'limit') return limitZone(validation, proof.zone, check.limit);
    if (check.kind === 'bogus') {
      why = why === null || why.kind === 'no-trusted-signature' ? seenFrom(key, check.why) : why;
      if (check.why.kind === 'too-much-work') break;
      continue;
    }
    missing.delete(key.algorithm);
    expiresAt = Math.min(expiresAt, check.expiresAt);
    if (missing.size === 0) {
      const proven = { trusted: trusted.rdatas, imported, required, expiresAt };
      return await secureZone(validation, ranked, proof, proven);
    }
  }
  const [algorithm] = missing;
  if (expiresAt !== Number.POSITIVE_INFINITY && algorithm !== undefined) {
    why = { kind: 'algorithm-missing', algorithm, ...recordOf(ranked.rrset, proof.zone) };
  }
  return bogusSet(validation, proof.zone, ranked, why ?? { kind: 'no-dnskey', zone: formatName(proof.zone) });
}

/** The reason as the operator sees it: the key is there, and what is missing is its signature. */
function seenFrom({ keyTag: tag }: ZoneKey, why: BogusReason): BogusReason {
  return why.kind === 'no-matching-key' ? { ...why, kind: 'no-trusted-signature', keyTag: tag } : why;
}

/** Keys of the set that a DS names, and an anchor's own keys; each once. Linear in the sizes of both sets. */
function findTrusted(
  validation: ValidationContext,
  rdatas: readonly Uint8Array[],
  ranked: RankedRRset,
  proof: KeyProof,
): TrustedKeys {
  const { crypto, options } = validation.parts;
  const byTag = Map.groupBy(rdatas, (rdata) => keyId(keyTag(rdata), readU8(rdata, 3)));
  const found = new Set<Uint8Array>(proof.keys);
  const signing = signingIds(ranked);
  let mismatches = 0;
  for (const ds of wantedFirst(proof.ds, (one) => signing.has(keyId(one.keyTag, one.algorithm)), MAX_DS)) {
    for (const rdata of byTag.get(keyId(ds.keyTag, ds.algorithm)) ?? []) {
      if (matchDs(proof.zone, ds, rdata, crypto) === 'match') {
        if (!proof.keys.some((known) => bytesEqual(known, rdata))) found.add(rdata);
      } else if (++mismatches > options.limits.dsMatchFailures) {
        validation.countLimit('ds-match-failures');
        const record = recordOf(ranked.rrset, proof.zone);
        return { kind: 'bogus', why: { kind: 'too-much-work', limit: 'ds-match-failures', ...record } };
      }
    }
  }
  if (found.size > 0) return { kind: 'keys', rdatas: signersFirst([...found], signing) };
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
  const byTag = Map.groupBy(wholes, (whole) => keyId(keyTag(whole), readU8(whole, 3)));
  let tries = 0;
  for (const each of ds) {
    for (const whole of byTag.get(keyId(each.keyTag, each.algorithm)) ?? []) {
      if (matchDs(zone, each, whole, crypto) === 'match') return each;
      if (++tries > options.limits.dsMatchFailures) return null;
    }
  }
  return null;
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

/** Keys whose tag stands in a signature of the set first: a bound on tries must not drop the one that signed. */
function signersFirst(rdatas: readonly Uint8Array[], signing: ReadonlySet<number>): readonly Uint8Array[] {
  return wantedFirst(rdatas, (rdata) => signing.has(keyId(keyTag(rdata), readU8(rdata, 3))), MAX_TRUSTED_KEYS);
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

interface ProvenSet {
  /** Those that are trusted by DS or anchor. */
  readonly trusted: readonly Uint8Array[];
  /** Those of them that are imported already. */
  readonly imported: readonly ZoneKey[];
  readonly required: readonly number[];
  readonly expiresAt: number;
}

async function secureZone(
  validation: ValidationContext,
  ranked: RankedRRset,
  proof: KeyProof,
  set: ProvenSet,
): Promise<ZoneSecurity> {
  storeSecure(validation, ranked, set.expiresAt);
  const keys = await importKeys(validation, ranked, set);
  const longest = validation.now + validation.parts.options.limits.keyTtlSeconds;
  const expiresAt = Math.min(set.expiresAt, proof.expiresAt, longest);
  return { status: 'secure', zone: proof.zone, keys, mustSign: set.required, expiresAt };
}

/**
 * The keys of a proven set, each imported once. Importing one takes about as long as checking a signature: what is more than an
 * honest set has waits for its turn.
 */
async function importKeys(
  validation: ValidationContext,
  { rrset }: RankedRRset,
  { trusted, imported }: ProvenSet,
): Promise<readonly ZoneKey[]> {
  const { crypto, options } = validation.parts;
  const isTrusted = (rdata: Uint8Array): boolean => trusted.some((one) => bytesEqual(one, rdata));
  const rdatas = wantedFirst(rdatasOf(rrset), isTrusted, options.limits.zoneKeys);
  const keys: ZoneKey[] = [];
  let imports = 0;
  for (const rdata of rdatas) {
    const known = imported.find((key) => bytesEqual(key.rdata, rdata));
    if (known === undefined && ++imports > IMPORTS_WITH_A_CHECK) await validation.mayImport();
    const key = known ?? zoneKeyOf(rdata, crypto);
    if (key !== null) keys.push(key);
  }
  return keys;
}
