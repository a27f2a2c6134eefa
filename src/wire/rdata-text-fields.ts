/**
 * Text form of the fields that most types are made of, both ways. A type's text is a list of these (rdata-text.ts).
 *
 * Forms are those that dig prints: hex in capitals, base64 in one piece, character strings in quotes.
 */

import { ALGORITHM_MNEMONICS, algorithmMnemonic, DIGEST_MNEMONICS } from './algorithms.ts';
import {
  bytesEqual,
  fromBase32hex,
  fromBase64,
  fromHex,
  readU16,
  toBase32hex,
  toBase64,
  toHex,
  writeU16,
} from './bytes.ts';
import { ipText, parseIp4, parseIp6 } from './ip.ts';
import { formatName } from './name-text.ts';
import type { RdataReader, RdataWriter, TokenReader } from './rdata-text-io.ts';
import { typeFromText, typeText } from './rr-type.ts';
import { escapeOctets } from './text-tokens.ts';
import { parseSpan } from './ttl-text.ts';
import { bitmapOf, isValidBitmap, typesOf } from './type-bitmap.ts';

/** One field of rdata as text. Fields of one record are joined by spaces; an empty text is left out. */
export interface TextField {
  readonly format: (rdata: RdataReader) => string;
  readonly parse: (tokens: TokenReader, rdata: RdataWriter) => void;
}

/** Certificate types of CERT (RFC 4398 §2.1). */
const CERTIFICATE_TYPES = new Map<string, number>([
  ['PKIX', 1],
  ['SPKI', 2],
  ['PGP', 3],
  ['IPKIX', 4],
  ['ISPKI', 5],
  ['IPGP', 6],
  ['ACPKIX', 7],
  ['IACPKIX', 8],
  ['URI', 253],
  ['OID', 254],
]);
const CERTIFICATE_TYPE_NAMES = new Map<number, string>([...CERTIFICATE_TYPES].map(([name, number]) => [number, name]));

/** Reads a mnemonic of the table, or a number. */
function mnemonicOrNumber(tokens: TokenReader, table: ReadonlyMap<string, number>, max: number): number {
  const known = table.get(tokens.peek()?.text.toUpperCase() ?? '');
  if (known === undefined) return tokens.number(max);
  tokens.next();
  return known;
}

export const u8: TextField = {
  format: (rdata) => String(rdata.u8()),
  parse: (tokens, rdata) => rdata.u8(tokens.number(0xff)),
};

/** Two octets. */
export const u16: TextField = {
  format: (rdata) => String(rdata.u16()),
  parse: (tokens, rdata) => rdata.u16(tokens.number(0xffff)),
};

/** Four octets. */
export const u32: TextField = {
  format: (rdata) => String(rdata.u32()),
  parse: (tokens, rdata) => rdata.u32(tokens.number(0xffffffff)),
};

/** Four octets of seconds; units are read, not printed. */
export const span: TextField = {
  format: (rdata) => String(rdata.u32()),
  parse(tokens, rdata) {
    const text = tokens.next();
    const seconds = parseSpan(text);
    if (seconds === null) tokens.fail(`not a time span: ${text}`);
    rdata.u32(seconds ?? 0);
  },
};

/** A DNSSEC algorithm as number; mnemonics are read too. */
export const algorithm: TextField = {
  format: (rdata) => String(rdata.u8()),
  parse: (tokens, rdata) => rdata.u8(mnemonicOrNumber(tokens, ALGORITHM_MNEMONICS, 0xff)),
};

/** A DNSSEC algorithm as mnemonic where there is one (CERT). */
export const algorithmName: TextField = {
  format(rdata) {
    const number = rdata.u8();
    return algorithmMnemonic(number) ?? String(number);
  },
  parse: algorithm.parse,
};

/** A DS digest type as number; mnemonics are read too. */
export const digestType: TextField = {
  format: (rdata) => String(rdata.u8()),
  parse: (tokens, rdata) => rdata.u8(mnemonicOrNumber(tokens, DIGEST_MNEMONICS, 0xff)),
};

