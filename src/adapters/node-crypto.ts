/**
 * The crypto port over node:crypto (OpenSSL).
 *
 * Duties: keys from DNSSEC's wire form to SubjectPublicKeyInfo, no more of them loaded than a bound, signatures checked for
 * their exact length, everything that OpenSSL throws turned into null or false.
 * Leaves to others: what to do when the platform refuses an algorithm (crypto.ts).
 */

import { createPublicKey, hash, type KeyObject, verify as verifySignature } from 'node:crypto';
import type { Crypto, DigestKind, ImportedKey } from '../ports/crypto.ts';
import {
  type AlgorithmFacts,
  algorithmFacts,
  type CryptoOptions,
  readDsaKey,
  readDsaSignature,
  readRsaKey,
} from './dnssec-key.ts';
import { MOST_DER_OVERHEAD, significantFrom, writeDerOfNumbers } from './ecdsa-der.ts';

/**
 * Algorithms whose checks go to the thread pool. Measured on the project's 2-core machine (Node 24.21, 300 octets of
 * data): RSA-2048 31 µs, RSA-4096 67 µs, DSA-1024 69 µs, P-256 73 µs, Ed25519 75 µs, Ed448 185 µs, P-384 525 µs. A trip
 * through the pool adds some 15 µs of main thread and a turn of the loop, so it pays from about 100 µs on.
 */
const POOLED: ReadonlySet<number> = new Set([14, 16]);
/** None: bringing up the pool's four threads costs a start more than the few checks that it does would. */
export const NOT_POOLED: ReadonlySet<number> = new Set();

/**
 * Keys that OpenSSL holds at a time: 2 to 3 kB each there (bench/memory-by-cache.ts), which nothing counts, so about 6 MB. The
 * validator keeps keys of as many zones as `key-cache-size` allows; one that is not loaded any more is loaded again when it is
 * needed, for about 100 µs, which those of top-level and large zones never are.
 */
export const MAX_LOADED_KEYS = 2_048;

interface NodeHandle {
  /** The public key field, a view on the DNSKEY's rdata that the key belongs to. */
  readonly publicKey: Uint8Array;
  readonly algorithm: number;
  readonly bits: number;
  readonly digest: AlgorithmFacts['digest'];
  /** Exact octets of a good signature; null where its reader checks that. */
  readonly signatureOctets: number | null;
  /** What a signature is, besides octets that OpenSSL takes as they are: two numbers of equal length (RFC 6605 §4), or DSA's form. */
  readonly form: 'plain' | 'two numbers' | 'dsa';
  /** Null: not loaded now. */
  loaded: KeyObject | null;
  /** Used since the hand of `LoadedKeys` last came by. */
  isUsed: boolean;
}

/** Bounds how many keys are loaded: a new one takes the place of one that was not used lately (second chance). */
class LoadedKeys {
  readonly #most: number;
  readonly #handles = new Map<string, NodeHandle>();

  constructor(most: number) {
    this.#most = most;
  }

  /** The handle of a key that is loaded, whoever has it; null when it is not. */
  find(algorithm: number, publicKey: Uint8Array): NodeHandle | null {
    return this.#handles.get(octetsAsText(algorithm, publicKey)) ?? null;
  }

  /** The key of a handle, loaded again if need be; null when OpenSSL refuses it. */
  keyOf(handle: NodeHandle, options: CryptoOptions): KeyObject | null {
    handle.isUsed = true;
    if (handle.loaded !== null) return handle.loaded;
    const spki = toSpki(handle.algorithm, handle.publicKey, options);
    const key = spki === null ? null : importSpki(spki.der);
    if (key !== null) this.add(handle, key);
    return handle.loaded;
  }

