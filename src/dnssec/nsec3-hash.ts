/** NSEC3 hashes (RFC 5155 §5), with a budget and a memory. */

import type { Crypto } from '../ports/crypto.ts';
import { Bug } from '../terms/unreachable.ts';
import type { Name } from '../wire/name.ts';

/** Parameters of one NSEC3 chain. */
export interface Nsec3Parameters {
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/** Hashes allowed before the caller must yield and grant more. */
export const NSEC3_HASHES_PER_GRANT = 8;

/**
 * Computes NSEC3 hashes within a budget of names, and remembers them. One hasher serves one answer: when a proof ends as
 * `hash-budget`, grant more after a yield and ask again: what was computed is not computed twice.
 */
export class Nsec3Hasher {
  /** Names hashed so far. */
  hashes = 0;
  /** SHA-1 calls so far (each name costs iterations + 1). */
  digests = 0;

  constructor(crypto: Crypto, allowed: number = NSEC3_HASHES_PER_GRANT) {
    throw new Bug('not built', { crypto, allowed });
  }

  /** Allows this many names more. */
  grant(names: number): void {
    throw new Bug('not built', { names });
  }

  /** Hash of a name, 20 octets; null when the budget is used up. */
  hash(name: Name, parameters: Nsec3Parameters): Uint8Array | null {
    throw new Bug('not built', { name, parameters });
  }
}
