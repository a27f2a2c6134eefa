/**
 * States of zones as objects, by the keys of their names.
 *
 * Most zones are used by the question that proves them and those that follow at once, and then for long not again. Such a state leaves
 * soon, while V8 has it among its new objects: to drop it there costs nothing, and what has become old takes a collection of all. Who
 * comes twice again after that, not long after the time before, is among those that are used again and again, and stays by last
 * use; once is what a mail server's four questions for a domain do.
 *
 * Leaves to others: making a state again (key-cache.ts), whether it is still true.
 */

import { ByteBoundedMap, ENTRY_OCTETS } from './byte-bounded-map.ts';

/**
 * Zones that have just come: more than there are mostly under way at a time (50 questions), fewer than what a collection of new objects
 * finds asked since the one before, some 150. What two of them find is old.
 */
export const NEW_ZONES = 64;
/** Part of the room for those. */
const NEW_SHARE = 1 / 4;
/** Places for hashes of zones that came, a power of two: of 800 zones ago two thirds are known, of 5,000 ago one in eleven. */
const KNOWN_PLACES = 2048;
/** Stands for no place. */
const NOWHERE = -1;

/** How it is made. */
interface ZonesAtHandParts<State> {
  /** Bound on the sum of sizes, octets. */
  readonly maxBytes: number;
  /** Octets of one state. */
  readonly sizeOf: (state: State) => number;
}

export class ZonesAtHand<State extends object> {
  readonly #sizeOf: (state: State) => number;
  /** States of zones that came again. */
  readonly #often: ByteBoundedMap<State>;
  /** States that have come, each in place of the one that came `NEW_ZONES` before. */
  readonly #keys: string[] = new Array(NEW_ZONES).fill('');
  readonly #states: (State | null)[] = new Array(NEW_ZONES).fill(null);
  readonly #octets = new Int32Array(NEW_ZONES);
  readonly #maxNewOctets: number;
  /** Hashes of zones that came lately, by their low bits; of one that came again the complement. */
  readonly #came = new Int32Array(KNOWN_PLACES);
  #next = 0;
  #newOctets = 0;

  constructor({ maxBytes, sizeOf }: ZonesAtHandParts<State>) {
    this.#sizeOf = sizeOf;
    this.#maxNewOctets = Math.floor(maxBytes * NEW_SHARE);
    this.#often = new ByteBoundedMap<State>({ maxBytes: maxBytes - this.#maxNewOctets, sizeOf });
  }

  /** The state of a zone; null: not at hand. */
  get(key: string): State | null {
    const often = this.#often.get(key);
    if (often !== null) return often;
    const place = this.#placeOf(key);
    return place === NOWHERE ? null : (this.#states[place] ?? null);
  }

  /** Puts the state of a zone that was proven now, whose name has that hash. */
  add(key: string, hash: number, state: State): void {
    if (this.#often.peek(key) !== null) this.#often.set(key, state);
    else {
      this.#came[hash & (KNOWN_PLACES - 1)] = hash;
      this.#addNew(key, state);
    }
  }

  /** Puts a state that was made again, since it was not at hand, of a zone whose name has that hash. */
  addAgain(key: string, hash: number, state: State): void {
    const known = this.#came[hash & (KNOWN_PLACES - 1)];
    if (known === ~hash) this.#often.set(key, state);
    else {
      this.#came[hash & (KNOWN_PLACES - 1)] = known === hash ? ~hash : hash;
      this.#addNew(key, state);
    }
  }

  #addNew(key: string, state: State): void {
    this.#forget(this.#placeOf(key));
    const octets = ENTRY_OCTETS + key.length + Math.ceil(this.#sizeOf(state));
    if (octets > this.#maxNewOctets) return;
    const place = this.#next;
    this.#next = (place + 1) % NEW_ZONES;
    this.#forget(place);
    this.#keys[place] = key;
    this.#states[place] = state;
    this.#octets[place] = octets;
    this.#newOctets += octets;
    for (let oldest = this.#next; this.#newOctets > this.#maxNewOctets; oldest = (oldest + 1) % NEW_ZONES) {
      this.#forget(oldest);
    }
  }

  /** Where the state of a zone is among those that have come, the last ones first. */
  #placeOf(key: string): number {
    for (let back = 1; back <= NEW_ZONES; back++) {
      const place = (this.#next - back + NEW_ZONES) % NEW_ZONES;
      if (this.#keys[place] === key && this.#states[place] !== null) return place;
    }
    return NOWHERE;
  }

  #forget(place: number): void {
    if (place === NOWHERE || this.#states[place] === null) return;
    this.#keys[place] = '';
    this.#states[place] = null;
    this.#newOctets -= this.#octets[place] as number;
  }

  delete(key: string): void {
    this.#often.delete(key);
    this.#forget(this.#placeOf(key));
  }

  clear(): void {
    this.#often.clear();
    for (let place = 0; place < NEW_ZONES; place++) this.#forget(place);
  }

  /** Estimated octets of all. */
  get sizeBytes(): number {
    return this.#often.sizeBytes + this.#newOctets;
  }
}