  /** Notes a key that was loaded. */
  add(handle: NodeHandle, key: KeyObject): void {
    const text = octetsAsText(handle.algorithm, handle.publicKey);
    const same = this.#handles.get(text);
    if (same !== undefined) same.loaded = null;
    handle.loaded = key;
    for (const [its, oldest] of this.#handles) {
      if (this.#handles.size < this.#most) break;
      this.#handles.delete(its);
      if (oldest.isUsed) this.#handles.set(its, oldest);
      else oldest.loaded = null;
      oldest.isUsed = false;
    }
    this.#handles.set(text, handle);
  }
}

function octetsAsText(algorithm: number, publicKey: Uint8Array): string {
  const { buffer, byteOffset, length } = publicKey;
  return `${algorithm} ${Buffer.from(buffer, byteOffset, length).toString('latin1')}`;
}

/** Makes the crypto port over node:crypto; `mostLoaded` is for tests, `pooled` are the algorithms whose checks are answered by promises. */
export function createNodeCrypto(
  options: CryptoOptions = {},
  mostLoaded = MAX_LOADED_KEYS,
  pooled: ReadonlySet<number> = POOLED,
): Crypto {
  const loaded = new LoadedKeys(mostLoaded);
  return {
    supports: (algorithm) => algorithmFacts(algorithm, options) !== null,
    importKey: (algorithm, publicKey, wasTaken = false) => {
      const known = loaded.find(algorithm, publicKey);
      if (known !== null) return { algorithm, bits: known.bits, handle: known };
      const taken = takeKey(algorithm, publicKey, options);
      if (taken === null) return null;
      const { key, handle, der } = taken;
      const first = wasTaken ? null : importSpki(der);
      if (first !== null) loaded.add(handle, first);
      return wasTaken || first !== null ? key : null;
    },
    verify: (key, data, signature) => {
      const handle = key.handle as NodeHandle;
      if (handle.signatureOctets !== null && signature.length !== handle.signatureOctets) return false;
      const taken = takenByOpenssl(handle, signature);
      const loadedKey = loaded.keyOf(handle, options);
      if (taken === null || loadedKey === null) return false;
      const check = { key: loadedKey, digest: handle.digest, data, signature: taken };
      return pooled.has(key.algorithm) ? verifyInPool(check) : verifyAtOnce(check);
    },
    digest,
  };
}

/** By way of a text, since Node.js makes one in a quarter of the time that it takes for octets, which lie outside of V8's heap then. */
function digest(kind: DigestKind, data: Uint8Array): Uint8Array {
  const text = hash(kind, data, 'binary');
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < octets.length; i++) octets[i] = text.charCodeAt(i);
  return octets;
}

/**
 * A signature as OpenSSL takes it; null when it is malformed. Node.js would take two numbers as they are (`dsaEncoding`), but in an
 * object beside the key, which it looks at for 13 µs to find that it is no key itself, and for 15 more makes DER of them.
 */
function takenByOpenssl({ form }: NodeHandle, signature: Uint8Array): Uint8Array | null {
  if (form === 'plain') return signature;
  const numbers = form === 'dsa' ? readDsaSignature(signature) : signature;
  if (numbers === null) return null;
  const der = new Uint8Array(numbers.length + MOST_DER_OVERHEAD);
  return der.subarray(0, writeDerOfNumbers(numbers, der, 0));
}

interface SignatureCheck {
  readonly key: KeyObject;
  readonly digest: AlgorithmFacts['digest'];
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

function verifyAtOnce({ key, digest, data, signature }: SignatureCheck): boolean {
  try {
    return verifySignature(digest, data, key, signature);
  } catch {
    // OpenSSL's refusal (policy, key without sense) is "does not verify".
    return false;
  }
}

function verifyInPool({ key, digest, data, signature }: SignatureCheck): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      verifySignature(digest, data, key, signature, (error, isGood) => resolve(error === null && isGood));
    } catch {
      // As above: thrown before the pool was reached.
      resolve(false);
    }
  });
}

/** A key that is not loaded yet; null when its octets are none, as far as they say. */
function takeKey(
  algorithm: number,
  publicKey: Uint8Array,
  options: CryptoOptions,
): { readonly key: ImportedKey; readonly handle: NodeHandle; readonly der: Uint8Array } | null {
  const facts = algorithmFacts(algorithm, options);
  const spki = toSpki(algorithm, publicKey, options);
  if (facts === null || spki === null) return null;
  const handle: NodeHandle = {
    publicKey,
    algorithm,
    bits: spki.bits,
    digest: facts.digest,
    signatureOctets: facts.family === 'rsa' ? Math.ceil(spki.bits / 8) : facts.signatureOctets,
    form: facts.family === 'dsa' ? 'dsa' : facts.family === 'ecdsa' ? 'two numbers' : 'plain',
    loaded: null,
    isUsed: false,
  };
  return { key: { algorithm, bits: spki.bits, handle }, handle, der: spki.der };
}

