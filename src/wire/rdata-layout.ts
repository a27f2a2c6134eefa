/**
 * Where the names are in rdata. One table serves three duties: decompressing on input and compressing on output
 * (RFC 3597 §4: only types of RFC 1035), lower-casing for the canonical form (RFC 4034 §6.2, RFC 6840 §5.1), and checking
 * that a known type has a possible length. A type that is not in the table is opaque (RFC 3597).
 */

import { TYPE } from './rr-type.ts';

/** A field of rdata: octets of fixed length, a character string, a domain name, or the rest (at least `min` octets). */
export type RdataField =
  | { readonly kind: 'octets'; readonly length: number }
  | { readonly kind: 'string' }
  | { readonly kind: 'name'; readonly mayCompress: boolean; readonly lowerCase: boolean }
  | { readonly kind: 'rest'; readonly min: number };

const octets = (length: number): RdataField => ({ kind: 'octets', length });
const string: RdataField = { kind: 'string' };
const rest = (min: number): RdataField => ({ kind: 'rest', min });
/** Name of a type of RFC 1035: may be compressed both ways, lower-cased in canonical form. */
const name: RdataField = { kind: 'name', mayCompress: true, lowerCase: true };
/** Name of a newer type listed in RFC 4034 §6.2: some old senders compress it, we never do. */
const plainName: RdataField = { kind: 'name', mayCompress: false, lowerCase: true };
/** Name that is neither compressed nor lower-cased (NSEC's next name: RFC 6840 §5.1; SVCB: RFC 9460 §2.2). */
const exactName: RdataField = { kind: 'name', mayCompress: false, lowerCase: false };

const LAYOUTS = new Map<number, readonly RdataField[]>([
  [TYPE.A, [octets(4)]],
  [TYPE.NS, [name]],
  [TYPE.MD, [name]],
  [TYPE.MF, [name]],
  [TYPE.CNAME, [name]],
  [TYPE.SOA, [name, name, octets(20)]],
  [TYPE.MB, [name]],
  [TYPE.MG, [name]],
  [TYPE.MR, [name]],
  [TYPE.PTR, [name]],
  [TYPE.HINFO, [string, string]],
  [TYPE.MINFO, [name, name]],
  [TYPE.MX, [octets(2), name]],
  [TYPE.RP, [plainName, plainName]],
  [TYPE.AFSDB, [octets(2), plainName]],
  [TYPE.RT, [octets(2), plainName]],
  [TYPE.SIG, [octets(18), plainName, rest(0)]],
  [TYPE.PX, [octets(2), plainName, plainName]],
  [TYPE.AAAA, [octets(16)]],
  [TYPE.NXT, [plainName, rest(0)]],
  [TYPE.SRV, [octets(6), plainName]],
  [TYPE.NAPTR, [octets(4), string, string, string, plainName]],
  [TYPE.KX, [octets(2), plainName]],
  [TYPE.DNAME, [plainName]],
  [TYPE.DS, [octets(4), rest(1)]],
  [TYPE.SSHFP, [octets(2), rest(0)]],
  [TYPE.RRSIG, [octets(18), plainName, rest(0)]],
  [TYPE.NSEC, [exactName, rest(0)]],
  [TYPE.DNSKEY, [octets(4), rest(0)]],
  [TYPE.NSEC3, [octets(4), string, string, rest(0)]],
  [TYPE.NSEC3PARAM, [octets(4), string]],
  [TYPE.TLSA, [octets(3), rest(0)]],
  [TYPE.SMIMEA, [octets(3), rest(0)]],
  [TYPE.CDS, [octets(4), rest(1)]],
  [TYPE.CDNSKEY, [octets(4), rest(0)]],
  [TYPE.CSYNC, [octets(6), rest(0)]],
  [TYPE.ZONEMD, [octets(6), rest(0)]],
  [TYPE.SVCB, [octets(2), exactName, rest(0)]],
  [TYPE.HTTPS, [octets(2), exactName, rest(0)]],
  [TYPE.LP, [octets(2), exactName]],
  [TYPE.URI, [octets(4), rest(0)]],
  [TYPE.CAA, [octets(1), string, rest(0)]],
]);

/** Fields of a type's rdata; null for a type that is opaque. */
export function rdataLayout(type: number): readonly RdataField[] | null {
  return LAYOUTS.get(type) ?? null;
}

type NameField = Extract<RdataField, { readonly kind: 'name' }>;

/** Types with a name of which the test says yes. */
function typesWithName(test: (field: NameField) => boolean): ReadonlySet<number> {
  const types = new Set<number>();
  for (const [type, fields] of LAYOUTS) {
    if (fields.some((field) => field.kind === 'name' && test(field))) types.add(type);
  }
  return types;
}

const COMPRESSIBLE = typesWithName((field) => field.mayCompress);
const LOWER_CASED = typesWithName((field) => field.lowerCase);

/** True for types whose rdata holds names that the canonical form has in lower case. */
export function lowersNames(type: number): boolean {
  return LOWER_CASED.has(type);
}

/** True for types whose rdata holds names that may be compressed on output. @hot bench/serve-hot-query.ts */
export function mayCompressNames(type: number): boolean {
  return COMPRESSIBLE.has(type);
}
