/**
 * DER (X.690) as certificates and keys need it: a reader of one item and its parts, and a writer for the few items that a key
 * is put together from. Octets are whatever somebody dropped on the page: what does not fit is null, never thrown.
 */

import { concatBytes } from '../wire/bytes.ts';

export const TAG = {
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** Octets of a length field after the first one: 4 GiB, more than anybody drops. */
const MAX_LENGTH_OCTETS = 4;

/** One item: its tag, its content, and all of it with the header. */
export interface DerItem {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** The item at the beginning; null when there is none that is whole and in its only form. */
export function readDer(bytes: Uint8Array): DerItem | null {
  const [tag, first] = bytes;
  // Tags of more than one octet are in no certificate.
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return null;
  let length = first;
  let start = 2;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > MAX_LENGTH_OCTETS || bytes.length < 2 + octets) return null;
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + (bytes[2 + i] ?? 0);
    // X.690 §10.1: the fewest octets.
    if (length < 0x80 || length < 256 ** (octets - 1)) return null;
    start += octets;
  }
  const end = start + length;
  return end > bytes.length ? null : { tag, content: bytes.subarray(start, end), whole: bytes.subarray(0, end) };
}

/** The one item that the octets are, with nothing after it. */
export function readOnly(bytes: Uint8Array): DerItem | null {
  const item = readDer(bytes);
  return item !== null && item.whole.length === bytes.length ? item : null;
}

/** The items inside of one; null when one of them does not fit, or the item is none with parts. */
export function partsOf(item: DerItem | null | undefined): readonly DerItem[] | null {
  if (item === null || item === undefined || (item.tag & 0x20) === 0) return null;
  return itemsIn(item.content);
}

/** Items one after the other. */
function itemsIn(bytes: Uint8Array): readonly DerItem[] | null {
  const items: DerItem[] = [];
  for (let at = 0; at < bytes.length; ) {
    const item = readDer(bytes.subarray(at));
    if (item === null) return null;
    items.push(item);
    at += item.whole.length;
  }
  return items;
}

/** An object identifier as text; null for another item or a broken one. */
export function oidText(item: DerItem | null | undefined): string | null {
  if (item === null || item === undefined || item.tag !== TAG.OID || item.content.length === 0) return null;
  const numbers: number[] = [];
  let value = 0;
  for (const octet of item.content) {
    value = value * 128 + (octet & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 128) return null;
    if ((octet & 0x80) !== 0) continue;
    numbers.push(value);
    value = 0;
  }
  // X.690 §8.19.4: the first two arcs are in one number.
  const [first = 0, ...rest] = numbers;
  const top = Math.min(2, Math.floor(first / 40));
  return ((item.content.at(-1) ?? 0) & 0x80) !== 0 ? null : [top, first - top * 40, ...rest].join('.');
}

/** The octets of a bit string that has no unused bits; null for another item. */
export function bitStringOctets(item: DerItem | null | undefined): Uint8Array | null {
  if (item === null || item === undefined || item.tag !== TAG.BIT_STRING || item.content[0] !== 0) return null;
  return item.content.subarray(1);
}

/** Unix seconds of a UTCTime or GeneralizedTime in the form of certificates (RFC 5280 §4.1.2.5); null for anything else. */
export function unixSecondsOf(item: DerItem | null | undefined): number | null {
  if (item === null || item === undefined) return null;
  const digits = item.tag === TAG.UTC_TIME ? 12 : item.tag === TAG.GENERALIZED_TIME ? 14 : 0;
  const text = new TextDecoder('latin1').decode(item.content);
  if (digits === 0 || text.length !== digits + 1 || !/^\d+Z$/.test(text)) return null;
  // RFC 5280 §4.1.2.5.1: from 50 on it is of the century before.
  const full = digits === 14 ? text : `${Number(text.slice(0, 2)) >= 50 ? '19' : '20'}${text}`;
  const [year, month, day, hour, minute, second] = [0, 4, 6, 8, 10, 12].map((at) =>
    Number(full.slice(at, at === 0 ? 4 : at + 2)),
  ) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = contents.reduce((all, one) => concatBytes(all, one), new Uint8Array());
  const length: number[] = [];
  for (let left = content.length; left > 0; left = Math.floor(left / 256)) length.unshift(left % 256);
  const header = content.length < 0x80 ? [tag, content.length] : [tag, 0x80 | length.length, ...length];
  return concatBytes(Uint8Array.from(header), content);
}

/** The content of an object identifier from its text. */
export function oidOctets(text: string): Uint8Array {
  const [top = 0, second = 0, ...rest] = text.split('.').map(Number);
  const octets = [top * 40 + second, ...rest].flatMap((number) => {
    const groups: number[] = [];
    for (let left = number; groups.length === 0 || left > 0; left = Math.floor(left / 128))
      groups.unshift((left % 128) | (groups.length === 0 ? 0 : 0x80));
    return groups;
  });
  return Uint8Array.from(octets);
}
