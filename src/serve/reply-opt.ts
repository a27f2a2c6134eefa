/**
 * Appends the OPT to a reply's body (RFC 6891): our datagram size, the DO bit echoed, and the options COOKIE (RFC 7873),
 * NSID (RFC 5001), TCP keepalive (RFC 7828), extended error (RFC 8914) and padding (RFC 7830). An option that does not fit is left
 * out, the least needed first.
 */

import { readU16, writeU16 } from '../wire/bytes.ts';
import { EDNS_FLAG_DO, EDNS_OPTION, OPT_FIXED_OCTETS } from '../wire/edns.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { ReplyChannel } from './reply-channel.ts';

/** What a reply's OPT is made of; the listener owns one and fills it anew. */
export interface ReplyOpt {
  /** Datagram size that we take. */
  udpSize: number;
  doBit: boolean;
  /** Upper eight bits of the rcode (RFC 6891 §6.1.3). */
  upperRcode: number;
  nsid: Uint8Array | null;
  keepaliveMs: number | null;
  /** The client's and our cookie. */
  cookie: Uint8Array | null;
  /** Encoded options (extended error) in the first `optionsLength` octets. */
  options: Uint8Array;
  optionsLength: number;
  /** The reply is padded to a multiple of so many octets (RFC 8467 §4.1); 0: it is not. */
  paddingBlock: number;
}

/** One to be filled anew for each reply, without options; `optionsOctets`: room for encoded ones. */
export function newReplyOpt(udpSize: number, optionsOctets: number): ReplyOpt {
  return {
    udpSize,
    doBit: false,
    upperRcode: 0,
    nsid: null,
    keepaliveMs: null,
    cookie: null,
    options: new Uint8Array(optionsOctets),
    optionsLength: 0,
    paddingBlock: 0,
  };
}

const KEEPALIVE_OCTETS = 6;
/** Code and length of an option. */
const OPTION_FIXED_OCTETS = 4;

/** Octets that the OPT needs at least. */
export const LEAST_OPT_OCTETS = OPT_FIXED_OCTETS;

/**
 * Writes the OPT after the first `length` octets of `out` and counts it in ARCOUNT; the whole stays within `maxOctets`
 * where the bare OPT does. Returns the new length. @hot bench/serve-hot-query.ts
 */
export function appendOpt(out: Uint8Array, length: number, opt: ReplyOpt, maxOctets: number): number {
  let at = length + OPT_FIXED_OCTETS;
  // Without its cookie a client takes the reply for a forged one (RFC 7873 §5.3): it comes first.
  if (opt.cookie !== null && at + 4 + opt.cookie.length <= maxOctets)
    at = writeOption(out, at, EDNS_OPTION.COOKIE, opt.cookie);
  if (opt.keepaliveMs !== null && at + KEEPALIVE_OCTETS <= maxOctets) at = writeKeepalive(out, at, opt.keepaliveMs);
  if (opt.optionsLength > 0 && at + opt.optionsLength <= maxOctets) {
    for (let i = 0; i < opt.optionsLength; i++) out[at + i] = opt.options[i] ?? 0;
    at += opt.optionsLength;
  }
  if (opt.nsid !== null && at + 4 + opt.nsid.length <= maxOctets) at = writeOption(out, at, EDNS_OPTION.NSID, opt.nsid);
  if (opt.paddingBlock > 0) at = writePadding(out, at, opt.paddingBlock, maxOctets);
  out[length] = 0;
  writeU16(out, length + 1, TYPE.OPT);
  writeU16(out, length + 3, opt.udpSize);
  out[length + 5] = opt.upperRcode;
  out[length + 6] = 0;
  writeU16(out, length + 7, opt.doBit ? EDNS_FLAG_DO : 0);
  writeU16(out, length + 9, at - length - OPT_FIXED_OCTETS);
  writeU16(out, 10, readU16(out, 10) + 1);
  return at;
}

/** What a client's padding asks for: the reply is padded as well, where only its length can be seen. @hot bench/serve-hot-query.ts */
export function paddingFor(wants: boolean, block: number, channel: ReplyChannel): number {
  // RFC 7830 §6: not where the reply itself can be read.
  return wants && channel.layer !== undefined ? block : 0;
}

/** RFC 8467 §4.1: to the next multiple of the block, or as far as the message may go. */
function writePadding(out: Uint8Array, at: number, block: number, maxOctets: number): number {
  const start = at + OPTION_FIXED_OCTETS;
  if (start > maxOctets) return at;
  const end = Math.min(maxOctets, Math.ceil(start / block) * block);
  writeU16(out, at, EDNS_OPTION.PADDING);
  writeU16(out, at + 2, end - start);
  // RFC 7830 §3: the octets should be zero; the buffer was used before.
  out.fill(0, start, end);
  return end;
}

/** The idle time that a client which asks for it gets, and may count on; null: none is given. @hot bench/serve-hot-query.ts */
export function keepaliveFor(wants: boolean, configured: number | null, channel: ReplyChannel): number | null {
  // RFC 7828 §3.2.1: not over UDP. HTTP closes its connections by its own rules (RFC 8484 §5).
  if (!wants || configured === null || channel.transport !== 'tcp') return null;
  if (channel.layer === 'https' || channel.layer === 'http') return null;
  return channel.promiseIdleMs === undefined ? configured : channel.promiseIdleMs(configured);
}

/** RFC 7828 §3.1: the idle time in units of 100 ms. */
function writeKeepalive(out: Uint8Array, at: number, milliseconds: number): number {
  writeU16(out, at, EDNS_OPTION.TCP_KEEPALIVE);
  writeU16(out, at + 2, 2);
  writeU16(out, at + 4, Math.min(0xffff, Math.round(milliseconds / 100)));
  return at + KEEPALIVE_OCTETS;
}

function writeOption(out: Uint8Array, at: number, code: number, data: Uint8Array): number {
  writeU16(out, at, code);
  writeU16(out, at + 2, data.length);
  out.set(data, at + 4);
  return at + 4 + data.length;
}
