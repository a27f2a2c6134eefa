/**
 * Denial records of one answer: verified with one zone's keys, then asked what they prove.
 *
 * Duties: verify NSEC and NSEC3 sets before anything is believed of them, the NSEC3 hash budget with its yields
 * (CVE-2023-50868), the iteration limit of the zone's key size.
 * Leaves to others: what the records say (dnssec), whether that fits the rcode.
 */

import type { DenialRecord, DeniedQuestion } from '../dnssec/denial-record.ts';
import { proveByNsec, proveWildcardByNsec } from '../dnssec/nsec.ts';
import { proveByNsec3, proveWildcardByNsec3, readNsec3Span } from '../dnssec/nsec3.ts';
import { NSEC3_HASHES_PER_GRANT, Nsec3Hasher } from '../dnssec/nsec3-hash.ts';
import { MAX_ONE_BLOCK_SALT_OCTETS } from '../dnssec/nsec3-iterate.ts';
import {
  type DenialFailure,
  type DenialOutcome,
  isContradiction,
  type WildcardOutcome,
} from '../terms/denial-outcome.ts';
import type { Limit } from '../terms/limit.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { BogusReason } from '../terms/verdict.ts';
import { readU16 } from '../wire/bytes.ts';
import type { Name } from '../wire/name.ts';
import { readNsec3 } from '../wire/rdata-nsec3.ts';
import { isSignedBy, signedLabels } from '../wire/rdata-rrsig.ts';
import { TYPE } from '../wire/rr-type.ts';
import { firstRdatasOf, type RRset, rrsetOwner, rrsetType, signatureCount, signaturesAt } from '../wire/rrset.ts';
import { signedLabelCount } from '../wire/signed-labels.ts';
import { andThen, type Soon } from '../work/soon.ts';
import { keepSpans, type VerifiedSet } from './keep-spans.ts';
import type { IterationLimit } from './options.ts';
import { storeSecure } from './store-verdict.ts';
import type { ValidationContext } from './validation-context.ts';
import { type RRsetCheck, verifyRRset } from './verify-rrset.ts';
import type { SecureZone } from './zone-security.ts';

/** NSEC and NSEC3 sets looked at in one answer. An honest denial needs 3 (RFC 5155 §7.2.2), with a wildcard CNAME 4. */
const MAX_DENIAL_SETS = 12;

/**
 * Records of one NSEC or NSEC3 set that are looked at. An honest set has one (RFC 4034 §4, RFC 5155 §7.1); thousands in
 * one set would be read again at every label of a walk.
 */
export const MAX_RECORDS_PER_DENIAL_SET = 4;

/** Denial records of an answer that a zone's keys verify. */
export interface ProvenRecords {
  readonly nsec: readonly DenialRecord[];
  readonly nsec3: readonly DenialRecord[];
  /** The sets that they come from, with their verdict. */
  readonly sets: readonly RankedRRset[];
  /** Why the first set that did not verify did not; null when all did. */
  readonly failure: BogusReason | null;
  /** When the first of them stops being usable, unix seconds. */
  readonly expiresAt: number;
}

/** Records, or the limit that ended their verification. */
type RecordsResult = ProvenRecords | { readonly limit: Limit };

/** True for the types of denial records. */
export function isDenialSet(ranked: RankedRRset): boolean {
  const type = rrsetType(ranked.rrset);
  return type === TYPE.NSEC || type === TYPE.NSEC3;
}

/** Verifies the denial sets among `sets` with the keys of `zone`. At once, unless a check has to wait. */
export function proveRecords(
  validation: ValidationContext,
  sets: readonly RankedRRset[],
  zone: SecureZone,
): Soon<RecordsResult> {
  return new RecordsProof(validation, sets, zone).proveFrom(0);
}

/** The denial sets of one answer, and what was proven of them. */
class RecordsProof {
  readonly #validation: ValidationContext;
  /** What came with the denial sets as well. */
  readonly #authority: readonly RankedRRset[];
  readonly #zone: SecureZone;
  readonly #denials: readonly RankedRRset[];
  readonly #nsec: DenialRecord[] = [];
  readonly #nsec3: DenialRecord[] = [];
  readonly #proven: RankedRRset[] = [];
  readonly #verified: VerifiedSet[] = [];
  #failure: BogusReason | null = null;
  #expiresAt = Number.POSITIVE_INFINITY;

