/** Response codes, opcodes and header flags (RFC 1035 §4.1.1, RFC 4035 §3.2, RFC 6891 §6.1.3). Numbers stay open. */

/** Response codes, extended ones included. */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  DSOTYPENI: 11,
  BADVERS: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
  BADCOOKIE: 23,
} as const;

/** Opcodes (RFC 6895 §2.2). */
export const OPCODE = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 } as const;

/** Bits of the header's 16-bit flags field. */
export const FLAG = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, AD: 0x0020, CD: 0x0010 } as const;

const rcodeNames = new Map<number, string>(Object.entries(RCODE).map(([mnemonic, number]) => [number, mnemonic]));

/** Mnemonic of a response code, `RCODEn` where there is none. */
export function rcodeText(rcode: number): string {
  return rcodeNames.get(rcode) ?? `RCODE${rcode}`;
}
