/**
 * Signatures that stand in another section than the set they cover: some servers put them there. They are attached to
 * their set, since only verification says what a signature is worth, wherever it stood.
 */

import { rrsetKey } from '../wire/question.ts';
import { coveredType } from '../wire/rdata-rrsig.ts';
import type { ReceivedRRset } from '../wire/received-rrset.ts';
import { TYPE } from '../wire/rr-type.ts';
import { firstSignaturesOf, rdatasOf, withRdatas, withSignatures } from '../wire/rrset.ts';
import type { KeyedRRset } from '../wire/rrsets.ts';

export interface GroupedSections {
  readonly answer: ReceivedRRset[];
  readonly authority: ReceivedRRset[];
  readonly additional: ReceivedRRset[];
}

/** The same sections, each set with the signatures over it that other sections hold, `most` in all. */
export function attachStraySignatures(sections: GroupedSections, most: number): GroupedSections {
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
  if (byCovered.size === 0) return sections;
  const attach = (sets: readonly ReceivedRRset[]): ReceivedRRset[] =>
    sets.filter((set) => {
      if (set.type === TYPE.RRSIG) return giveSignatures(set, byCovered);
      takeSignatures(set, byCovered.get(keyOf(set)) ?? [], most);
      return true;
    });
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

/** Takes out of a set of signatures those that were given to the sets that they cover; true when some are left. */
function giveSignatures(set: ReceivedRRset, byCovered: ReadonlyMap<string, Uint8Array[]>): boolean {
  const rdatas = rdatasOf(set.rrset);
  const left = rdatas.filter((rdata) => !byCovered.has(coveredKey(set, rdata)));
  if (left.length > 0 && left.length < rdatas.length) set.rrset = withRdatas(set.rrset, left);
  return left.length > 0;
}

function takeSignatures(set: ReceivedRRset, more: readonly Uint8Array[], most: number): void {
  if (more.length === 0) return;
  const signatures = [...firstSignaturesOf(set.rrset, most), ...more.slice(0, most)];
  set.rrset = withSignatures(set.rrset, signatures.slice(0, most));
}

function keyOf(set: KeyedRRset): string {
  return rrsetKey(set.owner, set.type, set.class);
}

function coveredKey(stray: KeyedRRset, rdata: Uint8Array): string {
  return rrsetKey(stray.owner, coveredType(rdata), stray.class);
}
