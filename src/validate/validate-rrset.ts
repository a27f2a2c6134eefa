/**
 * One RRset of an answer: which zone must have signed it, and whether it did (RFC 4035 §5.3).
 *
 * Duties: anchors and negative anchors, signers, unsigned data (RFC 4035 §5.2: walk down until a zone is proven insecure).
 * Leaves to others: the proof that a wildcard expansion needs; storing what needs such a proof.
 */

import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { ValidSignature } from '../terms/signature-outcome.ts';
import type { BogusReason } from '../terms/verdict.ts';
import type { Name } from '../wire/name.ts';
import { namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { isExpanded, isSignedFromAbove } from '../wire/signed-labels.ts';
import { andThen, type Soon } from '../work/soon.ts';
import { verdictOfSigned } from './absent-signer.ts';
import { trustOf, trustOfSigner, verdictBelow } from './chain-of-trust.ts';
import { limitVerdict } from './conclude.ts';
import { nameOfSigningZone, signersOf } from './find-signer.ts';
import { recordOf } from './signature-reason.ts';
import { storeVerdict } from './store-verdict.ts';
import type { TrustAnchor } from './trust-anchors.ts';
import type { ValidationContext } from './validation-context.ts';
import { isSigned, type RRsetCheck, verifyRRset } from './verify-rrset.ts';
import type { NonSecureVerdict, SecureZone, ZoneSecurity } from './zone-security.ts';

/** What came of one RRset. */
export type RRsetValidation =
  /** A valid signature of `zone`. Not yet written into the cache: when it is a wildcard expansion, a proof is due. */
  | {
      readonly kind: 'verified';
      readonly zone: SecureZone;
      readonly signature: ValidSignature;
      readonly expiresAt: number;
    }
  /** Proven before, and still fresh. */
  | { readonly kind: 'known' }
  | { readonly kind: 'unproven'; readonly verdict: NonSecureVerdict };

/** Where the chain for a name starts, or the verdict when it starts nowhere. */
type Start = { readonly anchor: TrustAnchor } | { readonly verdict: NonSecureVerdict };

/** The anchor for data of that name and type. */
export function startFor(validation: ValidationContext, name: Name, type: number): Start {
  const anchor = validation.parts.anchors.closest(nameOfSigningZone(name, type));
  if (anchor?.kind === 'positive') return { anchor };
  const zone = formatName(anchor?.zone ?? name);
  // RFC 7646 §1.1: below a negative anchor nothing is validated.
  const kind = anchor === null ? 'no-anchor' : 'negative-anchor';
  return { verdict: { status: 'insecure', why: { kind, zone } } };
}

/** Validates a set as the answer to a question of type `asked`: an alias in place of a DS is the word of the zone above. */
export function validateRRset(
  validation: ValidationContext,
  ranked: RankedRRset,
  asked: number = rrsetType(ranked.rrset),
): Soon<RRsetValidation> {
  const owner = rrsetOwner(ranked.rrset);
  const type = asked === TYPE.DS ? TYPE.DS : rrsetType(ranked.rrset);
  const start = startFor(validation, owner, type);
  if ('verdict' in start) return { kind: 'unproven', verdict: start.verdict };
  // RFC 4035 §5.3.4: an expansion is proven together with its denial only, and those who validate need that as well.
  const isProven = ranked.verdict?.status === 'secure' && !isExpanded(ranked.rrset);
  if (isProven && (type !== TYPE.DS || isSignedFromAbove(ranked.rrset))) return { kind: 'known' };
  const most = validation.parts.options.limits.signers;
  const inZoneOf = nameOfSigningZone(owner, type);
  const signers = signersOf([ranked.rrset], { name: owner, type, anchor: start.anchor.zone, most });
  const { anchor } = start;
  const [signer] = signers;
  if (signer === undefined) return validateUnsigned(validation, ranked, inZoneOf, anchor);
  return signers.length === 1
    ? validateBySigner(validation, ranked, { signer, inZoneOf }, anchor)
    : validateBySigners(validation, ranked, { signers, inZoneOf, anchor }, null);
}

/** Signers of a set to be tried in turn. */
interface Signers {
  readonly signers: readonly Name[];
  readonly inZoneOf: Name;
  readonly anchor: TrustAnchor;
}

/** The first signer that proves the set; else what the first of them, now or before (`bogus`), was bogus for. */
function validateBySigners(
  validation: ValidationContext,
  ranked: RankedRRset,
  { signers, inZoneOf, anchor }: Signers,
  bogus: RRsetValidation | null,
): Soon<RRsetValidation> {
  const [signer, ...others] = signers;
  if (signer === undefined) return bogus ?? { kind: 'unproven', verdict: noSignature(ranked, anchor.zone) };
  const next = (checked: RRsetValidation): Soon<RRsetValidation> => {
    if (checked.kind !== 'unproven' || checked.verdict.status !== 'bogus') return checked;
    return validateBySigners(validation, ranked, { signers: others, inZoneOf, anchor }, bogus ?? checked);
  };
  const checked = validateBySigner(validation, ranked, { signer, inZoneOf }, anchor);
  return checked instanceof Promise ? checked.then(next) : next(checked);
}

function validateBySigner(
  validation: ValidationContext,
  ranked: RankedRRset,
  { signer, inZoneOf }: { readonly signer: Name; readonly inZoneOf: Name },
  anchor: TrustAnchor,
): Soon<RRsetValidation> {
  const trust = trustOfSigner(validation, { signer, inZoneOf, servedBy: ranked.zone }, anchor);
  if (trust instanceof Promise) return trust.then((late) => verifyWith(validation, ranked, signer, late));
  return verifyWith(validation, ranked, signer, trust);
}

function verifyWith(
  validation: ValidationContext,
  ranked: RankedRRset,
  signer: Name,
  trust: ZoneSecurity,
): Soon<RRsetValidation> {
  if (trust.status !== 'secure') {
    const record = recordOf(ranked.rrset, signer);
    return { kind: 'unproven', verdict: verdictOfSigned(validation, trust, [ranked.rrset], record) };
  }
  // RFC 4035 §5.3.1: the signer must be the zone that holds the data; a name inside a zone signs nothing.
  if (!namesEqual(trust.zone, signer)) {
    return { kind: 'unproven', verdict: { status: 'bogus', why: signerNotAllowed(ranked, trust.zone, signer) } };
  }
  const check = verifyRRset(validation, ranked, trust);
  return check instanceof Promise ? check.then((late) => asValidation(late, trust)) : asValidation(check, trust);
}

function asValidation(check: RRsetCheck, zone: SecureZone): RRsetValidation {
  if (check.kind === 'secure') {
    const { signature, expiresAt } = check;
    return { kind: 'verified', zone, signature, expiresAt };
  }
  if (check.kind === 'bogus') return { kind: 'unproven', verdict: { status: 'bogus', why: check.why } };
  return { kind: 'unproven', verdict: limitVerdict(check.limit) };
}

/** Without a signature that could count, the data is insecure below a proven insecure cut and bogus elsewhere. */
function validateUnsigned(
  validation: ValidationContext,
  ranked: RankedRRset,
  inZoneOf: Name,
  anchor: TrustAnchor,
): Soon<RRsetValidation> {
  return andThen(trustOf(validation, inZoneOf, anchor), (trust) => ({
    kind: 'unproven',
    verdict: trust.status === 'secure' ? noSignature(ranked, trust.zone) : verdictBelow(trust),
  }));
}

function noSignature(ranked: RankedRRset, zone: Name): NonSecureVerdict {
  const record = recordOf(ranked.rrset, zone);
  const why: BogusReason = isSigned(ranked.rrset)
    ? { kind: 'signer-not-allowed', signer: 'none that may sign here', ...record }
    : { kind: 'no-signature', ...record };
  return { status: 'bogus', why };
}

function signerNotAllowed(ranked: RankedRRset, zone: Name, signer: Name): BogusReason {
  return { kind: 'signer-not-allowed', signer: formatName(signer), ...recordOf(ranked.rrset, zone) };
}

/** The set with a verdict that is not secure. */
export function withVerdict(
  validation: ValidationContext,
  ranked: RankedRRset,
  verdict: NonSecureVerdict,
): RankedRRset {
  return storeVerdict(validation, ranked, verdict);
}
