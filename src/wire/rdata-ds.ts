/** DS and CDS rdata (RFC 4034 §5.1, RFC 7344 §3.1). */

import { readU8, readU16 } from './bytes.ts';

/** Fields of a DS record. */
export interface Ds {
  readonly keyTag: number;
  readonly algorithm: number;
  readonly digestType: number;
  /** At least one octet; its length for the digest type is the caller's check. */
  readonly digest: Uint8Array;
}

/** Reads DS rdata; null when it is too short. */
export function readDs(rdata: Uint8Array): Ds | null {
  if (rdata.length < 5) return null;
  return {
    keyTag: readU16(rdata, 0),
    algorithm: readU8(rdata, 2),
    digestType: readU8(rdata, 3),
    digest: rdata.subarray(4),
  };
}
