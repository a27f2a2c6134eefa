/**
 * One RRset, one RRSIG, one key: does the signature hold (RFC 4035 §5.3).
 *
 * Duties: all checks that need no cryptography, in the order of RFC 4035 §5.3.1, then the cryptographic one.
 * Leaves to others: which keys are trusted, how many tries are allowed, what the outcome means for the data.
 */

import type { Crypto, ImportedKey } from '../ports/crypto.ts';
import type { SignatureFailure, SignatureOutcome } from '../terms/signature-outcome.ts';
import { isAtOrBelow, isBelow, labelCount, type Name, namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { DNSKEY_FLAG, DNSKEY_PROTOCOL } from '../wire/rdata-dnskey.ts';
import { type Rrsig, readRrsig } from '../wire/rdata-rrsig.ts';
import { TYPE } from '../wire/rr-type.ts';
import { type RRset, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { serialDifference } from '../wire/serial.ts';
import { signedLabelCount } from '../wire/signed-labels.ts';
import { isRevoked, type ZoneKey } from './dnskey.ts';
import { checkedAt, type SignatureTime } from './signature-time.ts';
import { signedData } from './signed-data.ts';

/** Allowed clock error, seconds: 10 % of the signature's life, at least `min`, at most `max` (`val-sig-skew-*`). */
export interface Skew {
  readonly min: number;
  readonly max: number;
}

/** What one RRSIG is checked against before there is a key. */
export interface RrsigCheck {
  readonly rrset: RRset;
  /** Rdata of the RRSIG. */
  readonly signature: Uint8Array;
  /** The zone whose apex keys are tried: the signer must be this name. */
  readonly zone: Name;
  /** The second at which it must hold; `now` is the clock's, unix. */
  readonly time: SignatureTime;
  readonly now: number;
  readonly skew: Skew;
}

declare const checkedBrand: unique symbol;

/** An RRSIG, read, against which nothing can be said without a key. Only `precheckRrsig` makes one. */
export interface CheckedRrsig {
  readonly rrsig: Rrsig;
  readonly rdata: Uint8Array;
  readonly rrset: RRset;
  /** Owner of the set. */
  readonly owner: Name;
  readonly [checkedBrand]: true;
}

declare const keyedBrand: unique symbol;

/** A checked RRSIG with a key that may have made it. Only `withKey` makes one. */
export interface KeyedRrsig {
  readonly checked: CheckedRrsig;
  readonly key: ImportedKey;
  readonly [keyedBrand]: true;
}

/** The cryptographic check. At once where the algorithm is cheap, else as a promise that does not reject. */
export function verifySignature(
  { checked, key }: KeyedRrsig,
  crypto: Crypto,
): SignatureOutcome | Promise<SignatureOutcome> {
  const { rrsig, rdata } = checked;
  const data = signedData(checked, rrsig, rdata);
  if (data === null) return { kind: 'label-count-wrong', keyTag: rrsig.keyTag, labels: rrsig.labels };
  const answer = crypto.verify(key, data, rrsig.signature);
  if (typeof answer === 'boolean') return outcomeOf(answer, checked);
  return answer.then((isGood) => outcomeOf(isGood, checked));
}

function outcomeOf(isGood: boolean, { rrsig, owner }: CheckedRrsig): SignatureOutcome {
  if (!isGood) return { kind: 'wrong', keyTag: rrsig.keyTag, algorithm: rrsig.algorithm };
  return {
    kind: 'valid',
    keyTag: rrsig.keyTag,
    algorithm: rrsig.algorithm,
    expiration: rrsig.expiration,
    inception: rrsig.inception,
    originalTtl: rrsig.originalTtl,
    labels: rrsig.labels,
    isWildcard: rrsig.labels < signedLabelCount(owner),
  };
}

/** All checks that need no key, in the order of RFC 4035 §5.3.1: the RRSIG read, or why it cannot hold with any key. */
export function precheckRrsig({
  rrset,
  signature,
  zone,
  time,
  now,
  skew,
}: RrsigCheck): CheckedRrsig | SignatureFailure {
  const rrsig = readRrsig(signature);
  if (rrsig === null || rrsig.signature.length === 0) return { kind: 'malformed' };
  const owner = rrsetOwner(rrset);
  const fault =
    findRecordFault(rrsig, { owner, type: rrsetType(rrset) }, zone) ??
    findTimeFault(rrsig, checkedAt(time, now, rrsig.inception), skew);
  return fault ?? ({ rrsig, rdata: signature, rrset, owner } as CheckedRrsig);
}

/** The RRSIG with a key, or why that key cannot have made it. */
export function withKey(checked: CheckedRrsig, key: ZoneKey): KeyedRrsig | SignatureFailure {
  const { imported } = key;
  const { keyTag, algorithm } = checked.rrsig;
  const fault = findKeyFault(checked.rrsig, key, rrsetType(checked.rrset));
  if (fault !== null) return fault;
  if (imported === null) return { kind: 'key-unusable', keyTag, algorithm };
  return { checked, key: imported } as KeyedRrsig;
}

function findRecordFault(
  rrsig: Rrsig,
  { owner, type }: { readonly owner: Name; readonly type: number },
  zone: Name,
): SignatureFailure | null {
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
  return null;
}
