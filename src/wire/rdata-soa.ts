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

/** Octets of the numbers after both names (RFC 1035 §3.3.13). */
export const SOA_NUMBERS_OCTETS = 20;

/** Where the numbers begin of the rdata (uncompressed) that stands from `at` to `end`; -1 when it is malformed. */
function numbersAt(octets: Uint8Array, at: number, end: number): number {
  const mnameEnd = nameEnd(octets, at);
  const rnameEnd = mnameEnd < 0 ? -1 : nameEnd(octets, mnameEnd);
  return rnameEnd >= 0 && rnameEnd + SOA_NUMBERS_OCTETS === end ? rnameEnd : -1;
}

/** The minimum field of the rdata that stands from `at` to `end`, seconds; 0 when it is malformed. */
export function soaMinimum(octets: Uint8Array, at: number, end: number): number {
  const from = numbersAt(octets, at, end);
  return from < 0 ? 0 : readU32(octets, from + 16);
}

/** Reads SOA rdata (uncompressed); null when malformed. */
export function readSoa(rdata: Uint8Array): Soa | null {
  const rnameEnd = numbersAt(rdata, 0, rdata.length);
  if (rnameEnd < 0) return null;
  const mnameEnd = nameEnd(rdata, 0);
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
