/**
 * A DNSKEY set against what is trusted of its zone: DS records that the parent signed, or an anchor (RFC 4035 §5.2, §5.3).
 *
 * Duties: find the trusted keys in the set, prove the whole set by one of them, import all keys once, bound the work
 * (KeyTrap, CVE-2023-50387). Leaves to others: getting DS and DNSKEY, caching.
 */

import { isRevoked, isZoneKey, withZoneKeyBit, type ZoneKey, zoneKeyOf } from '../dnssec/dnskey.ts';
import { matchDs } from '../dnssec/match-ds.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import type { SignatureFailure } from '../terms/signature-outcome.ts';
import type { BogusReason } from '../terms/verdict.ts';
import { bytesEqual, readU8 } from '../wire/bytes.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { DNSKEY_PROTOCOL, keyTag } from '../wire/rdata-dnskey.ts';
import type { Ds } from '../wire/rdata-ds.ts';
import { rdatasOf } from '../wire/rrset.ts';
import type { Judging } from './judging.ts';
import { settle, settleSecure } from './settle.ts';
import { placeOf, reasonOf } from './signature-reason.ts';
import type { Trusted } from './trusted.ts';
import { verifyRRset } from './verify-rrset.ts';

/** Trusted keys of one set that are tried. A rollover has 2 or 3. */
export const MAX_TRUSTED_KEYS = 8;

/** What is trusted of a zone before its DNSKEY set is. */
export interface KeyProof {
  readonly zone: Name;
  /** DS records that count, strongest first. */
  readonly ds: readonly Ds[];
  /** DNSKEY rdatas of an anchor. */
  readonly keys: readonly Uint8Array[];
  /** When the proof itself stops being usable, unix seconds. */
  readonly expiresAt: number;
}

/** Trusted keys found in a set, or why it cannot be said. */
type TrustedKeys =
  | { readonly kind: 'keys'; readonly keys: readonly ZoneKey[] }
  | { readonly kind: 'bogus'; readonly why: BogusReason };

/** Judges a zone's DNSKEY set. */
export async function judgeKeys(judging: Judging, held: HeldRRset, proof: KeyProof): Promise<Trusted> {
  const rdatas = rdatasOf(held.rrset).slice(0, judging.parts.options.limits.zoneKeys);
  const trusted = findTrusted(judging, rdatas, held, proof);
  if (trusted.kind === 'bogus') return bogusZone(judging, held, proof.zone, trusted.why);
  const required = announcedAlgorithms(judging, proof);
  const missing = new Set(required);
  let usable = 0;
  let expiresAt = Number.POSITIVE_INFINITY;
  let why: BogusReason | null = null;
  for (const key of trusted.keys) {
    const fault = faultOf(key);
    if (fault?.kind !== 'key-unusable') usable++;
    if (fault !== null) {
      why ??= reasonOf(fault, placeOf(held.rrset, proof.zone));
      continue;
    }
    const check = await verifyRRset(judging, held, { zone: proof.zone, keys: [key], mustSign: [] });
    if (check.kind === 'limit') return limitZone(judging, proof.zone, check.limit);
    if (check.kind === 'bogus') {
      why = why === null || why.kind === 'no-matching-key' ? check.why : why;
      continue;
    }
    missing.delete(key.algorithm);
    expiresAt = Math.min(expiresAt, check.expiresAt);
    if (missing.size === 0) return secureZone(judging, held, proof, { rdatas, required, expiresAt });
  }
  // RFC 4035 §5.2 treats a zone whose keys cannot be used as unsigned: so is one whose trusted keys are out of bounds.
  if (usable === 0) {
    const algorithms = [...new Set(trusted.keys.map((key) => key.algorithm))];
    return insecureZone(judging, proof, algorithms);
  }
  const [algorithm] = missing;
  if (expiresAt !== Number.POSITIVE_INFINITY && algorithm !== undefined) {
    why = { kind: 'algorithm-missing', algorithm, ...placeOf(held.rrset, proof.zone) };
  }
  return bogusZone(judging, held, proof.zone, why ?? { kind: 'no-dnskey', zone: formatName(proof.zone) });
}

