/**
 * Signature outcomes: what one check of one RRset with one RRSIG and one DNSKEY says. The order of the members is the order
 * in which the checks are made (RFC 4035 §5.3.1), the cryptographic one last.
 */

/** A signature that holds, with the facts that its user needs afterwards (TTL cut, wildcard proof, EDE). */
export interface ValidSignature {
  readonly kind: 'valid';
  readonly keyTag: number;
  readonly algorithm: number;
  /** Unix seconds as a 32-bit serial number (RFC 4034 §3.1.5). */
  readonly expiration: number;
  /** Unix seconds as a 32-bit serial number. */
  readonly inception: number;
  /** Seconds: no copy of the data may have a longer TTL (RFC 4035 §5.3.3). */
  readonly originalTtl: number;
  /** Labels field: the name that was signed has this many labels, an asterisk not counted. */
  readonly labels: number;
  /** True when the owner was expanded from `*.` + the last `labels` labels: then a proof is due (RFC 4035 §5.3.4). */
  readonly isWildcard: boolean;
}

/** What one check says. Each failure carries what is needed to print it. */
export type SignatureOutcome =
  | ValidSignature
  /** The RRSIG is cut short or has fields that cannot be. */
  | { readonly kind: 'malformed' }
  /** The signer is not the zone that must have signed, or the owner is not inside it. `signer`: presentation text. */
  | { readonly kind: 'signer-not-allowed'; readonly keyTag: number; readonly signer: string }
  /** The RRSIG covers another type. */
  | { readonly kind: 'type-covered-wrong'; readonly keyTag: number; readonly typeCovered: number }
  /** Labels field larger than the owner's count of labels, or smaller than the signer's. */
  | { readonly kind: 'label-count-wrong'; readonly keyTag: number; readonly labels: number }
  /** Expiration before inception: no time satisfies it. */
  | { readonly kind: 'expired-before-valid'; readonly keyTag: number }
  | { readonly kind: 'expired'; readonly keyTag: number; readonly expiredAt: number }
  | { readonly kind: 'not-yet-valid'; readonly keyTag: number; readonly validFrom: number }
  /** Algorithm or key tag differ from the key's: this is simply not the key of this signature. */
  | { readonly kind: 'other-key'; readonly keyTag: number; readonly algorithm: number }
  /** DNSKEY flag bit 7 (zone key) is off (RFC 4034 §2.1.1). */
  | { readonly kind: 'zone-key-bit-missing'; readonly keyTag: number }
  /** DNSKEY protocol field is not 3 (RFC 4034 §2.1.2). */
  | { readonly kind: 'key-protocol-wrong'; readonly keyTag: number }
  /** The key is revoked and the data is not the DNSKEY RRset that says so (RFC 5011 §2.1). */
  | { readonly kind: 'key-revoked'; readonly keyTag: number }
  /** This build or its policy does not do the algorithm, or the key's octets are no key of it. */
  | { readonly kind: 'key-unusable'; readonly keyTag: number; readonly algorithm: number }
  /** The cryptographic check says no. */
  | { readonly kind: 'wrong'; readonly keyTag: number; readonly algorithm: number };

/** Any outcome but `valid`. */
export type SignatureFailure = Exclude<SignatureOutcome, { readonly kind: 'valid' }>;
