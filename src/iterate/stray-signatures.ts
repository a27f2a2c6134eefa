/**
 * Signatures that stand in another section than the set they cover: some servers put them there. They are attached to
 * their set, since only verification says what a signature is worth, wherever it stood.
 */

import { rrsetKey } from '../wire/question.ts';
import { coveredType } from '../wire/rdata-rrsig.ts';
import type { ReceivedRRset } from '../wire/received-rrset.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, signaturesOf, withRdatas, withSignatures } from '../wire/rrset.ts';
import type { KeyedRRset } from '../wire/rrsets.ts';

export interface GroupedSections {
  readonly answer: ReceivedRRset[];
  readonly authority: ReceivedRRset[];
  readonly additional: ReceivedRRset[];
}

/** The same sections, each set with the signatures over it that other sections hold. */
export function attachStraySignatures(sections: GroupedSections): GroupedSections {
  if (!hasStray(sections.answer) && !hasStray(sections.authority) && !hasStray(sections.additional)) return sections;
  const all = [...sections.answer, ...sections.authority, ...sections.additional];
  const strays = all.filter(({ type }) => type === TYPE.RRSIG);
  const sets = new Set(all.filter(({ type }) => type !== TYPE.RRSIG).map(keyOf));
  const byCovered = new Map<string, Uint8Array[]>();
  for (const stray of strays) {
    for (const rdata of rdatasOf(stray.rrset)) {
      const key = coveredKey(stray, rdata);
      if (!sets.has(key)) continue;
      const known = byCovered.get(key);
      if (known === undefined) byCovered.set(key, [rdata]);
      else known.push(rdata);
    }
  }
  const attach = (sets: readonly ReceivedRRset[]): ReceivedRRset[] => {
    for (const set of sets) takeSignatures(set, byCovered);
    return sets.filter(({ count }) => count > 0);
  };
  return {
    answer: attach(sections.answer),
    authority: attach(sections.authority),
    additional: attach(sections.additional),
  };
}

function hasStray(sets: readonly KeyedRRset[]): boolean {
  for (const { type } of sets) if (type === TYPE.RRSIG) return true;
  return false;
}

function takeSignatures(set: ReceivedRRset, byCovered: ReadonlyMap<string, Uint8Array[]>): void {
  const { rrset } = set;
  const more = byCovered.get(keyOf(set));
  if (set.type === TYPE.RRSIG) {
    const left = rdatasOf(rrset).filter((rdata) => !byCovered.has(coveredKey(set, rdata)));
    set.rrset = withRdatas(rrset, left);
  } else if (more !== undefined) {
    set.rrset = withSignatures(rrset, [...signaturesOf(rrset), ...more]);
  }
}

function keyOf(set: KeyedRRset): string {
  return rrsetKey(set.owner, set.type, set.class);
}

function coveredKey(stray: KeyedRRset, rdata: Uint8Array): string {
  return rrsetKey(stray.owner, coveredType(rdata), stray.class);
}
