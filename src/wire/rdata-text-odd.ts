/**
 * Text form of types whose fields depend on each other: APL, IPSECKEY, AMTRELAY, HIP, WKS, A6, NSAP, ATMA, DOA, NXT.
 *
 * Each export is one field that covers the part of the rdata that no simple field can.
 */

import { fromBase64, fromHex, readU8, toBase64, toHex } from './bytes.ts';
import { ipText, parseIp4, parseIp6 } from './ip.ts';
import { formatName } from './name-text.ts';
import { base64Rest, ip4, ip6, name, optionalBase64, type TextField } from './rdata-text-fields.ts';
import type { RdataReader, RdataWriter, TokenReader } from './rdata-text-io.ts';
import { typeFromText, typeText } from './rr-type.ts';
import { textOctets } from './text-tokens.ts';

/** Address prefixes of APL (RFC 3123 §4). */
export const prefixes: TextField = {
  format(rdata) {
    const texts: string[] = [];
    while (rdata.left > 0) texts.push(formatPrefix(rdata));
    return texts.join(' ');
  },
  parse(tokens, rdata) {
    while (tokens.left > 0) parsePrefix(tokens, rdata);
  },
};

function formatPrefix(rdata: RdataReader): string {
  const family = rdata.u16();
  const length = rdata.u8();
  const sizes = rdata.u8();
  const address = new Uint8Array(family === 1 ? 4 : 16);
  const part = rdata.take(sizes & 0x7f);
  if (family < 1 || family > 2 || part.length > address.length || length > address.length * 8) return rdata.fail();
  address.set(part);
  return `${sizes > 0x7f ? '!' : ''}${family}:${ipText(address)}/${length}`;
}

function parsePrefix(tokens: TokenReader, rdata: RdataWriter): void {
  const text = tokens.next();
  const match = /^(!?)([12]):([0-9a-fA-F.:]+)\/([0-9]{1,3})$/.exec(text);
  const family = Number(match?.[2]);
  const address = match === null ? null : (family === 1 ? parseIp4 : parseIp6)(match[3] ?? '');
  const length = Number(match?.[4]);
  if (match === null || address === null || length > address.length * 8) {
    tokens.fail(`not a prefix: ${text}`);
    return;
  }
  // RFC 3123 §4: trailing zero octets are not sent.
  let octets = address.length;
  while (octets > 0 && readU8(address, octets - 1) === 0) octets--;
  rdata.u16(family);
  rdata.u8(length);
  rdata.u8(octets | (match[1] === '!' ? 0x80 : 0));
  rdata.bytes(address.subarray(0, octets));
}

/** Gateway of IPSECKEY and AMTRELAY: nothing, an address or a name. */
function gatewayField(type: number): TextField | null {
  return [none, ip4, ip6, name][type] ?? null;
}

/** A dot that stands for no octets. */
const none: TextField = {
  format: () => '.',
  parse(tokens) {
    if (tokens.next() !== '.') tokens.fail('gateway of type 0 is not a dot');
  },
};

/** All of IPSECKEY (RFC 4025 §3.1). */
export const ipsecKey: TextField = {
  format(rdata) {
    const precedence = rdata.u8();
    const type = rdata.u8();
    const algorithm = rdata.u8();
    const gateway = gatewayField(type);
    if (gateway === null) return rdata.fail();
    return `${precedence} ${type} ${algorithm} ${gateway.format(rdata)} ${optionalBase64.format(rdata)}`.trimEnd();
  },
  parse(tokens, rdata) {
    rdata.u8(tokens.number(0xff));
    const type = tokens.number(3);
    rdata.u8(type);
    rdata.u8(tokens.number(0xff));
    gatewayField(type)?.parse(tokens, rdata);
    optionalBase64.parse(tokens, rdata);
  },
};

/** All of AMTRELAY (RFC 8777 §4.3). */
export const amtRelay: TextField = {
  format(rdata) {
    const precedence = rdata.u8();
    const bits = rdata.u8();
    const relay = gatewayField(bits & 0x7f);
    return relay === null ? rdata.fail() : `${precedence} ${bits >>> 7} ${bits & 0x7f} ${relay.format(rdata)}`;
  },
  parse(tokens, rdata) {
    rdata.u8(tokens.number(0xff));
    const discovery = tokens.number(1);
    const type = tokens.number(3);
    rdata.u8((discovery << 7) | type);
    gatewayField(type)?.parse(tokens, rdata);
  },
};

/** All of HIP (RFC 8005 §5). */
export const hostIdentity: TextField = {
  format(rdata) {
    const tagLength = rdata.u8();
    const algorithm = rdata.u8();
    const keyLength = rdata.u16();
    if (tagLength === 0 || keyLength === 0) return rdata.fail();
    const texts = [String(algorithm), toHex(rdata.take(tagLength)).toUpperCase(), toBase64(rdata.take(keyLength))];
    while (rdata.left > 0 && !rdata.failed) texts.push(formatName(rdata.name()));
    return texts.join(' ');
  },
  parse(tokens, rdata) {
    const algorithm = tokens.number(0xff);
    const tag = fromHex(tokens.next());
    const key = fromBase64(tokens.next());
    if (tag === null || key === null || tag.length === 0 || tag.length > 0xff || key.length === 0) {
      tokens.fail('malformed host identity');
      return;
    }
    rdata.u8(tag.length);
    rdata.u8(algorithm);
    rdata.u16(key.length);
    rdata.bytes(tag);
    rdata.bytes(key);
    while (tokens.left > 0) rdata.bytes(tokens.name());
  },
};

