/**
 * Domain names as uncompressed wire bytes (RFC 1035 §3.1, RFC 2181 §11): length-prefixed labels, ending in the root's
 * zero octet, at most 255 octets, case as received, any octet value inside a label.
 *
 * Duties: read from a message (with compression), compare, walk up, count labels, order canonically (RFC 4034 §6.1),
 * make keys. Leaves to others: the presentation form (name-text.ts).
 * A `Name` is proven well-formed when it is made; functions here do not check it again.
 */

import { INSIDE_OCTETS, readU8, writeU16 } from './bytes.ts';

declare const nameBrand: unique symbol;

/** An uncompressed, well-formed wire name of 1 to 255 octets. Never changed after it is made. */
export type Name = Uint8Array & { readonly [nameBrand]: true };

/** Longest name in octets, root label included (RFC 1035 §2.3.4). */
export const MAX_NAME_OCTETS = 255;
/** Longest label in octets (RFC 1035 §2.3.4). */
export const MAX_LABEL_OCTETS = 63;
/**
 * Most compression pointers followed in one name. A legal name has at most 127 labels and needs no more pointers than
 * that; since every pointer must go backwards, this only bounds work, never correctness.
 */
export const MAX_POINTERS_PER_NAME = 127;

export const ROOT: Name = Uint8Array.of(0) as Name;

const LOWER = new Uint8Array(256);
for (let octet = 0; octet < 256; octet++) LOWER[octet] = octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet;

/** ASCII lower case of one octet (RFC 4343 §3); other octets as they are. @hot bench/serve-hot-query.ts */
export function lowerOctet(octet: number): number {
  return LOWER[octet] as number;
}

/** The same for four octets at once. @hot bench/serve-hot-query.ts */
export function lowerWord(word: number): number {
  const low = word & 0x7f7f7f7f;
  // The top bit of an octet is set by the first sum from A on, by the second beyond Z.
  const capitals = (low + 0x3f3f3f3f) & ~(low + 0x25252525) & ~word & 0x80808080;
  return word | (capitals >>> 2);
}

/**
 * Takes bytes as a name when they are one exactly: no pointer, no octets left over.
 * Returns the same array (not a copy) or null.
 */
export function nameFromBytes(bytes: Uint8Array): Name | null {
  const end = nameEnd(bytes, 0);
  return end === bytes.length ? (bytes as Name) : null;
}

/** Offset after the uncompressed name that starts at `at`; -1 when it is malformed, too long or compressed. */
export function nameEnd(bytes: Uint8Array, at: number): number {
  let cursor = at;
  while (cursor < bytes.length) {
    const length = bytes[cursor] as number;
    if (length === 0) return cursor + 1 - at <= MAX_NAME_OCTETS ? cursor + 1 : -1;
    if (length > MAX_LABEL_OCTETS) return -1;
    cursor += length + 1;
    if (cursor - at >= MAX_NAME_OCTETS) return -1;
  }
  return -1;
}

/** Bound on the pointers followed while one message is read, shared by all its names. */
export interface PointerBudget {
  left: number;
}

/**
 * Reads a possibly compressed name (RFC 1035 §4.1.4) at `at`, without reading at or past `limit`; `skipName` tells where it ends.
 * Pointers must go strictly backwards and not into the 12-octet header; null when malformed or over `budget`.
 */
export function readName(bytes: Uint8Array, at: number, limit: number, budget: PointerBudget): Name | null {
  const octets = expandedOctets(bytes, at, limit, budget);
  if (octets <= 1) return octets < 0 ? null : ROOT;
  const name = new Uint8Array(octets);
  copyName(bytes, at, name, 0);
  return name as Name;
}

