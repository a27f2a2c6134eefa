/**
 * The proof that one probe of RFC 5011 needs: the zone's DNSKEY set, signed by a key that is trusted now, or by a DS that is.
 * Keys of the zone that are not trust anchors do not count: who has only the zone's signing key must not change its anchors.
 */

import type { AlgorithmPolicy } from '../dnssec/algorithms.ts';
import { isRevoked, isZoneKey, type ZoneKey, zoneKeyOf } from '../dnssec/dnskey.ts';
import { matchDs, usableDs } from '../dnssec/match-ds.ts';
import { type Skew, verifySignature } from '../dnssec/verify-signature.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { ValidSignature } from '../terms/signature-outcome.ts';
import { bytesEqual } from '../wire/bytes.ts';
import { type RRset, rdatasOf, signaturesOf } from '../wire/rrset.ts';
import { isEntryPoint } from './anchor-state.ts';
import { type SeenKeys, type TrackedKeys, trustedKeys } from './rfc5011.ts';

/** Most keys of one set that are looked at, and most signatures: as in validation (KeyTrap, CVE-2023-50387). */
const MAX_KEYS = 64;
const MAX_SIGNATURES = 32;

/** What the proof is made with. */
export interface ProbeMeans {
  readonly crypto: Crypto;
  readonly policy: AlgorithmPolicy;
  readonly skew: Skew;
  /** The second at which signatures are judged, unix. */
  readonly at: number;
}

/** A proven set. */
export interface ProvenProbe {
  readonly seen: SeenKeys;
  /** The signature of a trusted key: its life bounds the next probe (RFC 5011 §2.3). */
  readonly signature: ValidSignature;
}

/** Proves a DNSKEY set; null when no trusted key has signed it. */
export async function proveProbe(set: RRset, tracked: TrackedKeys, means: ProbeMeans): Promise<ProvenProbe | null> {
  const keys = rdatasOf(set)
    .slice(0, MAX_KEYS)
    .map((rdata) => zoneKeyOf(rdata, means.crypto))
    .filter((key) => key !== null && isZoneKey(key))
    .filter((key) => key !== null);
  const isNamed = namedByDs(tracked, means);
  const revoked = await revokedBySelf(set, keys, tracked, means);
  const named = keys.filter((key) => isNamed(key.rdata));
  const trusted = trustedKeys(tracked);
  const proving = [...keys.filter((key) => trusted.some((rdata) => bytesEqual(rdata, key.rdata))), ...named];
  const signature = (await firstSignature(set, proving, tracked, means)) ?? revoked.signature;
  if (signature === null) return null;
  const present = keys.filter((key) => isEntryPoint(key.rdata) && !isRevoked(key)).map((key) => key.rdata);
  const seen = { present, revoked: revoked.rdatas, namedByDs: named.map((key) => key.rdata) };
  return { seen, signature };
}

/** Whether a configured DS names a key. */
function namedByDs(tracked: TrackedKeys, means: ProbeMeans): (rdata: Uint8Array) => boolean {
  const { usable } = usableDs(tracked.ds, means.policy);
  return (rdata) => usable.some((ds) => matchDs(tracked.zone, ds, rdata, means.crypto) === 'match');
}

/** RFC 5011 §2.1: a trusted key is revoked when it stands in the set with the REVOKE bit and has signed the set itself. */
async function revokedBySelf(set: RRset, keys: readonly ZoneKey[], tracked: TrackedKeys, means: ProbeMeans) {
  const rdatas: Uint8Array[] = [];
  let signature: ValidSignature | null = null;
  for (const key of keys.filter(isRevoked)) {
    const own = await firstSignature(set, [key], tracked, means);
    if (own === null || !isTrackedKey(tracked, key.rdata)) continue;
    rdatas.push(key.rdata);
    signature ??= own;
  }
  return { rdatas, signature };
}

/** True for a revoked key whose form without the REVOKE bit is tracked, or that is already known as revoked. */
function isTrackedKey(tracked: TrackedKeys, rdata: Uint8Array): boolean {
  const octetsAfterFlags = rdata.subarray(2);
  return tracked.keys.some((key) => bytesEqual(key.rdata.subarray(2), octetsAfterFlags));
}

async function firstSignature(
  set: RRset,
  keys: readonly ZoneKey[],
  tracked: TrackedKeys,
  means: ProbeMeans,
): Promise<ValidSignature | null> {
  const { at, skew, crypto } = means;
  for (const signature of signaturesOf(set).slice(0, MAX_SIGNATURES)) {
    for (const key of keys) {
      const outcome = await verifySignature({ rrset: set, signature, key, zone: tracked.zone, at, skew }, crypto);
      if (outcome.kind === 'valid') return outcome;
    }
  }
  return null;
}
