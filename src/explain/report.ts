/** What `explain` tells of one question: plain facts that can be written as JSON and drawn; no wire octets in it. */

import type { Culprit } from './remedy.ts';

/** One RRSIG of a set that is shown. */
export interface SignatureLine {
  readonly keyTag: number;
  readonly algorithm: number;
  /** Presentation text. */
  readonly signer: string;
  /** Unix seconds. */
  readonly inception: number;
  /** Unix seconds. */
  readonly expiration: number;
  /** What the validator saw, else what times and keys say. */
  readonly state: 'good' | 'not checked' | 'expired' | 'not yet valid' | 'no such key' | 'wrong';
}

/** A set of records with its signatures. */
export interface SetLine {
  readonly owner: string;
  readonly type: string;
  /** Seconds left. */
  readonly ttl: number;
  /** Rdata in presentation form. */
  readonly records: readonly string[];
  readonly status: string;
  /** Server that it came from; null when local or unknown. */
  readonly server: string | null;
  readonly signatures: readonly SignatureLine[];
  /** What an NSEC record says of the name that is asked for; empty for other types. */
  readonly proves: string;
}

export interface KeyLine {
  readonly keyTag: number;
  readonly algorithm: number;
  readonly algorithmName: string;
  /** Bits of the public key field that measure its strength (RSA: of the modulus). */
  readonly bits: number;
  readonly flags: number;
  /** SEP bit: a key that signs keys, by custom. */
  readonly isEntry: boolean;
  readonly isRevoked: boolean;
  /** Named by the DS set or the anchor of a zone that was proven secure. */
  readonly isTrusted: boolean;
}

export interface DsLine {
  readonly keyTag: number;
  readonly algorithm: number;
  readonly digestType: number;
}

export interface ZoneLine {
  readonly zone: string;
  readonly status: string;
  /** Kind of the reason; null when secure. */
  readonly why: string | null;
  /** Starts a chain: a trust anchor is configured for it, with these tags; null: it has none. */
  readonly anchor: readonly number[] | null;
  readonly ds: readonly DsLine[];
  readonly dsSet: SetLine | null;
  /** Records of the zone above that prove that there is no DS. */
  readonly noDs: readonly SetLine[];
  readonly keys: readonly KeyLine[];
  readonly keySet: SetLine | null;
}

/** One question to a server, and what it said. */
export interface ServerLine {
  readonly server: string;
  readonly zone: string;
  readonly question: string;
  readonly transport: string;
  readonly said: string;
  /** Null: no answer. */
  readonly rttMs: number | null;
}

/** A signature that runs out soon. */
export interface ExpiryLine {
  readonly record: string;
  readonly keyTag: number;
  /** Unix seconds. */
  readonly expiration: number;
}

export interface Report {
  readonly question: string;
  /** Unix seconds. */
  readonly at: number;
  readonly seconds: number;
  readonly rcode: string;
  readonly status: string;
  readonly reason: string;
  readonly ede: readonly { readonly code: number; readonly name: string }[];
  readonly remedy: { readonly culprit: Culprit; readonly who: string; readonly text: string } | null;
  /** From the anchor down. */
  readonly zones: readonly ZoneLine[];
  readonly answer: readonly SetLine[];
  /** SOA, NSEC and NSEC3 of a denial or an expansion. */
  readonly proof: readonly SetLine[];
  readonly servers: readonly ServerLine[];
  readonly expiring: readonly ExpiryLine[];
  /** True: from the caches only, nobody was asked. */
  readonly isCached: boolean;
}
