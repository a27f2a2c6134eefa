/**
 * Keeps verified NSEC records as spans of names that do not exist, for denials that need no question (RFC 8198).
 *
 * Duties: which records may be kept, and for how long. Leaves to others: verifying them (prove-denial.ts), the order of
 * spans and the bound in octets (cache/denial-cache.ts), answers made from them (synthesise-denial.ts).
 */

import type { DenialCache } from '../cache/denial-cache.ts';
import type { HeldRRset } from '../terms/held-rrset.ts';
import type { Name } from '../wire/name.ts';
import { readNsec } from '../wire/rdata-nsec.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType } from '../wire/rrset.ts';

/**
 * Longest life of a span, seconds, when the answer that brought it says nothing shorter: Unbound's default for denials
 * (`cache-max-negative-ttl`).
 */
const MAX_SPAN_SECONDS = 3600;

/** Where a zone's verified records came from, and what they came with. */
interface LearntSpans {
  readonly zone: Name;
  /** NSEC sets that the zone's keys verified, none of them expanded from a wildcard. */
  readonly verified: readonly HeldRRset[];
  /** The authority section, for the SOA in it. */
  readonly authority: readonly HeldRRset[];
  /** Unix seconds. */
  readonly now: number;
}

export function learnSpans(denials: DenialCache, { zone, verified, authority, now }: LearntSpans): void {
  const soa = authority.find(({ rrset }) => rrsetType(rrset) === TYPE.SOA);
  // RFC 8198 §5.4 and RFC 9077 §3.4: no longer than the denial itself may be kept, which the SOA's held life says.
  const latest = Math.min(now + MAX_SPAN_SECONDS, soa?.expiresAt ?? Number.POSITIVE_INFINITY);
  for (const held of verified) {
    if (held.notKept === true) continue;
    const rdatas = rdatasOf(held.rrset);
    const nsec = rdatas.length === 1 ? readNsec(rdatas[0] ?? new Uint8Array()) : null;
    if (rrsetType(held.rrset) !== TYPE.NSEC || held.verdict?.status !== 'secure' || nsec === null) continue;
    const expiresAt = Math.min(held.expiresAt, latest);
    denials.store({
      zone,
      owner: rrsetOwner(held.rrset),
      next: nsec.next,
      nsec: { ...held, expiresAt },
      learntAt: now,
    });
  }
}
