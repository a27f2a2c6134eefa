/**
 * Keeps verified NSEC and NSEC3 records as spans of names that do not exist, for denials that need no question (RFC 8198).
 *
 * Duties: which records may be kept, and for how long. Leaves to others: verifying them (prove-denial.ts), the order of
 * spans and the bound in octets (cache/denial-cache.ts), answers made from them (synthesise-denial.ts).
 */

import type { DenialCache, Proven, SpanConflict } from '../cache/denial-cache.ts';
import { readNsec3Span } from '../dnssec/nsec3.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { labelCount, type Name } from '../wire/name.ts';
import { readNsec } from '../wire/rdata-nsec.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdataCount, rdatasOf, rrsetOwner, rrsetType } from '../wire/rrset.ts';

/**
 * Longest life of a span, seconds, when the answer that brought it says nothing shorter: Unbound's default for denials
 * (`cache-max-negative-ttl`).
 */
const MAX_SPAN_SECONDS = 3600;

/** Where a zone's verified records came from, and what they came with. */
interface ProvenSpans {
  readonly zone: Name;
  /** NSEC and NSEC3 sets that the zone's keys verified, none of them expanded from a wildcard. */
  readonly verified: readonly RankedRRset[];
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

export function keepSpans(denials: DenialCache, proven: ProvenSpans): void {
  const { verified, authority, now } = proven;
  const soa = authority.find(({ rrset }) => rrsetType(rrset) === TYPE.SOA);
  // RFC 8198 §5.4 and RFC 9077 §3.4: no longer than the denial itself may be kept, which the life of the kept SOA says.
  const latest = Math.min(now + MAX_SPAN_SECONDS, soa?.expiresAt ?? Number.POSITIVE_INFINITY);
  for (const ranked of verified) {
    const kept = { ...ranked, expiresAt: Math.min(ranked.expiresAt, latest) };
    keepSpan(denials, { zone: proven.zone, ranked: kept, learntAt: now }, { ...proven, conflict: 'replace' });
  }
}

interface KeepSpanOptions extends Pick<ProvenSpans, 'maxIterations'> {
  readonly conflict: SpanConflict;
}

/** Keeps one, where it is worth it: secure, and a record that can be read. */
export function keepSpan(denials: DenialCache, proven: Proven, options: KeepSpanOptions): void {
  const { ranked } = proven;
  if (ranked.notKept === true || ranked.verdict?.status !== 'secure' || rdataCount(ranked.rrset) !== 1) return;
  if (rrsetType(ranked.rrset) === TYPE.NSEC) keepNames(denials, proven, options);
  if (rrsetType(ranked.rrset) === TYPE.NSEC3) keepHashes(denials, proven, options);
}

function keepNames(denials: DenialCache, proven: Proven, { conflict }: KeepSpanOptions): void {
  const { rrset } = proven.ranked;
  const nsec = readNsec(rdatasOf(rrset)[0] ?? new Uint8Array());
  if (nsec !== null) denials.store({ ...proven, owner: rrsetOwner(rrset), next: nsec.next }, conflict);
}

function keepHashes(denials: DenialCache, proven: Proven, { maxIterations, conflict }: KeepSpanOptions): void {
  const { zone, ranked } = proven;
  const owner = rrsetOwner(ranked.rrset);
  const rdata = rdatasOf(ranked.rrset)[0] ?? new Uint8Array();
  const span = readNsec3Span({ owner, rdata, signatureLabels: labelCount(owner) }, zone);
  if (span === null || span.parameters.iterations > Math.min(maxIterations, MAX_KEPT_ITERATIONS)) return;
  const { parameters, hash, next, isOptOut } = span;
  denials.storeHashed({ ...proven, parameters, hash, next, isOptOut }, conflict);
}
