/**
 * Zone digests (RFC 8976): the digest of a zone as a whole, and whether the zone's ZONEMD records hold it.
 *
 * Duties: scheme SIMPLE with SHA-384 and SHA-512. Leaves to others: signatures of the ZONEMD set (check-zone.ts).
 */

import type { Clock } from '../ports/clock.ts';
import type { Crypto, DigestKind } from '../ports/crypto.ts';
import { bytesEqual, compareBytes, readU8, readU32, writeU16, writeU32 } from '../wire/bytes.ts';
import { toLowerCase } from '../wire/name.ts';
import { canonicalRdata } from '../wire/rdata-names.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { rdataCount, rdatasOf, signaturesOf } from '../wire/rrset.ts';
import { runInTurns } from '../wire/steps.ts';
import type { Zone, ZoneNode } from './zone.ts';

/** What the digest records say of a zone. */
type DigestOutcome =
  | { readonly kind: 'right' }
  /** None there, or none of a scheme and hash that we compute: says nothing. */
  | { readonly kind: 'absent' | 'unsupported' }
  | { readonly kind: 'wrong'; readonly why: string };

/** Fields of a ZONEMD record (RFC 8976 §2.2). */
interface Zonemd {
  readonly serial: number;
  readonly scheme: number;
  readonly hash: number;
  readonly digest: Uint8Array;
}

const SCHEME_SIMPLE = 1;
const HASHES = new Map<number, { readonly kind: DigestKind; readonly octets: number }>([
  [1, { kind: 'sha384', octets: 48 }],
  [2, { kind: 'sha512', octets: 64 }],
]);
/** Names put into canonical form before others get their turn: about a millisecond. */
const NAMES_PER_TURN = 500;

interface DigestParts {
  readonly crypto: Crypto;
  readonly clock: Clock;
}

/** Compares a zone with its own digest records. */
export async function checkDigest(zone: Zone, parts: DigestParts): Promise<DigestOutcome> {
  const set = zone.set(zone.name, TYPE.ZONEMD);
  if (set === null) return { kind: 'absent' };
  const serial = zone.soa?.serial;
  if (serial === undefined) return { kind: 'wrong', why: 'no SOA' };
  const records = rdatasOf(set.rrset).map(readZonemd);
  let why: string | null = null;
  for (const record of records) {
    if (record === null) continue;
    const hash = HASHES.get(record.hash);
    if (hash === undefined || record.scheme !== SCHEME_SIMPLE || record.digest.length !== hash.octets) continue;
    // RFC 8976 §2.2.4: two records of one scheme and hash: neither may be used.
    const twins = records.filter((other) => other?.scheme === record.scheme && other.hash === record.hash);
    if (twins.length > 1) why ??= 'several digests of one kind';
    // RFC 8976 §4 step 4.A: the serial must be that of the SOA.
    else if (record.serial !== serial) why ??= 'ZONEMD serial is wrong';
    else if (bytesEqual(await simpleDigest(zone, hash.kind, parts), record.digest)) return { kind: 'right' };
    else why = 'incorrect digest';
  }
  return why === null ? { kind: 'unsupported' } : { kind: 'wrong', why };
}

function readZonemd(rdata: Uint8Array): Zonemd | null {
  // RFC 8976 §2.2.4: a digest has at least 12 octets.
  if (rdata.length < 6 + 12) return null;
  return { serial: readU32(rdata, 0), scheme: readU8(rdata, 4), hash: readU8(rdata, 5), digest: rdata.subarray(6) };
}

/** RFC 8976 §3.3.1: all records in canonical form and order. */
async function simpleDigest(zone: Zone, kind: DigestKind, { crypto, clock }: DigestParts): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let names = 0;
  for (const node of await runInTurns(zone.sortSteps(), clock)) {
    addNode(parts, node, node.name.length === zone.name.length);
    if (++names % NAMES_PER_TURN === 0) await clock.nextTurn();
  }
  return crypto.digest(kind, Buffer.concat(parts));
}

interface DigestRecord {
  readonly type: number;
  readonly ttl: number;
  readonly rdata: Uint8Array;
}

function addNode(parts: Uint8Array[], node: ZoneNode, isApex: boolean): void {
  const records: DigestRecord[] = [];
  for (const { type, rrset, ttl, recordTtls } of node.sets) {
    // RFC 8976 §3.3.1: the ZONEMD set at the apex and its signatures are left out.
    if (isApex && type === TYPE.ZONEMD) continue;
    const count = rdataCount(rrset);
    rdatasOf(rrset).forEach((rdata, i) => {
      records.push({ type, ttl: recordTtls?.[i] ?? ttl, rdata: canonicalRdata(rdata, type) });
    });
    signaturesOf(rrset).forEach((rdata, i) => {
      const own = recordTtls?.[count + i] ?? ttl;
      records.push({ type: TYPE.RRSIG, ttl: own, rdata: canonicalRdata(rdata, TYPE.RRSIG) });
    });
  }
  records.sort((a, b) => a.type - b.type || compareBytes(a.rdata, b.rdata));
  const owner = toLowerCase(node.name);
  for (const { type, ttl, rdata } of records) {
    const head = new Uint8Array(owner.length + 10);
    head.set(owner);
    writeU16(head, owner.length, type);
    writeU16(head, owner.length + 2, CLASS.IN);
    writeU32(head, owner.length + 4, ttl);
    writeU16(head, owner.length + 8, rdata.length);
    parts.push(head, rdata);
  }
}
