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
import { storeSecure, storeVerdict } from './store-verdict.ts';
import type { TrustAnchor } from './trust-anchors.ts';
import type { ValidationContext } from './validation-context.ts';
import { isSigned, type RRsetCheck, verifyRRset } from './verify-rrset.ts';
import type { NonSecureVerdict, SecureZone, ZoneSecurity } from './zone-security.ts';

/** What came of one RRset. */
export type RRsetValidation =
  /** Proven, and kept as such; `zone`: who signed it, null when it was proven before. */
  | { readonly kind: 'proven'; readonly ranked: RankedRRset; readonly zone: SecureZone | null }
  /** Expanded from a wildcard under a valid signature of `zone`. Not written into the cache: a proof is due. */
  | {
      readonly kind: 'expanded';
      readonly zone: SecureZone;
      readonly signature: ValidSignature;
      readonly expiresAt: number;
    }
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
  const known = knownBefore(validation, ranked, type);
  if (known !== null) return known;
  const most = validation.parts.options.limits.signers;
  const inZoneOf = nameOfSigningZone(owner, type);
  const signers = signersOf([ranked.rrset], { name: owner, type, anchor: start.anchor.zone, most });
  const { anchor } = start;
  const signer = signers[0];
  if (signer === undefined) return validateUnsigned(validation, ranked, inZoneOf, anchor);
  return signers.length === 1
    ? validateBySigner(validation, ranked, { signer, inZoneOf, type }, anchor)
    : validateBySigners(validation, ranked, { signers, inZoneOf, type, anchor }, null);
}

/** What was proven of the set before, as data of that type; null: nothing that can be relied on. */
function knownBefore(validation: ValidationContext, ranked: RankedRRset, type: number): RRsetValidation | null {
  const known = validation.asKnownNow(ranked);
  // RFC 4035 §5.3.4: an expansion is proven together with its denial only, and those who validate need that as well.
  const isProven = known.verdict?.status === 'secure' && !isExpanded(known.rrset);
  return isProven && (type !== TYPE.DS || isSignedFromAbove(known.rrset))
    ? { kind: 'proven', ranked: known, zone: null }
    : null;
}

/** Signers of a set to be tried in turn. */
interface Signers {
  readonly signers: readonly Name[];
  readonly inZoneOf: Name;
  /** DS for whatever stands in the place of one. */
  readonly type: number;
  readonly anchor: TrustAnchor;
}

/** The first signer that proves the set; else what the first of them, now or before (`bogus`), was bogus for. */
function validateBySigners(
  validation: ValidationContext,
  ranked: RankedRRset,
  { signers, inZoneOf, type, anchor }: Signers,
  bogus: RRsetValidation | null,
): Soon<RRsetValidation> {
  const [signer, ...others] = signers;
  if (signer === undefined) return bogus ?? { kind: 'unproven', verdict: noSignature(ranked, anchor.zone) };
  const next = (checked: RRsetValidation): Soon<RRsetValidation> => {
    if (checked.kind !== 'unproven' || checked.verdict.status !== 'bogus') return checked;
    return validateBySigners(validation, ranked, { signers: others, inZoneOf, type, anchor }, bogus ?? checked);
  };
  const checked = validateBySigner(validation, ranked, { signer, inZoneOf, type }, anchor);
  return checked instanceof Promise ? checked.then(next) : next(checked);
}

function validateBySigner(
  validation: ValidationContext,
  ranked: RankedRRset,
  { signer, inZoneOf, type }: Pick<Signers, 'inZoneOf' | 'type'> & { readonly signer: Name },
  anchor: TrustAnchor,
): Soon<RRsetValidation> {
  const trust = trustOfSigner(validation, { signer, inZoneOf, servedBy: ranked.zone }, anchor);
  if (trust instanceof Promise) return trust.then((late) => verifyWith(validation, ranked, { signer, type }, late));
  return verifyWith(validation, ranked, { signer, type }, trust);
}

function verifyWith(
  validation: ValidationContext,
  ranked: RankedRRset,
  { signer, type }: { readonly signer: Name; readonly type: number },
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
  const known = knownBefore(validation, ranked, type);
  if (known !== null) return known;
  const check = verifyRRset(validation, ranked, trust);
  return check instanceof Promise
    ? check.then((late) => asValidation(validation, ranked, late, trust))
    : asValidation(validation, ranked, check, trust);
}

/** Kept at once where nothing more is due, so that who comes next finds it. */
function asValidation(
  validation: ValidationContext,
  ranked: RankedRRset,
  check: RRsetCheck,
  zone: SecureZone,
): RRsetValidation {
  if (check.kind === 'secure') {
    const { signature, expiresAt } = check;
    if (signature.isWildcard) return { kind: 'expanded', zone, signature, expiresAt };
    return { kind: 'proven', ranked: storeSecure(validation, ranked, expiresAt), zone };
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
