/**
 * The end of a chain when there is no data: the name or the type is denied, by NSEC or NSEC3 records of the zone that holds
 * the name (RFC 4035 §5.4, RFC 5155 §8).
 *
 * Duties: which zone must deny, whether what its records prove fits the rcode, the SOA that carries the negative TTL.
 * Leaves to others: what the records prove (prove-denial.ts, dnssec).
 */

import type { DenialFailure, DenialOutcome } from '../terms/denial-outcome.ts';
import type { FinalAnswer } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { unreachable } from '../terms/unreachable.ts';
import { type BogusReason, SECURE, type Verdict } from '../terms/verdict.ts';
import { isAtOrBelow, type Name, namesEqual, ROOT } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { RCODE } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import { type RRset, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { andThen, type Soon } from '../work/soon.ts';
import { verdictOfSigned } from './absent-signer.ts';
import { trustOf, trustOfSigner, verdictBelow } from './chain-of-trust.ts';
import { limitVerdict } from './conclude.ts';
import { nameOfSigningZone, signersOf } from './find-signer.ts';
import { denialReason, isDenialSet, type ProvenRecords, proveDenial, proveRecords } from './prove-denial.ts';
import { type RecordRef, recordOf, recordRef } from './signature-reason.ts';
import { storeSecure } from './store-verdict.ts';
import type { TrustAnchor } from './trust-anchors.ts';
import { replaceValidated } from './unrequested-rrsets.ts';
import { type ValidatedEnd, withProvenUnrequested } from './validate-positive.ts';
import { startFor } from './validate-rrset.ts';
import type { ValidationContext } from './validation-context.ts';
import { isSigned, verifyRRset } from './verify-rrset.ts';
import type { NonSecureVerdict, SecureZone, ZoneSecurity } from './zone-security.ts';

/** At once, when the keys of all zones concerned are known and their algorithms are fast. */
export function validateDenial(validation: ValidationContext, end: FinalAnswer): Soon<ValidatedEnd> {
  const { name, type } = end.question;
  const start = startFor(validation, name, type);
  if ('verdict' in start) return { verdict: start.verdict, end };
  const sets = denialSetsOf(end.authority);
  const most = validation.parts.options.limits.signers;
  const signers = signersOf(sets, { name, type, anchor: start.anchor.zone, most });
  return andThen(validateBySigners(validation, end, { signers, anchor: start.anchor }, null), (validated) => {
    if (validated !== null && validated.verdict.status !== 'bogus') return validated;
    const fromAbove = validateFromAbove(validation, end, start.anchor, sets);
    return andThen(fromAbove, (above) => {
      if (above !== null) return above;
      return validated === null ? validateUndenied(validation, end, start.anchor) : { verdict: validated.verdict, end };
    });
  });
}

function denialSetsOf(authority: readonly RankedRRset[]): RRset[] {
  const sets: RRset[] = [];
  for (let i = 0; i < authority.length; i++) {
    const ranked = authority[i] as RankedRRset;
    if (isDenialSet(ranked)) sets.push(ranked.rrset);
  }
  return sets;
}

/** Signers of denial sets to be tried in turn. */
interface Signers {
  readonly signers: readonly Name[];
  readonly anchor: TrustAnchor;
}

/** The first signer whose records are not bogus; else what those of the first, now or before (`bogus`), came to; null: no signer. */
function validateBySigners(
  validation: ValidationContext,
  end: FinalAnswer,
  { signers, anchor }: Signers,
  bogus: ValidatedEnd | null,
): Soon<ValidatedEnd | null> {
  const signer = signers[0];
  if (signer === undefined) return bogus;
  return andThen(validateByZone(validation, end, signer, anchor), (validated) => {
    if (validated.verdict.status !== 'bogus') return validated;
    return validateBySigners(validation, end, { signers: signers.slice(1), anchor }, bogus ?? validated);
  });
}

/**
 * A zone above the closest anchor may prove that the anchor's zone is gone with all its names. Only a whole proof counts:
 * an insecure one, such as an opt-out span, would let anybody deny an island of trust.
 */
function validateFromAbove(
  validation: ValidationContext,
  end: FinalAnswer,
  closest: TrustAnchor,
  sets: readonly RRset[],
): Soon<ValidatedEnd | null> {
  const { name, type } = end.question;
  const most = validation.parts.options.limits.signers;
  const signers = signersOf(sets, { name, type, anchor: ROOT, most });
  return firstSecure(
    validation,
    end,
    signers.filter((signer) => !isAtOrBelow(signer, closest.zone)),
  );
}

/** The first signer above the closest anchor whose records prove the whole; null: none does. */
function firstSecure(
  validation: ValidationContext,
  end: FinalAnswer,
  [signer, ...others]: readonly Name[],
): Soon<ValidatedEnd | null> {
  if (signer === undefined) return null;
  const anchor = validation.parts.anchors.closest(signer);
  if (anchor?.kind !== 'positive') return firstSecure(validation, end, others);
  return andThen(validateByZone(validation, end, signer, anchor), (validated) =>
    validated.verdict.status === 'secure' ? validated : firstSecure(validation, end, others),
  );
}

/** Without records of a zone that may deny the name: insecure below a proven insecure cut, bogus elsewhere. */
function validateUndenied(validation: ValidationContext, end: FinalAnswer, anchor: TrustAnchor): Soon<ValidatedEnd> {
  const { name, type } = end.question;
  return andThen(trustOf(validation, nameOfSigningZone(name, type), anchor), (trust) => {
    if (trust.status !== 'secure') return { verdict: verdictBelow(trust), end };
    const record = recordRef(name, type, trust.zone);
    const sets = end.authority.filter(isDenialSet);
    return { verdict: { status: 'bogus', why: undeniedReason(end.authority, sets, record) }, end };
  });
}

function undeniedReason(
  authority: readonly RankedRRset[],
  sets: readonly RankedRRset[],
  record: RecordRef,
): BogusReason {
  const validated = sets.length > 0 ? sets : authority;
  const isUnsigned = validated.length > 0 && validated.every(({ rrset }) => !isSigned(rrset));
  if (isUnsigned) return { kind: 'no-signature', ...record };
  if (sets.length === 0) return { kind: 'denial-missing', ...record };
  return { kind: 'denial-wrong', how: 'other-zone', ...record };
}

function validateByZone(
  validation: ValidationContext,
  end: FinalAnswer,
  signer: Name,
  anchor: TrustAnchor,
): Soon<ValidatedEnd> {
  const { name, type } = end.question;
  const place = { signer, inZoneOf: nameOfSigningZone(name, type), servedBy: end.zone };
  return andThen(trustOfSigner(validation, place, anchor), (trust) => validateWith(validation, end, signer, trust));
}

function validateWith(
  validation: ValidationContext,
  end: FinalAnswer,
  signer: Name,
  trust: ZoneSecurity,
): Soon<ValidatedEnd> {
  const { name, type } = end.question;
  if (trust.status !== 'secure') {
    const sets = end.authority.map((ranked) => ranked.rrset);
    const verdict = verdictOfSigned(validation, trust, sets, recordRef(name, type, signer));
    return { verdict, end };
  }
  if (!namesEqual(trust.zone, signer)) {
    const record = recordRef(name, type, trust.zone);
    const why: BogusReason = { kind: 'signer-not-allowed', signer: formatName(signer), ...record };
    return { verdict: { status: 'bogus', why }, end };
  }
  return andThen(proveRecords(validation, end.authority, trust), (records) => {
    if ('limit' in records) return { verdict: limitVerdict(records.limit), end };
    return andThen(proveDenial(validation, records, end.question, trust), (outcome) => {
      const fitting = withProvenKind(end, outcome);
      const verdict = verdictOf(outcome, { end: fitting, records, zone: trust });
      return verdict.status === 'secure' ? concludeSecure(validation, fitting, records, trust) : { verdict, end };
    });
  });
}

/**
 * Some servers answer NXDOMAIN for a name that has no data of its own but names below it (RFC 8020 §2 says what is right).
 * The signed records say that the name exists: they decide, and the answer goes out as NODATA.
 */
function withProvenKind(end: FinalAnswer, outcome: DenialOutcome): FinalAnswer {
  const isNodata = (outcome.kind === 'nodata' && !outcome.isCompactNxdomain) || outcome.kind === 'wildcard-nodata';
  return end.kind === 'nxdomain' && isNodata ? { ...end, kind: 'nodata', rcode: RCODE.NOERROR } : end;
}

interface DenialProofParts {
  readonly end: FinalAnswer;
  readonly records: ProvenRecords;
  readonly zone: SecureZone;
}

/** What the proof is worth for the answer that was given. */
function verdictOf(outcome: DenialOutcome, { end, records, zone }: DenialProofParts): Verdict {
  const mismatch = (how: DenialFailure): NonSecureVerdict => ({
    status: 'bogus',
    why: { kind: 'denial-wrong', how, ...recordRef(end.question.name, end.question.type, zone.zone) },
  });
  switch (outcome.kind) {
    case 'nxdomain':
      return end.kind === 'nxdomain' ? SECURE : mismatch('proves-nxdomain');
    case 'nodata':
      // RFC 9824 §3.1: a compact denial is a NODATA answer; one with NXNAME may come with the rcode NXDOMAIN (§3.4).
      return end.kind === 'nodata' || outcome.isCompactNxdomain ? SECURE : mismatch('proves-nodata');
    case 'no-cut':
      // RFC 6840 §4.3: who asks for the DS of an alias gets the alias, so "no such data" is not what the zone says.
      if (outcome.isAlias) return mismatch('cname-exists');
      return end.kind === 'nodata' ? SECURE : mismatch('proves-nodata');
    case 'wildcard-nodata':
    case 'no-ds':
      return end.kind === 'nodata' ? SECURE : mismatch('proves-nodata');
    case 'opt-out':
      // RFC 5155 §8.4: a name error needs the denial of the wildcard as well, opt-out or not.
      if (end.kind === 'nxdomain' && outcome.wildcard !== 'denied') return mismatch('opt-out-only');
      // RFC 5155 §9.2: the AD bit is not set when the denial rests on an opt-out span.
      return { status: 'insecure', why: { kind: 'opt-out', zone: formatName(zone.zone) } };
    case 'iterations-too-high': {
      const { iterations } = outcome;
      return { status: 'insecure', why: { kind: 'nsec3-iterations-high', zone: formatName(zone.zone), iterations } };
    }
    case 'hash-budget':
      return limitVerdict('nsec3-hashes');
    case 'not-proven': {
      const record = recordRef(end.question.name, end.question.type, zone.zone);
      return { status: 'bogus', why: denialReason(end.authority, records, outcome.why, record) };
    }
    default:
      return unreachable(outcome);
  }
}

/** A proven denial: its SOA must be proven as well, since the negative TTL comes from it (RFC 2308 §5). */
function concludeSecure(
  validation: ValidationContext,
  end: FinalAnswer,
  records: ProvenRecords,
  zone: SecureZone,
): Soon<ValidatedEnd> {
  const validated = [...records.sets];
  return andThen(verifySoas(validation, end, { zone, validated }, 0), (verdict) => {
    if (verdict !== null) return { verdict, end };
    let expiresAt = Math.min(end.expiresAt, records.expiresAt);
    for (let i = records.sets.length; i < validated.length; i++) {
      expiresAt = Math.min(expiresAt, (validated[i] as RankedRRset).expiresAt);
    }
    // Data beside a denial was validated by nobody.
    const authority = replaceValidated(end.authority, validated);
    return withProvenUnrequested(validation, end, { answer: [], authority, expiresAt });
  });
}

/** The zone that denies, and its sets that are proven. */
interface DenyingZone {
  readonly zone: SecureZone;
  readonly validated: RankedRRset[];
}

/** Proves SOA sets of the authority section from the given set on; a verdict when one is not proven. */
function verifySoas(
  validation: ValidationContext,
  end: FinalAnswer,
  denying: DenyingZone,
  from: number,
): Soon<NonSecureVerdict | null> {
  for (let i = from; i < end.authority.length; i++) {
    const ranked = end.authority[i] as RankedRRset;
    if (rrsetType(ranked.rrset) !== TYPE.SOA) continue;
    const verdict = verifySoa(validation, validation.asKnownNow(ranked), denying);
    if (verdict instanceof Promise) return verifySoasAfter(validation, end, { denying, next: i + 1 }, verdict);
    if (verdict !== null) return verdict;
  }
  return null;
}

// A function of its own for what waits: one that holds a closure makes a context whenever it is called.
function verifySoasAfter(
  validation: ValidationContext,
  end: FinalAnswer,
  { denying, next }: { readonly denying: DenyingZone; readonly next: number },
  verdict: Promise<NonSecureVerdict | null>,
): Promise<NonSecureVerdict | null> {
  return verdict.then((late) => late ?? verifySoas(validation, end, denying, next));
}

function verifySoa(
  validation: ValidationContext,
  ranked: RankedRRset,
  { zone, validated }: DenyingZone,
): Soon<NonSecureVerdict | null> {
  if (!namesEqual(rrsetOwner(ranked.rrset), zone.zone)) {
    const record = recordOf(ranked.rrset, zone.zone);
    return { status: 'bogus', why: { kind: 'signer-not-allowed', signer: formatName(zone.zone), ...record } };
  }
  if (ranked.verdict?.status === 'secure') {
    validated.push(ranked);
    return null;
  }
  return andThen(verifyRRset(validation, ranked, zone), (check) => {
    if (check.kind === 'limit') return limitVerdict(check.limit);
    if (check.kind === 'bogus') return { status: 'bogus', why: check.why };
    validated.push(storeSecure(validation, ranked, check.expiresAt));
    return null;
  });
}
