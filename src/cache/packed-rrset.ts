/** Held RRsets as octets: the block of the set, which says its key, then times, rank, verdict and source. */

import type { Rank } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { readU32, writeU32 } from '../wire/bytes.ts';
import { OWNER_AT, type PlacedRRset, type RRset, rdatasAt } from '../wire/rrset.ts';
import type { PackedForm } from './packed-map.ts';
import { isSecureHere, isUncheckedHere, readVerdict, writeVerdict } from './packed-verdict.ts';
import { isSameAt, type Packer, type Unpacker } from './packing.ts';

const NOT_KEPT = 1;
const LEFT_OUT = 2;
const HAS_SERVER = 4;
/** Octets of what is written: of a set's length, of a time, of a rank. */
const LENGTH_OCTETS = 4;
const TIME_OCTETS = 4;
const RANK_OCTETS = 1;
/** Octets of times, rank, bits, zone and verdict as they mostly are, and of a slot. */
const USUAL_OCTETS = 68;

export const RANKED_FORM: PackedForm<RankedRRset> = { write: writeRanked, read: readRanked };

export function writeRanked(ranked: RankedRRset, to: Packer): void {
  const { rrset, server } = ranked;
  to.u32(rrset.length);
  to.bytes(rrset);
  to.time(ranked.receivedAt);
  to.time(ranked.expiresAt);
  to.time(ranked.originalTtl);
  to.u8(ranked.rank);
  to.u8(bitsOf(ranked));
  if (server !== null) to.text(server);
  to.nameBeside(ranked.zone, rrset, OWNER_AT, rdatasAt(rrset));
  writeVerdict(ranked.verdict, to);
}

export function readRanked(from: Unpacker): RankedRRset {
  const rrset = from.bytes(from.u32()) as RRset;
  const receivedAt = from.time();
  const expiresAt = from.time();
  const originalTtl = from.time();
  const rank = from.u8() as Rank;
  const bits = from.u8();
  const server = (bits & HAS_SERVER) === 0 ? null : from.text();
  const zone = from.nameBeside(rrset, OWNER_AT, rdatasAt(rrset));
  const ranked = { rrset, receivedAt, expiresAt, originalTtl, rank, verdict: readVerdict(from), server, zone };
  if ((bits & (NOT_KEPT | LEFT_OUT)) === 0) return ranked;
  const isNotKept = (bits & NOT_KEPT) !== 0;
  return {
    ...ranked,
    ...(isNotKept ? { notKept: true } : null),
    ...((bits & LEFT_OUT) === 0 ? null : { leftOut: true }),
  };
}

/** Notes where the set of a held one lies that is written at `at`. */
export function placeRanked(to: PlacedRRset, octets: Uint8Array, characters: Buffer, at: number): void {
  to.octets = octets;
  to.characters = characters;
  to.at = at + LENGTH_OCTETS;
}

/** The same for the one that the reader is at; when it ends, unix seconds. 0: it is not secure. */
export function placeSecure(to: PlacedRRset, from: Unpacker): number {
  placeRanked(to, from.octets, from.characters, from.at);
  from.at += LENGTH_OCTETS + readU32(from.octets, from.at) + TIME_OCTETS;
  const expiresAt = from.time();
  skipToVerdict(from);
  return isSecureHere(from) ? expiresAt : 0;
}

/** True when the reader is at a held one of the same set, octet for octet, that nobody has checked. */
export function isUncheckedOf({ rrset }: RankedRRset, from: Unpacker): boolean {
  const end = from.u32() + from.at;
  if (!isSameAt(rrset, from.octets, from.at, end)) return false;
  from.at = end + 2 * TIME_OCTETS;
  skipToVerdict(from);
  return isUncheckedHere(from);
}

/** From after a held one's end of life on. */
function skipToVerdict(from: Unpacker): void {
  from.at += TIME_OCTETS + RANK_OCTETS;
  if ((from.u8() & HAS_SERVER) !== 0) from.skipText();
  from.skipNameBeside();
}

/** Writes the end of a set's life into the one that lies there, when that is the same, secure too; false: it is another. */
export function renewRanked({ rrset, expiresAt }: RankedRRset, { octets, at }: PlacedRRset): boolean {
  const end = at + readU32(octets, at - LENGTH_OCTETS);
  if (!isSameAt(rrset, octets, at, end)) return false;
  writeU32(octets, end + TIME_OCTETS, expiresAt);
  return true;
}

function bitsOf({ notKept, leftOut, server }: RankedRRset): number {
  return (notKept === true ? NOT_KEPT : 0) | (leftOut === true ? LEFT_OUT : 0) | (server === null ? 0 : HAS_SERVER);
}

/** About what a set takes in the cache. */
export function packedOctetsOf({ rrset, server }: RankedRRset): number {
  return USUAL_OCTETS + rrset.length + (server?.length ?? 0);
}
