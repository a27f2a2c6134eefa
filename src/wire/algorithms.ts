/**
 * Numbers of DNSSEC algorithms and DS digests with their mnemonics, as IANA lists them ("DNS Security Algorithm Numbers",
 * "DS RR Type Digest Algorithms"). Leaves to others: which of them count (dnssec/algorithms.ts).
 */

export const ALGORITHM = {
  RSAMD5: 1,
  DSA: 3,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  'ECC-GOST': 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
} as const;

export const DIGEST = { SHA1: 1, SHA256: 2, GOST: 3, SHA384: 4 } as const;

/** Mnemonics that zone files use for algorithms (RFC 4034 appendix A.1 and later), first those that BIND writes. */
export const ALGORITHM_MNEMONICS: ReadonlyMap<string, number> = new Map([
  ['NSEC3DSA', ALGORITHM['DSA-NSEC3-SHA1']],
  ['NSEC3RSASHA1', ALGORITHM['RSASHA1-NSEC3-SHA1']],
  ['ECCGOST', ALGORITHM['ECC-GOST']],
  ...Object.entries(ALGORITHM),
  ['DH', 2],
  ['INDIRECT', 252],
  ['PRIVATEDNS', 253],
  ['PRIVATEOID', 254],
]);

/** Mnemonics of DS digests (BIND and ldns read them). */
export const DIGEST_MNEMONICS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(DIGEST),
  ['SHA-1', DIGEST.SHA1],
  ['SHA-256', DIGEST.SHA256],
  ['SHA-384', DIGEST.SHA384],
]);

const ALGORITHM_NAMES = new Map([...ALGORITHM_MNEMONICS].reverse().map(([mnemonic, number]) => [number, mnemonic]));

/** The mnemonic of an algorithm: of several the first; null when it has none. */
export function algorithmMnemonic(algorithm: number): string | null {
  return ALGORITHM_NAMES.get(algorithm) ?? null;
}
