/** NSEC3 and NSEC3PARAM rdata (RFC 5155 §3.2, §4.2). */

import { readU8, readU16 } from './bytes.ts';
import { isValidBitmap, type TypeBitmap } from './type-bitmap.ts';

/** The opt-out flag (RFC 5155 §3.1.2.1). */
export const NSEC3_FLAG_OPT_OUT = 1;

export interface Nsec3Parameters {
  readonly hashAlgorithm: number;
  readonly flags: number;
  /** Additional iterations. */
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/** Fields of an NSEC3 record. */
interface Nsec3 extends Nsec3Parameters {
  /** Hash of the next owner, at least one octet. */
  readonly nextHash: Uint8Array;
  readonly types: TypeBitmap;
}

/** Where the type bitmap begins in well-formed NSEC3 rdata at `at`. */
export function nsec3TypesAt(octets: Uint8Array, at: number): number {
  const hashAt = at + 5 + readU8(octets, at + 4);
  return hashAt + 1 + readU8(octets, hashAt);
}

/** Reads NSEC3 rdata; null when malformed. */
export function readNsec3(rdata: Uint8Array): Nsec3 | null {
  const hashAt = 5 + readU8(rdata, 4);
  const hashLength = readU8(rdata, hashAt);
  const typesAt = hashAt + 1 + hashLength;
  // RFC 5155 §3.1.7: the hash has 1 to 255 octets.
  if (rdata.length < 5 || hashLength === 0 || typesAt > rdata.length) return null;
  const types = rdata.subarray(typesAt);
  if (!isValidBitmap(types)) return null;
  return {
    hashAlgorithm: readU8(rdata, 0),
    flags: readU8(rdata, 1),
    iterations: readU16(rdata, 2),
    salt: saltOf(rdata, hashAt),
    nextHash: rdata.subarray(hashAt + 1, typesAt),
    types,
  };
}

/** Most zones have none (RFC 9276 §3.1). */
const NO_SALT = new Uint8Array();

function saltOf(rdata: Uint8Array, end: number): Uint8Array {
  return end === 5 ? NO_SALT : rdata.subarray(5, end);
}

/** Reads NSEC3PARAM rdata; null when malformed. */
export function readNsec3param(rdata: Uint8Array): Nsec3Parameters | null {
  const parameters = readParameters(rdata);
  return parameters !== null && rdata.length === 5 + parameters.salt.length ? parameters : null;
}

function readParameters(rdata: Uint8Array): Nsec3Parameters | null {
  const saltEnd = 5 + readU8(rdata, 4);
  if (rdata.length < 5 || saltEnd > rdata.length) return null;
  return {
    hashAlgorithm: readU8(rdata, 0),
    flags: readU8(rdata, 1),
    iterations: readU16(rdata, 2),
    salt: saltOf(rdata, saltEnd),
  };
}