/** Octets of the name that `readName` reads; -1 where it reads none. `limit` is at most where the octets end. */
export function expandedOctets(bytes: Uint8Array, at: number, limit: number, budget: PointerBudget): number {
  let cursor = at;
  let lowest = at;
  let length = 0;
  let pointers = 0;
  while (cursor < limit) {
    const octet = bytes[cursor] as number;
    if (octet >= 0xc0) {
      if (cursor + 1 >= limit) return -1;
      const target = ((octet & 0x3f) << 8) | (bytes[cursor + 1] as number);
      if (target >= lowest || target < 12) return -1;
      if (++pointers > MAX_POINTERS_PER_NAME || --budget.left < 0) return -1;
      lowest = target;
      cursor = target;
      continue;
    }
    length += octet + 1;
    cursor += octet + 1;
    if (octet > MAX_LABEL_OCTETS || cursor > limit || length > MAX_NAME_OCTETS) return -1;
    if (octet === 0) return length;
  }
  return -1;
}

/** Copies a name without its compression; the offset after it. `expandedOctets` has said that there is one. */
export function copyName(bytes: Uint8Array, at: number, into: Uint8Array, to: number): number {
  let cursor = at;
  let end = to;
  for (;;) {
    const octet = bytes[cursor] as number;
    if (octet >= 0xc0) {
      cursor = ((octet & 0x3f) << 8) | (bytes[cursor + 1] as number);
      continue;
    }
    for (const after = end + octet; end <= after; end++, cursor++) into[end] = bytes[cursor] as number;
    if (octet === 0) return end;
  }
}

/** Offset after a possibly compressed name, whatever it says; -1 when its end cannot be told. */
export function skipName(bytes: Uint8Array, at: number): number {
  let cursor = at;
  while (cursor < bytes.length) {
    const octet = bytes[cursor] as number;
    if (octet >= 0xc0) return cursor + 2;
    if (octet > MAX_LABEL_OCTETS) return -1;
    cursor += octet + 1;
    if (octet === 0) return cursor;
  }
  return -1;
}

/** True when two names are equal without regard to ASCII case. */
export function namesEqual(a: Name, b: Name): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i] && LOWER[a[i] as number] !== LOWER[b[i] as number]) return false;
  }
  return true;
}

/** True when the octets at `at`, of a well-formed name, say this name without regard to ASCII case. */
export function isNameAt(bytes: Uint8Array, at: number, name: Name): boolean {
  for (let i = 0; i < name.length; i++) {
    const octet = bytes[at + i];
    if (octet !== name[i] && LOWER[octet as number] !== LOWER[name[i] as number]) return false;
  }
  return true;
}

/** True when `name` is `ancestor` or below it. */
export function isAtOrBelow(name: Name, ancestor: Name): boolean {
  const skip = name.length - ancestor.length;
  if (skip < 0) return false;
  let at = 0;
  while (at < skip) at += (name[at] as number) + 1;
  if (at !== skip) return false;
  for (let i = 0; i < ancestor.length; i++) {
    const octet = name[skip + i] as number;
    const other = ancestor[i] as number;
    if (octet !== other && LOWER[octet] !== LOWER[other]) return false;
  }
  return true;
}

/** True when `name` is below `ancestor` and not equal to it. */
export function isBelow(name: Name, ancestor: Name): boolean {
  return name.length > ancestor.length && isAtOrBelow(name, ancestor);
}

/** The name from an offset of a label on: a copy of a short one, a view on a long one. */
export function nameFrom(name: Name, at: number): Name {
  if (at === 0) return name;
  return (name.length <= INSIDE_OCTETS ? name.slice(at) : name.subarray(at)) as Name;
}

/** The name without its first label; the root's parent is the root. */
export function parentOf(name: Name): Name {
  return name.length === 1 ? name : nameFrom(name, readU8(name, 0) + 1);
}

/** Where the label begins after the one at `at`: where the name's parent does when that is 0. */
export function labelAfter(name: Name, at: number): number {
  return at + readU8(name, at) + 1;
}

export function isRoot(name: Name): boolean {
  return name.length === 1;
}

/** Number of labels, the root label not counted: `mx.example.` has 2. Of the name, or of one that stands at `start` of octets. */
export function labelCount(octets: Uint8Array, start = 0): number {
  let count = 0;
  for (let at = start; octets[at] !== 0; at += (octets[at] as number) + 1) count++;
  return count;
}

