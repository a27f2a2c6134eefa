/**
 * The best referral that the cache holds, for clients that ask without recursion (RFC 1034 §4.3.1): servers of the deepest
 * zone known for the name.
 *
 * Duties: sections and verdict. Leaves to others: who may look into the cache (serve, allow_snoop).
 */

import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Answered } from '../terms/resolution.ts';
import { isRoot, type Name, parentOf } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf } from '../wire/rrset.ts';

/** The referral; null when not even the root's servers are known. */
export function findReferral(rrsets: RRsetCache, question: Question): Answered | null {
  // RFC 4035 §3.1.4.1: DS belongs to the parent side of the cut.
  let zone = question.type === TYPE.DS && !isRoot(question.name) ? parentOf(question.name) : question.name;
  for (;;) {
    const ns = usable(rrsets.find(zone, TYPE.NS, question.class));
    if (ns !== null) return referralTo(rrsets, question, zone, ns);
    if (isRoot(zone)) return null;
    zone = parentOf(zone);
  }
}

function usable(ranked: RankedRRset | null): RankedRRset | null {
  return ranked?.verdict?.status === 'bogus' ? null : ranked;
}

function referralTo(rrsets: RRsetCache, question: Question, zone: Name, ns: RankedRRset): Answered {
  const ds = usable(rrsets.find(zone, TYPE.DS, question.class));
  const isSecure = ns.verdict?.status === 'secure' && (ds === null || ds.verdict?.status === 'secure');
  const additional = addressesOf(rrsets, question, ns).filter(
    // RFC 4035 §3.2.3: what a secure referral brings along is proven, or left out.
    ({ verdict }) => !isSecure || verdict?.status === 'secure',
  );
  return {
    kind: 'answered',
    question,
    rcode: RCODE.NOERROR,
    denied: false,
    answer: [],
    authority: ds === null ? [ns] : [ns, ds],
    additional,
    verdict: isSecure ? ns.verdict : null,
    // Never given again from the reply cache: the data itself may be there the next moment.
    expiresAt: 0,
  };
}

function addressesOf(rrsets: RRsetCache, question: Question, ns: RankedRRset): readonly RankedRRset[] {
  const names = rdatasOf(ns.rrset).flatMap((rdata) => readTargetName(rdata) ?? []);
  return names.flatMap((name) =>
    [TYPE.A, TYPE.AAAA].flatMap((type) => usable(rrsets.find(name, type, question.class)) ?? []),
  );
}
