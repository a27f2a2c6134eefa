/**
 * Text form of the parameters of SVCB and HTTPS (RFC 9460 §2.1 and §7, appendix A; RFC 9461 dohpath, RFC 9540 ohttp).
 *
 * Leaves to others: priority and target (rdata-text.ts), whether mandatory keys are present.
 */

import { concatBytes, fromBase64, readU16, toBase64, writeU16 } from './bytes.ts';
import { ipText, parseIp4, parseIp6 } from './ip.ts';
import type { TextField } from './rdata-text-fields.ts';
import { RdataReader, type RdataWriter, type TokenReader } from './rdata-text-io.ts';
import { escapeOctets, textOctets } from './text-tokens.ts';

const KEYS = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint', 'dohpath', 'ohttp'];
const KEY = { MANDATORY: 0, ALPN: 1, NO_DEFAULT_ALPN: 2, PORT: 3, IPV4HINT: 4, ECH: 5, IPV6HINT: 6, OHTTP: 8 } as const;

/** All parameters, in order of their keys. */
export const svcParameters: TextField = {
  format(rdata) {
    const texts: string[] = [];
    let last = -1;
    while (rdata.left > 0) {
      const key = rdata.u16();
      // RFC 9460 §2.2: keys strictly ascend.
      if (key <= last) return rdata.fail();
      last = key;
      const value = formatValue(key, rdata.take(rdata.u16()));
      if (value === null) return rdata.fail();
      texts.push(value === '' ? keyText(key) : `${keyText(key)}=${value}`);
    }
    return texts.join(' ');
  },
  parse(tokens, rdata) {
    const parameters = new Map<number, Uint8Array>();
    while (tokens.left > 0) parseParameter(tokens, parameters);
    for (const key of [...parameters.keys()].sort((a, b) => a - b)) {
      const value = parameters.get(key) ?? new Uint8Array();
      rdata.u16(key);
      writeSized(rdata, value);
    }
  },
};

function writeSized(rdata: RdataWriter, value: Uint8Array): void {
  rdata.u16(value.length);
  rdata.bytes(value);
}

function keyText(key: number): string {
  return KEYS[key] ?? `key${key}`;
}

function keyFromText(text: string): number | null {
  const known = KEYS.indexOf(text);
  if (known >= 0) return known;
  return /^key(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text.slice(3)) < 0xffff ? Number(text.slice(3)) : null;
}

/** Text of a value, empty when there is none; null when it does not fit its key. */
function formatValue(key: number, value: Uint8Array): string | null {
  switch (key) {
    case KEY.MANDATORY:
      return formatList(value, 2, (item) => keyText(readU16(item, 0)));
    case KEY.ALPN:
      return formatAlpn(value);
    case KEY.NO_DEFAULT_ALPN:
    case KEY.OHTTP:
      return value.length === 0 ? '' : null;
    case KEY.PORT:
      return value.length === 2 ? String(readU16(value, 0)) : null;
    case KEY.IPV4HINT:
      return formatList(value, 4, ipText);
    case KEY.IPV6HINT:
      return formatList(value, 16, ipText);
    case KEY.ECH:
      return toBase64(value);
    default:
      return value.length === 0 ? '' : `"${escapeOctets(value)}"`;
  }
}

function formatList(value: Uint8Array, size: number, format: (item: Uint8Array) => string): string | null {
  if (value.length === 0 || value.length % size !== 0) return null;
  const texts: string[] = [];
  for (let at = 0; at < value.length; at += size) texts.push(format(value.subarray(at, at + size)));
  return texts.join(',');
}

/** RFC 9460 appendix A.1: comma and backslash inside a list item are escaped, before the escapes of the string. */
function formatAlpn(value: Uint8Array): string | null {
  const rdata = new RdataReader(value);
  const list: number[] = [];
  while (rdata.left > 0) {
    const id = rdata.string();
    if (id.length === 0) return null;
    if (list.length > 0) list.push(0x2c);
    for (const octet of id) {
      if (octet === 0x2c || octet === 0x5c) list.push(0x5c);
      list.push(octet);
    }
  }
  return rdata.failed || list.length === 0 ? null : `"${escapeOctets(Uint8Array.from(list))}"`;
}

function parseParameter(tokens: TokenReader, parameters: Map<number, Uint8Array>): void {
  const text = tokens.next();
  const equals = text.indexOf('=');
  const key = keyFromText((equals < 0 ? text : text.slice(0, equals)).toLowerCase());
  const following = tokens.peek();
  const isQuoted = text.endsWith('=') && following?.quoted === true && following.glued;
  const octets = textOctets(isQuoted ? tokens.next() : equals < 0 ? '' : text.slice(equals + 1));
  const value = key === null || octets === null ? null : parseValue(key, octets);
  if (key === null || value === null || value.length > 0xffff) tokens.fail(`bad parameter: ${text}`);
  else if (parameters.has(key)) tokens.fail(`parameter given twice: ${text}`);
  else parameters.set(key, value);
}

/** Wire form of a value; null when it does not fit its key. */
function parseValue(key: number, value: Uint8Array): Uint8Array | null {
  const text = Buffer.from(value).toString('latin1');
  switch (key) {
    case KEY.MANDATORY:
      return parseMandatory(text);
    case KEY.ALPN:
      return parseAlpn(value);
    case KEY.NO_DEFAULT_ALPN:
    case KEY.OHTTP:
      return value.length === 0 ? value : null;
    case KEY.PORT:
      return /^[0-9]{1,5}$/.test(text) && Number(text) <= 0xffff ? keyOctets(Number(text)) : null;
    case KEY.IPV4HINT:
      return joinList(text.split(',').map(parseIp4));
    case KEY.IPV6HINT:
      return joinList(text.split(',').map(parseIp6));
    case KEY.ECH:
      return fromBase64(text);
    default:
      return value;
  }
}

function parseMandatory(text: string): Uint8Array | null {
  const keys = text.split(',').map(keyFromText);
  if (keys.length > MAX_ITEMS) return null;
  if (new Set(keys).size !== keys.length || keys.includes(KEY.MANDATORY)) return null;
  const known = keys.filter((key) => key !== null).sort((a, b) => a - b);
  return known.length === keys.length ? concatBytes(...known.map(keyOctets)) : null;
}

function keyOctets(key: number): Uint8Array {
  const octets = new Uint8Array(2);
  writeU16(octets, 0, key);
  return octets;
}

/** More than a value can hold are none: there may be more than a call can take as arguments. */
const MAX_ITEMS = 0xffff / 2;

function joinList(items: readonly (Uint8Array | null)[]): Uint8Array | null {
  if (items.length > MAX_ITEMS) return null;
  const known = items.filter((item) => item !== null);
  return known.length === items.length ? concatBytes(...known) : null;
}

function parseAlpn(value: Uint8Array): Uint8Array | null {
  const wire: number[] = [];
  let id: number[] = [];
  for (let at = 0; at <= value.length; at++) {
    const octet = value[at];
    if (octet === undefined || octet === 0x2c) {
      if (id.length === 0 || id.length > 255) return null;
      wire.push(id.length, ...id);
      id = [];
    } else if (octet === 0x5c) {
      const escaped = value[++at];
      if (escaped === undefined) return null;
      id.push(escaped);
    } else {
      id.push(octet);
    }
  }
  return Uint8Array.from(wire);
}