  constructor(validation: ValidationContext, authority: readonly RankedRRset[], zone: SecureZone) {
    this.#validation = validation;
    this.#authority = authority;
    this.#zone = zone;
    this.#denials = firstDenialSets(authority);
  }

  /** Verifies the sets from the given one on. */
  proveFrom(from: number): Soon<RecordsResult> {
    for (let i = from; i < this.#denials.length; i++) {
      const ranked = this.#validation.asKnownNow(this.#denials[i] as RankedRRset);
      const proof = provenBefore(ranked, this.#zone.zone) ?? proveSet(this.#validation, ranked, this.#zone);
      if (proof instanceof Promise) return this.#proveAfter(ranked, proof, i + 1);
      const end = this.#take(ranked, proof);
      if (end !== null) return end;
    }
    return this.#conclude();
  }

  // Functions of their own for what waits: one that holds a closure makes a context whenever it is called.
  #proveAfter(ranked: RankedRRset, proof: Promise<SetProof>, next: number): Promise<RecordsResult> {
    return proof.then((late) => this.#take(ranked, late) ?? this.proveFrom(next));
  }

  /** What ends it; null: the next set is to be verified. */
  #take({ rrset }: RankedRRset, check: SetProof): { readonly limit: Limit } | null {
    if (check.kind === 'limit') return check;
    if (check.kind === 'bogus') {
      // What another zone signed was not meant to prove anything here: a fault of the zone's own records says more.
      if (this.#failure === null || this.#failure.kind === 'signer-not-allowed') this.#failure = check.why;
      return null;
    }
    const records = recordsOf(rrset, check.labels, this.#zone.zone);
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as DenialRecord;
      if (record.span === undefined) this.#nsec.push(record);
      else this.#nsec3.push(record);
    }
    this.#proven.push(check.ranked);
    const record = records[0];
    if (!check.isWildcard && record !== undefined) this.#verified.push({ ranked: check.ranked, record });
    this.#expiresAt = Math.min(this.#expiresAt, check.expiresAt);
    return null;
  }

  #conclude(): ProvenRecords {
    const { parts, now, mayKeep } = this.#validation;
    const { zone } = this.#zone;
    if (parts.denials !== undefined && mayKeep) {
      const maxIterations = iterationLimit(this.#zone, parts.options.nsec3Iterations);
      keepSpans(parts.denials, { zone, verified: this.#verified, authority: this.#authority, now, maxIterations });
    }
    const [nsec, nsec3, sets] = [this.#nsec, this.#nsec3, this.#proven];
    return { nsec, nsec3, sets, failure: this.#failure, expiresAt: this.#expiresAt };
  }
}

/** The first records of a set that keys of the zone verified; of NSEC3 records with what they say. */
function recordsOf(rrset: RRset, signatureLabels: number, zone: Name): DenialRecord[] {
  const owner = rrsetOwner(rrset);
  const isHashed = rrsetType(rrset) === TYPE.NSEC3;
  return firstRdatasOf(rrset, MAX_RECORDS_PER_DENIAL_SET).map((rdata) => {
    const record = { owner, rdata, signatureLabels };
    return isHashed ? { ...record, span: readNsec3Span(record, zone), readFor: zone } : record;
  });
}

function firstDenialSets(sets: readonly RankedRRset[]): RankedRRset[] {
  const denials: RankedRRset[] = [];
  for (const ranked of sets) if (denials.length < MAX_DENIAL_SETS && isDenialSet(ranked)) denials.push(ranked);
  return denials;
}

/** A denial set that the zone's keys verify. */
interface ProvenSet {
  readonly kind: 'proven';
  readonly ranked: RankedRRset;
  readonly labels: number;
  readonly isWildcard: boolean;
  readonly expiresAt: number;
}

/** A denial set that was verified before, by keys of that zone; null: it is to be verified. */
function provenBefore(ranked: RankedRRset, zone: Name): ProvenSet | null {
  const labels = ranked.verdict?.status === 'secure' ? labelsSignedBy(ranked, zone) : null;
  return labels === null ? null : { kind: 'proven', ranked, labels, isWildcard: false, expiresAt: ranked.expiresAt };
}

/** What verifying a denial set says. */
type SetProof = ProvenSet | Exclude<RRsetCheck, { readonly kind: 'secure' }>;

/** One denial set verified by the zone's keys; at once where no check has to wait. */
function proveSet(validation: ValidationContext, ranked: RankedRRset, zone: SecureZone): Soon<SetProof> {
  const check = verifyRRset(validation, ranked, zone);
  return check instanceof Promise
    ? check.then((late) => settle(validation, ranked, late))
    : settle(validation, ranked, check);
}

function settle(validation: ValidationContext, ranked: RankedRRset, check: RRsetCheck): SetProof {
  if (check.kind !== 'secure') return check;
  const { expiresAt } = check;
  const { labels, isWildcard } = check.signature;
  // A record that was expanded from a wildcard must not be remembered as standing at that owner.
  const settled = isWildcard ? ranked : storeSecure(validation, ranked, expiresAt);
  return { kind: 'proven', ranked: settled, labels, isWildcard, expiresAt };
}

/** Labels of a set whose signatures are all by `zone` over its own owner; null when one is not: it is verified anew. */
function labelsSignedBy({ rrset }: RankedRRset, zone: Name): number | null {
  const labels = signedLabelCount(rrsetOwner(rrset));
  let at = signaturesAt(rrset);
  for (let left = signatureCount(rrset); left > 0; left--) {
    const start = at + 2;
    at = start + readU16(rrset, at);
    if (!isSignedBy(rrset, zone, start, at) || signedLabels(rrset, start) !== labels) return null;
  }
  return labels;
}

/**
 * Why a denial is bogus: its records are missing, one that is needed does not verify, or what verifies says something else
 * or too little.
 */
export function denialReason(
  authority: readonly RankedRRset[],
  records: ProvenRecords,
  how: DenialFailure,
  place: { readonly zone: string; readonly record: string },
): BogusReason {
  const { sets, failure } = records;
  if (!authority.some(isDenialSet)) return { kind: 'denial-missing', ...place };
  if (failure === null || isContradiction(how)) return { kind: 'denial-wrong', how, ...place };
  if (failure.kind !== 'signer-not-allowed') return failure;
  return { kind: 'denial-wrong', how: sets.length === 0 ? 'other-zone' : how, ...place };
}

/** What the records prove of a question; `hash-budget` when even the last grant did not do. At once, unless hashes wait for a turn. */
export function proveDenial(
  validation: ValidationContext,
  records: ProvenRecords,
  question: DeniedQuestion,
  zone: SecureZone,
): Soon<DenialOutcome> {
  const byNsec = proveByNsec(question, records.nsec, zone.zone);
  const outcome = mustTryNsec3(records, byNsec)
    ? new HashedProof(validation, records.nsec3, zone, (given) =>
        proveByNsec3(question, records.nsec3, zone.zone, given),
      ).run()
    : byNsec;
  return andThen(outcome, (proof) => {
    validation.note(() => ({ kind: 'denial', outcome: proof.kind }));
    return proof;
  });
}

/** What the records prove of an answer expanded from the wildcard with that many labels. */
export function proveWildcard(
  validation: ValidationContext,
  records: ProvenRecords,
  answer: { readonly name: Name; readonly closestEncloserLabels: number },
  zone: SecureZone,
): Soon<WildcardOutcome> {
  const byNsec = proveWildcardByNsec(answer.name, answer.closestEncloserLabels, records.nsec, zone.zone);
  const outcome = mustTryNsec3(records, byNsec)
    ? new HashedProof(validation, records.nsec3, zone, (given) =>
        proveWildcardByNsec3(answer, records.nsec3, zone.zone, given),
      ).run()
    : byNsec;
  return andThen(outcome, (proof) => {
    validation.note(() => ({ kind: 'denial', outcome: `wildcard ${proof.kind}` }));
    return proof;
  });
}

/** By NSEC where there are such records and they prove it, else by NSEC3. */
function mustTryNsec3(records: ProvenRecords, byNsec: { readonly kind: string }): boolean {
  return records.nsec3.length > 0 && byNsec.kind === 'not-proven';
}

/**
 * SHA-1 calls over one block each that take about as long as one check of a signature: 8 names with 150 iterations as long as 4 of
 * Ed25519.
 */
const DIGESTS_OF_A_CHECK = 300;
/** Calls that one counts for whose salt is too long for the plain form: a digest by the crypto port. */
const DIGESTS_OF_A_LONG_SALT = 8;

/** What a grant of hashes may cost in checks of signatures, rounded down: most zones have no iterations, and it is nothing. */
export function checksOfGrant(nsec3: readonly Pick<DenialRecord, 'rdata'>[]): number {
  let digests = 0;
  for (const { rdata } of nsec3) {
    const parameters = readNsec3(rdata);
    if (parameters === null) continue;
    const isLong = parameters.salt.length > MAX_ONE_BLOCK_SALT_OCTETS;
    digests = Math.max(digests, (parameters.iterations + 1) * (isLong ? DIGESTS_OF_A_LONG_SALT : 1));
  }
  return Math.floor((NSEC3_HASHES_PER_GRANT * digests) / DIGESTS_OF_A_CHECK);
}

/** A proof with grants of hashes, a turn for each further one, until it ends or the limits do. */
class HashedProof<T extends { readonly kind: string }> {
  readonly #validation: ValidationContext;
  readonly #prove: (given: { hasher: Nsec3Hasher; maxIterations: number }) => T;
  readonly #given: { readonly hasher: Nsec3Hasher; readonly maxIterations: number };
  /** What a grant costs, in checks of signatures. */
  readonly #cost: number;
  #grants = 0;
  #paid = 0;

  constructor(
    validation: ValidationContext,
    nsec3: readonly DenialRecord[],
    zone: SecureZone,
    prove: (given: { hasher: Nsec3Hasher; maxIterations: number }) => T,
  ) {
    const { options, crypto } = validation.parts;
    this.#validation = validation;
    this.#prove = prove;
    // Proofs of one question may each be small and still be too many: one for each label of a deep name.
    const first = validation.work.budget.left('nsec3-hashes') > 0 ? NSEC3_HASHES_PER_GRANT : 0;
    const maxIterations = iterationLimit(zone, options.nsec3Iterations);
    this.#given = { hasher: new Nsec3Hasher(crypto, first), maxIterations };
    this.#cost = checksOfGrant(nsec3);
  }

  /** Proves with what has been granted, when there is room for it. */
  run(): Soon<T> {
    // The first grant of a zone without iterations takes some microseconds: the checks of its signatures were waited for.
    const checks = Math.max(this.#grants === 0 ? 0 : 1, this.#cost);
    const turn = checks > 0 ? this.#validation.mayHash(checks) : null;
    return turn === null ? this.#hash() : turn.then(() => this.#hash());
  }

  #hash(): Soon<T> {
    const { parts, work } = this.#validation;
    const { hasher } = this.#given;
    const outcome = this.#prove(this.#given);
    const unpaid = hasher.digests - this.#paid;
    this.#paid += unpaid;
    const left = work.budget.left('nsec3-hashes');
    // What is more than was left empties the budget all the same: it was hashed.
    const isPaid = left > 0 && work.budget.spend('nsec3-hashes', unpaid);
    if (!isPaid) work.budget.spend('nsec3-hashes', left);
    if (outcome.kind !== 'hash-budget') return outcome;
    if (!isPaid || this.#grants >= parts.options.limits.nsec3Grants) {
      this.#validation.countLimit('nsec3-hashes');
      return outcome;
    }
    this.#grants++;
    hasher.grant(NSEC3_HASHES_PER_GRANT);
    return this.run();
  }
}

/** Iterations allowed for the zone: those of the smallest size that is not below its largest key's. */
function iterationLimit(zone: SecureZone, limits: readonly IterationLimit[]): number {
  let bits = 0;
  for (let i = 0; i < zone.keys.length; i++) bits = Math.max(bits, zone.keys[i]?.imported?.bits ?? 0);
  for (let i = 0; i < limits.length; i++) {
    const { keyBits, iterations } = limits[i] as IterationLimit;
    if (bits <= keyBits) return iterations;
  }
  return limits.at(-1)?.iterations ?? 0;
}
