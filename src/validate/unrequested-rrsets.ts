/**
 * Records that come along with an answer: the rest of the authority section, the additional section. They prove nothing
 * and are asked for by nobody, so no network is used for them; but what goes out with the AD bit must be proven
 * (RFC 4035 §3.2.3).
 */

import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { haveSameKey, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { isServedBelow, knownCuts } from './chain-of-trust.ts';
import { nameOfSigningZone, signersOf } from './find-signer.ts';
import { storeSecure } from './store-verdict.ts';
import { startFor } from './validate-rrset.ts';
import type { ValidationContext } from './validation-context.ts';
import { verifyRRset } from './verify-rrset.ts';

/** Of the sets those that the keys of zones known by now prove, with their verdict; the others are left out. */
export async function keepProven(validation: ValidationContext, sets: readonly RankedRRset[]): Promise<RankedRRset[]> {
  const kept: RankedRRset[] = [];
  for (const ranked of sets) {
    const proven = isProven(validation, ranked) ? ranked : await proveUnrequested(validation, ranked);
    if (proven !== null) kept.push(proven);
  }
  return kept;
}

/** True for a set that is secure already, where that may be said of its name. */
function isProven(validation: ValidationContext, { rrset, verdict }: RankedRRset): boolean {
  return verdict?.status === 'secure' && !('verdict' in startFor(validation, rrsetOwner(rrset), rrsetType(rrset)));
}

/** The set with its verdict when it is secure by keys that are known, else null. */
async function proveUnrequested(validation: ValidationContext, ranked: RankedRRset): Promise<RankedRRset | null> {
  const name = rrsetOwner(ranked.rrset);
  const type = rrsetType(ranked.rrset);
  const start = startFor(validation, name, type);
  if ('verdict' in start) return null;
  const most = validation.parts.options.limits.signers;
  for (const signer of signersOf([ranked.rrset], { name, type, anchor: start.anchor.zone, most })) {
    const zone = validation.parts.keys.find(signer);
    // RFC 4035 §5.3.1: a zone does not sign what lies below its cut.
    const place = { signer, inZoneOf: nameOfSigningZone(name, type), servedBy: ranked.zone };
    if (zone?.status !== 'secure' || isServedBelow(place) || knownCuts(validation, signer, place.inZoneOf).length > 0)
      continue;
    const check = await verifyRRset(validation, ranked, zone);
    if (check.kind === 'secure' && !check.signature.isWildcard) return storeSecure(validation, ranked, check.expiresAt);
  }
  return null;
}

/** The sets, those that are among `validated` replaced by their validated form. */
export function replaceValidated(sets: readonly RankedRRset[], validated: readonly RankedRRset[]): RankedRRset[] {
  return sets.map((ranked) => validated.findLast(({ rrset }) => haveSameKey(rrset, ranked.rrset)) ?? ranked);
}
