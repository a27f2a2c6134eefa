/** RRSIG rdata (RFC 4034 §3.1). */

import { readU8, readU16, readU32 } from './bytes.ts';
import { copyLowerCase, isNameAt, type Name, nameEnd } from './name.ts';

/** Octets before the signer's name. */
const RRSIG_FIXED_OCTETS = 18;

/** Fields of an RRSIG record. */
export interface Rrsig {
  readonly typeCovered: number;
  readonly algorithm: number;
  /** Labels of the signed owner, without the root and without a leading asterisk (RFC 4034 §3.1.3). */
  readonly labels: number;
  /** Seconds. */
  readonly originalTtl: number;
  /** 32-bit seconds, serial-number arithmetic (RFC 4034 §3.1.5). */
  readonly expiration: number;
  /** 32-bit seconds, serial-number arithmetic (RFC 4034 §3.1.5). */
  readonly inception: number;
  readonly keyTag: number;
  /** Case as received. */
  readonly signer: Name;
  readonly signature: Uint8Array;
}

/** Reads RRSIG rdata (uncompressed); null when malformed. */
export function readRrsig(rdata: Uint8Array): Rrsig | null {
  if (!isRrsig(rdata)) return null;
  const signerEnd = nameEnd(rdata, RRSIG_FIXED_OCTETS);
  return {
    typeCovered: readU16(rdata, 0),
    algorithm: readU8(rdata, 2),
    labels: readU8(rdata, 3),
    originalTtl: readU32(rdata, 4),
    expiration: readU32(rdata, 8),
    inception: readU32(rdata, 12),
    keyTag: readU16(rdata, 16),
    signer: rdata.subarray(RRSIG_FIXED_OCTETS, signerEnd) as Name,
    signature: rdata.subarray(signerEnd),
  };
}

/** Octets of RRSIG rdata that are signed: all but the signature. */
export function signedPrefixOctets(rrsig: Rrsig): number {
  return RRSIG_FIXED_OCTETS + rrsig.signer.length;
}

/** Writes the part of RRSIG rdata that is signed, the signer in lower case, at the front (RFC 4034 §3.1.8.1). */
export function writeSignedPrefix(rrsig: Rrsig, rdata: Uint8Array, into: Uint8Array): void {
  for (let i = 0; i < RRSIG_FIXED_OCTETS; i++) into[i] = readU8(rdata, i);
  copyLowerCase(rrsig.signer, into, RRSIG_FIXED_OCTETS);
}

/** The signer that RRSIG rdata names, without reading the rest; null when malformed. */
export function signerOf(rdata: Uint8Array): Name | null {
  return signerAt(rdata, 0, rdata.length);
}

/** The same of the RRSIG rdata between two offsets: a view. */
export function signerAt(octets: Uint8Array, start: number, end: number): Name | null {
  const signerEnd = nameEnd(octets, start + RRSIG_FIXED_OCTETS);
  const isWhole = signerEnd >= 0 && signerEnd <= end;
  return isWhole ? (octets.subarray(start + RRSIG_FIXED_OCTETS, signerEnd) as Name) : null;
}

/** True for rdata that `readRrsig` reads. */
export function isRrsig(rdata: Uint8Array): boolean {
  return rdata.length > RRSIG_FIXED_OCTETS && nameEnd(rdata, RRSIG_FIXED_OCTETS) >= 0;
}

/** The labels field of RRSIG rdata that begins at an offset, without reading the rest; 0 when it is too short. */
export function signedLabels(octets: Uint8Array, start = 0): number {
  return readU8(octets, start + 3);
}

/** True when the signer that the RRSIG rdata between the offsets names is this one, without reading the rest. */
export function isSignedBy(octets: Uint8Array, signer: Name, start = 0, end = octets.length): boolean {
  const signerEnd = start + RRSIG_FIXED_OCTETS + signer.length;
  if (signerEnd > end || nameEnd(octets, start + RRSIG_FIXED_OCTETS) !== signerEnd) return false;
  return isNameAt(octets, start + RRSIG_FIXED_OCTETS, signer);
}

/** Type that RRSIG rdata covers, without reading the rest; 0 when it is too short. */
export function coveredType(rdata: Uint8Array): number {
  return readU16(rdata, 0);
}
