/**
 * The records of one name that policy answers with (local data, rules of policy zones): sets by type, each record once.
 *
 * Duties: adding a record costs the same however many there are; sets are packed when somebody asks for them; bounds.
 * Leaves to others: which records a name may have, what is answered.
 */

import type { Name } from '../wire/name.ts';
import { CLASS } from '../wire/rr-type.ts';
import { packRRset, type RRset, rdataCount, rdatasOf } from '../wire/rrset.ts';
import type { ResourceRecord, TimedRRset } from '../wire/rrsets.ts';

/** Records of one set (Unbound's `LOCALZONE_RRSET_COUNT_MAX`): a reply of more helps nobody and costs every client. */
export const MAX_SET_RECORDS = 4096;
/** Types at one name: some hundred are assigned. */
export const MAX_TYPES = 256;
/** What is said of a record above either bound. */
export const TOO_MANY = `more than ${MAX_SET_RECORDS} records of one type, or ${MAX_TYPES} types, at one name`;

/** Records up to which a set is only packed: most hold one, and a table costs ten times the memory. */
const MAX_PACKED_ONLY = 16;

/** Which record or type comes first in what is answered: Unbound puts new ones in front in local data. */
type SetOrder = 'newest-first' | 'oldest-first';

class GrowingSet implements TimedRRset {
  readonly type: number;
  ttl: number;
  readonly #owner: Name;
  readonly #order: SetOrder;
  #packed: RRset | null;
  /** Octets of records to records, oldest first; null while the set is small. */
  #table: Map<string, Uint8Array> | null = null;

  constructor({ owner, type, ttl, rdata }: ResourceRecord, order: SetOrder) {
    this.#owner = owner;
    this.#order = order;
    this.type = type;
    this.ttl = ttl;
    this.#packed = this.#pack([rdata]);
  }

  get rrset(): RRset {
    this.#packed ??= this.#pack(this.#ordered([...(this.#table?.values() ?? [])]));
    return this.#packed;
  }

  get size(): number {
    return this.#table?.size ?? rdataCount(this.rrset);
  }

  /** A record that is there already stays as it is, with its TTL, as in Unbound. */
  add(ttl: number, rdata: Uint8Array): 'added' | 'too-many' {
    if (this.#has(rdata)) return 'added';
    if (this.#table === null && this.size >= MAX_PACKED_ONLY) this.#makeTable();
    if (this.#table === null) {
      const isNewFirst = this.#order === 'newest-first';
      const before = rdatasOf(this.rrset);
      this.#packed = this.#pack(isNewFirst ? [rdata, ...before] : [...before, rdata]);
    } else {
      if (this.#table.size >= MAX_SET_RECORDS) return 'too-many';
      this.#table.set(keyOf(rdata), rdata.slice());
      this.#packed = null;
    }
    this.ttl = Math.min(this.ttl, ttl);
    return 'added';
  }

  #has(rdata: Uint8Array): boolean {
    if (this.#table !== null) return this.#table.has(keyOf(rdata));
    return rdatasOf(this.rrset).some((each) => Buffer.compare(each, rdata) === 0);
  }

  /** False when it was not there. */
  remove(rdata: Uint8Array): boolean {
    if (this.#table !== null) {
      if (!this.#table.delete(keyOf(rdata))) return false;
      this.#packed = null;
      return true;
    }
    const before = rdatasOf(this.rrset);
    const left = before.filter((each) => Buffer.compare(each, rdata) !== 0);
    if (left.length === before.length) return false;
    this.#packed = this.#pack(left);
    return true;
  }

  #makeTable(): void {
    const oldestFirst = this.#ordered(rdatasOf(this.rrset));
    this.#table = new Map(oldestFirst.map((rdata) => [keyOf(rdata), rdata]));
  }

  /** From oldest first to the order of the set, and back. */
  #ordered(rdatas: Uint8Array[]): Uint8Array[] {
    return this.#order === 'newest-first' ? rdatas.reverse() : rdatas;
  }

  #pack(rdatas: readonly Uint8Array[]): RRset {
    return packRRset({ owner: this.#owner, type: this.type, class: CLASS.IN, rdatas, signatures: [] });
  }
}

function keyOf(rdata: Uint8Array): string {
  return Buffer.from(rdata.buffer, rdata.byteOffset, rdata.length).toString('latin1');
}

export class RecordSets {
  readonly #order: SetOrder;
  #sets: GrowingSet[] = [];

  constructor(order: SetOrder = 'newest-first') {
    this.#order = order;
  }

  /** The sets. One changes when records are added to it. */
  list(): readonly TimedRRset[] {
    return this.#sets;
  }

  get size(): number {
    return this.#sets.length;
  }

  get(type: number): TimedRRset | null {
    return this.#find(type) ?? null;
  }

  /** Adds a record; one that is there already stays as it is. */
  add(record: ResourceRecord): 'added' | 'too-many' {
    const known = this.#find(record.type);
    if (known !== undefined) return known.add(record.ttl, record.rdata);
    if (this.#sets.length >= MAX_TYPES) return 'too-many';
    const made = new GrowingSet(record, this.#order);
    if (this.#order === 'newest-first') this.#sets.unshift(made);
    else this.#sets.push(made);
    return 'added';
  }

  /** Takes out one record; false when it was not there. */
  remove(type: number, rdata: Uint8Array): boolean {
    const set = this.#find(type);
    if (set === undefined || !set.remove(rdata)) return false;
    if (set.size === 0) this.removeType(type);
    return true;
  }

  /** Takes out a set; false when there was none. */
  removeType(type: number): boolean {
    const at = this.#sets.findIndex((each) => each.type === type);
    if (at >= 0) this.#sets.splice(at, 1);
    return at >= 0;
  }

  clear(): void {
    this.#sets = [];
  }

  #find(type: number): GrowingSet | undefined {
    return this.#sets.find((each) => each.type === type);
  }
}
