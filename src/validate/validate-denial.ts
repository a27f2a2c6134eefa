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
import type { NonSecureVerdict, SecureZone } from './zone-security.ts';

export async function validateDenial(validation: ValidationContext, end: FinalAnswer): Promise<ValidatedEnd> {
  const { name, type } = end.question;
  const start = startFor(validation, name, type);
  if ('verdict' in start) return { verdict: start.verdict, end };
  const sets = end.authority.filter(isDenialSet).map((ranked) => ranked.rrset);
  const most = validation.parts.options.limits.signers;
  let bogus: NonSecureVerdict | null = null;
  for (const signer of signersOf(sets, { name, type, anchor: start.anchor.zone, most })) {
    const validated = await validateByZone(validation, end, signer, start.anchor);
    if (validated.verdict.status !== 'bogus') return validated;
    bogus ??= validated.verdict;
  }
  const fromAbove = await validateFromAbove(validation, end, start.anchor, sets);
  if (fromAbove !== null) return fromAbove;
  return bogus === null ? await validateUndenied(validation, end, start.anchor) : { verdict: bogus, end };
}

/**
 * A zone above the closest anchor may prove that the anchor's zone is gone with all its names. Only a whole proof counts:
 * an insecure one, such as an opt-out span, would let anybody deny an island of trust.
 */
async function validateFromAbove(
  validation: ValidationContext,
  end: FinalAnswer,
  closest: TrustAnchor,
  sets: readonly RRset[],
): Promise<ValidatedEnd | null> {
  const { name, type } = end.question;
  const most = validation.parts.options.limits.signers;
  for (const signer of signersOf(sets, { name, type, anchor: ROOT, most })) {
    if (isAtOrBelow(signer, closest.zone)) continue;
    const anchor = validation.parts.anchors.closest(signer);
    if (anchor?.kind !== 'positive') continue;
    const validated = await validateByZone(validation, end, signer, anchor);
    if (validated.verdict.status === 'secure') return validated;
  }
  return null;
}

/** Without records of a zone that may deny the name: insecure below a proven insecure cut, bogus elsewhere. */
async function validateUndenied(
  validation: ValidationContext,
  end: FinalAnswer,
  anchor: TrustAnchor,
): Promise<ValidatedEnd> {
  const { name, type } = end.question;
  const trust = await trustOf(validation, nameOfSigningZone(name, type), anchor);
  if (trust.status !== 'secure') return { verdict: verdictBelow(trust), end };
  const record = recordRef(name, type, trust.zone);
  const sets = end.authority.filter(isDenialSet);
  return { verdict: { status: 'bogus', why: undeniedReason(end.authority, sets, record) }, end };
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

async function validateByZone(
  validation: ValidationContext,
  end: FinalAnswer,
  signer: Name,
  anchor: TrustAnchor,
): Promise<ValidatedEnd> {
  const { name, type } = end.question;
  const place = { signer, inZoneOf: nameOfSigningZone(name, type), servedBy: end.zone };
  const trust = await trustOfSigner(validation, place, anchor);
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
  const result = await proveRecords(validation, end.authority, trust);
  if (result.kind === 'limit') return { verdict: limitVerdict(result.limit), end };
  const { records } = result;
  const outcome = await proveDenial(validation, records, { name, type }, trust);
  const fitting = withProvenKind(end, outcome);
  const verdict = verdictOf(outcome, { end: fitting, records, zone: trust });
  if (verdict.status !== 'secure') return { verdict, end };
  return await concludeSecure(validation, fitting, records, trust);
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
async function concludeSecure(
  validation: ValidationContext,
  end: FinalAnswer,
  records: ProvenRecords,
  zone: SecureZone,
): Promise<ValidatedEnd> {
  const validated: RankedRRset[] = [...records.sets];
  let expiresAt = Math.min(end.expiresAt, records.expiresAt);
  for (const ranked of end.authority) {
    if (rrsetType(ranked.rrset) !== TYPE.SOA) continue;
    const check = await verifySoa(validation, validation.asKnownNow(ranked), zone);
    if ('verdict' in check) return { verdict: check.verdict, end };
    validated.push(check.ranked);
    expiresAt = Math.min(expiresAt, check.ranked.expiresAt);
  }
  // Data beside a denial was validated by nobody.
  const proven = { ...end, answer: [], authority: replaceValidated(end.authority, validated), expiresAt };
  return { verdict: SECURE, end: await withProvenUnrequested(validation, proven) };
}

async function verifySoa(
  validation: ValidationContext,
  ranked: RankedRRset,
  zone: SecureZone,
): Promise<{ readonly ranked: RankedRRset } | { readonly verdict: NonSecureVerdict }> {
  if (!namesEqual(rrsetOwner(ranked.rrset), zone.zone)) {
    const why: BogusReason = {
      kind: 'signer-not-allowed',
      signer: formatName(zone.zone),
      ...recordOf(ranked.rrset, zone.zone),
    };
    return { verdict: { status: 'bogus', why } };
  }
  if (ranked.verdict?.status === 'secure') return { ranked };
  const check = await verifyRRset(validation, ranked, zone);
  if (check.kind === 'limit') return { verdict: limitVerdict(check.limit) };
  if (check.kind === 'bogus') return { verdict: { status: 'bogus', why: check.why } };
  return { ranked: storeSecure(validation, ranked, check.expiresAt) };
}
