/**
 * Canonical form and order of an RRset (RFC 4034 §6), and the octets that a signature of it covers.
 *
 * Leaves to others: which owner was signed (wildcards), every check of the RRSIG itself.
 */

import { readU16, transientBytes, writeU16, writeU32 } from './bytes.ts';
import { RECORD_FIXED_OCTETS } from './message-view.ts';
import { copyLowerCase, type Name } from './name.ts';
import { lowerNames } from './rdata-names.ts';
import { type RRset, rdataCount, rdatasAt, rrsetClass, rrsetType } from './rrset.ts';

/** Octets of an rdata that a loop copies in less time than a call of the system's takes (bench/RESULTS.md). */
const MOST_BY_LOOP = 32;

/** Records of one owner, each in canonical form, written one after another. */
interface WrittenRecords {
  readonly octets: Uint8Array<ArrayBuffer>;
  /** Where the first of them begins. */
  readonly from: number;
  /** Octets before each rdata. */
  readonly headOctets: number;
}

/**
 * The records as signed: for each in canonical order `owner | type | class | originalTtl | RDLENGTH | rdata`
 * (RFC 4034 §3.1.8.1). `owner` is the name that was signed (for a wildcard expansion the `*` name), in any case. They follow
 * so many octets of room, and are to be read at once.
 */
export function canonicalRecords(rrset: RRset, owner: Name, originalTtl: number, roomBefore = 0): Uint8Array {
  const headOctets = owner.length + RECORD_FIXED_OCTETS;
  const written = { octets: writeRecords(rrset, owner, originalTtl, roomBefore), from: roomBefore, headOctets };
  return rdataCount(rrset) < 2 || isInOrder(written) ? written.octets : inOrder(written);
}

/** The records in the order of the set, their rdata in canonical form (RFC 4034 §6.2). */
function writeRecords(rrset: RRset, owner: Name, originalTtl: number, from: number): Uint8Array<ArrayBuffer> {
  const count = rdataCount(rrset);
  const start = rdatasAt(rrset);
  let end = start;
  for (let i = 0; i < count; i++) end += 2 + readU16(rrset, end);
  const records = transientBytes(from + count * (owner.length + RECORD_FIXED_OCTETS - 2) + end - start);
  const type = rrsetType(rrset);
  let at = from;
  for (let rdataAt = start + 2; rdataAt <= end; ) {
    const length = readU16(rrset, rdataAt - 2);
    const headAt = copyLowerCase(owner, records, at);
    writeU16(records, headAt, type);
    writeU16(records, headAt + 2, rrsetClass(rrset));
    writeU32(records, headAt + 4, originalTtl);
    writeU16(records, headAt + 8, length);
    at = headAt + RECORD_FIXED_OCTETS;
    if (length > MOST_BY_LOOP) records.set(rrset.subarray(rdataAt, rdataAt + length), at);
    else for (let i = 0; i < length; i++) records[at + i] = rrset[rdataAt + i] as number;
    lowerNames(records, at, at + length, type);
    at += length;
    rdataAt += length + 2;
  }
  return records;
}

/** Where the record after the one at `at` begins. */
function nextRecord({ octets, headOctets }: WrittenRecords, at: number): number {
  return at + headOctets + readU16(octets, at + headOctets - 2);
}

/** Order of the records at two places by their rdata (RFC 4034 §6.3). */
function compareRecords(written: WrittenRecords, a: number, b: number): number {
  const { octets, headOctets } = written;
  const lengthA = readU16(octets, a + headOctets - 2);
  const lengthB = readU16(octets, b + headOctets - 2);
  const shorter = Math.min(lengthA, lengthB);
  for (let i = headOctets; i < headOctets + shorter; i++) {
    const difference = (octets[a + i] as number) - (octets[b + i] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}

/** True when they stand in canonical order, each once. */
function isInOrder(written: WrittenRecords): boolean {
  let before = written.from;
  for (let at = nextRecord(written, before); at < written.octets.length; at = nextRecord(written, at)) {
    if (compareRecords(written, before, at) >= 0) return false;
    before = at;
  }
  return true;
}

/** The same in canonical order. RFC 4034 §6.3: records with the same canonical rdata count as one. */
function inOrder(written: WrittenRecords): Uint8Array {
  const { octets, from } = written;
  const places: number[] = [];
  for (let at = from; at < octets.length; at = nextRecord(written, at)) places.push(at);
  places.sort((a, b) => compareRecords(written, a, b));
  const sorted = transientBytes(octets.length);
  let end = from;
  places.forEach((place, i) => {
    if (i > 0 && compareRecords(written, places[i - 1] as number, place) === 0) return;
    sorted.set(octets.subarray(place, nextRecord(written, place)), end);
    end = nextRecord(written, place) - place + end;
  });
  return sorted.subarray(0, end);
}
