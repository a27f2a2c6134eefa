/**
 * Signatures that stand in another section than the set they cover: some servers put them there. They are attached to
 * their set, since only verification says what a signature is worth, wherever it stood.
 */

import { rrsetKey } from '../wire/question.ts';
import { coveredType } from '../wire/rdata-rrsig.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { RRsetGroup } from '../wire/rrsets.ts';

export interface GroupedSections {
  readonly answer: readonly RRsetGroup[];
  readonly authority: readonly RRsetGroup[];
  readonly additional: readonly RRsetGroup[];
}

/** The same sections, each set with the signatures over it that other sections hold. */
export function attachStraySignatures(sections: GroupedSections): GroupedSections {
  if (!hasStray(sections.answer) && !hasStray(sections.authority) && !hasStray(sections.additional)) return sections;
  const all = [...sections.answer, ...sections.authority, ...sections.additional];
  const strays = all.filter(({ type }) => type === TYPE.RRSIG);
  const sets = new Set(all.filter(({ type }) => type !== TYPE.RRSIG).map(keyOf));
  const byCovered = new Map<string, Uint8Array[]>();
  for (const stray of strays) {
    for (const rdata of stray.rdatas) {
      const key = coveredKey(stray, rdata);
      if (!sets.has(key)) continue;
      const known = byCovered.get(key);
      if (known === undefined) byCovered.set(key, [rdata]);
      else known.push(rdata);
    }
  }
  const attach = (groups: readonly RRsetGroup[]): RRsetGroup[] =>
    groups.map((group) => withSignatures(group, byCovered)).filter(({ rdatas }) => rdatas.length > 0);
  return {
    answer: attach(sections.answer),
    authority: attach(sections.authority),
    additional: attach(sections.additional),
  };
}

function hasStray(groups: readonly RRsetGroup[]): boolean {
  return groups.some(({ type }) => type === TYPE.RRSIG);
}

function withSignatures(group: RRsetGroup, byCovered: ReadonlyMap<string, Uint8Array[]>): RRsetGroup {
  if (group.type === TYPE.RRSIG) {
    return { ...group, rdatas: group.rdatas.filter((rdata) => !byCovered.has(coveredKey(group, rdata))) };
  }
  const more = byCovered.get(keyOf(group));
  return more === undefined ? group : { ...group, signatures: [...group.signatures, ...more] };
}

function keyOf(group: RRsetGroup): string {
  return rrsetKey(group.owner, group.type, group.class);
}

function coveredKey(stray: RRsetGroup, rdata: Uint8Array): string {
  return rrsetKey(stray.owner, coveredType(rdata), stray.class);
}