/** Bits set in a plain bitmap, ascending. */
function bitsOf(bitmap: Uint8Array): number[] {
  const bits: number[] = [];
  for (let bit = 0; bit < bitmap.length * 8; bit++) {
    if ((readU8(bitmap, bit >>> 3) & (0x80 >>> (bit & 7))) !== 0) bits.push(bit);
  }
  return bits;
}

function plainBitmap(bits: readonly number[]): Uint8Array {
  const highest = bits.reduce((high, bit) => Math.max(high, bit), -1);
  const bitmap = new Uint8Array((highest + 8) >>> 3);
  for (const bit of bits) bitmap[bit >>> 3] = readU8(bitmap, bit >>> 3) | (0x80 >>> (bit & 7));
  return bitmap;
}

const PROTOCOLS = new Map<string, number>([
  ['TCP', 6],
  ['UDP', 17],
]);

/** Octets of a bitmap of all 65,536 ports. */
const MAX_PORT_OCTETS = 8192;

/** Protocol and ports of WKS (RFC 1035 §3.4.2). */
export const services: TextField = {
  format(rdata) {
    const protocol = rdata.u8();
    return rdata.left > MAX_PORT_OCTETS ? rdata.fail() : [protocol, ...bitsOf(rdata.rest())].join(' ');
  },
  parse(tokens, rdata) {
    const protocol = PROTOCOLS.get(tokens.peek()?.text.toUpperCase() ?? '');
    if (protocol !== undefined) tokens.next();
    rdata.u8(protocol ?? tokens.number(0xff));
    const ports = new Set<number>();
    while (tokens.left > 0) ports.add(tokens.number(0xffff));
    rdata.bytes(plainBitmap([...ports]));
  },
};

/** Highest type that NXT's bitmap can name (RFC 2535 §5.2). */
const MAX_NXT_TYPE = 127;
const MAX_NXT_OCTETS = 16;

/** Plain type bitmap of NXT (RFC 2535 §5.2). */
export const oldTypes: TextField = {
  format: (rdata) => (rdata.left > MAX_NXT_OCTETS ? rdata.fail() : bitsOf(rdata.rest()).map(typeText).join(' ')),
  parse(tokens, rdata) {
    const types: number[] = [];
    while (tokens.left > 0) {
      const type = typeFromText(tokens.next());
      if (type === null || type > MAX_NXT_TYPE) tokens.fail('not a type that NXT can name');
      else types.push(type);
    }
    rdata.bytes(plainBitmap(types));
  },
};

/** All of A6 (RFC 2874 §3.1): prefix length, address suffix, prefix name. */
export const a6: TextField = {
  format(rdata) {
    const length = rdata.u8();
    if (length > 128) return rdata.fail();
    const texts = [String(length)];
    const suffix = rdata.take(Math.ceil((128 - length) / 8));
    const address = new Uint8Array(16);
    if (!rdata.failed) address.set(suffix, 16 - suffix.length);
    if (length < 128) texts.push(ipText(address));
    if (length > 0) texts.push(formatName(rdata.name()));
    return texts.join(' ');
  },
  parse(tokens, rdata) {
    const length = tokens.number(128);
    rdata.u8(length);
    if (length < 128) {
      const address = parseIp6(tokens.next());
      if (address === null) tokens.fail('not an IPv6 address');
      else rdata.bytes(address.subarray(16 - Math.ceil((128 - length) / 8)));
    }
    if (length > 0) rdata.bytes(tokens.name());
  },
};

/** All of NSAP (RFC 1706 §5): hex after `0x`, dots ignored. */
export const nsap: TextField = {
  format: (rdata) => `0x${toHex(rdata.rest())}`,
  parse(tokens, rdata) {
    const text = tokens.next();
    const octets = text.toLowerCase().startsWith('0x') ? fromHex(text.slice(2).replaceAll('.', '')) : null;
    if (octets === null || octets.length === 0) tokens.fail(`not an NSAP address: ${text}`);
    else rdata.bytes(octets);
  },
};

/** All of ATMA: `+` and digits of an E.164 number, or hex of an ATM end system address. */
export const atmAddress: TextField = {
  format(rdata) {
    const form = rdata.u8();
    const address = rdata.rest();
    if (form === 0) return toHex(address);
    return form === 1 ? `+${Buffer.from(address).toString('latin1')}` : rdata.fail();
  },
  parse(tokens, rdata) {
    const text = tokens.next();
    const isNumber = /^\+[0-9]+$/.test(text);
    const octets = isNumber ? textOctets(text.slice(1)) : fromHex(text.replaceAll('.', ''));
    if (octets === null || octets.length === 0) tokens.fail(`not an ATM address: ${text}`);
    else {
      rdata.u8(isNumber ? 1 : 0);
      rdata.bytes(octets);
    }
  },
};

/** The rest as base64, `-` when empty (DOA). */
export const base64OrDash: TextField = {
  format: (rdata) => toBase64(rdata.rest()) || '-',
  parse(tokens, rdata) {
    if (tokens.peek()?.text === '-') tokens.next();
    else base64Rest.parse(tokens, rdata);
  },
};

/** Scheme of DSYNC (RFC 9859 §2.1): `NOTIFY` for 1, else a number. */
export const scheme: TextField = {
  format(rdata) {
    const number = rdata.u8();
    return number === 1 ? 'NOTIFY' : String(number);
  },
  parse(tokens, rdata) {
    const isNotify = tokens.peek()?.text.toUpperCase() === 'NOTIFY';
    if (isNotify) tokens.next();
    rdata.u8(isNotify ? 1 : tokens.number(0xff));
  },
};
