/**
 * EDNS (RFC 6891): the OPT record of a message taken apart, and its rdata put together.
 *
 * Duties: size, version, flags and options of a received OPT with a bound on what is kept; option code points; rdata of an
 * OPT to send. Leaves to others: what an option means (ede.ts for errors), which version to answer (serve).
 */

import { readU16, writeU16 } from './bytes.ts';
import type { MessageView } from './message-view.ts';

/** Option codes (IANA "DNS EDNS0 Option Codes"). Numbers stay open. */
export const EDNS_OPTION = {
  LLQ: 1,
  UL: 2,
  NSID: 3,
  DAU: 5,
  DHU: 6,
  N3U: 7,
  CLIENT_SUBNET: 8,
  EXPIRE: 9,
  COOKIE: 10,
  TCP_KEEPALIVE: 11,
  PADDING: 12,
  CHAIN: 13,
  KEY_TAG: 14,
  EXTENDED_ERROR: 15,
  CLIENT_TAG: 16,
  SERVER_TAG: 17,
  REPORT_CHANNEL: 18,
  ZONE_VERSION: 19,
} as const;

/** The DO bit in the flags of OPT (RFC 3225 §3). */
export const EDNS_FLAG_DO = 0x8000;
/**
 * Options kept of one OPT; those after are skipped, their framing still checked. There are about 20 code points, so an
 * honest sender stays far below; bounds the memory that one message of empty options can take.
 */
export const MAX_EDNS_OPTIONS = 32;
/** Octets of an OPT record without its options: root owner, type, class, TTL, RDLENGTH. */
export const OPT_FIXED_OCTETS = 11;

export interface EdnsOption {
  readonly code: number;
  /** A view on the message when the option was received. */
  readonly data: Uint8Array;
}

/** OPT record of a received message. */
export interface Edns {
  /** Largest datagram that the sender takes, octets, as sent (RFC 6891 §6.2.3: below 512 counts as 512). */
  readonly udpSize: number;
  readonly version: number;
  /** Upper eight bits of the rcode. */
  readonly extendedRcode: number;
  /** True when the sender wants DNSSEC records (RFC 3225). */
  readonly doBit: boolean;
  /** All 16 flag bits. */
  readonly flags: number;
  /** At most MAX_EDNS_OPTIONS. */
  readonly options: readonly EdnsOption[];
}

/** OPT record to send. The upper bits of the rcode come from the message's rcode. */
export interface EdnsOut {
  /** Largest datagram that we take, octets. */
  readonly udpSize: number;
  readonly doBit: boolean;
  /** 0 when absent. */
  readonly version?: number;
  readonly options?: readonly EdnsOption[];
}

/** The OPT of a message: null when it has none, 'malformed' when its options do not fill its rdata exactly. */
export function readEdns(message: MessageView): Edns | null | 'malformed' {
  const index = message.optIndex;
  if (index < 0) return null;
  const options = readOptions(message.rdata(index));
  if (options === null) return 'malformed';
  const ttl = message.ttlField(index);
  const flags = ttl & 0xffff;
  return {
    udpSize: message.class(index),
    version: (ttl >>> 16) & 0xff,
    extendedRcode: ttl >>> 24,
    doBit: (flags & EDNS_FLAG_DO) !== 0,
    flags,
    options,
  };
}

/** Options in the rdata of an OPT, the first MAX_EDNS_OPTIONS of them; null when one runs past the end. */
export function readOptions(rdata: Uint8Array): EdnsOption[] | null {
  const options: EdnsOption[] = [];
  let at = 0;
  while (at < rdata.length) {
    if (at + 4 > rdata.length) return null;
    const end = at + 4 + readU16(rdata, at + 2);
    if (end > rdata.length) return null;
    if (options.length < MAX_EDNS_OPTIONS)
      options.push({ code: readU16(rdata, at), data: rdata.subarray(at + 4, end) });
    at = end;
  }
  return options;
}

/**
 * What the only option with this code holds, a view on the message; `none`, `twice`, or `malformed` when options do not fill the rdata
 * exactly. For who looks at one option: nothing is made of the others.
 */
export function soleOption(message: MessageView, code: number): Uint8Array | 'none' | 'twice' | 'malformed' {
  const index = message.optIndex;
  if (index < 0) return 'none';
  const { bytes } = message;
  let found: Uint8Array | 'none' | 'twice' = 'none';
  let at = message.rdataAt(index);
  const end = at + readU16(bytes, at - 2);
  while (at < end) {
    const next = at + 4 <= end ? at + 4 + readU16(bytes, at + 2) : end + 1;
    if (next > end) return 'malformed';
    if (readU16(bytes, at) === code) found = found === 'none' ? bytes.subarray(at + 4, next) : 'twice';
    at = next;
  }
  return found;
}

/** Octets of a whole OPT record as it will be written. */
export function ednsOctets(edns: EdnsOut): number {
  let octets = OPT_FIXED_OCTETS;
  for (const option of edns.options ?? []) octets += 4 + option.data.length;
  return octets;
}

const NO_RDATA = new Uint8Array();

/** Rdata of an OPT with these options, in this order; not to be changed. */
export function optRdata(options: readonly EdnsOption[]): Uint8Array {
  if (options.length === 0) return NO_RDATA;
  let length = 0;
  for (const option of options) length += 4 + option.data.length;
  const rdata = new Uint8Array(length);
  writeOptions(rdata, 0, options);
  return rdata;
}

/** Writes options in this order; the offset after them. */
export function writeOptions(to: Uint8Array, from: number, options: readonly EdnsOption[]): number {
  let at = from;
  for (const { code, data } of options) {
    writeU16(to, at, code);
    writeU16(to, at + 2, data.length);
    to.set(data, at + 4);
    at += 4 + data.length;
  }
  return at;
}

/** The first option with this code; null when there is none. */
export function findOption(edns: Edns, code: number): EdnsOption | null {
  return edns.options.find((option) => option.code === code) ?? null;
}
