/**
 * Verdicts: what DNSSEC says of data (RFC 4033 §5), each with its reason. A verdict other than secure cannot be made
 * without one.
 *
 * "Unchecked" is not a verdict: it is a state of cached data (`RankedRRset.verdict === null`).
 * Names and zones in reasons are presentation text: they are for people.
 */

import type { DenialFailure } from './denial-outcome.ts';
import type { Limit } from './limit.ts';

/** Facts that a reason carries so that it can be printed: which zone, which record, which key. */
interface Where {
  /** Zone that should have signed, presentation text with the final dot. */
  readonly zone: string;
  /** The record in question, e.g. `mx.example. A`. */
  readonly record: string;
}

/** Why data is insecure: provably not signed, or signed in a way that we need not understand. */
export type InsecureReason =
  /** The parent proves that the zone has no DS (RFC 4035 §5.2). */
  | { readonly kind: 'no-ds-proven'; readonly zone: string }
  /** An NSEC3 opt-out span covers the delegation or name (RFC 5155 §6). */
  | { readonly kind: 'opt-out'; readonly zone: string }
  /** Configured: domain-insecure, a negative trust anchor (RFC 7646). EDE 33 when it is served. */
  | { readonly kind: 'negative-anchor'; readonly zone: string }
  /** All DS records name algorithms that are not supported (RFC 4035 §5.2). EDE 1. */
  | { readonly kind: 'algorithm-unsupported'; readonly zone: string; readonly algorithms: readonly number[] }
  /** All DS records use digests that are not supported (RFC 6840 §5.2). EDE 2. */
  | { readonly kind: 'digest-unsupported'; readonly zone: string; readonly digests: readonly number[] }
  /** NSEC3 iterations above the limit (RFC 9276 §3.2). EDE 27. */
  | { readonly kind: 'nsec3-iterations-high'; readonly zone: string; readonly iterations: number }
  /** An RRSIG that was asked for by itself: there are no signatures over signatures (RFC 4035 §2.2). */
  | { readonly kind: 'signature-not-signed'; readonly zone: string }
  /** No trust anchor at or above the name, or none configured (RFC 4035 §4.3: here treated as unsigned). */
  | { readonly kind: 'no-anchor'; readonly zone: string };

/** Why data is bogus: it should be signed and is not rightly so. */
export type BogusReason =
  | ({ readonly kind: 'signature-expired'; readonly keyTag: number; readonly expiredAt: number } & Where)
  | ({ readonly kind: 'signature-not-yet-valid'; readonly keyTag: number; readonly validFrom: number } & Where)
  | ({ readonly kind: 'expired-before-valid'; readonly keyTag: number } & Where)
  /** The cryptographic check says no. */
  | ({ readonly kind: 'signature-wrong'; readonly keyTag: number; readonly algorithm: number } & Where)
  /** The RRSIG is cut short or has fields that cannot be. */
  | ({ readonly kind: 'signature-malformed' } & Where)
  /** The signer is not the zone that must sign this owner (RFC 4035 §5.3.1). */
  | ({ readonly kind: 'signer-not-allowed'; readonly signer: string } & Where)
  /** Labels field larger than the owner's, or smaller than the signer's (RFC 4035 §5.3.1). */
  | ({ readonly kind: 'label-count-wrong'; readonly keyTag: number } & Where)
  | ({ readonly kind: 'no-signature' } & Where)
  /** There are signatures, but no key of the zone with their tag and algorithm. */
  | ({ readonly kind: 'no-matching-key'; readonly keyTag: number } & Where)
  /** A DNSKEY set with signatures, but none by the key that the DS set or the anchor names (RFC 4035 §5.2). EDE 10. */
  | ({ readonly kind: 'no-trusted-signature'; readonly keyTag: number } & Where)
  /** A key of the zone made the signature, but its octets are no usable key of its algorithm. */
  | ({ readonly kind: 'key-unusable'; readonly keyTag: number; readonly algorithm: number } & Where)
  /** harden-algo-downgrade: an algorithm that the DS set announces has no valid signature (RFC 6840 §5.11). */
  | ({ readonly kind: 'algorithm-missing'; readonly algorithm: number } & Where)
  | { readonly kind: 'no-dnskey'; readonly zone: string }
  | { readonly kind: 'no-dnskey-matches-ds'; readonly zone: string; readonly keyTag: number }
  | { readonly kind: 'zone-key-bit-missing'; readonly zone: string; readonly keyTag: number }
  | { readonly kind: 'key-revoked'; readonly zone: string; readonly keyTag: number }
  | { readonly kind: 'key-protocol-wrong'; readonly zone: string; readonly keyTag: number }
  /** A negative answer without NSEC or NSEC3. */
  | ({ readonly kind: 'denial-missing' } & Where)
  /** The denial does not prove what the answer says: it proves too little (EDE 12), or the opposite (EDE 6). */
  | ({ readonly kind: 'denial-wrong'; readonly how: DenialFailure } & Where)
  /** Wildcard expansion without proof that the closer name does not exist (RFC 4035 §5.3.4). EDE 12. */
  | ({ readonly kind: 'wildcard-unproven' } & Where)
  /** Made from a wildcard, of a type that none can make: DS, DNSKEY, DNAME (RFC 4035 §5.2, RFC 4592 §4.4). */
  | ({ readonly kind: 'wildcard-not-allowed' } & Where)
  /** A CNAME that does not follow from its DNAME (RFC 6672 §5.3.1). */
  | ({ readonly kind: 'alias-not-synthesised' } & Where)
  /** More signatures, keys, DS or hashes than the limits allow (KeyTrap). `limit` names which. */
  | ({ readonly kind: 'too-much-work'; readonly limit: Limit } & Where)
  /** The fault lies in a zone above: its own reason. */
  | { readonly kind: 'chain-broken-above'; readonly zone: string; readonly of: BogusReason };

/** Why we cannot say. */
export type IndeterminateReason =
  /**
   * DS or DNSKEY could not be fetched; retried sooner than bogus. `how`: no server answered (EDE 22), or the network said
   * why not (EDE 23), or servers answered without giving it (EDE 9 for a DNSKEY, else 23).
   */
  | {
      readonly kind: 'chain-data-unreachable';
      readonly zone: string;
      readonly data: 'DS' | 'DNSKEY';
      readonly how: 'no-answer' | 'network-error' | 'refused';
    }
  /** A work limit ended the validation. EDE 5. */
  | { readonly kind: 'limit'; readonly limit: Limit };

/** What DNSSEC says of data. */
export type Verdict =
  | { readonly status: 'secure' }
  | { readonly status: 'insecure'; readonly why: InsecureReason }
  | { readonly status: 'bogus'; readonly why: BogusReason }
  | { readonly status: 'indeterminate'; readonly why: IndeterminateReason };

export const SECURE: Verdict = { status: 'secure' };

const RANK: Record<Verdict['status'], number> = { secure: 0, insecure: 1, indeterminate: 2, bogus: 3 };

/** The worse of two verdicts; the first when they are equally bad. A chain is as good as its worst part (RFC 4035 §3.2.3, RFC 6840 §5.8). */
export function worse(a: Verdict, b: Verdict): Verdict {
  return RANK[b.status] > RANK[a.status] ? b : a;
}
