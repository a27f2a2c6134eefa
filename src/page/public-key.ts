/** SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): what a key is, and how it is put together from a private key. */

import { bitStringOctets, oidOctets, oidText, partsOf, readDer, readOnly, TAG, writeDer } from './der.ts';

/** Object identifiers of public keys (RFC 3279, RFC 5480, RFC 8410). */
export const KEY_OID = {
  RSA: '1.2.840.113549.1.1.1',
  RSA_PSS: '1.2.840.113549.1.1.10',
  EC: '1.2.840.10045.2.1',
  ED25519: '1.3.101.112',
  ED448: '1.3.101.113',
} as const;

/** Curves by object identifier: OpenSSL's name, the browser's, octets of a coordinate. */
export const CURVES: ReadonlyMap<
  string,
  { readonly name: string; readonly web: string | null; readonly octets: number }
> = new Map([
  ['1.2.840.10045.3.1.7', { name: 'prime256v1', web: 'P-256', octets: 32 }],
  ['1.3.132.0.34', { name: 'secp384r1', web: 'P-384', octets: 48 }],
  ['1.3.132.0.35', { name: 'secp521r1', web: 'P-521', octets: 66 }],
  ['1.3.132.0.10', { name: 'secp256k1', web: null, octets: 32 }],
]);

export interface PublicKey {
  readonly spki: Uint8Array;
  /** As `openssl` names it: `rsa`, a curve, `ed25519`. */
  readonly type: string;
  /** RSA: of the modulus; null for others. */
  readonly bits: number | null;
  /** The algorithm's object identifier, and its curve's. */
  readonly oid: string;
  readonly curve: string | null;
}

/** Reads the octets of a SubjectPublicKeyInfo; null when they are none. */
export function readPublicKey(spki: Uint8Array): PublicKey | null {
  const parts = partsOf(readOnly(spki));
  const algorithm = partsOf(parts?.[0]);
  const key = bitStringOctets(parts?.[1]);
  const oid = oidText(algorithm?.[0]);
  if (parts?.length !== 2 || oid === null || key === null) return null;
  const curve = oid === KEY_OID.EC ? oidText(algorithm?.[1]) : null;
  if (oid === KEY_OID.RSA || oid === KEY_OID.RSA_PSS) {
    const bits = modulusBits(key);
    return bits === null ? null : { spki, type: oid === KEY_OID.RSA ? 'rsa' : 'rsa-pss', bits, oid, curve };
  }
  const types: Readonly<Record<string, string>> = { [KEY_OID.ED25519]: 'ed25519', [KEY_OID.ED448]: 'ed448' };
  const type = curve === null ? (types[oid] ?? oid) : (CURVES.get(curve)?.name ?? curve);
  return { spki, type, bits: null, oid, curve };
}

function modulusBits(key: Uint8Array): number | null {
  const modulus = partsOf(readOnly(key))?.[0];
  if (modulus?.tag !== TAG.INTEGER) return null;
  const first = modulus.content.findIndex((octet) => octet !== 0);
  if (first < 0) return null;
  return (modulus.content.length - first) * 8 - Math.clz32(modulus.content[first] ?? 0) + 24;
}

/** The public half of an RSAPrivateKey, or an RSAPublicKey as such (RFC 8017 §A.1); null when it is neither. */
export function spkiOfRsa(der: Uint8Array): Uint8Array | null {
  const numbers = partsOf(readOnly(der));
  if (numbers === null || numbers.some(({ tag }) => tag !== TAG.INTEGER && tag !== TAG.SEQUENCE)) return null;
  const [modulus, exponent] = numbers.length === 2 ? numbers : numbers.slice(1);
  if (modulus?.tag !== TAG.INTEGER || exponent?.tag !== TAG.INTEGER) return null;
  const algorithm = algorithmOf(KEY_OID.RSA, writeDer(TAG.NULL));
  return spkiFrom(algorithm, writeDer(TAG.SEQUENCE, modulus.whole, exponent.whole));
}

/** The public half of an ECPrivateKey (RFC 5915 §3), where it is in there; null else. `curve`: of the key around it. */
export function spkiOfEc(der: Uint8Array, curve: Uint8Array | null): Uint8Array | null {
  const parts = partsOf(readOnly(der)) ?? [];
  const tagged = (tag: number): Uint8Array | null => parts.find((part) => part.tag === tag)?.content ?? null;
  const parameters = curve ?? tagged(0xa0);
  const point = tagged(0xa1);
  const octets = point === null ? null : bitStringOctets(readDer(point));
  if (parameters === null || octets === null) return null;
  return spkiFrom(algorithmOf(KEY_OID.EC, parameters), octets);
}

export function spkiFrom(algorithm: Uint8Array, key: Uint8Array): Uint8Array {
  return writeDer(TAG.SEQUENCE, algorithm, writeDer(TAG.BIT_STRING, Uint8Array.of(0), key));
}

/** An AlgorithmIdentifier; `parameters` as a whole item, or nothing. */
export function algorithmOf(oid: string, ...parameters: readonly Uint8Array[]): Uint8Array {
  return writeDer(TAG.SEQUENCE, writeDer(TAG.OID, oidOctets(oid)), ...parameters);
}
