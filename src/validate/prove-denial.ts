/**
 * Denial records of one answer: verified with one zone's keys, then asked what they prove.
 *
 * Duties: verify NSEC and NSEC3 sets before anything is believed of them, the NSEC3 hash budget with its yields
 * (CVE-2023-50868), the iteration limit of the zone's key size.
 * Leaves to others: what the records say (dnssec), whether that fits the rcode.
 */

import type { DenialRecord, DeniedQuestion } from '../dnssec/denial-record.ts';
import { proveByNsec, proveWildcardByNsec } from '../dnssec/nsec.ts';
import { proveByNsec3, proveWildcardByNsec3 } from '../dnssec/nsec3.ts';
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
import { type Name, namesEqual } from '../wire/name.ts';
import { readNsec3 } from '../wire/rdata-nsec3.ts';
import { readRrsig } from '../wire/rdata-rrsig.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType, signaturesOf } from '../wire/rrset.ts';
import { signedLabelCount } from '../wire/signed-labels.ts';
import { keepSpans } from './keep-spans.ts';
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
type RecordsResult =
  | { readonly kind: 'records'; readonly records: ProvenRecords }
  | { readonly kind: 'limit'; readonly limit: Limit };

/** True for the types of denial records. */
export function isDenialSet(ranked: RankedRRset): boolean {
  const type = rrsetType(ranked.rrset);
  return type === TYPE.NSEC || type === TYPE.NSEC3;
}

