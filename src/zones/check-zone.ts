/**
 * Whether a zone that was loaded may be used, by its digest and, where the zone should be signed, its signatures (RFC 8976 §4).
 *
 * Duties: the zone's keys against what is trusted of them from above, the signatures of SOA and ZONEMD, the proof that there
 * is no ZONEMD, the digest. Leaves to others: the way down to the zone's DS (given as a function), what becomes of the zone.
 */

import { type AlgorithmChoices, algorithmPolicy } from '../dnssec/algorithms.ts';
import { isRevoked, isZoneKey, rdataOfKey, wantedFirst, type ZoneKey, zoneKeyOf } from '../dnssec/dnskey.ts';
import { isUnsupported, matchDs, mayName, usableDs } from '../dnssec/match-ds.ts';
import type { SignatureTime } from '../dnssec/signature-time.ts';
import { precheckRrsig, type Skew, verifySignature, withKey } from '../dnssec/verify-signature.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import { bytesEqual } from '../wire/bytes.ts';
import type { Name } from '../wire/name.ts';
import type { Ds } from '../wire/rdata-ds.ts';
import { readNsec } from '../wire/rdata-nsec.ts';
import { readNsec3 } from '../wire/rdata-nsec3.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, signaturesOf } from '../wire/rrset.ts';
import { runInTurns } from '../wire/steps.ts';
import { hasType } from '../wire/type-bitmap.ts';
import type { Zone, ZoneSet } from './zone.ts';
import { denialChainSteps } from './zone-denial.ts';
import { checkDigest } from './zonemd.ts';

/** What is known from above about a zone's keys. */
export type ZoneAnchor =
  /** No anchor above, or a proven insecure delegation: signatures say nothing. */
  | { readonly kind: 'insecure' }
  /** The zone is signed: by keys that these name. */
  | { readonly kind: 'signed'; readonly ds: readonly Uint8Array[]; readonly dnskeys: readonly Uint8Array[] }
  /** Cannot be told now: bogus, or no answer. */
  | { readonly kind: 'unknown'; readonly why: string };

/** Finds that out; asks questions where it must. */
export type FindZoneAnchor = (zone: Name) => Promise<ZoneAnchor>;

export interface CheckOptions {
  /** The second at which signatures are checked (`val-override-date`). */
  readonly signatureTime: SignatureTime;
  readonly skew: Skew;
  readonly algorithms: AlgorithmChoices;
}

interface CheckParts {
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly findAnchor: FindZoneAnchor;
  readonly rules: CheckOptions;
}

