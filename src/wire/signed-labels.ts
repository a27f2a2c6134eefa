/** Labels as signatures count them, and what they say of wildcards (RFC 4034 §3.1.3). */

import { isBelow, isWildcard, labelCount, type Name } from './name.ts';
import { isRrsig, signedLabels, signerOf } from './rdata-rrsig.ts';
import { type RRset, rrsetOwner, signatureCount, someSignature } from './rrset.ts';

/** Labels of an owner as the labels field counts them: without the root and without a leading asterisk. */
export function signedLabelCount(owner: Name): number {
  return labelCount(owner) - (isWildcard(owner) ? 1 : 0);
}

/**
 * True when a signature says that the set was expanded from a wildcard: then it is worth nothing without the proof that came
 * with it (RFC 4035 §5.3.4).
 */
export function isExpanded(rrset: RRset): boolean {
  if (signatureCount(rrset) === 0) return false;
  const labels = signedLabelCount(rrsetOwner(rrset));
  return someSignature(rrset, (rdata) => isRrsig(rdata) && signedLabels(rdata) < labels);
}

/** True when every signature of a set is of a zone above its owner: it is no zone's own word at its top. */
export function isSignedFromAbove(rrset: RRset): boolean {
  const owner = rrsetOwner(rrset);
  return !someSignature(rrset, (rdata) => {
    const signer = signerOf(rdata);
    return signer === null || !isBelow(owner, signer);
  });
}
