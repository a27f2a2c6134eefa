/**
 * IP addresses as bytes: 4 octets or 16.
 *
 * Duties: text form both ways (RFC 5952, strict on input: no leading zeros, no scope), the name for reverse look-up
 * (RFC 1035 §3.5, RFC 3596 §2.5). Leaves to others: prefixes and access lists.
 */

import { readU8, readU16, toHex, writeU16 } from './bytes.ts';
import type { Name } from './name.ts';
import { mustParseName } from './name-text.ts';

const IN_ADDR_ARPA = mustParseName('in-addr.arpa.');
const IP6_ARPA = mustParseName('ip6.arpa.');
const HEX_DIGITS = '0123456789abcdef';

/** Text of an address of 4 or 16 octets (RFC 5952); hex for any other length. */
export function ipText(address: Uint8Array): string {
  if (address.length === 4) return `${address[0]}.${address[1]}.${address[2]}.${address[3]}`;
  return address.length === 16 ? ip6Text(address) : toHex(address);
}

function ip6Text(address: Uint8Array): string {
  const zeros = longestZeroRun(address);
  // RFC 5952 §5: an embedded IPv4 address in dotted form, as the C library does for ::/96 and ::ffff:0:0/96.
  const isMapped = zeros.length === 5 && readU16(address, 10) === 0xffff;
  const isEmbedded = zeros.start === 0 && (zeros.length === 6 || isMapped);
  const groups = isEmbedded ? 6 : 8;
  let text = '';
  for (let i = 0; i < groups; i++) {
    if (i === zeros.start) {
      text += '::';
      i += zeros.length - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += readU16(address, i * 2).toString(16);
  }
  if (!isEmbedded) return text;
  return `${text}${text.endsWith(':') ? '' : ':'}${ipText(address.subarray(12))}`;
}

/** First longest run of two or more zero groups; start -1 when there is none. */
function longestZeroRun(address: Uint8Array): { start: number; length: number } {
  let best = { start: -1, length: 1 };
  let length = 0;
  for (let i = 0; i < 8; i++) {
    length = readU16(address, i * 2) === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i - length + 1, length };
  }
  return best;
}

const DOT = 0x2e;
const COLON = 0x3a;

/** True for the text of an IPv6 address, false for that of an IPv4 one: the first separator says it. @hot bench/serve-hot-query.ts */
export function isIp6Text(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === COLON) return true;
    if (char === DOT) return false;
  }
  return false;
}

/** Octets of an address text, 4 or 16 of them; null when it is none. */
export function parseIp(text: string): Uint8Array | null {
  return text.includes(':') ? parseIp6(text) : parseIp4(text);
}

const ZERO = 0x30;

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

/** Octets of dotted-decimal text: four numbers from 0 to 255 without leading zeros; null otherwise. */
export function parseIp4(text: string): Uint8Array | null {
  const address = new Uint8Array(4);
  let at = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== DOT) return null;
    const start = at;
    let value = 0;
    for (; at < start + 3 && isDigit(text.charCodeAt(at)); at++) value = value * 10 + text.charCodeAt(at) - ZERO;
    const isPadded = at > start + 1 && text.charCodeAt(start) === ZERO;
    if (at === start || isPadded || value > 255) return null;
    address[part] = value;
  }
  return at === text.length ? address : null;
}

/** Octets of IPv6 text (RFC 4291 §2.2, all three forms); null otherwise. */
export function parseIp6(text: string): Uint8Array | null {
  if (text.length > 45) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 1 ? [] : parseGroups(halves[1] ?? '', true);
  if (head === null || tail === null) return null;
  const given = head.length + tail.length;
  if (halves.length === 1 ? given !== 8 : given > 7) return null;
  const address = new Uint8Array(16);
  head.forEach((group, i) => {
    writeU16(address, i * 2, group);
  });
  tail.forEach((group, i) => {
    writeU16(address, 16 - (tail.length - i) * 2, group);
  });
  return address;
}

function parseGroups(text: string, mayEndInIp4: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (mayEndInIp4 && i === parts.length - 1 && part.includes('.')) {
      const ip4 = parseIp4(part);
      if (ip4 === null) return null;
      groups.push(readU16(ip4, 0), readU16(ip4, 2));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** Name to ask for PTR: `4.3.2.1.in-addr.arpa.`, or 32 nibbles under `ip6.arpa.`. */
export function reverseName(address: Uint8Array): Name {
  let text = '';
  for (let i = address.length - 1; i >= 0; i--) {
    const octet = readU8(address, i);
    text += address.length === 4 ? `${octet}.` : `${HEX_DIGITS.charAt(octet & 15)}.${HEX_DIGITS.charAt(octet >>> 4)}.`;
  }
  const relative = mustParseName(text);
  const suffix = address.length === 4 ? IN_ADDR_ARPA : IP6_ARPA;
  const name = new Uint8Array(relative.length - 1 + suffix.length);
  name.set(relative.subarray(0, -1));
  name.set(suffix, relative.length - 1);
  return name as Name;
}
