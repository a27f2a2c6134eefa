/**
 * Record types and classes: the numbers that the code speaks of by name, and the mnemonics of all that dig prints.
 * Numbers stay open: an unknown type is a plain number (RFC 3597 §5 gives it the mnemonic TYPEn).
 * Source: IANA "Domain Name System (DNS) Parameters".
 */

/** Record types that the code speaks of by name. */
export const TYPE = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  WKS: 11,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  NSAP: 22,
  'NSAP-PTR': 23,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  SRV: 33,
  ATMA: 34,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  A6: 38,
  DNAME: 39,
  SINK: 40,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  DSYNC: 66,
  SPF: 99,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  NXNAME: 128,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AVC: 258,
  DOA: 259,
  AMTRELAY: 260,
  RESINFO: 261,
  WALLET: 262,
  TA: 32768,
  DLV: 32769,
} as const;

/** Classes that the code speaks of by name. */
export const CLASS = { IN: 1, CS: 2, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

const typeNames = new Map<number, string>(Object.entries(TYPE).map(([mnemonic, number]) => [number, mnemonic]));
const typeNumbers = new Map<string, number>(Object.entries(TYPE));
const classNames = new Map<number, string>(Object.entries(CLASS).map(([mnemonic, number]) => [number, mnemonic]));
const classNumbers = new Map<string, number>(Object.entries(CLASS));

/** Mnemonic of a type, `TYPEn` where there is none (RFC 3597 §5). */
export function typeText(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

/** Number of a type's mnemonic or `TYPEn`, either case; null when there is no such type. */
export function typeFromText(text: string): number | null {
  return typeNumbers.get(text.toUpperCase()) ?? numberedFromText(text, 'TYPE');
}

/** Mnemonic of a class, `CLASSn` where there is none (RFC 3597 §5). */
export function classText(rrClass: number): string {
  return classNames.get(rrClass) ?? `CLASS${rrClass}`;
}

/** Number of a class's mnemonic or `CLASSn`, either case; null when there is no such class. */
export function classFromText(text: string): number | null {
  return classNumbers.get(text.toUpperCase()) ?? numberedFromText(text, 'CLASS');
}

function numberedFromText(text: string, prefix: string): number | null {
  const match = /^([A-Z]+)([0-9]{1,5})$/.exec(text.toUpperCase());
  if (match === null || match[1] !== prefix) return null;
  const number = Number(match[2]);
  return number <= 0xffff ? number : null;
}

/** True for types that exist only in questions or for one hop, never as cached data (RFC 6895 §3.1, RFC 9824 §3.2). */
export function isMetaType(type: number): boolean {
  return type === 0 || type === TYPE.OPT || (type >= 128 && type <= 255);
}
