/** DNSKEY and CDNSKEY rdata and the key tag (RFC 4034 §2.1, appendix B; RFC 5011 §7 for the REVOKE bit). */

import { readU8, readU16 } from './bytes.ts';

/** Bits of the flags field. */
export const DNSKEY_FLAG = { ZONE: 0x0100, REVOKE: 0x0080, SEP: 0x0001 } as const;
/** The only protocol value of a usable key (RFC 4034 §2.1.2). */
export const DNSKEY_PROTOCOL = 3;
/** Offset of the public key in the rdata. */
export const DNSKEY_KEY_AT = 4;

/** Fields of a DNSKEY record. */
export interface Dnskey {
  readonly flags: number;
  /** Any value; one other than 3 makes the key unusable, not the message (RFC 4034 §2.1.2). */
  readonly protocol: number;
  readonly algorithm: number;
  readonly publicKey: Uint8Array;
}

/** True for rdata that `readDnskey` reads. */
export function isDnskey(rdata: Uint8Array): boolean {
  return rdata.length >= DNSKEY_KEY_AT;
}

/** Reads DNSKEY rdata; null when it is too short. */
export function readDnskey(rdata: Uint8Array): Dnskey | null {
  if (!isDnskey(rdata)) return null;
  return {
    flags: readU16(rdata, 0),
    protocol: readU8(rdata, 2),
    algorithm: readU8(rdata, 3),
    publicKey: rdata.subarray(DNSKEY_KEY_AT),
  };
}

/** Key tag of DNSKEY rdata (RFC 4034 appendix B; B.1 for algorithm 1). */
export function keyTag(rdata: Uint8Array): number {
  // RFC 4034 appendix B.1: RSA/MD5 takes octets of the modulus instead.
  if (readU8(rdata, 3) === 1) return rdata.length < 7 ? 0 : readU16(rdata, rdata.length - 3);
  let sum = 0;
  // Without a call for each octet: it is counted for keys of new zones, mostly before such loops are compiled.
  for (let i = 0; i < rdata.length; i++) sum += (i & 1) === 1 ? (rdata[i] as number) : (rdata[i] as number) << 8;
  sum += (sum >>> 16) & 0xffff;
  return sum & 0xffff;
}
