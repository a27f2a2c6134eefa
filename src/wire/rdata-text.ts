/**
 * Text form of rdata, both ways, for every type that dig prints; `\# length hex` for all others (RFC 3597 §5).
 *
 * `formatRdata` gives a type's own form only when that reads back as the same octets; else the generic form. So no
 * octet is ever lost in text.
 * Leaves to others: owner, TTL, class (record-text.ts).
 */

import { bytesEqual, fromHex, toHex } from './bytes.ts';
import { type Name, ROOT } from './name.ts';
import { isWellFormedRdata } from './rdata-names.ts';
import * as field from './rdata-text-fields.ts';
import { RdataReader, RdataWriter, TokenReader } from './rdata-text-io.ts';
import { location } from './rdata-text-loc.ts';
import * as odd from './rdata-text-odd.ts';
import { svcParameters } from './rdata-text-svcb.ts';
import { TYPE, typeText } from './rr-type.ts';
import { type Token, tokensOf } from './text-tokens.ts';

const { u8, u16, u32, name, string, strings, algorithm } = field;
const oneName = [name];
const key = [u16, u8, algorithm, field.base64Rest];
const digest = [u16, algorithm, field.digestType, field.hexRest];
const certificate = [u8, u8, u8, field.hexRest];
const preferenceAndName = [u16, name];
const signature = [field.recordType, algorithm, u8, u32, field.time, field.time, u16, name, field.base64Rest];
const service = [u16, name, svcParameters];

const FORMS = new Map<number, readonly field.TextField[]>([
  [TYPE.A, [field.ip4]],
  [TYPE.NS, oneName],
  [TYPE.MD, oneName],
  [TYPE.MF, oneName],
  [TYPE.CNAME, oneName],
  [TYPE.SOA, [name, name, u32, field.span, field.span, field.span, field.span]],
  [TYPE.MB, oneName],
  [TYPE.MG, oneName],
  [TYPE.MR, oneName],
  [TYPE.WKS, [field.ip4, odd.services]],
  [TYPE.PTR, oneName],
  [TYPE.HINFO, [string, string]],
  [TYPE.MINFO, [name, name]],
  [TYPE.MX, preferenceAndName],
  [TYPE.TXT, [strings]],
  [TYPE.RP, [name, name]],
  [TYPE.AFSDB, preferenceAndName],
  [TYPE.X25, [string]],
  [TYPE.ISDN, [string, field.optionalString]],
  [TYPE.RT, preferenceAndName],
  [TYPE.NSAP, [odd.nsap]],
  [TYPE['NSAP-PTR'], oneName],
  [TYPE.SIG, signature],
  [TYPE.KEY, [u16, u8, algorithm, field.optionalBase64]],
  [TYPE.PX, [u16, name, name]],
  [TYPE.GPOS, [string, string, string]],
  [TYPE.AAAA, [field.ip6]],
  [TYPE.LOC, [location]],
  [TYPE.NXT, [name, odd.oldTypes]],
  [TYPE.EID, [field.hexRest]],
  [TYPE.NIMLOC, [field.hexRest]],
  [TYPE.SRV, [u16, u16, u16, name]],
  [TYPE.ATMA, [odd.atmAddress]],
  [TYPE.NAPTR, [u16, u16, string, string, string, name]],
  [TYPE.KX, preferenceAndName],
  [TYPE.CERT, [field.certificateType, u16, field.algorithmName, field.base64Rest]],
  [TYPE.A6, [odd.a6]],
  [TYPE.DNAME, oneName],
  [TYPE.SINK, [u8, u8, u8, field.base64Rest]],
  [TYPE.APL, [odd.prefixes]],
  [TYPE.DS, digest],
  [TYPE.SSHFP, [u8, u8, field.hexRest]],
  [TYPE.IPSECKEY, [odd.ipsecKey]],
  [TYPE.RRSIG, signature],
  [TYPE.NSEC, [name, field.types]],
  [TYPE.DNSKEY, key],
  [TYPE.DHCID, [field.base64Rest]],
  [TYPE.NSEC3, [u8, u8, u16, field.salt, field.nextHash, field.types]],
  [TYPE.NSEC3PARAM, [u8, u8, u16, field.salt]],
  [TYPE.TLSA, certificate],
  [TYPE.SMIMEA, certificate],
  [TYPE.HIP, [odd.hostIdentity]],
  [TYPE.NINFO, [strings]],
  [TYPE.RKEY, key],
  [TYPE.TALINK, [name, name]],
  [TYPE.CDS, digest],
  [TYPE.CDNSKEY, key],
  [TYPE.OPENPGPKEY, [field.base64Rest]],
  [TYPE.CSYNC, [u32, u16, field.types]],
  [TYPE.ZONEMD, [u32, u8, u8, field.hexRest]],
  [TYPE.SVCB, service],
  [TYPE.HTTPS, service],
  [TYPE.DSYNC, [field.recordType, odd.scheme, u16, name]],
  [TYPE.SPF, [strings]],
  [TYPE.NID, [u16, field.locator64]],
  [TYPE.L32, [u16, field.ip4]],
  [TYPE.L64, [u16, field.locator64]],
  [TYPE.LP, preferenceAndName],
  [TYPE.EUI48, [field.eui(6)]],
  [TYPE.EUI64, [field.eui(8)]],
  [TYPE.URI, [u16, u16, field.quotedRest]],
  [TYPE.CAA, [u8, field.tag, field.quotedRest]],
  [TYPE.AVC, [strings]],
  [TYPE.DOA, [u32, u32, u8, string, odd.base64OrDash]],
  [TYPE.AMTRELAY, [odd.amtRelay]],
  [TYPE.RESINFO, [strings]],
  [TYPE.WALLET, [strings]],
  [TYPE.TA, digest],
  [TYPE.DLV, digest],
]);

