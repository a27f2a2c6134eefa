/**
 * Takes rdata out of a message with its names decompressed, checked first against the layout of its type, and gives it in
 * canonical form.
 *
 * Duties: bounds (RDLENGTH rules, never the neighbour record), RFC 3597 §4 decompression, RFC 4034 §6.2 lower-casing.
 */

import { readU8, readU16 } from './bytes.ts';
import { copyName, expandedOctets, lowerOctet, nameEnd, type PointerBudget, skipName } from './name.ts';
import { lowersNames, type RdataField, rdataLayout } from './rdata-layout.ts';

/** Where rdata stands in a message. */
interface RdataRange {
  readonly start: number;
  /** Offset after its last octet. */
  readonly end: number;
}

/**
 * Octets that rdata of `type` in its place in a message has with its names uncompressed; as a negative number when one of them is
 * compressed. Nothing after it is read (a pointer only points back, RFC 1035 §4.1.4). Null when it does not fit the layout of its
 * type exactly.
 */
export function measureRdata(
  message: Uint8Array,
  { start, end }: RdataRange,
  type: number,
  budget: PointerBudget,
): number | null {
  const layout = rdataLayout(type);
  if (layout === null) return end - start;
  let octets = end - start;
  let isCompressed = false;
  let cursor = start;
  for (const field of layout) {
    if (field.kind === 'octets') {
      // Beyond the end nothing fits any more, not even the end.
      cursor += field.length;
      continue;
    }
    if (field.kind !== 'name') {
      cursor = skipField(message, cursor, end, field);
      if (cursor < 0) return null;
      continue;
    }
    const plainEnd = nameEnd(message, cursor);
    if (plainEnd >= 0) {
      if (plainEnd > end) return null;
      cursor = plainEnd;
      continue;
    }
    const expanded = expandedOctets(message, cursor, end, budget);
    if (expanded < 0) return null;
    const next = skipName(message, cursor);
    octets += expanded - (next - cursor);
    isCompressed = true;
    cursor = next;
  }
  if (cursor !== end) return null;
  return isCompressed ? -octets : octets;
}

/** Copies rdata that was measured, after the type, class, TTL and RDLENGTH of its record, with names uncompressed; the offset after it. */
export function expandRdata(message: Uint8Array, rdataAt: number, into: Uint8Array, at: number): number {
  const end = rdataAt + readU16(message, rdataAt - 2);
  let cursor = rdataAt;
  let to = at;
  for (const field of rdataLayout(readU16(message, rdataAt - 10)) ?? []) {
    if (field.kind === 'name') {
      to = copyName(message, cursor, into, to);
      cursor = skipName(message, cursor);
      continue;
    }
    const next = skipField(message, cursor, end, field);
    for (; cursor < next; cursor++) into[to++] = message[cursor] as number;
  }
  return to;
}

/** True when uncompressed rdata fits the layout of its type. */
export function isWellFormedRdata(rdata: Uint8Array, type: number): boolean {
  return measureRdata(rdata, { start: 0, end: rdata.length }, type, { left: 0 }) !== null;
}

/** True for rdata of one character string or more (RFC 1035 §3.3.14), as TXT has it. */
export function areStrings(rdata: Uint8Array): boolean {
  let at = 0;
  while (at < rdata.length) at += 1 + readU8(rdata, at);
  return rdata.length > 0 && at === rdata.length;
}

/** Canonical form of uncompressed rdata (RFC 4034 §6.2 as corrected by RFC 6840 §5.1): names of old types lower-cased. */
export function canonicalRdata(rdata: Uint8Array, type: number): Uint8Array {
  if (!lowersNames(type)) return rdata;
  const canonical = new Uint8Array(rdata);
  lowerNames(canonical, 0, canonical.length, type);
  return canonical;
}

/** Gives the uncompressed rdata between two offsets its canonical form, where it lies. One that does not fit its layout stays. */
export function lowerNames(octets: Uint8Array, start: number, end: number, type: number): void {
  if (!lowersNames(type)) return;
  const layout = rdataLayout(type) ?? [];
  let cursor = start;
  for (const field of layout) {
    cursor = fieldEnd(octets, cursor, end, field);
    if (cursor < 0) return;
  }
  cursor = start;
  for (const field of layout) {
    const next = fieldEnd(octets, cursor, end, field);
    // The octets before a label are its length, which is below any letter.
    if (field.kind === 'name' && field.lowerCase) lowerOctets(octets, cursor, next);
    cursor = next;
  }
}

/** Offset after a field of uncompressed rdata; -1 when it does not fit. */
function fieldEnd(octets: Uint8Array, at: number, end: number, field: RdataField): number {
  if (field.kind !== 'name') return skipField(octets, at, end, field);
  const after = nameEnd(octets, at);
  return after <= end ? after : -1;
}

function lowerOctets(octets: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) octets[i] = lowerOctet(octets[i] as number);
}

/** Offset after a field that is not a name; -1 when it does not fit. */
function skipField(bytes: Uint8Array, at: number, end: number, field: Exclude<RdataField, { kind: 'name' }>): number {
  let next: number;
  if (field.kind === 'octets') next = at + field.length;
  else if (field.kind === 'string') next = at < end ? at + 1 + readU8(bytes, at) : -1;
  else next = end - at >= field.min ? end : -1;
  return next <= end ? next : -1;
}
