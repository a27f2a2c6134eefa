/**
 * Canonical form and order of an RRset (RFC 4034 §6), and the octets that a signature of it covers.
 *
 * Leaves to others: which owner was signed (wildcards), every check of the RRSIG itself.
 */

import { compareBytes, transientBytes, writeU16, writeU32 } from './bytes.ts';
import { copyLowerCase, type Name } from './name.ts';
import { lowersNames } from './rdata-layout.ts';
import { canonicalRdata } from './rdata-names.ts';
import { type RRset, rdatasOf, rrsetClass, rrsetType } from './rrset.ts';

/** Rdatas of a set in canonical form, sorted, each once (RFC 4034 §6.2, §6.3). */
export function canonicalRdatas(rrset: RRset): Uint8Array[] {
  const type = rrsetType(rrset);
  const rdatas = rdatasOf(rrset);
  if (lowersNames(type)) {
    for (let i = 0; i < rdatas.length; i++) rdatas[i] = canonicalRdata(rdatas[i] as Uint8Array, type);
  }
  if (rdatas.length < 2) return rdatas;
  rdatas.sort(compareBytes);
  // RFC 4034 §6.3: records with the same canonical rdata count as one.
  return rdatas.filter((rdata, i) => i === 0 || compareBytes(rdata, rdatas[i - 1] ?? rdata) !== 0);
}

/** Octets between an owner and its rdata: type, class, TTL, RDLENGTH. */
const FIXED_OCTETS = 10;

/**
 * The records as signed: for each in canonical order `owner | type | class | originalTtl | RDLENGTH | rdata`
 * (RFC 4034 §3.1.8.1). `owner` is the name that was signed (for a wildcard expansion the `*` name), in any case. They follow
 * so many octets of room, and are to be read at once.
 */
export function canonicalRecords(rrset: RRset, owner: Name, originalTtl: number, roomBefore = 0): Uint8Array {
  const rdatas = canonicalRdatas(rrset);
  let length = roomBefore;
  for (const rdata of rdatas) length += owner.length + FIXED_OCTETS + rdata.length;
  const records = transientBytes(length);
  const type = rrsetType(rrset);
  const rrClass = rrsetClass(rrset);
  let at = roomBefore;
  for (const rdata of rdatas) {
    at = copyLowerCase(owner, records, at);
    writeU16(records, at, type);
    writeU16(records, at + 2, rrClass);
    writeU32(records, at + 4, originalTtl);
    writeU16(records, at + 8, rdata.length);
    records.set(rdata, at + FIXED_OCTETS);
    at += FIXED_OCTETS + rdata.length;
  }
  return records;
}
