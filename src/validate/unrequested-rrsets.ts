/**
 * Records that come along with an answer: the rest of the authority section, the additional section. They prove nothing
 * and are asked for by nobody, so no network is used for them; but what goes out with the AD bit must be proven
 * (RFC 4035 §3.2.3).
 */

import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Name } from '../wire/name.ts';
import { haveSameKey, type RRset, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { isServedBelow, knownCuts } from './chain-of-trust.ts';
import { nameOfSigningZone, signersOf } from './find-signer.ts';
import { storeSecure } from './store-verdict.ts';
import { startFor } from './validate-rrset.ts';
import type { ValidationContext } from './validation-context.ts';
import { type RRsetCheck, verifyRRset } from './verify-rrset.ts';

/** Of the sets those that the keys of zones known by now prove, with their verdict; the others are left out. */
export function keepProven(
  validation: ValidationContext,
  sets: readonly RankedRRset[],
): RankedRRset[] | Promise<RankedRRset[]> {
  return keepFrom(validation, sets, 0, []);
}

function keepFrom(
  validation: ValidationContext,
  sets: readonly RankedRRset[],
  from: number,
  kept: RankedRRset[],
): RankedRRset[] | Promise<RankedRRset[]> {
  for (let i = from; i < sets.length; i++) {
    const ranked = validation.asKnownNow(sets[i] as RankedRRset);
    const proven = proveUnrequested(validation, ranked);
    if (proven instanceof Promise) return keepAfter(validation, sets, { next: i + 1, proven, kept });
    if (proven !== null) kept.push(proven);
  }
  return kept;
}

// Functions of their own for what waits: one that holds a closure makes a context whenever it is called.
function keepAfter(
  validation: ValidationContext,
  sets: readonly RankedRRset[],
  { next, proven, kept }: { readonly next: number; readonly proven: Promise<RankedRRset | null>; kept: RankedRRset[] },
): Promise<RankedRRset[]> {
  return proven.then((late) => {
    if (late !== null) kept.push(late);
    return keepFrom(validation, sets, next, kept);
  });
}

/** The set with its verdict when it is secure already, where that may be said of its name, or by keys that are known; else null. */
function proveUnrequested(
  validation: ValidationContext,
  ranked: RankedRRset,
): RankedRRset | null | Promise<RankedRRset | null> {
  const name = rrsetOwner(ranked.rrset);
  const type = rrsetType(ranked.rrset);
  const start = startFor(validation, name, type);
  if ('verdict' in start) return null;
  if (ranked.verdict?.status === 'secure') return ranked;
  const most = validation.parts.options.limits.signers;
  return proveBySigners(validation, ranked, signersOf([ranked.rrset], { name, type, anchor: start.anchor.zone, most }));
}

function proveBySigners(
  validation: ValidationContext,
  ranked: RankedRRset,
  signers: readonly Name[],
): RankedRRset | null | Promise<RankedRRset | null> {
  const inZoneOf = nameOfSigningZone(rrsetOwner(ranked.rrset), rrsetType(ranked.rrset));
  for (let i = 0; i < signers.length; i++) {
    const signer = signers[i] as Name;
    const zone = validation.parts.keys.find(signer);
    // RFC 4035 §5.3.1: a zone does not sign what lies below its cut.
    const place = { signer, inZoneOf, servedBy: ranked.zone };
    if (zone?.status !== 'secure' || isServedBelow(place) || knownCuts(validation, signer, place.inZoneOf).length > 0)
      continue;
    const check = verifyRRset(validation, ranked, zone);
    if (check instanceof Promise) return proveAfter(validation, ranked, signers.slice(i + 1), check);
    const proven = whenProven(validation, ranked, check);
    if (proven !== null) return proven;
  }
  return null;
}

function proveAfter(
  validation: ValidationContext,
  ranked: RankedRRset,
  others: readonly Name[],
  check: Promise<RRsetCheck>,
): Promise<RankedRRset | null> {
  return check.then((late) => whenProven(validation, ranked, late) ?? proveBySigners(validation, ranked, others));
}

function whenProven(validation: ValidationContext, ranked: RankedRRset, check: RRsetCheck): RankedRRset | null {
  const isProven = check.kind === 'secure' && !check.signature.isWildcard;
  return isProven ? storeSecure(validation, ranked, check.expiresAt) : null;
}

/** The sets, those that are among `validated` replaced by their validated form. */
export function replaceValidated(
  sets: readonly RankedRRset[],
  validated: readonly RankedRRset[],
): readonly RankedRRset[] {
  if (sets.length === 0 || validated.length === 0) return sets;
  return sets.map((ranked) => lastOfKey(validated, ranked.rrset) ?? ranked);
}

/** The last of the sets with the owner, type and class of another one. */
function lastOfKey(sets: readonly RankedRRset[], rrset: RRset): RankedRRset | null {
  for (let i = sets.length - 1; i >= 0; i--) {
    const ranked = sets[i] as RankedRRset;
    if (haveSameKey(ranked.rrset, rrset)) return ranked;
  }
  return null;
}
