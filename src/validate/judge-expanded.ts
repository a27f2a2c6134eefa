/**
 * One RRset that answers a name: judged, and when it was expanded from a wildcard, the proof that it had to be
 * (RFC 4035 §5.3.4, RFC 5155 §8.8).
 */

import type { DenialFailure } from '../terms/denial-outcome.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import { unreachable } from '../terms/unreachable.ts';
import { type BogusReason, SECURE, type Verdict } from '../terms/verdict.ts';
import { formatName } from '../wire/name-text.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { limitVerdict } from './conclude.ts';
import { judgeRRset, type RRsetJudgement, withVerdict } from './judge-rrset.ts';
import type { Judging } from './judging.ts';
import { denialReason, type ProvenRecords, proveRecords, proveWildcard } from './prove-denial.ts';
import { settleSecure } from './settle.ts';
import { type Place, placeOf } from './signature-reason.ts';
import type { Unproven } from './trusted.ts';

/** A judged RRset with the proof that it used. */
export interface JudgedSet {
  readonly verdict: Verdict;
  readonly held: HeldRRset;
  /** Denial sets that prove the expansion, with their verdict; empty when there was none. */
  readonly proof: readonly HeldRRset[];
  /** The zone that signed it; null when it is not secure, or was proven before. */
  readonly zone: Extract<RRsetJudgement, { readonly kind: 'verified' }>['zone'] | null;
}

/** Types that a wildcard must not make: a DNAME (RFC 4592 §4.4), and those that belong to one name only. */
const NEVER_EXPANDED: ReadonlySet<number> = new Set([TYPE.DNAME, TYPE.DS, TYPE.DNSKEY, TYPE.NSEC, TYPE.NSEC3]);

/** Judges an RRset of an answer to a question of type `asked`; `authority` holds the denial sets that came with it. */
export async function judgeExpanded(
  judging: Judging,
  held: HeldRRset,
  authority: readonly HeldRRset[],
  asked: number = rrsetType(held.rrset),
): Promise<JudgedSet> {
  const judgement = await judgeRRset(judging, held, asked);
  switch (judgement.kind) {
    case 'known':
      return { verdict: SECURE, held, proof: [], zone: null };
    case 'unproven':
      // What is no word of the zone above may be the child's own, and good as such: the verdict is about this question only.
      return isDs(asked, held)
        ? { verdict: judgement.verdict, held: { ...held, verdict: judgement.verdict }, proof: [], zone: null }
        : unproven(judging, held, judgement.verdict);
    case 'verified':
      return judgement.signature.isWildcard
        ? await judgeExpansion(judging, held, judgement, authority)
        : {
            verdict: SECURE,
            held: settleSecure(judging, held, judgement.expiresAt),
            proof: [],
            zone: judgement.zone,
          };
    default:
      return unreachable(judgement);
  }
}

/** True for another set in place of a DS. */
function isDs(asked: number, { rrset }: HeldRRset): boolean {
  return asked === TYPE.DS && rrsetType(rrset) !== TYPE.DS;
}

async function judgeExpansion(
  judging: Judging,
  held: HeldRRset,
  judgement: Extract<RRsetJudgement, { readonly kind: 'verified' }>,
  authority: readonly HeldRRset[],
): Promise<JudgedSet> {
  const { zone, signature } = judgement;
  const place = placeOf(held.rrset, zone.zone);
  if (NEVER_EXPANDED.has(rrsetType(held.rrset)))
    return unproven(judging, held, bogus({ kind: 'wildcard-not-allowed', ...place }));
  const result = await proveRecords(judging, authority, zone);
  if (result.kind === 'limit') return unproven(judging, held, limitVerdict(result.limit));
  const { records } = result;
  const answer = { name: rrsetOwner(held.rrset), closestEncloserLabels: signature.labels };
  const outcome = await proveWildcard(judging, records, answer, zone);
  const text = formatName(zone.zone);
  switch (outcome.kind) {
    case 'proven':
      return proven(judging, held, records, judgement);
    // Both rest on records that the zone's keys verified. RFC 5155 §9.2: an unsigned delegation may be closer.
    case 'opt-out':
      return unproven(judging, held, { status: 'insecure', why: { kind: 'opt-out', zone: text } });
    // RFC 9276 §3.2: more work than a validator should do.
    case 'iterations-too-high': {
      const why = { kind: 'nsec3-iterations-high', zone: text, iterations: outcome.iterations } as const;
      return unproven(judging, held, { status: 'insecure', why });
    }
    case 'hash-budget':
      return unproven(judging, held, limitVerdict('nsec3-hashes'));
    case 'not-proven':
      return unproven(judging, held, bogus(expansionReason(authority, records, outcome.why, place)));
    default:
      return unreachable(outcome);
  }
}

/** Why an expansion is not proven: a fault of its own records says more than that they prove too little. */
function expansionReason(
  authority: readonly HeldRRset[],
  records: ProvenRecords,
  how: DenialFailure,
  place: Place,
): BogusReason {
  const why = denialReason(authority, records, how, place);
  return why.kind === 'denial-missing' || why.kind === 'denial-wrong' ? { kind: 'wildcard-unproven', ...place } : why;
}

function bogus(why: BogusReason): Unproven {
  return { status: 'bogus', why };
}

function proven(
  judging: Judging,
  held: HeldRRset,
  records: ProvenRecords,
  { zone, expiresAt }: Extract<RRsetJudgement, { readonly kind: 'verified' }>,
): JudgedSet {
  const until = Math.min(expiresAt, records.expiresAt);
  return { verdict: SECURE, held: settleSecure(judging, held, until), proof: records.sets, zone };
}

function unproven(judging: Judging, held: HeldRRset, verdict: Unproven): JudgedSet {
  return { verdict, held: withVerdict(judging, held, verdict), proof: [], zone: null };
}
