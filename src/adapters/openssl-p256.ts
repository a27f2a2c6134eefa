/**
 * Signatures of P-256 with SHA-256 (algorithm 13, RFC 6605), by far the most of those that a validator meets, through OpenSSL's own
 * functions: what Node.js puts around one check costs a fifth of it, and around a key as much as half a check.
 *
 * The functions are called on octets of one block of memory, which this object holds, and on two things that OpenSSL made
 * once, which are never freed: a key of the curve, into which each check writes the point first unless it has that, and the digest. So there
 * is nothing to load for a key, nothing that could be freed too early or not at all, and no pointer to anything else; every
 * length is a constant or was compared with the room. Each call ends before it returns to JavaScript: nothing interrupts it.
 * Only what is exactly 1 counts as success. What fails leaves its reason in a queue of the thread, where Node.js's own
 * calls could take it for theirs: it is emptied.
 *
 * Leaves to others: where the functions come from (system-calls.ts), whether it is relied on (crypto.ts).
 */

import { getFips, hash } from 'node:crypto';
import type { Crypto, ImportedKey } from '../ports/crypto.ts';
import { writeDerOfNumbers } from './ecdsa-der.ts';
import { bindOpensslCalls, type OpensslCalls, type Pointer } from './system-calls.ts';

/** The algorithm that this is for. */
export const P256_ALGORITHM = 13;
/** OpenSSL's number of the curve: NID_X9_62_prime256v1 of obj_mac.h. */
const NID_P256 = 415;

const KEY_OCTETS = 64;
const SIGNATURE_OCTETS = 64;
const DIGEST_OCTETS = 32;
/** An uncompressed point is the octet 4 and both coordinates (RFC 5480 §2.2). */
const POINT_OCTETS = 1 + KEY_OCTETS;
const DIGEST_NAME = 'SHA256\0';

/** Where things lie in the block, each with the room up to the next: a signature takes up to 72 octets in DER. */
const POINT_AT = 0;
const SIGNATURE_AT = 128;
const DIGEST_AT = 256;
const NAME_AT = 320;
const DATA_AT = 512;
/** Octets of signed data that are hashed in the block; sets are a few hundred octets long. What is longer is hashed by Node.js. */
const MOST_DATA_OCTETS = 8_192;

/** The part of the crypto port that one algorithm needs. */
export type SignatureCrypto = Pick<Crypto, 'supports' | 'importKey' | 'verify'>;

export class OpensslP256 implements SignatureCrypto {
  readonly by: OpensslCalls['by'];
  readonly #calls: OpensslCalls;
  readonly #octets: Uint8Array;
  readonly #key: Pointer;
  readonly #digest: Pointer;
  readonly #point: Pointer;
  readonly #signature: Pointer;
  readonly #hashed: Pointer;
  readonly #data: Pointer;
  /** Whose point OpenSSL's key has; null: not known. A key is mostly checked with right after it was taken. */
  #current: Uint8Array | null = null;

  private constructor(
    calls: OpensslCalls,
    block: ArrayBuffer,
    made: { readonly key: Pointer; readonly digest: Pointer },
  ) {
    const start = calls.addressOf(block);
    this.by = calls.by;
    this.#calls = calls;
    this.#octets = new Uint8Array(block);
    this.#octets[POINT_AT] = 4;
    this.#key = made.key;
    this.#digest = made.digest;
    this.#point = start + BigInt(POINT_AT);
    this.#signature = start + BigInt(SIGNATURE_AT);
    this.#hashed = start + BigInt(DIGEST_AT);
    this.#data = start + BigInt(DATA_AT);
  }

  /** The functions made ready, once in a process; or a sentence why they cannot be called. */
  static open(bind: () => OpensslCalls | string = bindOpensslCalls): OpensslP256 | string {
    // These functions do not ask which implementation a module of FIPS 140 allows.
    if (getFips() !== 0) return 'FIPS mode';
    const calls = bind();
    if (typeof calls === 'string') return calls;
    const block = new ArrayBuffer(DATA_AT + MOST_DATA_OCTETS);
    new TextEncoder().encodeInto(DIGEST_NAME, new Uint8Array(block, NAME_AT));
    const key = calls.EC_KEY_new_by_curve_name(NID_P256);
    const digest = calls.EVP_MD_fetch(0n, calls.addressOf(block) + BigInt(NAME_AT), 0n);
    if (key !== 0n && digest !== 0n) return new OpensslP256(calls, block, { key, digest });
    calls.ERR_clear_error();
    return 'OpenSSL does not have P-256 or SHA-256';
  }

  supports(algorithm: number): boolean {
    return algorithm === P256_ALGORITHM;
  }

  importKey(algorithm: number, publicKey: Uint8Array, wasTaken = false): ImportedKey | null {
    if (algorithm !== P256_ALGORITHM || publicKey.length !== KEY_OCTETS) return null;
    if (!wasTaken && !this.#setPoint(publicKey)) return null;
    return { algorithm, bits: 256, handle: publicKey };
  }

  verify({ handle }: ImportedKey, data: Uint8Array, signature: Uint8Array): boolean {
    if (!(handle instanceof Uint8Array) || signature.length !== SIGNATURE_OCTETS) return false;
    if (!this.#setPoint(handle) || !this.#hash(data)) return false;
    const length = writeDerOfNumbers(signature, this.#octets, SIGNATURE_AT);
    const result = this.#calls.ECDSA_verify(0, this.#hashed, DIGEST_OCTETS, this.#signature, length, this.#key);
    return this.#succeeded(result);
  }

  /** Gives OpenSSL's key its point; false when that is not on the curve. */
  #setPoint(publicKey: Uint8Array): boolean {
    if (publicKey === this.#current) return true;
    if (publicKey.length !== KEY_OCTETS) return false;
    this.#current = null;
    this.#octets.set(publicKey, POINT_AT + 1);
    if (!this.#succeeded(this.#calls.EC_KEY_oct2key(this.#key, this.#point, BigInt(POINT_OCTETS), 0n))) return false;
    this.#current = publicKey;
    return true;
  }

  #hash(data: Uint8Array): boolean {
    if (data.length > MOST_DATA_OCTETS) {
      this.#octets.set(hash('sha256', data, 'buffer'), DIGEST_AT);
      return true;
    }
    this.#octets.set(data, DATA_AT);
    const length = BigInt(data.length);
    return this.#succeeded(this.#calls.EVP_Digest(this.#data, length, this.#hashed, 0n, this.#digest, 0n));
  }

  #succeeded(result: number): boolean {
    if (result === 1) return true;
    this.#calls.ERR_clear_error();
    return false;
  }
}