/** A certificate type (RFC 4398 §2.1). */
export const certificateType: TextField = {
  format(rdata) {
    const number = rdata.u16();
    return CERTIFICATE_TYPE_NAMES.get(number) ?? String(number);
  },
  parse: (tokens, rdata) => rdata.u16(mnemonicOrNumber(tokens, CERTIFICATE_TYPES, 0xffff)),
};

export const recordType: TextField = {
  format: (rdata) => typeText(rdata.u16()),
  parse(tokens, rdata) {
    const text = tokens.next();
    const type = typeFromText(text);
    if (type === null) tokens.fail(`not a type: ${text}`);
    rdata.u16(type ?? 0);
  },
};

export const name: TextField = {
  format: (rdata) => formatName(rdata.name()),
  parse: (tokens, rdata) => rdata.bytes(tokens.name()),
};

/** An IPv4 address. */
export const ip4: TextField = {
  format: (rdata) => ipText(rdata.take(4)),
  parse: (tokens, rdata) => parseAddress(tokens, rdata, parseIp4),
};

/** An IPv6 address. */
export const ip6: TextField = {
  format: (rdata) => ipText(rdata.take(16)),
  parse: (tokens, rdata) => parseAddress(tokens, rdata, parseIp6),
};

function parseAddress(tokens: TokenReader, rdata: RdataWriter, parse: (text: string) => Uint8Array | null): void {
  const text = tokens.next();
  const address = parse(text);
  if (address === null) tokens.fail(`not an address: ${text}`);
  else rdata.bytes(address);
}

/** A character string in quotes. */
export const string: TextField = {
  format: (rdata) => `"${escapeOctets(rdata.string())}"`,
  parse: parseString,
};

function parseString(tokens: TokenReader, rdata: RdataWriter): void {
  const octets = tokens.octets(255);
  rdata.u8(octets.length);
  rdata.bytes(octets);
}

/** A character string that may be absent. */
export const optionalString: TextField = {
  format: (rdata) => (rdata.left === 0 ? '' : string.format(rdata)),
  parse(tokens, rdata) {
    if (tokens.left > 0) parseString(tokens, rdata);
  },
};

/** One character string or more. */
export const strings: TextField = {
  format(rdata) {
    const texts = [string.format(rdata)];
    while (rdata.left > 0) texts.push(string.format(rdata));
    return texts.join(' ');
  },
  parse(tokens, rdata) {
    do parseString(tokens, rdata);
    while (tokens.left > 0);
  },
};

/** A tag of letters and digits without quotes (CAA, RFC 8659 §4.1). */
export const tag: TextField = {
  format(rdata) {
    const text = escapeOctets(rdata.string());
    return /^[A-Za-z0-9]+$/.test(text) ? text : rdata.fail();
  },
  parse(tokens, rdata) {
    if (!/^[A-Za-z0-9]{1,255}$/.test(tokens.peek()?.text ?? '')) tokens.fail('not a tag of letters and digits');
    parseString(tokens, rdata);
  },
};

/** The rest as one string in quotes, without length (CAA, URI). */
export const quotedRest: TextField = {
  format: (rdata) => `"${escapeOctets(rdata.rest())}"`,
  parse: (tokens, rdata) => rdata.bytes(tokens.octets(0xffff)),
};

/** The rest as hex, at least one octet. */
export const hexRest: TextField = {
  format: (rdata) => toHex(rdata.rest()).toUpperCase(),
  parse: (tokens, rdata) => parseRest(tokens, rdata, fromHex),
};

/** The rest as base64, at least one octet. */
export const base64Rest: TextField = {
  format: (rdata) => toBase64(rdata.rest()),
  parse: (tokens, rdata) => parseRest(tokens, rdata, fromBase64),
};

/** The rest as base64; may be empty (a KEY that says there is none, an IPSECKEY without key). */
export const optionalBase64: TextField = {
  format: base64Rest.format,
  parse(tokens, rdata) {
    if (tokens.left > 0) base64Rest.parse(tokens, rdata);
  },
};

