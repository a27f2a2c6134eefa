/** NSEC rdata (RFC 4034 §4.1). */

import { type Name, nameEnd } from './name.ts';
import { isValidBitmap, type TypeBitmap } from './type-bitmap.ts';

/** Fields of an NSEC record. */
interface Nsec {
  readonly next: Name;
  readonly types: TypeBitmap;
}

/** Reads NSEC rdata (uncompressed); null when malformed. */
export function readNsec(rdata: Uint8Array): Nsec | null {
  const end = nameEnd(rdata, 0);
  if (end < 0) return null;
  const types = rdata.subarray(end);
  return isValidBitmap(types) ? { next: rdata.subarray(0, end) as Name, types } : null;
}
