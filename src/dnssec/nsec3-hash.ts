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

/** SHA-1 calls that a grant is worth, whatever the parameters: those of so many names with 150 iterations. */
const DIGESTS_PER_NAME = 151;

/**
 * What a digest with a salt that leaves its one block (nsec3-iterate.ts) counts for: up to five blocks, by a call of the crypto
 * library, take eight to ten times as long. No honest zone gains anything by such a salt (RFC 9276 §3.1).
 */
const LONG_SALT_COST = 8;

/** What hashing one name costs, in SHA-1 calls of one block. */
export function hashCost({ iterations, salt }: HashParameters): number {
  return (iterations + 1) * (salt.length <= MAX_ONE_BLOCK_SALT_OCTETS ? 1 : LONG_SALT_COST);
}

interface HashedName {
  readonly name: Name;
  readonly parameters: HashParameters;
  readonly hash: Uint8Array;
}

/**
 * Computes NSEC3 hashes within a budget of names, and remembers them. One hasher serves one answer: when a proof ends as
 * `hash-budget`, grant more after a yield and ask again; what was computed is not computed twice.
 */
export class Nsec3Hasher {
  readonly #crypto: Crypto;
  /** So many as grants allow: a search is shorter than making a key. */
  readonly #known: HashedName[] = [];
  #left: number;
  #leftDigests: number;
  /** SHA-1 calls so far (`hashCost`). */
  digests = 0;

  constructor(crypto: Crypto, allowed: number = NSEC3_HASHES_PER_GRANT) {
    this.#crypto = crypto;
    this.#left = allowed;
    this.#leftDigests = allowed * DIGESTS_PER_NAME;
  }

  get hashes(): number {
    return this.#known.length;
  }

  /** Allows this many names more. */
  grant(names: number): void {
    this.#left += names;
    this.#leftDigests = names * DIGESTS_PER_NAME;
  }

  /** Hash of a name, 20 octets; null when the budget is used up. */
  hash(name: Name, parameters: HashParameters): Uint8Array | null {
    for (let i = 0; i < this.#known.length; i++) {
      const known = this.#known[i] as HashedName;
      if (namesEqual(known.name, name) && areEqualParameters(known.parameters, parameters)) return known.hash;
    }
    if (this.#left <= 0 || this.#leftDigests <= 0) return null;
    const cost = hashCost(parameters);
    this.#left--;
    this.#leftDigests -= cost;
    this.digests += cost;
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
