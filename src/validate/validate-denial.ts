/**
 * The end of a chain when there is no data: the name or the type is denied, by NSEC or NSEC3 records of the zone that holds
 * the name (RFC 4035 §5.4, RFC 5155 §8).
 *
 * Duties: which zone must deny, whether what its records prove fits the rcode, the SOA that carries the negative TTL.
 * Leaves to others: what the records prove (prove-denial.ts, dnssec).
 */

import type { DenialOutcome } from '../terms/denial-outcome.ts';
import type { End } from '../terms/found.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import { unreachable } from '../terms/unreachable.ts';
import { type BogusReason, SECURE, type Verdict } from '../terms/verdict.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { trustOf, verdictBelow } from './chain-of-trust.ts';
import { replaceJudged } from './extras.ts';
import { holderOf, signersOf } from './find-signer.ts';
import { startFor } from './judge-rrset.ts';
import type { Judging } from './judging.ts';
import { isDenialSet, type ProvenRecords, proveDenial, proveRecords } from './prove-denial.ts';
import { settleSecure } from './settle.ts';
import { placeOf, placeOfRecord } from './signature-reason.ts';
import type { TrustAnchor } from './trust-anchors.ts';
import type { SecureZone, Unproven } from './trusted.ts';
import { type JudgedEnd, withProvenExtras } from './validate-positive.ts';
import { isSigned, verifyRRset } from './verify-rrset.ts';
import { denialReason } from './zone-trust.ts';

/** Judges a denial. */
export async function validateDenial(judging: Judging, end: End): Promise<JudgedEnd> {
  const { name, type } = end.question;
  const start = startFor(judging, name, type);
  if ('verdict' in start) return { verdict: start.verdict, end };
  const sets = end.authority.filter(isDenialSet).map((held) => held.rrset);
  const most = judging.parts.options.limits.signers;
  const signers = signersOf(sets, { name, type, anchor: start.anchor.zone, most });
  if (signers.length === 0) return await judgeUndenied(judging, end, start.anchor);
  let bogus: Unproven | null = null;
  for (const signer of signers) {
    const judged = await judgeByZone(judging, end, signer, start.anchor);
    if (judged.verdict.status !== 'bogus') return judged;
    bogus ??= judged.verdict;
  }
  return { verdict: bogus ?? SECURE, end };
}

/** Without records of a zone that may deny the name: insecure below a proven insecure cut, bogus elsewhere. */
async function judgeUndenied(judging: Judging, end: End, anchor: TrustAnchor): Promise<JudgedEnd> {
  const { name, type } = end.question;
  const trust = await trustOf(judging, holderOf(name, type), anchor);
  if (trust.status !== 'secure') return { verdict: verdictBelow(trust), end };
  const place = placeOfRecord(name, type, trust.zone);
  const sets = end.authority.filter(isDenialSet);
  const isUnsigned = sets.length > 0 && sets.every(({ rrset }) => !isSigned(rrset));
  const why: BogusReason =
    sets.length === 0
      ? { kind: 'denial-missing', ...place }
      : isUnsigned
        ? { kind: 'no-signature', ...place }
        : { kind: 'signer-not-allowed', signer: 'none that may deny this name', ...place };
  return { verdict: { status: 'bogus', why }, end };
}

async function judgeByZone(judging: Judging, end: End, signer: Name, anchor: TrustAnchor): Promise<JudgedEnd> {
  const { name, type } = end.question;
  const trust = await trustOf(judging, signer, anchor);
  if (trust.status !== 'secure') return { verdict: verdictBelow(trust), end };
  if (!namesEqual(trust.zone, signer)) {
    const place = placeOfRecord(name, type, trust.zone);
    const why: BogusReason = { kind: 'signer-not-allowed', signer: formatName(signer), ...place };
    return { verdict: { status: 'bogus', why }, end };
  }
  const result = await proveRecords(judging, end.authority, trust);
  if (result.kind === 'limit') return { verdict: limitVerdict(result.limit), end };
  const { records } = result;
  const outcome = await proveDenial(judging, records, { name, type }, trust);
  const verdict = verdictOf(outcome, { end, records, zone: trust });
  if (verdict.status !== 'secure') return { verdict, end };
  return await concludeSecure(judging, end, records, trust);
}