/** Why a text is no rdata. */
export interface RdataTextError {
  readonly error: string;
}

/** Text of uncompressed rdata, in the form of its type or the generic one. Never fails. */
export function formatRdata(type: number, rdata: Uint8Array): string {
  const form = FORMS.get(type);
  if (form !== undefined) {
    const text = formatFields(form, rdata);
    if (text !== null) return text;
  }
  return formatGeneric(rdata);
}

/** Text by the fields of a form; null when it is empty or would not read back as the same octets. */
function formatFields(form: readonly field.TextField[], rdata: Uint8Array): string | null {
  const reader = new RdataReader(rdata);
  const texts: string[] = [];
  for (const { format } of form) {
    const text = format(reader);
    if (reader.failed) return null;
    if (text !== '') texts.push(text);
  }
  const text = texts.join(' ');
  if (text === '') return null;
  const tokens = tokensOf(text);
  if (typeof tokens === 'string') return null;
  const readBack = parseFields(form, tokens, ROOT);
  return readBack instanceof Uint8Array && bytesEqual(readBack, rdata) ? text : null;
}

/** Generic text of rdata: `\# length hex` (RFC 3597 §5). */
export function formatGeneric(rdata: Uint8Array): string {
  return rdata.length === 0 ? '\\# 0' : `\\# ${rdata.length} ${toHex(rdata).toUpperCase()}`;
}

/**
 * Rdata of a text or of tokens, in the form of its type or the generic one, well-formed for its type. Relative names are
 * completed with `origin`.
 */
export function parseRdata(
  type: number,
  text: string | readonly Token[],
  origin: Name = ROOT,
): Uint8Array | RdataTextError {
  const tokens = typeof text === 'string' ? tokensOf(text) : text;
  if (typeof tokens === 'string') return { error: tokens };
  const first = tokens[0];
  const isGeneric = first !== undefined && !first.quoted && first.text === '\\#';
  const form = FORMS.get(type);
  if (!isGeneric && form === undefined) return { error: `${typeText(type)} is written as \\# length hex` };
  const rdata = isGeneric ? parseGeneric(tokens) : parseFields(form ?? [], tokens, origin);
  if (!(rdata instanceof Uint8Array)) return rdata;
  if (rdata.length > 0xffff) return { error: 'longer than 65535 octets' };
  return isWellFormedRdata(rdata, type) ? rdata : { error: `not the rdata of ${typeText(type)}` };
}

function parseFields(
  form: readonly field.TextField[],
  tokens: readonly Token[],
  origin: Name,
): Uint8Array | RdataTextError {
  const reader = new TokenReader(tokens, origin);
  const writer = new RdataWriter();
  for (const { parse } of form) {
    parse(reader, writer);
    if (reader.problem !== null) return { error: reader.problem };
  }
  return reader.left > 0 ? { error: 'too many fields' } : writer.finish();
}

function parseGeneric(tokens: readonly Token[]): Uint8Array | RdataTextError {
  const reader = new TokenReader(tokens, ROOT, 1);
  const length = reader.number(0xffff);
  const rdata = fromHex(reader.rest());
  if (reader.problem !== null) return { error: reader.problem };
  if (rdata === null) return { error: 'malformed hex' };
  return rdata.length === length ? rdata : { error: `${rdata.length} octets instead of ${length}` };
}