/** The result. `unknown`: to be tried again. */
type ZoneCheck =
  | { readonly kind: 'good' }
  | { readonly kind: 'bad'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

/** Checks a zone. `rejectAbsence`: a zone without a digest is bad. */
export async function checkZone(zone: Zone, rejectAbsence: boolean, parts: CheckParts): Promise<ZoneCheck> {
  const anchor = await parts.findAnchor(zone.name);
  if (anchor.kind === 'unknown') return { kind: 'unknown', why: `chain of trust to the zone: ${anchor.why}` };
  const why = await findFault(zone, anchor, rejectAbsence, parts);
  return why === null ? { kind: 'good' } : { kind: 'bad', why };
}

type KnownAnchor = Exclude<ZoneAnchor, { kind: 'unknown' }>;

/** Why the zone may not be used; null when it may. */
async function findFault(
  zone: Zone,
  anchor: KnownAnchor,
  rejectAbsence: boolean,
  parts: CheckParts,
): Promise<string | null> {
  if (anchor.kind === 'signed') {
    const policy = algorithmPolicy(parts.crypto, parts.rules.algorithms);
    // RFC 4035 §5.2: a zone none of whose DS is of a supported kind is unsigned to us.
    if (anchor.dnskeys.length > 0 || !isUnsupported(usableDs(anchor.ds, policy))) {
      const why = await checkSigned(zone, anchor, parts);
      if (why !== null) return why;
    }
  }
  const digest = await checkDigest(zone, parts);
  if (digest.kind === 'wrong') return digest.why;
  if (digest.kind === 'right' || !rejectAbsence) return null;
  return digest.kind === 'absent' ? 'ZONEMD absent and that is not allowed by config' : 'no ZONEMD of a supported kind';
}

async function checkSigned(
  zone: Zone,
  anchor: Extract<ZoneAnchor, { kind: 'signed' }>,
  parts: CheckParts,
): Promise<string | null> {
  const dnskeys = zone.set(zone.name, TYPE.DNSKEY);
  if (dnskeys === null) return 'the zone has no DNSKEY';
  const isTrusted = trustTest(zone.name, anchor, parts);
  const keys = wantedFirst(rdatasOf(dnskeys.rrset), isTrusted, MAX_KEYS)
    .map((rdata) => zoneKeyOf(rdata, parts.crypto))
    .filter((key) => key !== null);
  // RFC 5011 §2.1: a revoked key proves nothing, whatever names it.
  const trusted = keys.filter((key) => isTrusted(rdataOfKey(key)) && isZoneKey(key) && !isRevoked(key));
  if (trusted.length === 0) return 'DNSKEY of the zone does not match its trust anchor or DS';
  if (!(await isSignedBy(dnskeys, trusted, zone, parts))) return 'DNSKEY of the zone is not validly signed';
  const soa = zone.soaSet;
  if (soa === null || !(await isSignedBy(soa, keys, zone, parts))) return 'SOA of the zone is not validly signed';
  const zonemd = zone.set(zone.name, TYPE.ZONEMD);
  if (zonemd === null) return await checkAbsence(zone, keys, parts);
  return (await isSignedBy(zonemd, keys, zone, parts)) ? null : 'ZONEMD of the zone is not validly signed';
}

/** Keys of a zone that are looked at; a rollover has some six. */
const MAX_KEYS = 32;
/** Signatures tried for one set, and keys tried against the DS (KeyTrap, CVE-2023-50387). */
const MAX_TRIES = 64;

/** Whether an anchor or a DS that counts names a key. So many are tried with a digest: thousands may have the tag of a DS (KeyTrap). */
function trustTest(
  zone: Name,
  anchor: Extract<ZoneAnchor, { kind: 'signed' }>,
  { crypto, rules }: CheckParts,
): (rdata: Uint8Array) => boolean {
  const { usable } = usableDs(anchor.ds, algorithmPolicy(crypto, rules.algorithms));
  let tries = 0;
  const isNamedBy = (ds: Ds, rdata: Uint8Array): boolean =>
    mayName(ds, rdata) && ++tries <= MAX_TRIES && matchDs(zone, ds, rdata, crypto) === 'match';
  return (rdata) => anchor.dnskeys.some((key) => bytesEqual(key, rdata)) || usable.some((ds) => isNamedBy(ds, rdata));
}

async function isSignedBy(set: ZoneSet, keys: readonly ZoneKey[], zone: Zone, parts: CheckParts): Promise<boolean> {
  const { signatureTime: time, skew } = parts.rules;
  const now = parts.clock.unixSeconds();
  let tries = 0;
  for (const signature of signaturesOf(set.rrset)) {
    const checked = precheckRrsig({ rrset: set.rrset, signature, zone: zone.name, time, now, skew });
    if ('kind' in checked) continue;
    for (const key of keys) {
      const ready = withKey(checked, key);
      if ('kind' in ready) continue;
      if (++tries > MAX_TRIES) return false;
      if ((await verifySignature(ready, parts.crypto)).kind === 'valid') return true;
    }
  }
  return false;
}

/** RFC 8976 §4 step 3: in a signed zone the absence of ZONEMD must be proven. */
async function checkAbsence(zone: Zone, keys: readonly ZoneKey[], parts: CheckParts): Promise<string | null> {
  const chain = await runInTurns(denialChainSteps(zone, parts.crypto), parts.clock);
  const denial = chain?.at(zone.name) ?? null;
  if (denial === null) return 'no proof that the zone has no ZONEMD';
  const [rdata = new Uint8Array()] = rdatasOf(denial.rrset);
  const isNsec3 = zone.set(zone.name, TYPE.NSEC) === null;
  const bitmap = (isNsec3 ? readNsec3(rdata) : readNsec(rdata))?.types ?? null;
  if (bitmap === null || hasType(bitmap, TYPE.ZONEMD)) return 'the zone had a ZONEMD that is gone';
  return (await isSignedBy(denial, keys, zone, parts))
    ? null
    : 'the proof that there is no ZONEMD is not validly signed';
}
