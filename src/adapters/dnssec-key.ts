/**
 * Public key fields of DNSKEY records taken apart (RFC 3110, RFC 2536, RFC 6605, RFC 8080), within sane bounds. Both
 * crypto adapters read keys here, so that they refuse the same ones.
 *
 * Leaves to others: mathematics.
 */

/** Families of algorithms; the number says how a signature looks. */
type KeyFamily = 'rsa' | 'dsa' | 'ecdsa' | 'eddsa';

/** What an adapter must know about one algorithm. */
export interface AlgorithmFacts {
  readonly family: KeyFamily;
  /** Digest of the signed data; null where the algorithm takes the data itself (RFC 8080 §4). */
  readonly digest: 'sha1' | 'sha256' | 'sha384' | 'sha512' | null;
  /** Octets of the public key field; null where it varies. */
  readonly keyOctets: number | null;
  /** Octets of a signature; null for RSA (as long as the modulus) and DSA (two forms). */
  readonly signatureOctets: number | null;
  /** Curve size; 0 where the key says its own. */
  readonly bits: number;
}

const rsa = (digest: AlgorithmFacts['digest']): AlgorithmFacts => ({
  family: 'rsa',
  digest,
  keyOctets: null,
  signatureOctets: null,
  bits: 0,
});
const dsa: AlgorithmFacts = { family: 'dsa', digest: 'sha1', keyOctets: null, signatureOctets: null, bits: 0 };

const FACTS = new Map<number, AlgorithmFacts>([
  [3, dsa],
  [5, rsa('sha1')],
  [6, dsa],
  [7, rsa('sha1')],
  [8, rsa('sha256')],
  [10, rsa('sha512')],
  [13, { family: 'ecdsa', digest: 'sha256', keyOctets: 64, signatureOctets: 64, bits: 256 }],
  [14, { family: 'ecdsa', digest: 'sha384', keyOctets: 96, signatureOctets: 96, bits: 384 }],
  [15, { family: 'eddsa', digest: null, keyOctets: 32, signatureOctets: 64, bits: 256 }],
  [16, { family: 'eddsa', digest: null, keyOctets: 57, signatureOctets: 114, bits: 456 }],
]);

export interface CryptoOptions {
  /**
   * Also DSA (algorithms 3 and 6) and RSA below 1024 bits, for replaying old recordings. Default false: RFC 8624 §3.1
   * forbids DSA, and 512-bit RSA has been broken at low cost since 1999.
   */
  readonly legacy?: boolean;
}

/** Facts of an algorithm; null for one that no adapter does. RSAMD5 (1) is in no list: RFC 8624 §3.1. */
export function algorithmFacts(algorithm: number, options: CryptoOptions): AlgorithmFacts | null {
  const facts = FACTS.get(algorithm) ?? null;
  return facts !== null && (facts.family !== 'dsa' || options.legacy === true) ? facts : null;
}

/** Algorithms that an adapter with these options does. */
export function knownAlgorithms(options: CryptoOptions): number[] {
  return [...FACTS.keys()].filter((algorithm) => algorithmFacts(algorithm, options) !== null);
}

/** Smallest RSA modulus, bits: RFC 5702 §2.2 for algorithm 10; below that, factoring is within reach of anyone. */
const MIN_RSA_BITS = 1024;
/** Smallest RSA modulus with `legacy`, bits (RFC 5702 §2.1). */
const MIN_LEGACY_RSA_BITS = 512;
/** Largest RSA modulus, bits: RFC 3110 §2; a check costs with the square of the length. */
const MAX_RSA_BITS = 4096;
/**
 * Largest RSA public exponent, bits. In use are 3, 17, 65537 and 2^32+1; OpenSSL itself stops at 64 bits for large moduli.
 * A check costs with the exponent's length: a 4096-bit exponent would make each check some hundred times dearer.
 */
const MAX_RSA_EXPONENT_BITS = 64;

/** An RSA public key: octets without leading zeros. */
interface RsaKey {
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
  readonly bits: number;
}

