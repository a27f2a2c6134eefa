/** What the operator decides about validation, with defaults, and the limits that bound its cost. */

import type { AlgorithmChoices } from '../dnssec/algorithms.ts';
import type { SignatureTime } from '../dnssec/signature-time.ts';
import type { Skew } from '../dnssec/verify-signature.ts';

/** Iterations allowed for keys up to a size (one pair of val-nsec3-keysize-iterations). */
export interface IterationLimit {
  readonly keyBits: number;
  readonly iterations: number;
}

export interface ValidateOptions {
  /** The second at which signatures are checked (val-override-date). */
  readonly signatureTime: SignatureTime;
  /** Clock error allowed (val-sig-skew-min, val-sig-skew-max), seconds. */
  readonly skew: Skew;
  /** Seconds that a bogus RRset or zone is believed to be so (val-bogus-ttl). */
  readonly bogusTtlSeconds: number;
  /** Times that bad DS or DNSKEY data is asked for again from other servers (val-max-restart). */
  readonly maxRestarts: number;
  /** Unsigned and unproven records leave the additional section of secure answers (val-clean-additional). */
  readonly cleanAdditional: boolean;
  /** An anchor's zone without DNSKEY is bogus (true, the default) or insecure (harden-dnssec-stripped). */
  readonly hardenDnssecStripped: boolean;
  /** Every algorithm that the DS set announces must have signed (harden-algo-downgrade); RFC 6840 §5.11 says no. */
  readonly hardenAlgoDowngrade: boolean;
  /** Which algorithms count as supported. */
  readonly algorithms: AlgorithmChoices;
  /** Iterations of NSEC3 allowed, by size of the zone's largest key (val-nsec3-keysize-iterations). */
  readonly nsec3Iterations: readonly IterationLimit[];
  readonly limits: ValidateLimits;
}

/** Bounds on the cost of one piece of validation (KeyTrap, CVE-2023-50387; NSEC3, CVE-2023-50868). */
interface ValidateLimits {
  /** Cryptographic checks for one RRset. An honest set needs one, or two in a rollover. Unbound: 8 (MAX_VALIDATE_RRSIGS). */
  readonly signatureChecks: number;
  /** Keys of one tag and algorithm that are tried for one signature. Honest collisions of two keys occur, of more do not. */
  readonly keysPerTag: number;
  /** RRSIGs of one set that are looked at at all. */
  readonly signatures: number;
  /** DS records of one zone that name a key's tag but do not fit. Unbound: 4 (MAX_DS_MATCH_FAILURES). */
  readonly dsMatchFailures: number;
  /** Keys of one DNSKEY set that are taken. The largest honest sets have about 20. */
  readonly zoneKeys: number;
  /** Times that a denial may go on for NSEC3_HASHES_PER_GRANT names more, each after a yield. Unbound: 16. */
  readonly nsec3Grants: number;
  /**
   * RRsets of an answer to a question of type ANY that are validated and given; the others are left out, as RFC 8482 §4.1
   * allows. Honest names have about 12.
   */
  readonly anySets: number;
  /** Signers of one RRset that are followed. Only one can be right; the others are noise of rollovers or attackers. */
  readonly signers: number;
  /** Seconds that a zone's keys are kept at most; Unbound's cache-max-ttl. */
  readonly keyTtlSeconds: number;
}

/** The bounds that no directive sets. */
export const VALIDATE_LIMITS: Omit<ValidateLimits, 'keyTtlSeconds'> = {
  signatureChecks: 8,
  keysPerTag: 4,
  signatures: 32,
  dsMatchFailures: 4,
  zoneKeys: 64,
  nsec3Grants: 16,
  signers: 3,
  anySets: 24,
};
