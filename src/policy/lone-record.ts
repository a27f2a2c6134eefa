/**
 * One record as a string of octets. A block list has a million names with one record each: as objects they take five times
 * the memory, most of it for the arrays that hold a few octets each.
 */

import { writeU32 } from '../wire/bytes.ts';
import { packRRset, type RRset, rdatasOf, rrsetClass, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import type { ResourceRecord } from '../wire/rrsets.ts';

/** Octets of the TTL, which stands before the packed set. */
const TTL_OCTETS = 4;

export function packLoneRecord({ owner, type, class: rrClass, ttl, rdata }: ResourceRecord): string {
  const rrset = packRRset({ owner, type, class: rrClass, rdatas: [rdata], signatures: [] });
  const octets = Buffer.alloc(TTL_OCTETS + rrset.length);
  writeU32(octets, 0, ttl);
  octets.set(rrset, TTL_OCTETS);
  return octets.toString('latin1');
}

export function unpackLoneRecord(packed: string): ResourceRecord {
  const octets = Buffer.from(packed, 'latin1');
  const rrset = new Uint8Array(octets.subarray(TTL_OCTETS)) as RRset;
  const [rdata = new Uint8Array()] = rdatasOf(rrset);
  const ttl = octets.readUInt32BE(0);
  return { owner: rrsetOwner(rrset), type: rrsetType(rrset), class: rrsetClass(rrset), ttl, rdata };
}
