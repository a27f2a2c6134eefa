/** Presentation form of names, both ways (RFC 1035 §5.1, RFC 4343 §2.1): `\.`, `\\` and `\DDD` escapes. */

import { readU8 } from './bytes.ts';
import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS, type Name, nameEnd, ROOT } from './name.ts';

/** Characters that a zone file would take for syntax: written with a backslash. */
const ESCAPED = new Set([...'.\\"();@$'].map((char) => char.charCodeAt(0)));

/** A name as text with the final dot; octets that are not printable ASCII as `\DDD`. */
export function formatName(name: Name): string {
  if (name.length === 1) return '.';
  let text = '';
  for (let at = 0; readU8(name, at) !== 0; at += readU8(name, at) + 1) {
    for (let i = at + 1; i <= at + readU8(name, at); i++) text += formatOctet(readU8(name, i));
    text += '.';
  }
  return text;
}

function formatOctet(octet: number): string {
  if (ESCAPED.has(octet)) return `\\${String.fromCharCode(octet)}`;
  if (octet > 0x20 && octet < 0x7f) return String.fromCharCode(octet);
  return `\\${String(octet).padStart(3, '0')}`;
}

/** Why a text is not a name. */
export type NameTextError = 'empty' | 'empty label' | 'label too long' | 'name too long' | 'bad escape';

/**
 * Parses a name. What is not ASCII stands for its octets in UTF-8 (RFC 2181 §11: a label is any octets). Relative text (no final dot) is completed with `origin` (the root by default), `@` alone is the origin.
 * Returns the name, or the reason as a string.
 */
export function parseNameOrReason(text: string, origin: Name = ROOT): Name | NameTextError {
  if (text === '') return 'empty';
  if (text === '@') return origin;
  if (text === '.') return ROOT;
  const wire: number[] = [];
  let label: number[] = [];
  let isAbsolute = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) ?? 0;
    if (code > 0x7f) {
      const char = String.fromCodePoint(code);
      label.push(...new TextEncoder().encode(char));
      i += char.length - 1;
      if (label.length > MAX_LABEL_OCTETS) return 'label too long';
      continue;
    }
    if (code === 0x2e) {
      if (label.length === 0) return 'empty label';
      wire.push(label.length, ...label);
      label = [];
      isAbsolute = i === text.length - 1;
      continue;
    }
    if (code !== 0x5c) {
      label.push(code);
    } else {
      const escaped = readEscape(text, i + 1);
      if (escaped === null) return 'bad escape';
      label.push(escaped.octet);
      i += escaped.length;
    }
    if (label.length > MAX_LABEL_OCTETS) return 'label too long';
  }
  if (label.length > 0) wire.push(label.length, ...label);
  const suffix = isAbsolute ? ROOT : origin;
  if (wire.length + suffix.length > MAX_NAME_OCTETS) return 'name too long';
  return Uint8Array.of(...wire, ...suffix) as Name;
}

/** Parses a name; null when it is none. */
export function parseName(text: string, origin: Name = ROOT): Name | null {
  const parsed = parseNameOrReason(text, origin);
  return typeof parsed === 'string' ? null : parsed;
}

/** Parses a name that is known to be good, such as a constant of the program or a test; throws when it is not. */
export function mustParseName(text: string): Name {
  const name = parseName(text);
  if (name === null || nameEnd(name, 0) !== name.length) throw new Error(`not a domain name: ${text}`);
  return name;
}

/** The octet of an escape after its backslash (`\DDD` or `\X`), and how many characters it took. */
function readEscape(text: string, at: number): { octet: number; length: number } | null {
  const digits = /^[0-9]{3}/.exec(text.slice(at, at + 3));
  if (digits !== null) {
    const octet = Number(digits[0]);
    return octet <= 255 ? { octet, length: 3 } : null;
  }
  const code = text.charCodeAt(at);
  return Number.isNaN(code) || code > 0x7f || (code >= 0x30 && code <= 0x39) ? null : { octet: code, length: 1 };
}