/** The last `labels` labels of a name (all of it when it has fewer). */
export function lastLabels(name: Name, labels: number): Name {
  return nameFrom(name, offsetOfLast(name, labels));
}

/** Where the last `labels` labels of a name begin. */
function offsetOfLast(name: Name, labels: number): number {
  let at = 0;
  for (let skip = labelCount(name) - labels; skip > 0; skip--) at += (name[at] as number) + 1;
  return at;
}

/** Labels from the first to the last, without the root label, as views on the same bytes. */
export function labelsOf(name: Name): Uint8Array[] {
  const labels: Uint8Array[] = [];
  for (let at = 0; readU8(name, at) !== 0; at += readU8(name, at) + 1) {
    labels.push(name.subarray(at + 1, at + 1 + readU8(name, at)));
  }
  return labels;
}

/** The deepest name that both are at or below. */
export function commonAncestor(a: Name, b: Name): Name {
  return nameFrom(a, commonAncestorAt(a, b));
}

/** Where in the first name the deepest one begins that both are at or below. */
export function commonAncestorAt(a: Name, b: Name): number {
  const labels = Math.min(labelCount(a), labelCount(b));
  let atA = offsetOfLast(a, labels);
  let atB = offsetOfLast(b, labels);
  // From the first labels of which all that follows is equal.
  let commonAt = atA;
  while (a[atA] !== 0) {
    const isEqual = compareLabels(a, atA, b, atB) === 0;
    atA += (a[atA] as number) + 1;
    atB += (b[atB] as number) + 1;
    if (!isEqual) commonAt = atA;
  }
  return commonAt;
}

/** One label (1 to 63 octets) put before a name; null when the result would be longer than 255 octets. */
export function prependLabel(label: Uint8Array, name: Name): Name | null {
  const length = label.length + 1 + name.length;
  if (label.length === 0 || label.length > MAX_LABEL_OCTETS || length > MAX_NAME_OCTETS) return null;
  const longer = new Uint8Array(length);
  longer[0] = label.length;
  longer.set(label, 1);
  longer.set(name, label.length + 1);
  return longer as Name;
}

const ASTERISK = Uint8Array.of(0x2a);

/** `*.name` (RFC 4592 §2.1.1); null when that is too long. */
export function wildcardOf(name: Name): Name | null {
  return prependLabel(ASTERISK, name);
}

/** True when the first label is a single asterisk (RFC 4592 §2.1.1). */
export function isWildcard(name: Name): boolean {
  return readU8(name, 0) === 1 && readU8(name, 1) === 0x2a;
}

/** All of `name` above or at `oldSuffix` kept, the suffix replaced (RFC 6672 §2.2); null when too long (YXDOMAIN). */
export function replaceSuffix(name: Name, oldSuffix: Name, newSuffix: Name): Name | null {
  const kept = name.length - oldSuffix.length;
  if (kept + newSuffix.length > MAX_NAME_OCTETS) return null;
  const replaced = new Uint8Array(kept + newSuffix.length);
  replaced.set(name.subarray(0, kept));
  replaced.set(newSuffix, kept);
  return replaced as Name;
}

/** A lower-case copy (RFC 4034 §6.2). */
export function toLowerCase(name: Name): Name {
  const lower = new Uint8Array(name.length);
  copyLowerCase(name, lower, 0);
  return lower as Name;
}

/** Writes a name in lower case; the offset after it. */
export function copyLowerCase(name: Name, into: Uint8Array, at: number): number {
  for (let i = 0; i < name.length; i++) into[at + i] = LOWER[name[i] as number] as number;
  return at + name.length;
}

/** Puts octets between two offsets in lower case, where they lie. */
export function lowerInPlace(octets: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) octets[i] = LOWER[octets[i] as number] as number;
}

/** A string that is equal exactly for names that are equal without case; for use as a Map key, never shown. */
export function nameKey(name: Name): string {
  return keyOf(name, 0);
}

/** The key of the name that begins at an offset of a label, without making that name. */
export function nameKeyFrom(name: Name, at: number): string {
  return keyOf(name, 0, at);
}

