/**
 * The packed RRset: all records of one owner, type and class, with the RRSIGs that cover them, in one block of bytes.
 *
 * Layout, integers big-endian: type u16, class u16, count of rdatas u16, count of RRSIGs u16, owner name (uncompressed
 * wire), then for each rdata and then each RRSIG rdata: length u16, octets. Names in rdata are uncompressed.
 * TTL, expiry, trust and verdict are not in the block: they change while the data stays (see terms/ranked-rrset.ts).
 *
 * Duties: pack, read in place, compare. Leaves to others: meaning of rdata.
 */

import { bytesEqual, compareBytes, INSIDE_OCTETS, readU8, readU16, writeU16 } from './bytes.ts';
import { isNameAt, lowerOctet, type Name, nameEnd } from './name.ts';

declare const rrsetBrand: unique symbol;

/** A packed RRset. Never changed after it is made. */
export type RRset = Uint8Array & { readonly [rrsetBrand]: true };

/** The parts of an RRset before packing. */
export interface RRsetParts {
  readonly owner: Name;
  readonly type: number;
  readonly class: number;
  /** Uncompressed rdatas; duplicates are dropped when packing (RFC 2181 §5). */
  readonly rdatas: readonly Uint8Array[];
  /** Rdatas of the RRSIG records that cover this set. */
  readonly signatures: readonly Uint8Array[];
}

/** Where a packed set lies among other octets, which are not copied: good until whoever keeps them changes anything. */
export interface PlacedRRset {
  octets: Uint8Array;
  /** The same octets. */
  characters: Buffer;
  at: number;
}

/** To be pointed at one set after another. */
export function newPlacedRRset(): PlacedRRset {
  return { octets: new Uint8Array(), characters: Buffer.alloc(0), at: 0 };
}

export function placedType({ octets, at }: PlacedRRset): number {
  return readU16(octets, at);
}

export function placedRdataCount({ octets, at }: PlacedRRset): number {
  return readU16(octets, at + 4);
}

export function placedSignatureCount({ octets, at }: PlacedRRset): number {
  return readU16(octets, at + 6);
}

/** Where the first rdata of a set that lies elsewhere begins, after its length. */
export function placedRdataAt({ octets, at }: PlacedRRset): number {
  return nameEnd(octets, at + OWNER_AT) + 2;
}

/** Offset of the owner name. */
export const OWNER_AT = 8;

/** Packs an RRset; equal rdatas are kept once, in order of first appearance. */
export function packRRset(parts: RRsetParts): RRset {
  const { owner, rdatas, signatures } = parts;
  let length = OWNER_AT + owner.length;
  for (const rdata of rdatas) length += 2 + rdata.length;
  for (const signature of signatures) length += 2 + signature.length;
  const block = new Uint8Array(length);
  const from = beginRRset(block, owner, parts.type, parts.class);
  const middle = endRdatas(block, from, writeBlocks(block, from, rdatas), rdatas.length);
  return endRRset(block, middle, writeBlocks(block, middle, signatures), signatures.length);
}

/** Begins a set in a block with room for all of it; where its first rdata goes, with its length in two octets before it. */
export function beginRRset(block: Uint8Array, owner: Name, type: number, rrClass: number): number {
  writeU16(block, 0, type);
  writeU16(block, 2, rrClass);
  block.set(owner, OWNER_AT);
  return OWNER_AT + owner.length;
}

/** So many rdatas were written to a set that was begun; where its first RRSIG goes: of equal rdatas one is kept. */
export function endRdatas(block: Uint8Array, from: number, to: number, count: number): number {
  return to - keepDistinct(block, from, count, 4);
}

/** So many RRSIGs were written behind its rdatas: the set. */
export function endRRset(block: Uint8Array, from: number, to: number, count: number): RRset {
  const end = to - keepDistinct(block, from, count, 6);
  return (end === block.length ? block : block.slice(0, end)) as RRset;
}

function writeBlocks(block: Uint8Array, from: number, blocks: readonly Uint8Array[]): number {
  let at = from;
  for (const octets of blocks) {
    writeU16(block, at, octets.length);
    block.set(octets, at + 2);
    at += 2 + octets.length;
  }
  return at;
}