/** Verifies the denial sets among `sets` with the keys of `zone`. */
export async function proveRecords(
  validation: ValidationContext,
  sets: readonly RankedRRset[],
  zone: SecureZone,
): Promise<RecordsResult> {
  const nsec: DenialRecord[] = [];
  const nsec3: DenialRecord[] = [];
  const proven: RankedRRset[] = [];
  const verified: RankedRRset[] = [];
  let failure: BogusReason | null = null;
  let expiresAt = Number.POSITIVE_INFINITY;
  for (const taken of sets.filter(isDenialSet).slice(0, MAX_DENIAL_SETS)) {
    const ranked = validation.asKnownNow(taken);
    const proof = provenBefore(ranked, zone.zone) ?? proveSet(validation, ranked, zone);
    const check = proof instanceof Promise ? await proof : proof;
    if (check.kind === 'limit') return check;
    if (check.kind === 'bogus') {
      // What another zone signed was not meant to prove anything here: a fault of the zone's own records says more.
      if (failure === null || failure.kind === 'signer-not-allowed') failure = check.why;
      continue;
    }
    const into = rrsetType(ranked.rrset) === TYPE.NSEC ? nsec : nsec3;
    for (const rdata of rdatasOf(ranked.rrset).slice(0, MAX_RECORDS_PER_DENIAL_SET)) {
      into.push({ owner: rrsetOwner(ranked.rrset), rdata, signatureLabels: check.labels });
    }
    proven.push(check.ranked);
    if (!check.isWildcard) verified.push(check.ranked);
    expiresAt = Math.min(expiresAt, check.expiresAt);
  }
  const { denials, options } = validation.parts;
  const maxIterations = iterationLimit(zone, options.nsec3Iterations);
  const { now } = validation;
  if (denials !== undefined && validation.mayKeep)
    keepSpans(denials, { zone: zone.zone, verified, authority: sets, now, maxIterations });
  return { kind: 'records', records: { nsec, nsec3, sets: proven, failure, expiresAt } };
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
function proveSet(validation: ValidationContext, ranked: RankedRRset, zone: SecureZone): SetProof | Promise<SetProof> {
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
  const isPlain = signaturesOf(rrset).every((rdata) => {
    const rrsig = readRrsig(rdata);
    return rrsig !== null && rrsig.labels === labels && namesEqual(rrsig.signer, zone);
  });
  return isPlain ? labels : null;
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

/** What the records prove of a question; `hash-budget` when even the last grant did not do. */
export async function proveDenial(
  validation: ValidationContext,
  records: ProvenRecords,
  question: DeniedQuestion,
  zone: SecureZone,
): Promise<DenialOutcome> {
  const outcome = await chooseProof(
    records,
    () => proveByNsec(question, records.nsec, zone.zone),
    () => withHashes(validation, { zone, records }, (given) => proveByNsec3(question, records.nsec3, zone.zone, given)),
  );
  validation.note(() => ({ kind: 'denial', outcome: outcome.kind }));
  return outcome;
}

/** What the records prove of an answer expanded from the wildcard with that many labels. */
export async function proveWildcard(
  validation: ValidationContext,
  records: ProvenRecords,
  answer: { readonly name: Name; readonly closestEncloserLabels: number },
  zone: SecureZone,
): Promise<WildcardOutcome> {
  const outcome = await chooseProof(
    records,
    () => proveWildcardByNsec(answer.name, answer.closestEncloserLabels, records.nsec, zone.zone),
    () =>
      withHashes(validation, { zone, records }, (given) =>
        proveWildcardByNsec3(answer, records.nsec3, zone.zone, given),
      ),
  );
  validation.note(() => ({ kind: 'denial', outcome: `wildcard ${outcome.kind}` }));
  return outcome;
}

/** By NSEC where there are such records and they prove it, else by NSEC3. */
async function chooseProof<T extends { readonly kind: string }>(
  records: ProvenRecords,
  byNsec: () => T,
  byNsec3: () => Promise<T>,
): Promise<T> {
  const first = byNsec();
  return records.nsec3.length === 0 || first.kind !== 'not-proven' ? first : await byNsec3();
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

/** Runs a proof with grants of hashes, a turn for each further one, until it ends or the limits do. */
async function withHashes<T extends { readonly kind: string }>(
  validation: ValidationContext,
  { zone, records }: { readonly zone: SecureZone; readonly records: Pick<ProvenRecords, 'nsec3'> },
  prove: (given: { hasher: Nsec3Hasher; maxIterations: number }) => T,
): Promise<T> {
  const { options, crypto } = validation.parts;
  const { budget } = validation.work;
  // Proofs of one question may each be small and still be too many: one for each label of a deep name.
  const first = budget.left('nsec3-hashes') > 0 ? NSEC3_HASHES_PER_GRANT : 0;
  const maxIterations = iterationLimit(zone, options.nsec3Iterations);
  const given = { hasher: new Nsec3Hasher(crypto, first), maxIterations };
  const cost = checksOfGrant(records.nsec3);
  let paid = 0;
  for (let grants = 0; ; grants++) {
    // The first grant of a zone without iterations takes some microseconds: the checks of its signatures were waited for.
    const checks = Math.max(grants === 0 ? 0 : 1, cost);
    if (checks > 0) await validation.mayHash(checks);
    const outcome = prove(given);
    const unpaid = given.hasher.digests - paid;
    paid += unpaid;
    const left = budget.left('nsec3-hashes');
    // What is more than was left empties the budget all the same: it was hashed.
    const isPaid = left > 0 && budget.spend('nsec3-hashes', unpaid);
    if (!isPaid) budget.spend('nsec3-hashes', left);
    if (outcome.kind !== 'hash-budget') return outcome;
    if (!isPaid || grants >= options.limits.nsec3Grants) {
      validation.countLimit('nsec3-hashes');
      return outcome;
    }
    given.hasher.grant(NSEC3_HASHES_PER_GRANT);
  }
}

/** Iterations allowed for the zone: those of the smallest size that is not below its largest key's. */
function iterationLimit(zone: SecureZone, limits: readonly IterationLimit[]): number {
  const bits = Math.max(0, ...zone.keys.map((key) => key.imported?.bits ?? 0));
  const fitting = limits.find((limit) => bits <= limit.keyBits) ?? limits.at(-1);
  return fitting?.iterations ?? 0;
}
