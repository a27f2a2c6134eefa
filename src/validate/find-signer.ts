/**
 * Which zone should have signed an RRset: the signers that its RRSIGs name, as far as they may be believed
 * (RFC 4035 §5.3.1), and the name to walk to when there is none.
 */

import { readU16 } from '../wire/bytes.ts';
import { isAtOrBelow, isBelow, isRoot, type Name, parentOf } from '../wire/name.ts';
import { isSignedBy, signerAt } from '../wire/rdata-rrsig.ts';
import { TYPE } from '../wire/rr-type.ts';
import { type RRset, signatureCount, signaturesAt } from '../wire/rrset.ts';

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
  let signers: Name[] = [];
  for (let i = 0; i < rrsets.length; i++) signers = withSignersOf(rrsets[i] as RRset, bounds, signers);
  if (signers.length > 1) signers.sort((a, b) => b.length - a.length);
  return signers.length > bounds.most ? signers.slice(0, bounds.most) : signers;
}

/** The list with the signers of one set that are not in it yet. Signatures are read where they lie. */
function withSignersOf(rrset: RRset, bounds: SignerBounds, before: Name[]): Name[] {
  let signers = before;
  let at = signaturesAt(rrset);
  for (let left = signatureCount(rrset); left > 0; left--) {
    const start = at + 2;
    at = start + readU16(rrset, at);
    if (isListed(rrset, start, at, signers)) continue;
    const signer = signerAt(rrset, start, at);
    if (signer === null || !maySign(signer, bounds)) continue;
    // A list that grows has 16 places to spare.
    if (signers.length === 0) signers = [signer];
    else signers.push(signer);
  }
  return signers;
}

/** True when the signer that the RRSIG rdata between the offsets names is one of these. */
function isListed(rrset: RRset, start: number, end: number, signers: readonly Name[]): boolean {
  for (let i = 0; i < signers.length; i++) if (isSignedBy(rrset, signers[i] as Name, start, end)) return true;
  return false;
}

function maySign(signer: Name, { name, type, anchor }: SignerBounds): boolean {
  if (!isAtOrBelow(signer, anchor)) return false;
  // RFC 4035 §2.4: the DS RRset is the parent's. The root has no parent: only it can deny its DS.
  if (type === TYPE.DS && !isRoot(name)) return isBelow(name, signer);
  return isAtOrBelow(name, signer);
}
