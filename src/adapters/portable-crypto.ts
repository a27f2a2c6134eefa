/**
 * The crypto port in plain JavaScript: curves and hashes of the noble packages, RSA and DSA verification with BigInt.
 *
 * Duties: stand in where the platform refuses an algorithm; be the second opinion in tests.
 * Leaves to others: speed (30 times slower than the platform for curves, 100 times for RSA). Only public values are
 * computed with, so nothing here needs constant time.
 */

import { ed448 } from '@noble/curves/ed448.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { Crypto, DigestKind, ImportedKey } from '../ports/crypto.ts';
import {
  algorithmFacts,
  type CryptoOptions,
  DSA_Q_OCTETS,
  readDsaKey,
  readDsaSignature,
  readRsaKey,
} from './dnssec-key.ts';

/** A check with the key bound; may throw, which means "does not verify". */
interface PortableHandle {
  readonly check: (data: Uint8Array, signature: Uint8Array) => boolean;
  /** Exact octets of a good signature; null where its reader checks that. */
  readonly signatureOctets: number | null;
}

const HASHES = { sha1, sha256, sha384, sha512 } as const;

/** Makes the crypto port out of portable code. */
export function createPortableCrypto(options: CryptoOptions = {}): Crypto {
  return {
    supports: (algorithm) => algorithmFacts(algorithm, options) !== null,
    importKey: (algorithm, publicKey) => importKey(algorithm, publicKey, options),
    verify: (key, data, signature) => {
      const handle = key.handle as PortableHandle;
      if (handle.signatureOctets !== null && signature.length !== handle.signatureOctets) return false;
      try {
        return handle.check(data, signature);
      } catch {
        // noble throws on signatures and keys that are no group elements.
        return false;
      }
    },
    digest: (kind: DigestKind, data) => HASHES[kind](data),
  };
}

function importKey(algorithm: number, publicKey: Uint8Array, options: CryptoOptions): ImportedKey | null {
  const facts = algorithmFacts(algorithm, options);
  if (facts === null || (facts.keyOctets !== null && facts.keyOctets !== publicKey.length)) return null;
  const own = Uint8Array.from(publicKey);
  if (facts.family === 'rsa') return importRsa(algorithm, facts.digest ?? 'sha256', own, options);
  if (facts.family === 'dsa') return importDsa(algorithm, own);
  const check = facts.family === 'ecdsa' ? ecdsaCheck(algorithm, own) : eddsaCheck(algorithm, own);
  if (check === null) return null;
  return { algorithm, bits: facts.bits, handle: { check, signatureOctets: facts.signatureOctets } };
}

function ecdsaCheck(algorithm: number, publicKey: Uint8Array): PortableHandle['check'] | null {
  const curve = algorithm === 13 ? p256 : p384;
  const point = Uint8Array.of(4, ...publicKey);
  if (!curve.utils.isValidPublicKey(point, false)) return null;
  // RFC 6605 §4: r | s. `lowS` is a rule of currencies, half of all DNSSEC signatures break it.
  return (data, signature) => curve.verify(signature, data, point, { lowS: false, prehash: true, format: 'compact' });
}

function eddsaCheck(algorithm: number, publicKey: Uint8Array): PortableHandle['check'] {
  // RFC 8080 §4 takes RFC 8032 as it stands; ZIP 215 would let non-canonical points pass.
  if (algorithm === 15) return (data, signature) => ed25519.verify(signature, data, publicKey, { zip215: false });
  return (data, signature) => ed448.verify(signature, data, publicKey, { zip215: false });
}

/** DER of DigestInfo before the digest (RFC 8017 §9.2, note 1). */
const DIGEST_INFO: Readonly<Record<DigestKind, string>> = {
  sha1: '3021300906052b0e03021a05000414',
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

function importRsa(
  algorithm: number,
  digest: DigestKind,
  publicKey: Uint8Array,
  options: CryptoOptions,
): ImportedKey | null {
  const rsa = readRsaKey(publicKey, options);
  if (rsa === null) return null;
  const modulus = toBigInt(rsa.modulus);
  const exponent = toBigInt(rsa.exponent);
  const octets = rsa.modulus.length;
  const check = (data: Uint8Array, signature: Uint8Array): boolean => {
    const value = toBigInt(signature);
    // RFC 8017 §5.2.2: the signature representative is below the modulus.
    if (value >= modulus) return false;
    const expected = encodePkcs1(digest, HASHES[digest](data), octets);
    return expected !== null && modPow(value, exponent, modulus) === BigInt(`0x${expected}`);
  };
  return { algorithm, bits: rsa.bits, handle: { check, signatureOctets: octets } };
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2) as hex; null when the modulus is too short. Comparing whole forms parses nothing. */
function encodePkcs1(digest: DigestKind, value: Uint8Array, octets: number): string | null {
  const tail = DIGEST_INFO[digest] + Buffer.from(value).toString('hex');
  const padding = octets - 3 - tail.length / 2;
  return padding < 8 ? null : `0001${'ff'.repeat(padding)}00${tail}`;
}

function importDsa(algorithm: number, publicKey: Uint8Array): ImportedKey | null {
  const dsa = readDsaKey(publicKey);
  if (dsa === null) return null;
  const [p, q, g, y] = [toBigInt(dsa.p), toBigInt(dsa.q), toBigInt(dsa.g), toBigInt(dsa.y)];
  const check = (data: Uint8Array, signature: Uint8Array): boolean => {
    const halves = readDsaSignature(signature);
    if (halves === null) return false;
    const r = toBigInt(halves.subarray(0, DSA_Q_OCTETS));
    const s = toBigInt(halves.subarray(DSA_Q_OCTETS));
    // FIPS 186-4 §4.7: 0 < r < q and 0 < s < q.
    if (r <= 0n || r >= q || s <= 0n || s >= q) return false;
    const w = modPow(s, q - 2n, q);
    const u1 = (toBigInt(sha1(data)) * w) % q;
    const u2 = (r * w) % q;
    return ((modPow(g, u1, p) * modPow(y, u2, p)) % p) % q === r;
  };
  return { algorithm, bits: dsa.bits, handle: { check, signatureOctets: null } };
}

function toBigInt(octets: Uint8Array): bigint {
  return octets.length === 0 ? 0n : BigInt(`0x${Buffer.from(octets).toString('hex')}`);
}

/** base^exponent mod modulus, by squaring. */
function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