/** Keys of the set that a DS names, and an anchor's own keys; each once. */
function findTrusted(judging: Judging, rdatas: Uint8Array[], held: HeldRRset, proof: KeyProof): TrustedKeys {
  const { crypto, options } = judging.parts;
  const entries = rdatas.map((rdata) => ({ rdata, tag: keyTag(rdata), algorithm: readU8(rdata, 3) }));
  const found: Uint8Array[] = [...proof.keys];
  let misfits = 0;
  for (const ds of proof.ds) {
    for (const entry of entries) {
      if (entry.tag !== ds.keyTag || entry.algorithm !== ds.algorithm) continue;
      if (matchDs(proof.zone, ds, entry.rdata, crypto) === 'match') {
        if (!found.some((known) => bytesEqual(known, entry.rdata))) found.push(entry.rdata);
      } else if (++misfits > options.limits.dsMatchFailures) {
        judging.countLimit('ds-match-failures');
        const place = placeOf(held.rrset, proof.zone);
        return { kind: 'bogus', why: { kind: 'too-much-work', limit: 'ds-match-failures', ...place } };
      }
    }
  }
  const keys = found
    .slice(0, MAX_TRUSTED_KEYS)
    .map((rdata) => zoneKeyOf(rdata, crypto))
    .filter((key) => key !== null);
  if (keys.length > 0) return { kind: 'keys', keys };
  const lost = proof.ds.find((ds) => rdatas.some((rdata) => namesKeyWithoutBit(proof.zone, ds, rdata, crypto)));
  if (lost !== undefined) {
    return { kind: 'bogus', why: { kind: 'zone-key-bit-missing', zone: formatName(proof.zone), keyTag: lost.keyTag } };
  }
  const tag = proof.ds[0]?.keyTag ?? 0;
  return { kind: 'bogus', why: { kind: 'no-dnskey-matches-ds', zone: formatName(proof.zone), keyTag: tag } };
}

/** True when the DS names the key as it was before it lost its zone key bit. */
function namesKeyWithoutBit(zone: Name, ds: Ds, rdata: Uint8Array, crypto: Crypto): boolean {
  const whole = withZoneKeyBit(rdata, ds.keyTag, ds.algorithm);
  return whole !== null && matchDs(zone, ds, whole, crypto) === 'match';
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

function announcedAlgorithms(judging: Judging, proof: KeyProof): readonly number[] {
  if (!judging.parts.options.hardenAlgoDowngrade) return [];
  const announced = [...proof.ds.map((ds) => ds.algorithm), ...proof.keys.map((rdata) => readU8(rdata, 3))];
  return [...new Set(announced)];
}

interface ProvenSet {
  readonly rdatas: readonly Uint8Array[];
  readonly required: readonly number[];
  readonly expiresAt: number;
}

function secureZone(judging: Judging, held: HeldRRset, proof: KeyProof, set: ProvenSet): Trusted {
  const { crypto, options } = judging.parts;
  settleSecure(judging, held, set.expiresAt);
  const keys = set.rdatas.map((rdata) => zoneKeyOf(rdata, crypto)).filter((key) => key !== null);
  const longest = judging.now + options.limits.keyTtlSeconds;
  const expiresAt = Math.min(set.expiresAt, proof.expiresAt, longest);
  return { status: 'secure', zone: proof.zone, keys, mustSign: set.required, expiresAt };
}

function insecureZone(judging: Judging, proof: KeyProof, algorithms: readonly number[]): Trusted {
  const why = { kind: 'algorithm-unsupported', zone: formatName(proof.zone), algorithms } as const;
  const expiresAt = Math.min(proof.expiresAt, judging.now + judging.parts.options.limits.keyTtlSeconds);
  return { status: 'insecure', zone: proof.zone, why, expiresAt };
}

function bogusZone(judging: Judging, held: HeldRRset, zone: Name, why: BogusReason): Trusted {
  settle(judging, held, { status: 'bogus', why });
  return { status: 'bogus', zone, why, expiresAt: judging.now + judging.parts.options.bogusTtlSeconds };
}

function limitZone(judging: Judging, zone: Name, limit: string): Trusted {
  return { status: 'indeterminate', zone, why: { kind: 'limit', limit }, expiresAt: judging.now };
}
