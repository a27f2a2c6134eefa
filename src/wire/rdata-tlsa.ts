/** TLSA and SMIMEA rdata (RFC 6698 §2.1, RFC 8162 §2). */

import { readU8 } from './bytes.ts';

/** Fields of a TLSA record. */
export interface Tlsa {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  /** Certificate association data. */
  readonly association: Uint8Array;
}

/** Reads TLSA rdata; null when too short. Whether the association fits its matching type is the caller's check. */
export function readTlsa(rdata: Uint8Array): Tlsa | null {
  if (rdata.length < 3) return null;
  return {
    usage: readU8(rdata, 0),
    selector: readU8(rdata, 1),
    matchingType: readU8(rdata, 2),
    association: rdata.subarray(3),
  };
}
