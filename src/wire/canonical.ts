/**
 * Canonical form and order of an RRset (RFC 4034 §6), and the octets that a signature of it covers.
 *
 * Leaves to others: which owner was signed (wildcards), every check of the RRSIG itself.
 */

import { compareBytes, concatBytes, writeU16, writeU32 } from './bytes.ts';
import { type Name, toLowerCase } from './name.ts';
import { canonicalRdata } from './rdata-names.ts';
import { type RRset, rdatasOf, rrsetClass, rrsetType } from './rrset.ts';

/** Rdatas of a set in canonical form, sorted, each once (RFC 4034 §6.2, §6.3). */
export function canonicalRdatas(rrset: RRset): Uint8Array[] {
  const type = rrsetType(rrset);
  const rdatas = rdatasOf(rrset).map((rdata) => canonicalRdata(rdata, type));
  rdatas.sort(compareBytes);
  // RFC 4034 §6.3: records with the same canonical rdata count as one.
  return rdatas.filter((rdata, i) => i === 0 || compareBytes(rdata, rdatas[i - 1] ?? rdata) !== 0);
}

/**
 * The records as signed: for each in canonical order `owner | type | class | originalTtl | RDLENGTH | rdata`
 * (RFC 4034 §3.1.8.1). `owner` is the name that was signed (for a wildcard expansion the `*` name), in any case.
 */
export function canonicalRecords(rrset: RRset, owner: Name, originalTtl: number): Uint8Array {
  const prefix = new Uint8Array(owner.length + 10);
  prefix.set(toLowerCase(owner));
  writeU16(prefix, owner.length, rrsetType(rrset));
  writeU16(prefix, owner.length + 2, rrsetClass(rrset));
  writeU32(prefix, owner.length + 4, originalTtl);
  const parts: Uint8Array[] = [];
  for (const rdata of canonicalRdatas(rrset)) {
    const head = prefix.slice();
    writeU16(head, owner.length + 8, rdata.length);
    parts.push(head, rdata);
  }
  return concatBytes(...parts);
}
