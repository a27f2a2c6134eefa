/** SOA rdata (RFC 1035 §3.3.13). */

import { readU32 } from './bytes.ts';
import { type Name, nameEnd } from './name.ts';

/** Fields of an SOA record; times in seconds. */
export interface Soa {
  readonly mname: Name;
  readonly rname: Name;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** TTL of negative answers, with the SOA's own TTL as the other bound (RFC 2308 §4). */
  readonly minimum: number;
}

/** Reads SOA rdata (uncompressed); null when malformed. */
export function readSoa(rdata: Uint8Array): Soa | null {
  const mnameEnd = nameEnd(rdata, 0);
  const rnameEnd = mnameEnd < 0 ? -1 : nameEnd(rdata, mnameEnd);
  if (rnameEnd < 0 || rnameEnd + 20 !== rdata.length) return null;
  return {
    mname: rdata.subarray(0, mnameEnd) as Name,
    rname: rdata.subarray(mnameEnd, rnameEnd) as Name,
    serial: readU32(rdata, rnameEnd),
    refresh: readU32(rdata, rnameEnd + 4),
    retry: readU32(rdata, rnameEnd + 8),
    expire: readU32(rdata, rnameEnd + 12),
    minimum: readU32(rdata, rnameEnd + 16),
  };
}