interface DenialCase {
  readonly end: End;
  readonly records: ProvenRecords;
  readonly zone: SecureZone;
}

/** What the proof is worth for the answer that was given. */
function verdictOf(outcome: DenialOutcome, { end, records, zone }: DenialCase): Verdict {
  const place = placeOfRecord(end.question.name, end.question.type, zone.zone);
  const text = formatName(zone.zone);
  switch (outcome.kind) {
    case 'nxdomain':
      return end.kind === 'nxdomain' ? SECURE : misfit('the records prove NXDOMAIN, the answer says NODATA', place);
    case 'nodata':
      // RFC 9824 §3.1: a compact denial is a NODATA answer; one with NXNAME may come with the rcode NXDOMAIN (§3.4).
      return end.kind === 'nodata' || outcome.isCompactNxdomain
        ? SECURE
        : misfit('the records prove NODATA, the answer says NXDOMAIN', place);
    case 'wildcard-nodata':
    case 'no-ds':
    case 'no-cut':
      return end.kind === 'nodata' ? SECURE : misfit('the records prove NODATA, the answer says NXDOMAIN', place);
    case 'opt-out':
      // RFC 5155 §9.2: the AD bit is not set when the denial rests on an opt-out span.
      return { status: 'insecure', why: { kind: 'opt-out', zone: text } };
    case 'iterations-too-high': {
      const why = { kind: 'nsec3-iterations-high', zone: text, iterations: outcome.iterations } as const;
      return { status: 'insecure', why };
    }
    case 'hash-budget':
      return limitVerdict('nsec3-hashes');
    case 'not-proven':
      return { status: 'bogus', why: denialReason(end.authority, records, outcome.why, place) };
    default:
      return unreachable(outcome);
  }
}

function misfit(how: string, place: { readonly zone: string; readonly record: string }): Unproven {
  return { status: 'bogus', why: { kind: 'denial-wrong', how, ...place } };
}

function limitVerdict(limit: string): Unproven {
  return { status: 'indeterminate', why: { kind: 'limit', limit } };
}

/** A proven denial: its SOA must be proven as well, since the negative TTL comes from it (RFC 2308 §5). */
async function concludeSecure(
  judging: Judging,
  end: End,
  records: ProvenRecords,
  zone: SecureZone,
): Promise<JudgedEnd> {
  const judged: HeldRRset[] = [...records.sets];
  let expiresAt = Math.min(end.expiresAt, records.expiresAt);
  for (const held of end.authority) {
    if (rrsetType(held.rrset) !== TYPE.SOA) continue;
    const check = await verifySoa(judging, held, zone);
    if ('verdict' in check) return { verdict: check.verdict, end };
    judged.push(check.held);
    expiresAt = Math.min(expiresAt, check.held.expiresAt);
  }
  const proven = { ...end, authority: replaceJudged(end.authority, judged), expiresAt };
  return { verdict: SECURE, end: await withProvenExtras(judging, proven) };
}

async function verifySoa(
  judging: Judging,
  held: HeldRRset,
  zone: SecureZone,
): Promise<{ readonly held: HeldRRset } | { readonly verdict: Unproven }> {
  if (!namesEqual(rrsetOwner(held.rrset), zone.zone)) {
    const why: BogusReason = {
      kind: 'signer-not-allowed',
      signer: formatName(zone.zone),
      ...placeOf(held.rrset, zone.zone),
    };
    return { verdict: { status: 'bogus', why } };
  }
  if (held.verdict?.status === 'secure') return { held };
  const check = await verifyRRset(judging, held, zone);
  if (check.kind === 'limit') return { verdict: limitVerdict(check.limit) };
  if (check.kind === 'bogus') return { verdict: { status: 'bogus', why: check.why } };
  return { held: settleSecure(judging, held, check.expiresAt) };
}
