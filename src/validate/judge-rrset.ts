/**
 * One RRset of an answer: which zone must have signed it, and whether it did (RFC 4035 §5.3).
 *
 * Duties: anchors and negative anchors, signers, unsigned data (RFC 4035 §5.2: walk down until a zone is proven insecure).
 * Leaves to others: the proof that a wildcard expansion needs; storing what needs such a proof.
 */

import type { HeldRRset } from '../terms/held-rrset.ts';
import type { ValidSignature } from '../terms/signature-outcome.ts';
import type { BogusReason } from '../terms/verdict.ts';
import type { Name } from '../wire/name.ts';
import { namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { isExpanded, isSignedFromAbove } from '../wire/signed-labels.ts';
import { verdictOfSigned } from './absent-signer.ts';
import { trustOf, trustOfSigner, verdictBelow } from './chain-of-trust.ts';
import { limitVerdict } from './conclude.ts';
import { holderOf, signersOf } from './find-signer.ts';
import type { Judging } from './judging.ts';
import { settle } from './settle.ts';
import { placeOf } from './signature-reason.ts';
import type { TrustAnchor } from './trust-anchors.ts';
import type { SecureZone, Unproven } from './trusted.ts';
import { isSigned, verifyRRset } from './verify-rrset.ts';

/** What came of one RRset. */
export type RRsetJudgement =
  /** A valid signature of `zone`. Not yet written into the cache: when it is a wildcard expansion, a proof is due. */
  | {
      readonly kind: 'verified';
      readonly zone: SecureZone;
      readonly signature: ValidSignature;
      readonly expiresAt: number;
    }
  /** Proven before, and still fresh. */
  | { readonly kind: 'known' }
  | { readonly kind: 'unproven'; readonly verdict: Unproven };

/** Where the chain for a name starts, or the verdict when it starts nowhere. */
type Start = { readonly anchor: TrustAnchor } | { readonly verdict: Unproven };

/** The anchor for data of that name and type. */
export function startFor(judging: Judging, name: Name, type: number): Start {
  const anchor = judging.parts.anchors.closest(holderOf(name, type));
  const zone = formatName(anchor?.zone ?? name);
  if (anchor === null) return { verdict: { status: 'insecure', why: { kind: 'no-anchor', zone } } };
  // RFC 7646 §1.1: below a negative anchor nothing is validated.
  if (anchor.kind === 'negative') return { verdict: { status: 'insecure', why: { kind: 'negative-anchor', zone } } };
  return { anchor };
}

/** Judges a set as the answer to a question of type `asked`: an alias in place of a DS is the word of the zone above. */
export async function judgeRRset(
  judging: Judging,
  held: HeldRRset,
  asked: number = rrsetType(held.rrset),
): Promise<RRsetJudgement> {
  const owner = rrsetOwner(held.rrset);
  const type = asked === TYPE.DS ? TYPE.DS : rrsetType(held.rrset);
  const start = startFor(judging, owner, type);
  if ('verdict' in start) return { kind: 'unproven', verdict: start.verdict };
  // RFC 4035 §5.3.4: an expansion is proven together with its denial only, and those who validate need that as well.
  const isProven = held.verdict?.status === 'secure' && !isExpanded(held.rrset);
  if (isProven && (type !== TYPE.DS || isSignedFromAbove(held.rrset))) return { kind: 'known' };
  const most = judging.parts.options.limits.signers;
  const holder = holderOf(owner, type);
  const signers = signersOf([held.rrset], { name: owner, type, anchor: start.anchor.zone, most });
  if (signers.length === 0) return await judgeUnsigned(judging, held, holder, start.anchor);
  let bogus: Unproven | null = null;
  for (const signer of signers) {
    const judgement = await judgeBySigner(judging, held, { signer, holder }, start.anchor);
    if (judgement.kind !== 'unproven' || judgement.verdict.status !== 'bogus') return judgement;
    bogus ??= judgement.verdict;
  }
  return { kind: 'unproven', verdict: bogus ?? noSignature(held, start.anchor.zone) };
}

async function judgeBySigner(
  judging: Judging,
  held: HeldRRset,
  { signer, holder }: { readonly signer: Name; readonly holder: Name },
  anchor: TrustAnchor,
): Promise<RRsetJudgement> {
  const trust = await trustOfSigner(judging, { signer, holder, servedBy: held.zone }, anchor);
  if (trust.status !== 'secure') {
    const place = placeOf(held.rrset, signer);
    return { kind: 'unproven', verdict: verdictOfSigned(judging, trust, [held.rrset], place) };
  }
  // RFC 4035 §5.3.1: the signer must be the zone that holds the data; a name inside a zone signs nothing.
  if (!namesEqual(trust.zone, signer)) {
    return { kind: 'unproven', verdict: { status: 'bogus', why: signerNotAllowed(held, trust.zone, signer) } };
  }
  const check = await verifyRRset(judging, held, trust);
  if (check.kind === 'secure') return { ...check, kind: 'verified', zone: trust };
  if (check.kind === 'bogus') return { kind: 'unproven', verdict: { status: 'bogus', why: check.why } };
  return { kind: 'unproven', verdict: limitVerdict(check.limit) };
}

/** Without a signature that could count, the data is insecure below a proven insecure cut and bogus elsewhere. */
async function judgeUnsigned(
  judging: Judging,
  held: HeldRRset,
  holder: Name,
  anchor: TrustAnchor,
): Promise<RRsetJudgement> {
  const trust = await trustOf(judging, holder, anchor);
  if (trust.status !== 'secure') return { kind: 'unproven', verdict: verdictBelow(trust) };
  return { kind: 'unproven', verdict: noSignature(held, trust.zone) };
}

function noSignature(held: HeldRRset, zone: Name): Unproven {
  const place = placeOf(held.rrset, zone);
  const why: BogusReason = isSigned(held.rrset)
    ? { kind: 'signer-not-allowed', signer: 'none that may sign here', ...place }
    : { kind: 'no-signature', ...place };
  return { status: 'bogus', why };
}

function signerNotAllowed(held: HeldRRset, zone: Name, signer: Name): BogusReason {
  return { kind: 'signer-not-allowed', signer: formatName(signer), ...placeOf(held.rrset, zone) };
}

/** The set with a verdict that is not secure. */
export function withVerdict(judging: Judging, held: HeldRRset, verdict: Unproven): HeldRRset {
  return settle(judging, held, verdict);
}