const PEM_HEAD = '-----BEGIN PUBLIC KEY-----\n';
const PEM_TAIL = '\n-----END PUBLIC KEY-----\n';
/** Characters of base64 in a full line of PEM (RFC 7468 §2). */
const PEM_LINE = 64;

/** As PEM, because Node.js takes text at once, and looks at an object with octets in it for some 18 µs (7 to 15 in place of 26 to 33). */
function importSpki(der: Uint8Array): KeyObject | null {
  try {
    const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64');
    let text = PEM_HEAD + base64.slice(0, PEM_LINE);
    // An empty line at the end would be refused.
    for (let at = PEM_LINE; at < base64.length; at += PEM_LINE) text += `\n${base64.slice(at, at + PEM_LINE)}`;
    return createPublicKey(text + PEM_TAIL);
  } catch {
    // A point that is not on its curve, or a platform that lacks the algorithm.
    return null;
  }
}

interface Spki {
  readonly der: Uint8Array;
  readonly bits: number;
}

/** DER of AlgorithmIdentifier (RFC 3279 §2.3.1, RFC 5480 §2.1.1, RFC 8410 §3), by DNSSEC algorithm. */
const IDENTIFIER = {
  rsa: fromHexConstant('300d06092a864886f70d0101010500'),
  dsaOid: fromHexConstant('06072a8648ce380401'),
  13: fromHexConstant('301306072a8648ce3d020106082a8648ce3d030107'),
  14: fromHexConstant('301006072a8648ce3d020106052b81040022'),
  15: fromHexConstant('300506032b6570'),
  16: fromHexConstant('300506032b6571'),
} as const;

/** SubjectPublicKeyInfo (RFC 5280 §4.1) of a DNSKEY's public key field; null when malformed or of no known algorithm. */
function toSpki(algorithm: number, publicKey: Uint8Array, options: CryptoOptions): Spki | null {
  const facts = algorithmFacts(algorithm, options);
  if (facts === null || (facts.keyOctets !== null && facts.keyOctets !== publicKey.length)) return null;
  if (facts.family === 'rsa') {
    const rsa = readRsaKey(publicKey, options);
    if (rsa === null) return null;
    const key = derSequence(derInteger(rsa.modulus), derInteger(rsa.exponent));
    return { der: derSequence(IDENTIFIER.rsa, derBitString(key)), bits: rsa.bits };
  }
  if (facts.family === 'dsa') {
    const dsa = readDsaKey(publicKey);
    if (dsa === null) return null;
    const parameters = derSequence(derInteger(dsa.p), derInteger(dsa.q), derInteger(dsa.g));
    const identifier = derSequence(IDENTIFIER.dsaOid, parameters);
    return { der: derSequence(identifier, derBitString(derInteger(dsa.y))), bits: dsa.bits };
  }
  const identifier = IDENTIFIER[algorithm as 13 | 14 | 15 | 16];
  // RFC 5480 §2.2: an uncompressed point starts with the octet 4; RFC 8410 §4: EdDSA keys stand as they are.
  const point = facts.family === 'ecdsa' ? Buffer.concat([Uint8Array.of(4), publicKey]) : publicKey;
  return { der: derSequence(identifier, derBitString(point)), bits: facts.bits };
}

function fromHexConstant(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

function derSequence(...parts: readonly Uint8Array[]): Uint8Array {
  return derElement(0x30, Buffer.concat(parts));
}

function derBitString(bits: Uint8Array): Uint8Array {
  return derElement(0x03, Buffer.concat([Uint8Array.of(0), bits]));
}

/** An unsigned INTEGER: shortest form, a zero octet before a set top bit (X.690 §8.3). */
function derInteger(octets: Uint8Array): Uint8Array {
  const shortest = octets.subarray(significantFrom(octets, 0, octets.length));
  const needsZero = ((shortest[0] ?? 0) & 0x80) !== 0;
  return derElement(0x02, needsZero ? Buffer.concat([Uint8Array.of(0), shortest]) : shortest);
}

function derElement(tag: number, content: Uint8Array): Uint8Array {
  const length = content.length;
  let head: Uint8Array;
  if (length < 0x80) head = Uint8Array.of(tag, length);
  else if (length < 0x100) head = Uint8Array.of(tag, 0x81, length);
  else head = Uint8Array.of(tag, 0x82, length >>> 8, length & 0xff);
  return Buffer.concat([head, content]);
}
