/**
 * Records that come along with an answer: the rest of the authority section, the additional section. They prove nothing
 * and are asked for by nobody, so no network is used for them; but what goes out with the AD bit must be proven
 * (RFC 4035 §3.2.3).
 */

import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { rrsetKey } from '../wire/question.ts';
import { rrsetClass, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { isServedBelow, knownCuts } from './chain-of-trust.ts';
import { holderOf, signersOf } from './find-signer.ts';
import { startFor } from './judge-rrset.ts';
import type { Judging } from './judging.ts';
import { settleSecure } from './settle.ts';
import { verifyRRset } from './verify-rrset.ts';

/** Of the sets those that the keys of zones known by now prove, with their verdict; the others are left out. */
export async function keepProven(judging: Judging, sets: readonly RankedRRset[]): Promise<RankedRRset[]> {
  const kept: RankedRRset[] = [];
  for (const ranked of sets) {
    const proven = await proveExtra(judging, ranked);
    if (proven !== null) kept.push(proven);
  }
  return kept;
}

/** The set with its verdict when it is secure by keys that are known, else null. */
async function proveExtra(judging: Judging, ranked: RankedRRset): Promise<RankedRRset | null> {
  const name = rrsetOwner(ranked.rrset);
  const type = rrsetType(ranked.rrset);
  const start = startFor(judging, name, type);
  if ('verdict' in start) return null;
  if (ranked.verdict?.status === 'secure') return ranked;
  const most = judging.parts.options.limits.signers;
  for (const signer of signersOf([ranked.rrset], { name, type, anchor: start.anchor.zone, most })) {
    const zone = judging.parts.keys.find(signer);
    // RFC 4035 §5.3.1: a zone does not sign what lies below its cut.
    const place = { signer, holder: holderOf(name, type), servedBy: ranked.zone };
    if (zone?.status !== 'secure' || isServedBelow(place) || knownCuts(judging, signer, place.holder).length > 0)
      continue;
    const check = await verifyRRset(judging, ranked, zone);
    if (check.kind === 'secure' && !check.signature.isWildcard) return settleSecure(judging, ranked, check.expiresAt);
  }
  return null;
}

/** The sets, those that are among `judged` replaced by their judged form. */
export function replaceJudged(sets: readonly RankedRRset[], judged: readonly RankedRRset[]): RankedRRset[] {
  const byKey = new Map(judged.map((ranked) => [keyOf(ranked), ranked]));
  return sets.map((ranked) => byKey.get(keyOf(ranked)) ?? ranked);
}

function keyOf({ rrset }: RankedRRset): string {
  return rrsetKey(rrsetOwner(rrset), rrsetType(rrset), rrsetClass(rrset));
}
