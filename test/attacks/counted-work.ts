/**
 * Counts the costly work of a resolver on fakes: checks of signatures, imports of keys, digests of DS, NSEC3 hashes; all
 * together, and the most in one turn of the event loop.
 *
 * Leaves to others: what is allowed.
 */

import { vi } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { Nsec3Hasher } from '../../src/dnssec/nsec3-hash.ts';
import type { Crypto } from '../../src/ports/crypto.ts';
import type { FakeClock } from '../fake/fake-clock.ts';

/** One kind of work. */
export class Tally {
  readonly #clock: FakeClock;
  #turn = -1;
  #inTurn = 0;
  all = 0;
  mostInTurn = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  add(amount = 1): void {
    if (this.#turn !== this.#clock.turnsRun) this.#inTurn = 0;
    this.#turn = this.#clock.turnsRun;
    this.#inTurn += amount;
    this.all += amount;
    this.mostInTurn = Math.max(this.mostInTurn, this.#inTurn);
  }
}

export interface CountedWork {
  /** The port that counts. */
  readonly crypto: Crypto;
  readonly checks: Tally;
  readonly imports: Tally;
  /** Digests of the kinds that DS records have and NSEC3 has not. */
  readonly digests: Tally;
  /** SHA-1 calls of one block (`hashCost`). */
  readonly hashes: Tally;
}

const realHash = Nsec3Hasher.prototype.hash;

/** Counts from now on; `vi.restoreAllMocks()` takes the counting of hashes back. */
export function countWork(clock: FakeClock): CountedWork {
  // Its own: keys that it has loaded for another test are not imported again.
  const real = createNodeCrypto();
  const [checks, imports, digests, hashes] = [new Tally(clock), new Tally(clock), new Tally(clock), new Tally(clock)];
  vi.spyOn(Nsec3Hasher.prototype, 'hash').mockImplementation(function (this: Nsec3Hasher, name, parameters) {
    const before = this.digests;
    const result = realHash.call(this, name, parameters);
    hashes.add(this.digests - before);
    return result;
  });
  const crypto: Crypto = {
    supports: (algorithm) => real.supports(algorithm),
    importKey: (algorithm, publicKey, wasTaken) => {
      if (wasTaken !== true) imports.add();
      return real.importKey(algorithm, publicKey, wasTaken);
    },
    verify: (key, data, signature) => {
      checks.add();
      return real.verify(key, data, signature);
    },
    digest: (kind, data) => {
      if (kind !== 'sha1') digests.add();
      return real.digest(kind, data);
    },
  };
  return { crypto, checks, imports, digests, hashes };
}
