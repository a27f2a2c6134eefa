/**
 * A map from name, type and class to values that are kept as octets (block-heap.ts), bounded in bytes, that drops what was used
 * longest ago, or nearly (slot-records.ts). Whoever finds a value gets an object made for him.
 *
 * Duties: index, recency, size, references: a value that another cache refers to stays for that one when it is dropped or replaced
 * here. Leaves to others: how a value becomes octets (`PackedForm`), when it stops being true.
 */

import type { Random } from '../ports/random.ts';
import { Bug } from '../terms/unreachable.ts';
import { readU16, readU32 } from '../wire/bytes.ts';
import { isAtOrBelow, labelCount, type Name, nameEnd } from '../wire/name.ts';
import { BlockHeap, blockAt, heapOctetsFor } from './block-heap.ts';
import { KeyHash } from './key-hash.ts';
import { Packer, Unpacker } from './packing.ts';
import { RecentValues } from './recent-values.ts';
import { CELL, firstCell, INDEX_OCTETS, SlotIndex } from './slot-index.ts';
import { FIELD, NO_SLOT, RECORD_OCTETS, SlotRecords, STATE } from './slot-records.ts';

/** How values are written. The first octets are the same in all forms: four of its own, type, class, four of its own, the name. */
export interface PackedForm<Value> {
  write(value: Value, to: Packer): void;
  read(from: Unpacker): Value;
  /** The octets of a value are about to be given up. */
  drop?(from: Unpacker): void;
}

/** What becomes of a value that is held when another is offered for its key. */
export interface Choice<Value> {
  /** What is held from now on, of the same key: `held` itself stays as it is (null: nothing is held). */
  choose(held: Value | null, offered: Value): Value;
  /** As for `set`. */
  isSame(chosen: Value, held: Value): boolean;
  /** True when it shows in the octets of what is held that the offered value is chosen, and says the same: no object is made then. */
  isClear?(offered: Value, held: Unpacker): boolean;
}

/** Octets of a value before its key: type, class, four more, the name. */
const KEY_AT = 4;
/** Offsets in a value's octets. */
const TYPE_AND_CLASS_AT = KEY_AT;
const NAME_AT = 12;

/** Octets of a value besides its block: its slot, and the cells of the index for it (test/cache/heap-size.test.ts). */
const SLOT_OCTETS = RECORD_OCTETS + INDEX_OCTETS;

/** Types that values are counted by, a power of two: some share a count. */
const TYPE_KINDS = 64;
/** Numbers of labels that they are counted by, all larger ones as one. Those of a type lie together, for who walks up a name. */
const LABEL_KINDS = 16;

/** Part of a map that one value may take: whoever makes a large one must not push out most others with it. */
const VALUE_SHARE = 1 / 4;

/** Places for values as objects where a map keeps those that were read lately; a power of two. */
const HAND_PLACES = 64;
/** Octets of the largest value that is kept so: as an object it takes some eight times as much. */
const MOST_HAND_OCTETS = 2048;

/** Values that are looked at before others get their turn: about a millisecond. */
export const VALUES_PER_TURN = 500;

interface PackedMapParts<Value> {
  readonly random: Random;
  /** Of all caches that are asked about the same names; one of its own where none is given. */
  readonly hash?: KeyHash | undefined;
  /** Bound on all octets held, those of `othersOctets` included. */
  readonly maxBytes: number;
  readonly form: PackedForm<Value>;
  /** Octets held elsewhere for the sake of this map. */
  readonly othersOctets?: () => number;
  /** True: the same few values are read again and again, so those read lately are kept as objects, up to a megabyte. */
  readonly keepsAtHand?: boolean;
  /** True: values are referred to, mostly those that were read or written last. */
  readonly isReferredTo?: boolean;
}

export class PackedMap<Value extends object> {
  readonly #form: PackedForm<Value>;
  readonly #maxBytes: number;
  readonly #othersOctets: () => number;
  /** Others may use it too: a name that was taken is the one of the look-up that comes right after. */
  readonly #hash: KeyHash;
  readonly #slots = new SlotRecords();
  readonly #index = new SlotIndex((slot) => this.#slots.get(slot, FIELD.hash));
  readonly #heap = new BlockHeap((slot, block) => this.#slots.set(slot, FIELD.block, block));
  readonly #writer = new Packer();
  readonly #reader = new Unpacker();
  /** How many values there are of each kind: most look-ups are for one of which there is none. */
  readonly #kinds = new Uint32Array(TYPE_KINDS * LABEL_KINDS);
  /** What was read lately, at the place that its slot says; null where nothing is kept so. */
  readonly #atHand: ({ readonly slot: number; readonly value: Value } | null)[] | null;
  /** Null where nobody refers to values. */
  readonly #recent: RecentValues<Value> | null;
  #count = 0;
  /** Octets of what is only there for who refers to it. */
  #referredOctets = 0;
  /** What is being banned: neither found nor kept until the sweep has gone through everything; mostly null. */
  #bans: readonly ((value: Value) => boolean)[] | null = null;

