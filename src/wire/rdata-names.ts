/**
 * Takes rdata out of a message with its names decompressed, checked against the layout of its type, and gives it in
 * canonical form.
 *
 * Duties: bounds (RDLENGTH rules, never the neighbour record), RFC 3597 §4 decompression, RFC 4034 §6.2 lower-casing.
 */

import { concatBytes, readU8 } from './bytes.ts';
import { type Name, nameEnd, type PointerBudget, readName, toLowerCase } from './name.ts';
import { lowersNames, type RdataField, rdataLayout } from './rdata-layout.ts';

/** Where rdata stands in a message. */
interface RdataRange {
  readonly start: number;
  /** Offset after its last octet. */
  readonly end: number;
}

/**
 * Rdata of `type` in its place in a message; nothing after it is read (a compression pointer only points back, RFC 1035
 * §4.1.4). Names come uncompressed: a view on the message when there is nothing to expand, else a copy. Null when it does
 * not fit the layout of its type exactly.
 */
export function readRdata(
  message: Uint8Array,
  { start, end }: RdataRange,
  type: number,
  budget: PointerBudget,
): Uint8Array | null {
  const layout = rdataLayout(type);
  if (layout === null) return message.subarray(start, end);
  let parts: Uint8Array[] | null = null;
  let cursor = start;
  let plainFrom = start;
  for (const field of layout) {
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
    const read = readName(message, cursor, end, budget);
    if (read === null) return null;
    parts ??= [];
    parts.push(message.subarray(plainFrom, cursor), read.name);
    plainFrom = read.end;
    cursor = read.end;
  }
  if (cursor !== end) return null;
  return parts === null ? message.subarray(start, end) : concatBytes(...parts, message.subarray(plainFrom, end));
}

/** True when uncompressed rdata fits the layout of its type. */
export function isWellFormedRdata(rdata: Uint8Array, type: number): boolean {
  return readRdata(rdata, { start: 0, end: rdata.length }, type, { left: 0 }) !== null;
}

/** True for rdata of one character string or more (RFC 1035 §3.3.14), as TXT has it. */
export function areStrings(rdata: Uint8Array): boolean {
  let at = 0;
  while (at < rdata.length) at += 1 + readU8(rdata, at);
  return rdata.length > 0 && at === rdata.length;
}

/** Canonical form of uncompressed rdata (RFC 4034 §6.2 as corrected by RFC 6840 §5.1): names of old types lower-cased. */
export function canonicalRdata(rdata: Uint8Array, type: number): Uint8Array {
  const layout = rdataLayout(type);
  if (layout === null || !lowersNames(type)) return rdata;
  const canonical = new Uint8Array(rdata);
  let cursor = 0;
  for (const field of layout) {
    if (field.kind !== 'name') {
      cursor = skipField(rdata, cursor, rdata.length, field);
      if (cursor < 0) return rdata;
      continue;
    }
    const end = nameEnd(rdata, cursor);
    if (end < 0) return rdata;
    if (field.lowerCase) canonical.set(toLowerCase(rdata.subarray(cursor, end) as Name), cursor);
    cursor = end;
  }
  return canonical;
}

/** Offset after a field that is not a name; -1 when it does not fit. */
function skipField(bytes: Uint8Array, at: number, end: number, field: Exclude<RdataField, { kind: 'name' }>): number {
  let next: number;
  if (field.kind === 'octets') next = at + field.length;
  else if (field.kind === 'string') next = at < end ? at + 1 + readU8(bytes, at) : -1;
  else next = end - at >= field.min ? end : -1;
  return next <= end ? next : -1;
}
