/**
 * The proof that one probe of RFC 5011 needs: revocations by the revoked keys themselves, then the zone's DNSKEY set signed by
 * a key that is still trusted, or by one that a trusted DS names.
 *
 * Keys of the zone that are not trust anchors do not count: who has only the zone's signing key must not change its anchors.
 * Nor does a revoked key, which may have been revoked because it was stolen: it proves its own revocation and nothing else.
 */

import type { AlgorithmPolicy } from '../dnssec/algorithms.ts';
import { isRevoked, isZoneKey, rdataOfKey, wantedFirst, type ZoneKey, zoneKeyOf } from '../dnssec/dnskey.ts';
import { matchDs, mayName, usableDs } from '../dnssec/match-ds.ts';
import type { SignatureTime } from '../dnssec/signature-time.ts';
import { precheckRrsig, type Skew, verifySignature, withKey } from '../dnssec/verify-signature.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { ValidSignature } from '../terms/signature-outcome.ts';
import { bytesEqual } from '../wire/bytes.ts';
import { type RRset, rdatasOf, signaturesOf } from '../wire/rrset.ts';
import { isEntryPoint } from './anchor-state.ts';
import { isSameKey, revokeKeys, type SeenKeys, type TrackedKeys, trustedKeys } from './rfc5011.ts';

/** Most keys of one set that are looked at, and most signatures: as in validation (KeyTrap, CVE-2023-50387). */
const MAX_KEYS = 64;
const MAX_SIGNATURES = 32;

/** What the proof is made with. */
export interface ProbeParts {
  readonly crypto: Crypto;
  readonly policy: AlgorithmPolicy;
  readonly skew: Skew;
  /** The second at which signatures are checked. */
  readonly signatureTime: SignatureTime;
  /** The clock's second, unix. */
  readonly now: number;
}

/** What a DNSKEY set showed. */
export interface Probe {
  /** Keys that were trusted and have revoked themselves, with the REVOKE bit (RFC 5011 §2.1). Counts by itself. */
  readonly revoked: readonly Uint8Array[];
  /** The set as a key proves it that is still trusted; null: nothing but the revocations counts. */
  readonly proven: ProvenSet | null;
}

export interface ProvenSet {
  readonly seen: SeenKeys;
  /** The signature of a trusted key: its life and its Original TTL bound the next probe (RFC 5011 §2.3). */
  readonly signature: ValidSignature;
}

/** A key of the probed set. */
type ProbedKey = ZoneKey & { readonly rdata: Uint8Array };

export async function proveProbe(set: RRset, tracked: TrackedKeys, parts: ProbeParts): Promise<Probe> {
  const isTracked = (rdata: Uint8Array): boolean => tracked.keys.some((key) => isSameKey(key.rdata, rdata));
  const namingDs = namedByDs(tracked, parts);
  const rdatas = wantedFirst(rdatasOf(set), (rdata) => isTracked(rdata) || namingDs(rdata), MAX_KEYS);
  const keys = rdatas
    .map((rdata) => zoneKeyOf(rdata, parts.crypto))
    .filter((key) => key !== null)
    .filter(isZoneKey)
    .map((key): ProbedKey => ({ ...key, rdata: rdataOfKey(key) }));
  const revoked = await revokedBySelf(set, keys, tracked, parts);
  return { revoked, proven: await proveByTrusted(set, keys, revokeKeys(tracked, revoked, parts.now), parts) };
}

/** Whether a configured DS names a key. So many are tried: of thousands of keys with a DS's tag each would cost a digest (KeyTrap). */
function namedByDs(tracked: TrackedKeys, parts: ProbeParts): (rdata: Uint8Array) => boolean {
  const { usable } = usableDs(tracked.ds, parts.policy);
  let tries = 0;
  return (rdata) =>
    usable.some(
      (ds) => mayName(ds, rdata) && ++tries <= MAX_KEYS && matchDs(tracked.zone, ds, rdata, parts.crypto) === 'match',
    );
}

/** The set as proven by keys that are trusted when the revocations in it have been obeyed. */
async function proveByTrusted(
  set: RRset,
  keys: readonly ProbedKey[],
  tracked: TrackedKeys,
  parts: ProbeParts,
): Promise<ProvenSet | null> {
  const isGone = (key: ProbedKey): boolean =>
    isRevoked(key) || tracked.keys.some(({ rdata, state }) => state === 'revoked' && isSameKey(rdata, key.rdata));
  const standing = keys.filter((key) => !isGone(key));
  const isNamed = namedByDs(tracked, parts);
  const named = standing.filter((key) => isNamed(key.rdata));
  const trusted = trustedKeys(tracked);
  const proving = [...standing.filter((key) => trusted.some((rdata) => bytesEqual(rdata, key.rdata))), ...named];
  const signature = await firstSignature(set, proving, tracked, parts);
  if (signature === null) return null;
  const present = standing.map((key) => key.rdata).filter(isEntryPoint);
  return { seen: { present, namedByDs: named.map((key) => key.rdata) }, signature };
}

/**
 * RFC 5011 §2.1: a trusted key is revoked when it stands in the set with the REVOKE bit and has signed the set itself. One
 * that was revoked before is news to nobody, and says nothing more.
 */
async function revokedBySelf(set: RRset, keys: readonly ProbedKey[], tracked: TrackedKeys, parts: ProbeParts) {
  const trusted = trustedKeys(tracked);
  const rdatas: Uint8Array[] = [];
  for (const key of keys.filter(isRevoked)) {
    if (!trusted.some((rdata) => isSameKey(rdata, key.rdata))) continue;
    if ((await firstSignature(set, [key], tracked, parts)) !== null) rdatas.push(key.rdata);
  }
  return rdatas;
}

async function firstSignature(
  set: RRset,
  keys: readonly ZoneKey[],
  tracked: TrackedKeys,
  parts: ProbeParts,
): Promise<ValidSignature | null> {
  const { signatureTime: time, now, skew, crypto } = parts;
  for (const signature of signaturesOf(set).slice(0, MAX_SIGNATURES)) {
    const checked = precheckRrsig({ rrset: set, signature, zone: tracked.zone, time, now, skew });
    if ('kind' in checked) continue;
    for (const key of keys) {
      const ready = withKey(checked, key);
      if ('kind' in ready) continue;
      const outcome = await verifySignature(ready, crypto);
      if (outcome.kind === 'valid') return outcome;
    }
  }
  return null;
}