/** Reads RFC 3110 §2; null when malformed or out of bounds. */
export function readRsaKey(publicKey: Uint8Array, options: CryptoOptions): RsaKey | null {
  const first = publicKey[0] ?? 0;
  const at = first === 0 ? 3 : 1;
  const length = first === 0 ? ((publicKey[1] ?? 0) << 8) | (publicKey[2] ?? 0) : first;
  if (publicKey.length <= at + length) return null;
  // RFC 3110 §2 prohibits leading zero octets; signers that wrote them exist and the number is clear, so they are skipped.
  const exponent = withoutLeadingZeros(publicKey.subarray(at, at + length));
  const modulus = withoutLeadingZeros(publicKey.subarray(at + length));
  const bits = bitLength(modulus);
  const minBits = options.legacy === true ? MIN_LEGACY_RSA_BITS : MIN_RSA_BITS;
  if (bits < minBits || bits > MAX_RSA_BITS || !isOdd(modulus)) return null;
  const exponentBits = bitLength(exponent);
  // An exponent of 1 makes every padded digest its own signature; an even one has no inverse.
  if (exponentBits < 2 || exponentBits > MAX_RSA_EXPONENT_BITS || !isOdd(exponent)) return null;
  return { modulus, exponent, bits };
}

interface DsaKey {
  readonly p: Uint8Array;
  readonly q: Uint8Array;
  readonly g: Uint8Array;
  readonly y: Uint8Array;
  readonly bits: number;
}

/** Octets of DSA's q and of each half of a signature (RFC 2536 §2, §3). */
export const DSA_Q_OCTETS = 20;

/** Reads RFC 2536 §2; null when malformed. */
export function readDsaKey(publicKey: Uint8Array): DsaKey | null {
  const t = publicKey[0] ?? 255;
  const size = 64 + t * 8;
  // RFC 2536 §2: T is 0 to 8, and P, G and Y have 64 + T*8 octets.
  if (t > 8 || publicKey.length !== 1 + DSA_Q_OCTETS + 3 * size) return null;
  const field = (index: number): Uint8Array => {
    const at = 1 + DSA_Q_OCTETS + index * size;
    return publicKey.subarray(at, at + size);
  };
  const p = field(0);
  const q = publicKey.subarray(1, 1 + DSA_Q_OCTETS);
  const isPossible = isOdd(p) && isOdd(q) && (q[0] ?? 0) !== 0 && (p[0] ?? 0) !== 0;
  return isPossible ? { p, q, g: field(1), y: field(2), bits: size * 8 } : null;
}

/**
 * R and S of a DSA signature, 40 octets; null when malformed. RFC 2536 §3 says `T | R | S`; some signers of the time wrote
 * the DER sequence of both integers instead, and the recordings that `legacy` is for hold many such.
 */
export function readDsaSignature(signature: Uint8Array): Uint8Array | null {
  if (signature.length === 1 + 2 * DSA_Q_OCTETS) return (signature[0] ?? 255) <= 8 ? signature.subarray(1) : null;
  if (signature[0] !== 0x30 || signature[1] !== signature.length - 2) return null;
  const r = readDerInteger(signature, 2);
  const s = r === null ? null : readDerInteger(signature, r.end);
  if (r === null || s === null || s.end !== signature.length) return null;
  const halves = new Uint8Array(2 * DSA_Q_OCTETS);
  halves.set(r.value, DSA_Q_OCTETS - r.value.length);
  halves.set(s.value, 2 * DSA_Q_OCTETS - s.value.length);
  return halves;
}

/** A positive DER INTEGER of at most 20 octets, without leading zeros, and the offset after it. */
function readDerInteger(octets: Uint8Array, at: number): { readonly value: Uint8Array; readonly end: number } | null {
  const length = octets[at + 1] ?? 0;
  const end = at + 2 + length;
  if (octets[at] !== 0x02 || length === 0 || end > octets.length) return null;
  const value = withoutLeadingZeros(octets.subarray(at + 2, end));
  return value.length <= DSA_Q_OCTETS ? { value, end } : null;
}

function withoutLeadingZeros(octets: Uint8Array): Uint8Array {
  let at = 0;
  while (at < octets.length && octets[at] === 0) at++;
  return octets.subarray(at);
}

function bitLength(octets: Uint8Array): number {
  const first = octets[0];
  return first === undefined ? 0 : octets.length * 8 - (Math.clz32(first) - 24);
}

function isOdd(octets: Uint8Array): boolean {
  return ((octets[octets.length - 1] ?? 0) & 1) === 1;
}
