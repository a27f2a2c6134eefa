/** The octets that a signature covers (RFC 4034 §3.1.8.1): RRSIG rdata without the signature, then each record canonical. */

import { canonicalRecords } from '../wire/canonical.ts';
import { lastLabels, type Name, wildcardOf } from '../wire/name.ts';
import { type Rrsig, signedPrefixOctets, writeSignedPrefix } from '../wire/rdata-rrsig.ts';
import type { RRset } from '../wire/rrset.ts';
import { signedLabelCount } from '../wire/signed-labels.ts';

/**
 * The owner that was signed: `owner` itself, or the wildcard from which it was expanded (RFC 4035 §5.3.2). Null when the
 * labels field is larger than the owner's count.
 */
export function signedOwner(owner: Name, labels: number): Name | null {
  const count = signedLabelCount(owner);
  if (labels > count) return null;
  return labels === count ? owner : wildcardOf(lastLabels(owner, labels));
}

/**
 * All signed octets, to be read at once; null when the labels field cannot be. `signature` is the rdata that `rrsig` was read from,
 * `owner` that of the set.
 */
export function signedData(
  { rrset, owner }: { readonly rrset: RRset; readonly owner: Name },
  rrsig: Rrsig,
  signature: Uint8Array,
): Uint8Array | null {
  const signed = signedOwner(owner, rrsig.labels);
  if (signed === null) return null;
  // RFC 4034 §6.2 item 5: the TTL of each record is the original TTL as it appears in the RRSIG.
  const octets = canonicalRecords(rrset, signed, rrsig.originalTtl, signedPrefixOctets(rrsig));
  writeSignedPrefix(rrsig, signature, octets);
  return octets;
}