/** The octets as a set, when they are one whole block of this layout; null when they are not. What rdatas mean is not looked at. */
export function rrsetFromOctets(octets: Uint8Array): RRset | null {
  let at = nameEnd(octets, OWNER_AT);
  if (at < 0) return null;
  for (let left = readU16(octets, 4) + readU16(octets, 6); left > 0; left--) {
    if (at + 2 > octets.length) return null;
    at += 2 + readU16(octets, at);
  }
  return at === octets.length ? (octets as RRset) : null;
}

/** Rdatas above which duplicates are looked for by key and not by comparing each with each. */
const MAX_COMPARED = 8;

/** Moves so many rdatas together without those that stand there already, and writes their count; the octets that it saved. */
function keepDistinct(block: Uint8Array, from: number, count: number, countAt: number): number {
  writeU16(block, countAt, count);
  if (count < 2) return 0;
  let at = from;
  let to = from;
  let kept = 0;
  const keys = count > MAX_COMPARED ? new Set<string>() : null;
  for (let i = 0; i < count; i++) {
    const end = at + 2 + readU16(block, at);
    if (keys === null ? !holds(block, from, to, at) : addKey(keys, block, at, end)) {
      if (to < at) block.copyWithin(to, at, end);
      to += end - at;
      kept++;
    }
    at = end;
  }
  writeU16(block, countAt, kept);
  return at - to;
}

/** True when the rdata at `at` stands between the offsets too. */
function holds(block: Uint8Array, from: number, to: number, at: number): boolean {
  const length = 2 + readU16(block, at);
  for (let other = from; other < to; other += 2 + readU16(block, other)) {
    let i = 0;
    while (i < length && block[other + i] === block[at + i]) i++;
    if (i === length) return true;
  }
  return false;
}

/** False when the key was there. */
function addKey(keys: Set<string>, block: Uint8Array, start: number, end: number): boolean {
  const before = keys.size;
  keys.add(Buffer.from(block.buffer, block.byteOffset + start, end - start).toString('latin1'));
  return keys.size > before;
}

export function rrsetType(rrset: RRset): number {
  return readU16(rrset, 0);
}

export function rrsetClass(rrset: RRset): number {
  return readU16(rrset, 2);
}

export function rdataCount(rrset: RRset): number {
  return readU16(rrset, 4);
}

export function signatureCount(rrset: RRset): number {
  return readU16(rrset, 6);
}

/** Owner name; never changed by whoever gets it. */
export function rrsetOwner(rrset: RRset): Name {
  return partOf(rrset, OWNER_AT, nameEnd(rrset, OWNER_AT)) as Name;
}

/** Octets of the block: a copy of what is in a small one, a view on a large one. */
function partOf(rrset: RRset, start: number, end: number): Uint8Array {
  return rrset.length <= INSIDE_OCTETS ? rrset.slice(start, end) : rrset.subarray(start, end);
}

/** Offset of the first length-prefixed rdata of the block; the RRSIGs follow the last. @hot bench/serve-hot-query.ts */
export function rdatasAt(rrset: RRset): number {
  return nameEnd(rrset, OWNER_AT);
}

/** All rdatas, in order. Never changed by whoever gets them. */
export function rdatasOf(rrset: RRset): Uint8Array[] {
  return readBlocks(rrset, 0, rdataCount(rrset));
}

/** The first rdatas, no more than `most`: what is asked of a set whose size others choose. */
export function firstRdatasOf(rrset: RRset, most: number): Uint8Array[] {
  return readBlocks(rrset, 0, Math.min(most, rdataCount(rrset)));
}

/** The first RRSIG rdatas, no more than `most`. */
export function firstSignaturesOf(rrset: RRset, most: number): Uint8Array[] {
  return readBlocks(rrset, rdataCount(rrset), Math.min(most, signatureCount(rrset)));
}

/** All RRSIG rdatas, in order. */
export function signaturesOf(rrset: RRset): Uint8Array[] {
  return readBlocks(rrset, rdataCount(rrset), signatureCount(rrset));
}