  constructor(parts: PackedMapParts<Value>) {
    const { random, maxBytes, form, othersOctets = () => 0, keepsAtHand = false, isReferredTo = false } = parts;
    this.#hash = parts.hash ?? new KeyHash(random);
    this.#maxBytes = maxBytes;
    this.#form = form;
    this.#othersOctets = othersOctets;
    this.#atHand = keepsAtHand ? new Array(HAND_PLACES).fill(null) : null;
    this.#recent = isReferredTo ? new RecentValues() : null;
  }

  /** The value of the name, or of the one above it whose first label is at `at`; counts as a use. */
  get(name: Name, type: number, rrClass: number, at = 0): Value | null {
    const slot = this.#find(name, type, rrClass, at);
    if (slot === NO_SLOT) return null;
    this.#slots.use(slot);
    const value = this.#read(slot);
    this.#recent?.add(value, slot);
    return this.#unlessBanned(value);
  }

  /** The octets of the same value, good until the next call; counts as a use. */
  find(name: Name, type: number, rrClass: number, at = 0): Unpacker | null {
    const slot = this.#find(name, type, rrClass, at);
    if (slot === NO_SLOT) return null;
    this.#slots.use(slot);
    if (this.#bans !== null && this.#isBanned(this.#read(slot))) return null;
    return this.#readerOf(slot);
  }

  /** True when there is one; counts as a use. */
  use(name: Name, type: number, rrClass: number, at = 0): boolean {
    const slot = this.#find(name, type, rrClass, at);
    if (slot !== NO_SLOT) this.#slots.use(slot);
    return slot !== NO_SLOT;
  }

  /** The value, without counting as a use. */
  peek(name: Name, type: number, rrClass: number, at = 0): Value | null {
    const slot = this.#find(name, type, rrClass, at);
    return slot === NO_SLOT ? null : this.#unlessBanned(this.#read(slot));
  }

  /** True when this very object was put or given lately and is what is found; false says nothing. */
  holds(value: Value): boolean {
    const slot = this.#recent?.slotOf(value) ?? NO_SLOT;
    return slot !== NO_SLOT && this.#isFound(slot) && this.#unlessBanned(value) !== null;
  }

  /**
   * Puts a value; one that is larger than its share of the map, or banned, is not kept (and what had its key is gone).
   * `isSame`: it says the same of the same data as what it takes the place of, so who refers to that is given this from now on.
   */
  set(value: Value, isSame = false): void {
    this.#write(value);
    const hash = this.#hashWritten();
    this.#put(value, hash, this.#findWritten(hash), isSame);
  }

  /** Puts what is chosen in place of what is held for a key, which stands as in a value's octets from KEY_AT on; what was chosen. */
  offer(key: Uint8Array, offered: Value, choice: Choice<Value>): Value {
    const nameAt = NAME_AT - KEY_AT;
    this.#hash.take(key, nameAt, nameEnd(key, nameAt));
    const typeAndClass = readU32(key, 0);
    const hash = this.#hash.with(typeAndClass);
    const slot = this.#search(hash, typeAndClass);
    if (slot !== NO_SLOT && this.#bans === null && choice.isClear?.(offered, this.#readerOf(slot)) === true) {
      this.#write(offered);
      this.#put(offered, hash, slot, true);
      return offered;
    }
    const held = slot === NO_SLOT ? null : this.#unlessBanned(this.#read(slot));
    const chosen = choice.choose(held, offered);
    if (chosen === held) return chosen;
    this.#write(chosen);
    this.#put(chosen, hash, slot, held !== null && choice.isSame(chosen, held));
    return chosen;
  }

  /** Puts what was written, a value of that hash, in place of what is held in a slot of its key. */
  #put(value: Value, hash: number, held: number, isSame: boolean): void {
    if (this.#isBanned(value) || heapOctetsFor(this.#writer.length) + SLOT_OCTETS > this.#maxBytes * VALUE_SHARE) {
      this.#dropWritten();
      if (held !== NO_SLOT) this.#remove(held);
      return;
    }
    let slot = held;
    if (held !== NO_SLOT && (isSame || this.#slots.get(held, FIELD.references) === 0)) this.#rewrite(held);
    else {
      if (held !== NO_SLOT) this.#remove(held);
      slot = this.#insert(hash);
    }
    this.#recent?.add(value, slot);
    this.#evict();
  }

  /** True when there was one. */
  delete(name: Name, type: number, rrClass: number): boolean {
    const slot = this.#find(name, type, rrClass, 0);
    if (slot !== NO_SLOT) this.#remove(slot);
    return slot !== NO_SLOT;
  }

  /**
   * Refers to a value: the one in the map when it is octet for octet the same, else one of its own. The number is good for
   * `referred` until `release` is called for it, as often as it was given out.
   */
  refer(value: Value): number {
    const known = this.#recent?.slotOf(value) ?? NO_SLOT;
    const slot = known === NO_SLOT ? this.#slotFor(value) : known;
    this.#slots.set(slot, FIELD.references, this.#slots.get(slot, FIELD.references) + 1);
    return slot;
  }

  /** The slot in the map that holds the very same, or one that is only there for who refers to it. */
  #slotFor(value: Value): number {
    this.#write(value);
    const hash = this.#hashWritten();
    const found = this.#findWritten(hash);
    if (found !== NO_SLOT && this.#isWritten(found)) return found;
    const slot = this.#take(hash);
    this.#slots.setState(slot, STATE.referred);
    this.#referredOctets += this.#octetsOf(slot);
    return slot;
  }

  /** The value that is referred to. */
  referred(slot: number): Value {
    if (this.#slots.get(slot, FIELD.references) === 0) throw new Bug('nobody refers to this slot', { slot });
    return this.#read(slot);
  }

  /** Gives a reference up. */
  release(slot: number): void {
    const references = this.#slots.get(slot, FIELD.references);
    if (references === 0) throw new Bug('reference given up twice', { slot });
    this.#slots.set(slot, FIELD.references, references - 1);
    if (references > 1 || this.#slots.stateOf(slot) !== STATE.referred) return;
    this.#referredOctets -= this.#octetsOf(slot);
    this.#giveUp(slot);
  }

  /** Removes the values of a name and of all below it, without making them; how many. */
  removeBelow(name: Name): number {
    let removed = 0;
    for (let slot = 0; slot < this.#slots.capacity; slot++) {
      if (!this.#isFound(slot) || !this.#isBelow(slot, name)) continue;
      this.#remove(slot);
      removed++;
    }
    return removed;
  }

  #isBelow(slot: number, name: Name): boolean {
    const block = this.#slots.get(slot, FIELD.block);
    const octets = this.#heap.octetsOf(block);
    const at = blockAt(block) + NAME_AT;
    return isAtOrBelow(octets.subarray(at, nameEnd(octets, at)) as Name, name);
  }

  /** Removes all values that the test says yes to; how many. */
  removeWhere(test: (value: Value) => boolean): number {
    let removed = 0;
    for (let slot = 0; slot < this.#slots.capacity; slot++) if (this.#removeIf(slot, test)) removed++;
    return removed;
  }

  /**
   * The same a piece at a time, so that large maps keep nobody waiting: `pause` is called between pieces. What is put there
   * meanwhile is newer than the call and need not be looked at.
   */
  async removeInTurns(test: (value: Value) => boolean, pause: () => Promise<void>): Promise<number> {
    let removed = 0;
    let looked = 0;
    for (let slot = 0; slot < this.#slots.capacity; slot++) {
      if (!this.#isFound(slot)) continue;
      if (this.#removeIf(slot, test)) removed++;
      if (++looked % VALUES_PER_TURN === 0) await pause();
    }
    return removed;
  }

  /**
   * Removes all values that the test says yes to a piece at a time, for values that must not be used for one turn more: from
   * the call on none of them is found, and until the end none is kept, since it may have been made of what is removed.
   */
  async banInTurns(test: (value: Value) => boolean, pause: () => Promise<void>): Promise<number> {
    this.#bans = [...(this.#bans ?? []), test];
    try {
      return await this.removeInTurns(test, pause);
    } finally {
      const left = (this.#bans ?? []).filter((each) => each !== test);
      this.#bans = left.length === 0 ? null : left;
    }
  }

  clear(): void {
    for (let slot = this.#hasReferences() ? 0 : NO_SLOT; slot !== NO_SLOT && slot < this.#slots.capacity; slot++) {
      if (this.#isFound(slot)) this.#remove(slot);
    }
    if (this.#referredOctets === 0) this.#reset();
  }

  /** Values, most recently used first. */
  *values(): Generator<Value> {
    for (let slot = this.#slots.newest; slot !== NO_SLOT; slot = this.#slots.get(slot, FIELD.older)) {
      const value = this.#unlessBanned(this.#read(slot));
      if (value !== null) yield value;
    }
  }

  /** Values in no order; each that is held from beginning to end comes, also when others have their turn in between. */
  *unordered(): Generator<Value> {
    for (let slot = 0; slot < this.#slots.capacity; slot++) {
      const value = this.#isFound(slot) ? this.#unlessBanned(this.#read(slot)) : null;
      if (value !== null) yield value;
    }
  }

  get count(): number {
    return this.#count;
  }

  /** Octets of all values that are found here, and what is held elsewhere for the sake of this map. */
  get sizeBytes(): number {
    return this.#heap.liveOctets + this.#count * SLOT_OCTETS - this.#referredOctets + this.#othersOctets();
  }

  /** Octets of what is only there for who refers to it. */
  get referredOctets(): number {
    return this.#referredOctets;
  }

  #write(value: Value): void {
    this.#writer.length = 0;
    this.#form.write(value, this.#writer);
  }

  /** Lets go what the form holds of a value that was written and is not kept. */
  #dropWritten(): void {
    if (this.#form.drop === undefined) return;
    this.#reader.octets = this.#writer.octets;
    this.#reader.characters = this.#writer.octets;
    this.#reader.at = 0;
    this.#form.drop(this.#reader);
  }

  /** The reader at the beginning of a slot's octets. */
  #readerOf(slot: number): Unpacker {
    const block = this.#slots.get(slot, FIELD.block);
    const reader = this.#reader;
    reader.octets = this.#heap.octetsOf(block);
    reader.characters = this.#heap.textOf(block);
    reader.at = blockAt(block);
    return reader;
  }

  #read(slot: number): Value {
    if (this.#atHand === null) return this.#form.read(this.#readerOf(slot));
    const place = slot & (HAND_PLACES - 1);
    const held = this.#atHand[place] ?? null;
    if (held !== null && held.slot === slot) return held.value;
    const value = this.#form.read(this.#readerOf(slot));
    if (this.#heap.lengthOf(this.#slots.get(slot, FIELD.block)) <= MOST_HAND_OCTETS)
      this.#atHand[place] = { slot, value };
    return value;
  }

  /** Forgets the objects of a slot that holds another value from now on, or none. */
  #dropAtHand(slot: number): void {
    this.#recent?.forget(slot);
    const place = slot & (HAND_PLACES - 1);
    if (this.#atHand !== null && this.#atHand[place]?.slot === slot) this.#atHand[place] = null;
  }

  #find(name: Name, type: number, rrClass: number, at: number): number {
    if (this.#kinds[kindOf(labelCount(name, at), type)] === 0) return NO_SLOT;
    this.#hash.take(name, at, name.length);
    const typeAndClass = type * 0x10000 + rrClass;
    return this.#search(this.#hash.with(typeAndClass), typeAndClass);
  }

  /** Takes the name that was written; its hash. */
  #hashWritten(): number {
    const { octets } = this.#writer;
    this.#hash.take(octets, NAME_AT, nameEnd(octets, NAME_AT));
    return this.#hash.with(readU32(octets, TYPE_AND_CLASS_AT));
  }

  #findWritten(hash: number): number {
    return this.#search(hash, readU32(this.#writer.octets, TYPE_AND_CLASS_AT));
  }

  /** The slot of the name that was taken last. */
  #search(hash: number, typeAndClass: number): number {
    const cells = this.#index.cellsFor(hash);
    const mask = cells.length - 1;
    for (let cell = firstCell(hash, cells); ; cell = (cell + CELL) & mask) {
      const slot = (cells[cell] as number) - 1;
      if (slot < 0) return NO_SLOT;
      if (cells[cell + 1] !== hash) continue;
      const block = this.#slots.get(slot, FIELD.block);
      const octets = this.#heap.octetsOf(block);
      const at = blockAt(block);
      if (readU32(octets, at + TYPE_AND_CLASS_AT) === typeAndClass && this.#hash.isNameAt(octets, at + NAME_AT))
        return slot;
    }
  }

  /** True when a slot holds what was written, octet for octet. */
  #isWritten(slot: number): boolean {
    const { octets: written, length } = this.#writer;
    const block = this.#slots.get(slot, FIELD.block);
    if (this.#heap.lengthOf(block) !== length) return false;
    const octets = this.#heap.octetsOf(block);
    const at = blockAt(block);
    for (let i = 0; i < length; i++) if (octets[at + i] !== written[i]) return false;
    return true;
  }

  #insert(hash: number): number {
    const slot = this.#take(hash);
    this.#slots.setState(slot, STATE.found);
    this.#countKind(slot, 1);
    this.#count++;
    this.#index.add(slot);
    this.#slots.putNewest(slot);
    return slot;
  }

  /** Counts a value that has come (1) or goes (-1). */
  #countKind(slot: number, by: 1 | -1): void {
    const block = this.#slots.get(slot, FIELD.block);
    const octets = this.#heap.octetsOf(block);
    const at = blockAt(block);
    const kind = kindOf(labelCount(octets, at + NAME_AT), readU16(octets, at + TYPE_AND_CLASS_AT));
    this.#kinds[kind] = (this.#kinds[kind] as number) + by;
  }

  /** A slot with what was written in it. */
  #take(hash: number): number {
    const slot = this.#slots.take();
    this.#slots.set(slot, FIELD.hash, hash);
    this.#slots.set(slot, FIELD.references, 0);
    this.#slots.set(slot, FIELD.block, this.#heap.allocate(this.#writer.length, slot));
    this.#fill(slot);
    return slot;
  }

  #fill(slot: number): void {
    this.#dropAtHand(slot);
    const { octets, length } = this.#writer;
    const block = this.#slots.get(slot, FIELD.block);
    octets.copy(this.#heap.octetsOf(block), blockAt(block), 0, length);
  }

  /** Puts what was written in place of what a slot holds. */
  #rewrite(slot: number): void {
    this.#form.drop?.(this.#readerOf(slot));
    const block = this.#slots.get(slot, FIELD.block);
    if (this.#heap.lengthOf(block) !== this.#writer.length) {
      this.#heap.free(block);
      this.#slots.set(slot, FIELD.block, this.#heap.allocate(this.#writer.length, slot));
    }
    this.#fill(slot);
    this.#slots.use(slot);
  }

  #removeIf(slot: number, test: (value: Value) => boolean): boolean {
    const isHit = this.#isFound(slot) && test(this.#read(slot));
    if (isHit) this.#remove(slot);
    return isHit;
  }

  /** Takes a value out; who refers to it keeps it. */
  #remove(slot: number): void {
    this.#index.remove(slot);
    this.#slots.takeOut(slot);
    this.#countKind(slot, -1);
    this.#count--;
    if (this.#slots.get(slot, FIELD.references) === 0) this.#giveUp(slot);
    else {
      this.#slots.setState(slot, STATE.referred);
      this.#referredOctets += this.#octetsOf(slot);
    }
  }

  #giveUp(slot: number): void {
    this.#dropAtHand(slot);
    this.#form.drop?.(this.#readerOf(slot));
    this.#heap.free(this.#slots.get(slot, FIELD.block));
    this.#slots.free(slot);
  }

  #isFound(slot: number): boolean {
    return this.#slots.stateOf(slot) === STATE.found;
  }

