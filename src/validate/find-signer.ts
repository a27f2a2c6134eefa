/**
 * Which zone should have signed an RRset: the signers that its RRSIGs name, as far as they may be believed
 * (RFC 4035 §5.3.1), and the name to walk to when there is none.
 */

import { isAtOrBelow, isBelow, isRoot, type Name, namesEqual, parentOf } from '../wire/name.ts';
import { signerOf } from '../wire/rdata-rrsig.ts';
import { TYPE } from '../wire/rr-type.ts';
import { type RRset, signaturesOf } from '../wire/rrset.ts';

interface SignerBounds {
  /** The name that the data is about: its owner, or the name that is denied. */
  readonly name: Name;
  readonly type: number;
  /** The closest anchor: a signer above it would go round it. */
  readonly anchor: Name;
  /** Most signers to follow. */
  readonly most: number;
}

/** The name whose zone holds data of this owner and type: a DS belongs to the zone above (RFC 4035 §2.4). */
export function nameOfSigningZone(name: Name, type: number): Name {
  return type === TYPE.DS ? parentOf(name) : name;
}

/** Signers that the sets name and that may sign for the name, deepest first, each once. */
export function signersOf(rrsets: readonly RRset[], bounds: SignerBounds): Name[] {
  const signers: Name[] = [];
  for (const rrset of rrsets) {
    for (const signature of signaturesOf(rrset)) {
      const signer = signerOf(signature);
      if (signer === null || !maySign(signer, bounds)) continue;
      if (!signers.some((known) => namesEqual(known, signer))) signers.push(signer);
    }
  }
  if (signers.length > 1) signers.sort((a, b) => b.length - a.length);
  return signers.length > bounds.most ? signers.slice(0, bounds.most) : signers;
}

function maySign(signer: Name, { name, type, anchor }: SignerBounds): boolean {
  if (!isAtOrBelow(signer, anchor)) return false;
  // RFC 4035 §2.4: the DS RRset is the parent's. The root has no parent: only it can deny its DS.
  if (type === TYPE.DS && !isRoot(name)) return isBelow(name, signer);
  return isAtOrBelow(name, signer);
}