function parseRest(tokens: TokenReader, rdata: RdataWriter, parse: (text: string) => Uint8Array | null): void {
  const octets = parse(tokens.rest());
  if (octets === null || octets.length === 0) tokens.fail('no hex or base64, or a malformed one');
  else rdata.bytes(octets);
}

/** A 32-bit time as YYYYMMDDHHMMSS in UTC; plain seconds are read too (RFC 4034 §3.2). */
export const time: TextField = {
  format: (rdata) => timeText(rdata.u32()),
  parse(tokens, rdata) {
    const text = tokens.next();
    const seconds = /^[0-9]{14}$/.test(text) ? secondsOf(text) : parseSpan(text);
    if (seconds === null) tokens.fail(`not a time: ${text}`);
    rdata.u32(seconds ?? 0);
  },
};

/** Unix seconds as YYYYMMDDHHMMSS in UTC. */
export function timeText(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 19).replace(/[-:T]/g, '');
}

/** Unix seconds of YYYYMMDDHHMMSS; null when there is no such time in 32 bits. */
function secondsOf(text: string): number | null {
  const iso = text.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6.000Z');
  const seconds = Date.parse(iso) / 1000;
  return seconds >= 0 && seconds <= 0xffffffff && timeText(seconds) === text ? seconds : null;
}

/** NSEC3 salt: hex, `-` when empty. */
export const salt: TextField = {
  format: (rdata) => toHex(rdata.string()).toUpperCase() || '-',
  parse(tokens, rdata) {
    const text = tokens.next();
    const octets = text === '-' ? new Uint8Array() : fromHex(text);
    if (octets === null || octets.length > 255) {
      tokens.fail(`not a salt: ${text}`);
      return;
    }
    rdata.u8(octets.length);
    rdata.bytes(octets);
  },
};

/** Hashed next owner of NSEC3: base32hex in capitals. */
export const nextHash: TextField = {
  format: (rdata) => toBase32hex(rdata.string()).toUpperCase(),
  parse(tokens, rdata) {
    const text = tokens.next();
    const octets = fromBase32hex(text);
    if (octets === null || octets.length === 0 || octets.length > 255) {
      tokens.fail(`not a hash: ${text}`);
      return;
    }
    rdata.u8(octets.length);
    rdata.bytes(octets);
  },
};

/** The rest as a type bitmap; one that is not in its shortest form has no text. */
export const types: TextField = {
  format(rdata) {
    const bitmap = rdata.rest();
    if (!isValidBitmap(bitmap)) return rdata.fail();
    const list = typesOf(bitmap);
    return bytesEqual(bitmapOf(list), bitmap) ? list.map(typeText).join(' ') : rdata.fail();
  },
  parse(tokens, rdata) {
    const list: number[] = [];
    while (tokens.left > 0) {
      const text = tokens.next();
      const type = typeFromText(text);
      if (type === null) tokens.fail(`not a type: ${text}`);
      else list.push(type);
    }
    rdata.bytes(bitmapOf(list));
  },
};

/** 48 or 64 bits as pairs of hex digits (RFC 7043). */
export function eui(octets: 6 | 8): TextField {
  return {
    format: (rdata) => (toHex(rdata.take(octets)).match(/../g) ?? []).join('-'),
    parse(tokens, rdata) {
      const text = tokens.next();
      const bytes = /^[0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2})*$/.test(text) ? fromHex(text.replaceAll('-', '')) : null;
      if (bytes?.length === octets) rdata.bytes(bytes);
      else tokens.fail(`not ${octets} octets of hex with dashes: ${text}`);
    },
  };
}

/** 64 bits as four groups of hex (RFC 6742). */
export const locator64: TextField = {
  format(rdata) {
    const octets = rdata.take(8);
    return [0, 2, 4, 6].map((at) => readU16(octets, at).toString(16)).join(':');
  },
  parse(tokens, rdata) {
    const text = tokens.next();
    if (!/^[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){3}$/.test(text)) tokens.fail(`not four groups of hex: ${text}`);
    const octets = new Uint8Array(8);
    for (const [i, group] of text.split(':').slice(0, 4).entries()) writeU16(octets, i * 2, Number.parseInt(group, 16));
    rdata.bytes(octets);
  },
};
