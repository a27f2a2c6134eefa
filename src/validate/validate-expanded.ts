/**
 * One RRset that answers a name: validated, and when it was expanded from a wildcard, the proof that it had to be
 * (RFC 4035 §5.3.4, RFC 5155 §8.8).
 */

import type { DenialFailure, WildcardOutcome } from '../terms/denial-outcome.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { unreachable } from '../terms/unreachable.ts';
import { type BogusReason, SECURE, type Verdict } from '../terms/verdict.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { andThen, type Soon } from '../work/soon.ts';
import { limitVerdict } from './conclude.ts';
import { denialReason, type ProvenRecords, proveRecords, proveWildcard } from './prove-denial.ts';
import { type RecordRef, recordOf } from './signature-reason.ts';
import { storeSecure } from './store-verdict.ts';
import { type RRsetValidation, validateRRset, withVerdict } from './validate-rrset.ts';
import type { ValidationContext } from './validation-context.ts';
import type { NonSecureVerdict, SecureZone } from './zone-security.ts';

/** A validated RRset with the proof that it used. */
export interface ValidatedSet {
  readonly verdict: Verdict;
  readonly ranked: RankedRRset;
  /** Denial sets that prove the expansion, with their verdict; empty when there was none. */
  readonly proof: readonly RankedRRset[];
  /** The zone that signed it; null when it is not secure, or was proven before. */
  readonly zone: SecureZone | null;
}

type ExpandedSet = Extract<RRsetValidation, { readonly kind: 'expanded' }>;

/** Types that a wildcard must not make: a DNAME (RFC 4592 §4.4), and those that belong to one name only. */
const NEVER_EXPANDED: ReadonlySet<number> = new Set([TYPE.DNAME, TYPE.DS, TYPE.DNSKEY, TYPE.NSEC, TYPE.NSEC3]);

/** Validates an RRset of an answer to a question of type `asked`; `authority` holds the denial sets that came with it. */
export function validateExpanded(
  validation: ValidationContext,
  ranked: RankedRRset,
  authority: readonly RankedRRset[],
  asked: number = rrsetType(ranked.rrset),
): Soon<ValidatedSet> {
  const checked = validateRRset(validation, ranked, asked);
  const set = { ranked, authority, asked };
  return checked instanceof Promise
    ? checked.then((late) => conclude(validation, set, late))
    : conclude(validation, set, checked);
}

/** A set in an answer to a question of type `asked`. */
interface AnswerSet {
  readonly ranked: RankedRRset;
  readonly authority: readonly RankedRRset[];
  readonly asked: number;
}

function conclude(
  validation: ValidationContext,
  { ranked, authority, asked }: AnswerSet,
  checked: RRsetValidation,
): Soon<ValidatedSet> {
  switch (checked.kind) {
    case 'proven':
      return { verdict: SECURE, ranked: checked.ranked, proof: [], zone: checked.zone };
    case 'unproven':
      // What is no word of the zone above may be the child's own, and good as such: the verdict is about this question only.
      return isDs(asked, ranked)
        ? { verdict: checked.verdict, ranked: { ...ranked, verdict: checked.verdict }, proof: [], zone: null }
        : unproven(validation, ranked, checked.verdict);
    case 'expanded':
      return validateExpansion(validation, ranked, checked, authority);
    default:
      return unreachable(checked);
  }
}

/** True for another set in place of a DS. */
function isDs(asked: number, { rrset }: RankedRRset): boolean {
  return asked === TYPE.DS && rrsetType(rrset) !== TYPE.DS;
}

function validateExpansion(
  validation: ValidationContext,
  ranked: RankedRRset,
  checked: ExpandedSet,
  authority: readonly RankedRRset[],
): Soon<ValidatedSet> {
  const { zone, signature } = checked;
  if (NEVER_EXPANDED.has(rrsetType(ranked.rrset))) {
    const record = recordOf(ranked.rrset, zone.zone);
    return unproven(validation, ranked, bogus({ kind: 'wildcard-not-allowed', ...record }));
  }
  return andThen(proveRecords(validation, authority, zone), (records) => {
    if ('limit' in records) return unproven(validation, ranked, limitVerdict(records.limit));
    const answer = { name: rrsetOwner(ranked.rrset), closestEncloserLabels: signature.labels };
    return andThen(proveWildcard(validation, records, answer, zone), (outcome) => {
      if (outcome.kind === 'proven') return proven(validation, ranked, records, checked);
      const proof = { outcome, records, authority, record: recordOf(ranked.rrset, zone.zone) };
      return unproven(validation, ranked, unprovenVerdict(proof, zone.zone));
    });
  });
}

/** What an expansion was to be proven by, and what that came to. */
interface FailedExpansion {
  readonly outcome: Exclude<WildcardOutcome, { readonly kind: 'proven' }>;
  readonly records: ProvenRecords;
  readonly authority: readonly RankedRRset[];
  readonly record: RecordRef;
}

function unprovenVerdict({ outcome, records, authority, record }: FailedExpansion, signer: Name): NonSecureVerdict {
  const zone = formatName(signer);
  switch (outcome.kind) {
    // Both rest on records that the zone's keys verified. RFC 5155 §9.2: an unsigned delegation may be closer.
    case 'opt-out':
      return { status: 'insecure', why: { kind: 'opt-out', zone } };
    // RFC 9276 §3.2: more work than a validator should do.
    case 'iterations-too-high':
      return { status: 'insecure', why: { kind: 'nsec3-iterations-high', zone, iterations: outcome.iterations } };
    case 'hash-budget':
      return limitVerdict('nsec3-hashes');
    case 'not-proven':
      return bogus(expansionReason(authority, records, outcome.why, record));
    default:
      return unreachable(outcome);
  }
}

/** Why an expansion is not proven: a fault of its own records says more than that they prove too little. */
function expansionReason(
  authority: readonly RankedRRset[],
  records: ProvenRecords,
  how: DenialFailure,
  record: RecordRef,
): BogusReason {
  const why = denialReason(authority, records, how, record);
  return why.kind === 'denial-missing' || why.kind === 'denial-wrong' ? { kind: 'wildcard-unproven', ...record } : why;
}

function bogus(why: BogusReason): NonSecureVerdict {
  return { status: 'bogus', why };
}

function proven(
  validation: ValidationContext,
  ranked: RankedRRset,
  records: ProvenRecords,
  { zone, expiresAt }: ExpandedSet,
): ValidatedSet {
  const until = Math.min(expiresAt, records.expiresAt);
  return { verdict: SECURE, ranked: storeSecure(validation, ranked, until), proof: records.sets, zone };
}

function unproven(validation: ValidationContext, ranked: RankedRRset, verdict: NonSecureVerdict): ValidatedSet {
  return { verdict, ranked: withVerdict(validation, ranked, verdict), proof: [], zone: null };
}
