/**
 * Signing keys for test zones: real keys, made from a seed text where the algorithm allows it, so that runs repeat.
 *
 * Ed25519 keys and signatures depend on the seed alone; ECDSA keys too, but not their signatures; RSA keys are made once
 * per process and seed.
 */

import {
  createECDH,
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signWithNode,
} from 'node:crypto';
import { concatBytes, writeU16 } from '../../src/wire/bytes.ts';
import { type Name, toLowerCase } from '../../src/wire/name.ts';
import { keyTag } from '../../src/wire/rdata-dnskey.ts';

/** Algorithms that test zones can be signed with. */
export type SigningAlgorithm = 5 | 7 | 8 | 10 | 13 | 14 | 15 | 16;

/** Flags of a zone key, and of one that is a secure entry point. */
export const KEY_FLAGS = { zone: 0x0100, entry: 0x0101, revoked: 0x0080 } as const;

/** A key pair of a zone. */
export interface SigningKey {
  readonly algorithm: number;
  readonly tag: number;
  readonly dnskey: Uint8Array;
  sign(data: Uint8Array): Uint8Array;
}

/** How to make a key. */
export interface KeyRequest {
  readonly algorithm: SigningAlgorithm;
  /** The same text gives the same key. */
  readonly seed: string;
  readonly flags: number;
  /** Modulus of an RSA key. Default 2048. */
  readonly rsaBits?: number;
}

/** Keys made so far; making an RSA key takes up to a second. */
export class KeyStore {
  readonly #pairs = new Map<string, KeyPair>();

  /** The key for a request. */
  key({ algorithm, seed, flags, rsaBits = 2048 }: KeyRequest): SigningKey {
    const id = `${familyOf(algorithm)} ${rsaBits} ${seed}`;
    let pair = this.#pairs.get(id);
    if (pair === undefined) {
      pair = makePair(algorithm, seed, rsaBits);
      this.#pairs.set(id, pair);
    }
    const head = new Uint8Array(4);
    writeU16(head, 0, flags);
    head[2] = 3;
    head[3] = algorithm;
    const dnskey = concatBytes(head, pair.publicKey);
    const { privateKey } = pair;
    return { algorithm, dnskey, tag: keyTag(dnskey), sign: (data) => signData(algorithm, privateKey, data) };
  }
}

interface KeyPair {
  readonly privateKey: KeyObject;
  /** The public key field of DNSKEY. */
  readonly publicKey: Uint8Array;
}

function familyOf(algorithm: SigningAlgorithm): string {
  return algorithm <= 10 ? 'rsa' : String(algorithm);
}

function makePair(algorithm: SigningAlgorithm, seed: string, rsaBits: number): KeyPair {
  switch (algorithm) {
    case 5:
    case 7:
    case 8:
    case 10:
      return makeRsa(rsaBits);
    case 13:
      return makeEcdsa('prime256v1', 'P-256', 32, seed);
    case 14:
      return makeEcdsa('secp384r1', 'P-384', 48, seed);
    case 15:
      return makeEdwards('302e020100300506032b657004220420', 32, seed);
    case 16:
      return makeEdwards('3047020100300506032b6571043b0439', 57, seed);
  }
}

/** RFC 3110 §2: exponent length, exponent, modulus. */
function makeRsa(modulusLength: number): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const exponent = Buffer.from(e, 'base64url');
  return {
    privateKey,
    publicKey: concatBytes(Uint8Array.of(exponent.length), exponent, Buffer.from(n, 'base64url')),
  };
}

/** RFC 6605 §4: the point without the octet that says "uncompressed". */
function makeEcdsa(curve: string, crv: string, octets: number, seed: string): KeyPair {
  const ecdh = createECDH(curve);
  const secret = seedOctets(seed, octets);
  // Below the order of the curve, whatever the seed.
  secret[0] = (secret[0] ?? 0) & 0x7f;
  ecdh.setPrivateKey(secret);
  const point = new Uint8Array(ecdh.getPublicKey()).subarray(1);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  const jwk = { kty: 'EC', crv, d: text(secret), x: text(point.subarray(0, octets)), y: text(point.subarray(octets)) };
  return { privateKey: createPrivateKey({ key: jwk, format: 'jwk' }), publicKey: point };
}

/** RFC 8080 §3: the public key as it is. */
function makeEdwards(derPrefix: string, octets: number, seed: string): KeyPair {
  const der = Buffer.concat([Buffer.from(derPrefix, 'hex'), seedOctets(seed, octets)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const { x = '' } = privateKey.export({ format: 'jwk' });
  return { privateKey, publicKey: new Uint8Array(Buffer.from(x, 'base64url')) };
}

function seedOctets(seed: string, octets: number): Uint8Array {
  return new Uint8Array(createHash('sha512').update(`test key ${seed}`).digest().subarray(0, octets));
}

const DIGESTS: Readonly<Record<SigningAlgorithm, string | null>> = {
  5: 'sha1',
  7: 'sha1',
  8: 'sha256',
  10: 'sha512',
  13: 'sha256',
  14: 'sha384',
  15: null,
  16: null,
};

function signData(algorithm: SigningAlgorithm, key: KeyObject, data: Uint8Array): Uint8Array {
  const isEcdsa = algorithm === 13 || algorithm === 14;
  const signature = signWithNode(DIGESTS[algorithm], data, isEcdsa ? { key, dsaEncoding: 'ieee-p1363' } : key);
  return new Uint8Array(signature);
}

/** DS rdata of a key (RFC 4034 §5.1, RFC 4509, RFC 6605). */
export function dsOf(owner: Name, key: SigningKey, digestType: 1 | 2 | 4 = 2): Uint8Array {
  const hash = createHash({ 1: 'sha1', 2: 'sha256', 4: 'sha384' }[digestType]);
  const digest = hash.update(toLowerCase(owner)).update(key.dnskey).digest();
  return concatBytes(Uint8Array.of(key.tag >>> 8, key.tag & 0xff, key.algorithm, digestType), digest);
}
