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

/** An NSEC or NSEC3 record that takes part in a proof. */
export interface ProofRecord {
  readonly owner: string;
  readonly type: string;
  /** Next name; of NSEC3 the next hash, base32hex. */
  readonly next: string;
  /** Types that it lists, the first of them. */
  readonly types: readonly string[];
  readonly isOptOut: boolean;
  /** Of NSEC3: extra iterations, and the salt in hex; null for NSEC. */
  readonly hashing: { readonly iterations: number; readonly salt: string } | null;
}

/** One piece of a denial proof. */
export interface ProofStep {
  /** What the record speaks of: the name itself, or the parts of a closest encloser proof (RFC 5155 §1.3). */
  readonly role: 'name' | 'closest-encloser' | 'next-closer' | 'wildcard';
  /** The name that it speaks of. */
  readonly name: string;
  /** Says it in words. */
  readonly text: string;
  /** Null: no record says it, and the proof lacks it. */
  readonly record: ProofRecord | null;
}

/** What the denial records of an answer prove together. */
export interface ProofLine {
  /** Name and type that are denied. */
  readonly about: string;
  readonly says: string;
  readonly isComplete: boolean;
  readonly steps: readonly ProofStep[];
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
  /** What an NSEC or NSEC3 record proves here; empty for other types, and where it proves nothing that was needed. */
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
  /** What they say; null without such records. */
  readonly noDsProof: ProofLine | null;
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

/** Signatures are not judged by the clock. */
interface JudgedAt {
  /** Unix seconds; null: their times are not looked at. */
  readonly unixSeconds: number | null;
  /** `asked`: for this explanation only. `configured`: `val-override-date`. */
  readonly by: 'asked' | 'configured';
}

/** Something that the caches hold of the question or of what it rests on. */
export interface HeldLine {
  readonly what: string;
  /** When it came or was proven, unix seconds. */
  readonly since: number;
  /** Unix seconds; null: for as long as this configuration is in force. */
  readonly until: number | null;
  /** What it says, and why it is held for so long. */
  readonly why: string;
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
  /** What those records say: of what is not there, and of names that a wildcard answers for. */
  readonly denials: readonly ProofLine[];
  readonly servers: readonly ServerLine[];
  readonly expiring: readonly ExpiryLine[];
  /** What is held now; only of an explanation out of the caches. */
  readonly held: readonly HeldLine[];
  /** True: from the caches only, nobody was asked. */
  readonly isCached: boolean;
  /** Null: signatures are judged by the clock, at `at`. */
  readonly judgedAt: JudgedAt | null;
}
