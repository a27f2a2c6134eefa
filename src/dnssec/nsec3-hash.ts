/**
 * NSEC3 hashes (RFC 5155 §5), with a budget and a memory: hashing is what an attacker can make us do
 * (CVE-2023-50868).
 *
 * Leaves to others: the limit of iterations (nsec3.ts), yielding between grants (the caller).
 */

import type { Crypto } from '../ports/crypto.ts';
import { bytesEqual, concatBytes } from '../wire/bytes.ts';
import { type Name, namesEqual, toLowerCase } from '../wire/name.ts';
import { hashNameInOneBlock, iterateNsec3, MAX_ONE_BLOCK_SALT_OCTETS } from './nsec3-iterate.ts';

/** What makes one NSEC3 chain differ from another; the hash function is always SHA-1 (RFC 5155 §11). */
export interface HashParameters {
  /** Additional iterations. */
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/**
 * Names hashed before the caller must yield and grant more. Default 8, as Unbound: with 150 iterations that is about 0.4 ms
 * of the event loop.
 */
export const NSEC3_HASHES_PER_GRANT = 8;

/**
 * Computes NSEC3 hashes within a budget of names, and remembers them. One hasher serves one answer: when a proof ends as
 * `hash-budget`, grant more after a yield and ask again; what was computed is not computed twice.
 */
export class Nsec3Hasher {
  readonly #crypto: Crypto;
  /** So many as grants allow: a search is shorter than making a key. */
  readonly #known: { readonly name: Name; readonly parameters: HashParameters; readonly hash: Uint8Array }[] = [];
  #left: number;
  /** SHA-1 calls so far: each name costs its iterations and one. */
  digests = 0;

  constructor(crypto: Crypto, allowed: number = NSEC3_HASHES_PER_GRANT) {
    this.#crypto = crypto;
    this.#left = allowed;
  }

  get hashes(): number {
    return this.#known.length;
  }

  /** Allows this many names more. */
  grant(names: number): void {
    this.#left += names;
  }

  /** Hash of a name, 20 octets; null when the budget is used up. */
  hash(name: Name, parameters: HashParameters): Uint8Array | null {
    const known = this.#known.find(
      (each) => namesEqual(each.name, name) && areEqualParameters(each.parameters, parameters),
    );
    if (known !== undefined) return known.hash;
    if (this.#left <= 0) return null;
    this.#left--;
    this.digests += parameters.iterations + 1;
    const hash = nsec3Hash(name, parameters, this.#crypto);
    this.#known.push({ name, parameters, hash });
    return hash;
  }
}

export function areEqualParameters(a: HashParameters, b: HashParameters): boolean {
  return a === b || (a.iterations === b.iterations && bytesEqual(a.salt, b.salt));
}

/** IH(salt, name, iterations) of RFC 5155 §5. */
export function nsec3Hash(name: Name, parameters: HashParameters, crypto: Crypto): Uint8Array {
  const { iterations, salt } = parameters;
  const isOwn = salt.length <= MAX_ONE_BLOCK_SALT_OCTETS;
  const inOneBlock = isOwn ? hashNameInOneBlock(name, salt) : null;
  let hash = inOneBlock ?? crypto.digest('sha1', concatBytes(toLowerCase(name), salt));
  if (isOwn) return iterations === 0 ? hash : iterateNsec3(hash, salt, iterations);
  for (let i = 0; i < iterations; i++) hash = crypto.digest('sha1', concatBytes(hash, salt));
  return hash;
}