/** The same with two numbers of 16 bits in front of it. */
export function numberedNameKey(first: number, second: number, name: Name): string {
  writeU16(keyScratch, 0, first);
  writeU16(keyScratch, 2, second);
  return keyOf(name, NUMBERS_OCTETS);
}

const NUMBERS_OCTETS = 4;
const keyScratch = new Uint8Array(NUMBERS_OCTETS + MAX_NAME_OCTETS);
const keyText = Buffer.from(keyScratch.buffer);
/** Keys made lately, each at the place that its hash says: one question looks for the same names in many maps. */
const recentKeys: string[] = new Array(4096).fill('');

/** The key of so many octets in the scratch and a name. Mostly the very string that was given before, whose hash is known. */
function keyOf(name: Name, prefixOctets: number, from = 0): string {
  const length = prefixOctets + name.length - from;
  let hash = 0;
  for (let i = 0; i < prefixOctets; i++) hash = Math.imul(hash ^ (keyScratch[i] as number), 0x01000193);
  for (let i = from; i < name.length; i++) {
    const octet = LOWER[name[i] as number] as number;
    keyScratch[prefixOctets + i - from] = octet;
    hash = Math.imul(hash ^ octet, 0x01000193);
  }
  const place = (hash ^ (hash >>> 15)) & (recentKeys.length - 1);
  const recent = recentKeys[place] ?? '';
  if (isKeyInScratch(recent, length)) return recent;
  const made = keyText.toString('latin1', 0, length);
  recentKeys[place] = made;
  return made;
}

function isKeyInScratch(key: string, length: number): boolean {
  if (key.length !== length) return false;
  for (let i = 0; i < length; i++) if (key.charCodeAt(i) !== keyScratch[i]) return false;
  return true;
}

/** The name, in lower case, of a key that `nameKey` made. */
export function nameOfKey(key: string): Name {
  const name = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) name[i] = key.charCodeAt(i);
  return name as Name;
}

/**
 * Bytes whose plain octet order is the canonical order of names (RFC 4034 §6.1), and of which a parent's key is a prefix
 * of each child's: labels from the root down, lower-cased, octets 0 and 1 escaped as `1 1` and `1 2`, 0 after each label.
 */
export function sortKey(name: Name): Uint8Array {
  // Each octet of the name stands for one of the key, but for the root's, and escaped ones for two.
  let length = name.length - 1;
  for (let at = 0; name[at] !== 0; at += (name[at] as number) + 1) {
    for (let i = name[at] as number; i > 0; i--) if ((name[at + i] as number) <= 1) length++;
  }
  const key = new Uint8Array(length);
  for (let at = 0, end = length; name[at] !== 0; at += (name[at] as number) + 1) {
    end--;
    for (let i = name[at] as number; i > 0; i--) {
      const lower = LOWER[name[at + i] as number] as number;
      key[--end] = lower <= 1 ? lower + 1 : lower;
      if (lower <= 1) key[--end] = 1;
    }
  }
  return key;
}

/** Canonical order of two names (RFC 4034 §6.1): negative, zero or positive. */
export function compareNames(a: Name, b: Name): number {
  const countA = labelCount(a);
  const countB = labelCount(b);
  const labels = Math.min(countA, countB);
  let atA = offsetOfLast(a, labels);
  let atB = offsetOfLast(b, labels);
  // The labels nearer to the root decide, so the last difference that is met is the one that counts.
  let order = countA - countB;
  for (; a[atA] !== 0; atA += (a[atA] as number) + 1, atB += (b[atB] as number) + 1) {
    const difference = compareLabels(a, atA, b, atB);
    if (difference !== 0) order = difference;
  }
  return order;
}

/** Order of the labels that begin at these offsets with their lengths. */
function compareLabels(a: Name, atA: number, b: Name, atB: number): number {
  const lengthA = readU8(a, atA);
  const lengthB = readU8(b, atB);
  const shorter = Math.min(lengthA, lengthB);
  for (let i = 1; i <= shorter; i++) {
    const octet = a[atA + i] as number;
    const other = b[atB + i] as number;
    const difference = octet === other ? 0 : (LOWER[octet] as number) - (LOWER[other] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