  /** True when values refer to others, or may be referred to. */
  #hasReferences(): boolean {
    if (this.#form.drop !== undefined) return true;
    for (let slot = 0; slot < this.#slots.capacity; slot++)
      if (this.#slots.stateOf(slot) !== STATE.free && this.#slots.get(slot, FIELD.references) > 0) return true;
    return false;
  }

  #octetsOf(slot: number): number {
    return heapOctetsFor(this.#heap.lengthOf(this.#slots.get(slot, FIELD.block)));
  }

  #evict(): void {
    while (this.#count > 0 && this.sizeBytes > this.#maxBytes) this.#remove(this.#slots.oldest);
  }

  #isBanned(value: Value): boolean {
    return this.#bans?.some((test) => test(value)) === true;
  }

  #unlessBanned(value: Value): Value | null {
    return this.#bans !== null && this.#isBanned(value) ? null : value;
  }

  #reset(): void {
    this.#heap.clear();
    this.#index.clear();
    this.#slots.clear();
    this.#kinds.fill(0);
    this.#atHand?.fill(null);
    this.#recent?.clear();
    this.#count = 0;
  }
}

function kindOf(labels: number, type: number): number {
  return (type & (TYPE_KINDS - 1)) * LABEL_KINDS + Math.min(labels, LABEL_KINDS - 1);
}
