/**
 * Records that come along with an answer: the rest of the authority section, the additional section. They prove nothing
 * and are asked for by nobody, so no network is used for them; but what goes out with the AD bit must be proven
 * (RFC 4035 §3.2.3).
 */

import type { HeldRRset } from '../terms/held-rrset.ts';
import { rrsetKey } from '../wire/question.ts';
import { rrsetClass, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { isServedBelow, knownCuts } from './chain-of-trust.ts';
import { holderOf, signersOf } from './find-signer.ts';
import { startFor } from './judge-rrset.ts';
import type { Judging } from './judging.ts';
import { settleSecure } from './settle.ts';
import { verifyRRset } from './verify-rrset.ts';

/** Of the sets those that the keys of zones known by now prove, with their verdict; the others are left out. */
export async function keepProven(judging: Judging, sets: readonly HeldRRset[]): Promise<HeldRRset[]> {
  const kept: HeldRRset[] = [];
  for (const held of sets) {
    const proven = await proveExtra(judging, held);
    if (proven !== null) kept.push(proven);
  }
  return kept;
}

/** The set with its verdict when it is secure by keys that are known, else null. */
async function proveExtra(judging: Judging, held: HeldRRset): Promise<HeldRRset | null> {
  const name = rrsetOwner(held.rrset);
  const type = rrsetType(held.rrset);
  const start = startFor(judging, name, type);
  if ('verdict' in start) return null;
  if (held.verdict?.status === 'secure') return held;
  const most = judging.parts.options.limits.signers;
  for (const signer of signersOf([held.rrset], { name, type, anchor: start.anchor.zone, most })) {
    const zone = judging.parts.keys.find(signer);
    // RFC 4035 §5.3.1: a zone does not sign what lies below its cut.
    const place = { signer, holder: holderOf(name, type), servedBy: held.zone };
    if (zone?.status !== 'secure' || isServedBelow(place) || knownCuts(judging, signer, place.holder).length > 0)
      continue;
    const check = await verifyRRset(judging, held, zone);
    if (check.kind === 'secure' && !check.signature.isWildcard) return settleSecure(judging, held, check.expiresAt);
  }
  return null;
}

/** The sets, those that are among `judged` replaced by their judged form. */
export function replaceJudged(sets: readonly HeldRRset[], judged: readonly HeldRRset[]): HeldRRset[] {
  const byKey = new Map(judged.map((held) => [keyOf(held), held]));
  return sets.map((held) => byKey.get(keyOf(held)) ?? held);
}

function keyOf({ rrset }: HeldRRset): string {
  return rrsetKey(rrsetOwner(rrset), rrsetType(rrset), rrsetClass(rrset));
}