/** True when the test says yes to one of the RRSIG rdatas, read in place as arrays that it must not keep. */
export function someSignature(rrset: RRset, test: (rdata: Uint8Array) => boolean): boolean {
  let at = signaturesAt(rrset);
  for (let i = signatureCount(rrset); i > 0; i--) {
    const length = readU16(rrset, at);
    if (test(partOf(rrset, at + 2, at + 2 + length))) return true;
    at += 2 + length;
  }
  return false;
}

/** True when one of the rdatas has this name, in any case, after so many octets: a target, or the host that a record is about. */
export function someRdataNames(rrset: RRset, skip: number, name: Name): boolean {
  let at = rdatasAt(rrset);
  for (let i = rdataCount(rrset); i > 0; i--) {
    const length = readU16(rrset, at);
    if (length >= skip + name.length && isNameAt(rrset, at + 2 + skip, name)) return true;
    at += 2 + length;
  }
  return false;
}

function readBlocks(rrset: RRset, skip: number, count: number): Uint8Array[] {
  let at = nameEnd(rrset, OWNER_AT);
  for (let i = 0; i < skip; i++) at += 2 + readU16(rrset, at);
  // V8 makes a list that something is put into 17 places long, and one of these is what most sets have.
  if (count === 1) return [partOf(rrset, at + 2, at + 2 + readU16(rrset, at))];
  const blocks: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const length = readU16(rrset, at);
    blocks.push(partOf(rrset, at + 2, at + 2 + length));
    at += 2 + length;
  }
  return blocks;
}

/** The same set with other rdatas. */
export function withRdatas(rrset: RRset, rdatas: readonly Uint8Array[]): RRset {
  return packRRset({ ...unpackRRset(rrset), rdatas });
}

/** The same set with other signatures. */
export function withSignatures(rrset: RRset, signatures: readonly Uint8Array[]): RRset {
  return packRRset({ ...unpackRRset(rrset), signatures });
}

/** The same set under another owner (wildcard expansion for output, DNS64). */
export function withOwner(rrset: RRset, owner: Name): RRset {
  return packRRset({ ...unpackRRset(rrset), owner });
}

/** The parts of a packed set. */
export function unpackRRset(rrset: RRset): RRsetParts {
  return {
    owner: rrsetOwner(rrset),
    type: rrsetType(rrset),
    class: rrsetClass(rrset),
    rdatas: rdatasOf(rrset),
    signatures: signaturesOf(rrset),
  };
}

/** True when two sets are of one owner (in any case), type and class. */
export function haveSameKey(a: RRset, b: RRset): boolean {
  if (rrsetType(a) !== rrsetType(b) || rrsetClass(a) !== rrsetClass(b)) return false;
  const end = nameEnd(a, OWNER_AT);
  for (let i = OWNER_AT; i < end; i++) {
    if (a[i] !== b[i] && lowerOctet(readU8(a, i)) !== lowerOctet(readU8(b, i))) return false;
  }
  return true;
}

/** True when two sets hold the same rdatas, in any order; owner, TTL and signatures are not looked at. */
export function sameRdatas(a: RRset, b: RRset): boolean {
  if (rdataCount(a) !== rdataCount(b)) return false;
  if (haveEqualRdataOctets(a, b)) return true;
  const sortedA = rdatasOf(a).sort(compareBytes);
  const sortedB = rdatasOf(b).sort(compareBytes);
  return sortedA.every((rdata, i) => bytesEqual(rdata, sortedB[i] ?? new Uint8Array()));
}

/** True when the rdatas are the same in the same order, which they mostly are. */
function haveEqualRdataOctets(a: RRset, b: RRset): boolean {
  const startA = rdatasAt(a);
  const startB = rdatasAt(b);
  const endA = signaturesAt(a);
  if (endA - startA !== signaturesAt(b) - startB) return false;
  for (let i = startA; i < endA; i++) if (a[i] !== b[i + startB - startA]) return false;
  return true;
}

/** Offset of the first length-prefixed RRSIG rdata of the block: where the last rdata ends. */
export function signaturesAt(rrset: RRset): number {
  let at = rdatasAt(rrset);
  for (let i = rdataCount(rrset); i > 0; i--) at += 2 + readU16(rrset, at);
  return at;
}
