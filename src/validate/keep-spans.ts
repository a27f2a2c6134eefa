/**
 * Keeps verified NSEC and NSEC3 records as spans of names that do not exist, for denials that need no question (RFC 8198).
 *
 * Duties: which records may be kept, and for how long. Leaves to others: verifying them (prove-denial.ts), the order of
 * spans and the bound in octets (cache/denial-cache.ts), answers made from them (synthesise-denial.ts).
 */

import type { DenialCache, DenialSpan, HashedSpan, Proven, SpanConflict } from '../cache/denial-cache.ts';
import type { DenialRecord } from '../dnssec/denial-record.ts';
import { nsec3SpanOf } from '../dnssec/nsec3.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { labelCount, type Name } from '../wire/name.ts';
import { readNsec } from '../wire/rdata-nsec.ts';
import { TYPE } from '../wire/rr-type.ts';
import { firstRdatasOf, rdataCount, rrsetOwner, rrsetType } from '../wire/rrset.ts';

/**
 * Longest life of a span, seconds, when the answer that brought it says nothing shorter: Unbound's default for denials
 * (`cache-max-negative-ttl`).
 */
const MAX_SPAN_SECONDS = 3600;

/** A verified denial set. */
export interface VerifiedSet {
  readonly ranked: RankedRRset;
  /** Its first record as it was read. */
  readonly record: DenialRecord;
}

/** Where a zone's verified records came from, and what they came with. */
interface ProvenSpans {
  readonly zone: Name;
  /** NSEC and NSEC3 sets that the zone's keys verified, none of them expanded from a wildcard. */
  readonly verified: readonly VerifiedSet[];
  /** The authority section, for the SOA in it. */
  readonly authority: readonly RankedRRset[];
  /** Unix seconds. */
  readonly now: number;
  /** Iterations of NSEC3 above which the zone's denials count as insecure (val-nsec3-keysize-iterations). */
  readonly maxIterations: number;
}

/**
 * Most iterations of NSEC3 records that are kept. RFC 9276 §3.1 asks for none; what honest zones still have is below this, and
 * more would make looking for a known denial about as dear as asking (MAX_SYNTHESIS_DIGESTS in synthesise-denial.ts).
 */
const MAX_KEPT_ITERATIONS = 50;
const NOTHING = new Uint8Array();

export function keepSpans(denials: DenialCache, proven: ProvenSpans): void {
  const { zone, verified, authority, now, maxIterations } = proven;
  const soa = authority.find(isSoa);
  // RFC 8198 §5.4 and RFC 9077 §3.4: no longer than the denial itself may be kept, which the life of the kept SOA says.
  const latest = Math.min(now + MAX_SPAN_SECONDS, soa?.expiresAt ?? Number.POSITIVE_INFINITY);
  const names: DenialSpan[] = [];
  const hashes: HashedSpan[] = [];
  for (let i = 0; i < verified.length; i++) {
    const { ranked, record } = verified[i] as VerifiedSet;
    const kept = ranked.expiresAt <= latest ? ranked : { ...ranked, expiresAt: latest };
    const span = readSpan({ zone, ranked: kept, learntAt: now }, maxIterations, record);
    if (span === null) continue;
    if ('hash' in span) hashes.push(span);
    else names.push(span);
  }
  denials.storeAll(zone, names, hashes);
}

function isSoa({ rrset }: RankedRRset): boolean {
  return rrsetType(rrset) === TYPE.SOA;
}

interface KeepSpanOptions extends Pick<ProvenSpans, 'maxIterations'> {
  readonly conflict: SpanConflict;
}

/** Keeps one, where it is worth it. */
export function keepSpan(denials: DenialCache, proven: Proven, { maxIterations, conflict }: KeepSpanOptions): void {
  const { rrset } = proven.ranked;
  const owner = rrsetOwner(rrset);
  const [rdata = NOTHING] = firstRdatasOf(rrset, 1);
  const span = readSpan(proven, maxIterations, { owner, rdata, signatureLabels: labelCount(owner) });
  if (span === null) return;
  if ('hash' in span) denials.storeHashed(span, conflict);
  else denials.store(span, conflict);
}

/** The span that a set is; null when it is not worth keeping: not secure, or no record that can be read. */
function readSpan(proven: Proven, maxIterations: number, record: DenialRecord): DenialSpan | HashedSpan | null {
  const { rrset, verdict, notKept } = proven.ranked;
  if (notKept === true || verdict?.status !== 'secure' || rdataCount(rrset) !== 1) return null;
  if (rrsetType(rrset) === TYPE.NSEC) return readNames(proven, record);
  return rrsetType(rrset) === TYPE.NSEC3 ? readHashes(proven, maxIterations, record) : null;
}

function readNames({ zone, ranked, learntAt }: Proven, { owner, rdata }: DenialRecord): DenialSpan | null {
  const nsec = readNsec(rdata);
  return nsec === null ? null : { zone, ranked, learntAt, owner, next: nsec.next };
}

function readHashes(
  { zone, ranked, learntAt }: Proven,
  maxIterations: number,
  record: DenialRecord,
): HashedSpan | null {
  const span = nsec3SpanOf(record, zone);
  if (span === null || span.parameters.iterations > Math.min(maxIterations, MAX_KEPT_ITERATIONS)) return null;
  const { parameters, hash, next, isOptOut } = span;
  return { zone, ranked, learntAt, parameters, hash, next, isOptOut };
}
