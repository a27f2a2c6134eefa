/**
 * Signed zones that do not stay as they are: signatures are made anew shortly before they end, keys roll over in the ways of RFC 6781
 * §4.1, each step no sooner than the TTLs allow. Who validates must never notice. Not a test itself.
 */

import type { SeededRandom } from '../fake/fake-random.ts';
import type { SigningAlgorithm } from './keys.ts';
import { oneOf } from './random-zones.ts';
import type { KeyPlan, ZoneKeyPlan } from './zone.ts';

/** TTL of all that test zones have, seconds. */
const TTL_SECONDS = 3600;
/** Between the steps of a rollover: everything that was known before has ended. */
const STEP_SECONDS = TTL_SECONDS + 5;
const ALGORITHMS: readonly SigningAlgorithm[] = [8, 13, 14, 15];

/** What a zone is signed with until its next change. */
export interface SignedNow {
  readonly keys: KeyPlan;
  readonly inception: number;
  readonly expiration: number;
}

/** The keys of one zone over time. All times are unix seconds. */
export class MovingZone {
  readonly name: string;
  readonly #random: SeededRandom;
  #generation = 1;
  #keys: KeyPlan;
  /** What comes next, one of them each step. */
  #steps: KeyPlan[] = [];
  #stepAt: number;
  #expiration = 0;
  #resignAt = 0;

  constructor(name: string, random: SeededRandom, now: number) {
    this.name = name;
    this.#random = random;
    const key = { algorithm: oneOf(random, ALGORITHMS), generation: 0 };
    this.#keys = { ds: [key], entry: [key], zone: [key], standby: [] };
    this.#stepAt = now + random.below(2 * STEP_SECONDS);
  }

  /** When it changes next. */
  get nextAt(): number {
    return Math.min(this.#resignAt, this.#stepAt);
  }

  /** Changes what is due, and signs all. */
  change(now: number): SignedNow {
    if (now >= this.#stepAt) {
      if (this.#steps.length === 0) this.#steps = this.#rollover();
      this.#keys = this.#steps.shift() ?? this.#keys;
      this.#stepAt = now + STEP_SECONDS;
    }
    // A life is mostly longer than the TTL; who makes signatures anew late relies on TTLs being cut (RFC 4035 §5.3.3).
    this.#expiration = now + 1800 + this.#random.below(4 * TTL_SECONDS);
    this.#resignAt = this.#expiration - 1 - this.#random.below(900);
    return { keys: this.#keys, inception: now - this.#random.below(TTL_SECONDS), expiration: this.#expiration };
  }

  #newKey(algorithm: SigningAlgorithm): ZoneKeyPlan {
    return { algorithm, generation: this.#generation++ };
  }

  /** The steps of a rollover by chance. */
  #rollover(): KeyPlan[] {
    const before = this.#keys;
    const [entry = this.#newKey(15)] = before.entry;
    const [zone = entry] = before.zone;
    const newZone = this.#newKey(zone.algorithm);
    const newEntry = this.#newKey(entry.algorithm);
    switch (this.#random.below(5)) {
      case 0: // RFC 6781 §4.1.1.1: pre-publish
        return [
          { ...before, standby: [newZone] },
          { ...before, zone: [newZone], standby: [zone] },
          { ...before, zone: [newZone] },
        ];
      case 1: // RFC 6781 §4.1.1.2: double signature
        return [
          { ...before, zone: [zone, newZone] },
          { ...before, zone: [newZone] },
        ];
      case 2: // RFC 6781 §4.1.2: double KSK
        return [
          { ...before, entry: [entry, newEntry] },
          { ...before, entry: [entry, newEntry], ds: [newEntry] },
          { ...before, entry: [newEntry], ds: [newEntry] },
        ];
      case 3: // RFC 7583 §3.3.2: double DS
        return [
          { ...before, ds: [entry, newEntry] },
          { ...before, ds: [entry, newEntry], entry: [newEntry] },
          { ...before, ds: [newEntry], entry: [newEntry] },
        ];
      default:
        return this.#toOtherAlgorithm(before, this.#newKey(oneOf(this.#random, ALGORITHMS)));
    }
  }

  /** RFC 6781 §4.1.4, liberal: keys come and go with their signatures. */
  #toOtherAlgorithm(before: KeyPlan, key: ZoneKeyPlan): KeyPlan[] {
    const both = { ...before, entry: [...before.entry, key], zone: [...before.zone, key] };
    return [both, { ...both, ds: [key] }, { ds: [key], entry: [key], zone: [key], standby: [] }];
  }
}
