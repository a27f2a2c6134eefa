/**
 * One RRset, one RRSIG, one key: does the signature hold (RFC 4035 §5.3).
 *
 * Duties: all checks that need no cryptography, in the order of RFC 4035 §5.3.1, then the cryptographic one.
 * Leaves to others: which keys are trusted, how many tries are allowed, what the outcome means for the data.
 */

import type { Crypto } from '../ports/crypto.ts';
import type { SignatureFailure, SignatureOutcome } from '../terms/signature-outcome.ts';
import { isAtOrBelow, isBelow, labelCount, type Name, namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { DNSKEY_FLAG, DNSKEY_PROTOCOL } from '../wire/rdata-dnskey.ts';
import { type Rrsig, readRrsig } from '../wire/rdata-rrsig.ts';
import { TYPE } from '../wire/rr-type.ts';
import { type RRset, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { isRevoked, type ZoneKey } from './dnskey.ts';
import { signedData, signedLabelCount } from './signed-data.ts';

/** Allowed clock error, seconds: 10 % of the signature's life, at least `min`, at most `max` (`val-sig-skew-*`). */
export interface Skew {
  readonly min: number;
  readonly max: number;
}

export interface SignatureCheck {
  readonly rrset: RRset;
  /** Rdata of the RRSIG. */
  readonly signature: Uint8Array;
  readonly key: ZoneKey;
  /** The zone whose apex keys are tried: the signer must be this name. */
  readonly zone: Name;
  /** The second at which it must hold, unix. */
  readonly at: number;
  readonly skew: Skew;
}

/** All checks. At once where the algorithm is cheap, else as a promise that does not reject. */
export function verifySignature(check: SignatureCheck, crypto: Crypto): SignatureOutcome | Promise<SignatureOutcome> {
  const rrsig = precheckSignature(check);
  if ('kind' in rrsig) return rrsig;
  const imported = check.key.imported;
  if (imported === null) return { kind: 'key-unusable', keyTag: rrsig.keyTag, algorithm: rrsig.algorithm };
  const data = signedData(check.rrset, rrsig, check.signature);
  if (data === null) return { kind: 'label-count-wrong', keyTag: rrsig.keyTag, labels: rrsig.labels };
  const answer = crypto.verify(imported, data, rrsig.signature);
  if (typeof answer === 'boolean') return outcomeOf(answer, rrsig, check);
  return answer.then((isGood) => outcomeOf(isGood, rrsig, check));
}

function outcomeOf(isGood: boolean, rrsig: Rrsig, check: SignatureCheck): SignatureOutcome {
  if (!isGood) return { kind: 'wrong', keyTag: rrsig.keyTag, algorithm: rrsig.algorithm };
  return {
    kind: 'valid',
    keyTag: rrsig.keyTag,
    algorithm: rrsig.algorithm,
    expiration: rrsig.expiration,
    inception: rrsig.inception,
    originalTtl: rrsig.originalTtl,
    labels: rrsig.labels,
    isWildcard: rrsig.labels < signedLabelCount(rrsetOwner(check.rrset)),
  };
}

/** All checks but the cryptographic one, in the order of RFC 4035 §5.3.1: the RRSIG read, or the first that fails. */
export function precheckSignature(check: SignatureCheck): Rrsig | SignatureFailure {
  const rrsig = precheckRrsig(check);
  return 'kind' in rrsig ? rrsig : (findKeyFault(rrsig, check.key, rrsetType(check.rrset)) ?? rrsig);
}

/** All checks that need no key: the RRSIG read, or why it cannot hold with any key. */
export function precheckRrsig(check: Omit<SignatureCheck, 'key'>): Rrsig | SignatureFailure {
  const rrsig = readRrsig(check.signature);
  if (rrsig === null || rrsig.signature.length === 0) return { kind: 'malformed' };
  return findPlaceFault(rrsig, check.rrset, check.zone) ?? findTimeFault(rrsig, check.at, check.skew) ?? rrsig;
}

function findPlaceFault(rrsig: Rrsig, rrset: RRset, zone: Name): SignatureFailure | null {
  const owner = rrsetOwner(rrset);
  const type = rrsetType(rrset);
  const { keyTag } = rrsig;
  // RFC 4035 §5.3.1: "The RRSIG RR and the RRset MUST have the same owner name and the same class": by construction, an
  // RRset carries only such RRSIGs.
  // RFC 4035 §5.3.1: "The RRSIG RR's Signer's Name field MUST be the name of the zone that contains the RRset."
  if (!namesEqual(rrsig.signer, zone) || !isAtOrBelow(owner, zone)) return notAllowed(rrsig);
  // RFC 4035 §2.4: a DS belongs to the parent's side of the cut, so the zone of that name cannot have signed it.
  if (type === TYPE.DS && !isBelow(owner, zone)) return notAllowed(rrsig);
  // RFC 4035 §5.3.1: "The RRSIG RR's Type Covered field MUST equal the RRset's type."
  if (rrsig.typeCovered !== type) return { kind: 'type-covered-wrong', keyTag, typeCovered: rrsig.typeCovered };
  // RFC 4035 §5.3.1: "The number of labels in the RRset owner name MUST be greater than or equal to the value in the RRSIG
  // RR's Labels field." RFC 4034 §3.1.3: a wildcard lies inside the zone, so the field is not below the signer's count.
  if (rrsig.labels > signedLabelCount(owner) || rrsig.labels < labelCount(rrsig.signer)) {
    return { kind: 'label-count-wrong', keyTag, labels: rrsig.labels };
  }
  return null;
}

function notAllowed(rrsig: Rrsig): SignatureFailure {
  return { kind: 'signer-not-allowed', keyTag: rrsig.keyTag, signer: formatName(rrsig.signer) };
}

function findTimeFault(rrsig: Rrsig, at: number, skew: Skew): SignatureFailure | null {
  const { keyTag, expiration, inception } = rrsig;
  const life = serialDifference(expiration, inception);
  if (life < 0) return { kind: 'expired-before-valid', keyTag };
  const allowed = Math.min(Math.max(Math.floor(life / 10), skew.min), skew.max);
  // RFC 4035 §5.3.1: "The validator's notion of the current time MUST be less than or equal to the time listed in the RRSIG
  // RR's Expiration field."
  if (serialDifference(at, expiration) > allowed) return { kind: 'expired', keyTag, expiredAt: expiration };
  // RFC 4035 §5.3.1: "... MUST be greater than or equal to the time listed in the RRSIG RR's Inception field."
  if (serialDifference(inception, at) > allowed) return { kind: 'not-yet-valid', keyTag, validFrom: inception };
  return null;
}

/** a - b of two 32-bit serial numbers, from -2^31 to 2^31 - 1 (RFC 1982 §3.2, RFC 4034 §3.1.5). */
export function serialDifference(a: number, b: number): number {
  return (a - b) | 0;
}

function findKeyFault(rrsig: Rrsig, key: ZoneKey, type: number): SignatureFailure | null {
  const { keyTag, algorithm } = rrsig;
  // RFC 4035 §5.3.1: "The RRSIG RR's Signer's Name, Algorithm, and Key Tag fields MUST match the owner name, algorithm, and
  // key tag for some DNSKEY RR in the zone's apex DNSKEY RRset."
  if (algorithm !== key.algorithm || keyTag !== key.keyTag) return { kind: 'other-key', keyTag, algorithm };
  // RFC 4035 §5.3.1: "The matching DNSKEY RR MUST be present in the zone's apex DNSKEY RRset, and MUST have the Zone Flag
  // bit (DNSKEY RDATA Flag bit 7) set."
  if ((key.flags & DNSKEY_FLAG.ZONE) === 0) return { kind: 'zone-key-bit-missing', keyTag };
  // RFC 4034 §2.1.2: a DNSKEY with another protocol value MUST be treated as invalid during signature verification.
  if (key.protocol !== DNSKEY_PROTOCOL) return { kind: 'key-protocol-wrong', keyTag };
  // RFC 5011 §2.1: a revoked key may only validate the RRSIG that it made over the DNSKEY RRset.
  if (isRevoked(key) && type !== TYPE.DNSKEY) return { kind: 'key-revoked', keyTag };
  if (key.imported === null) return { kind: 'key-unusable', keyTag, algorithm };
  return null;
}
