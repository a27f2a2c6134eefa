/**
 * The records of one set while a zone is built: each once, compared in canonical form (RFC 4034 §6.3).
 *
 * Most sets of a zone hold one record: up to a few they are a plain list, which costs a tenth of a table's memory.
 */

import { compareBytes } from '../wire/bytes.ts';
import { canonicalRdata } from '../wire/rdata-names.ts';

interface GroupRecord {
  readonly rdata: Uint8Array;
  readonly ttl: number;
}

/** Records above which a table takes the list's place. */
const MAX_LIST = 16;

/** Records of one owner and type. */
export class RecordGroup {
  readonly #type: number;
  #list: GroupRecord[] | null = [];
  #table: Map<string, GroupRecord> | null = null;

  /** `type`: of the records themselves, RRSIG for signatures. */
  constructor(type: number) {
    this.#type = type;
  }

  get size(): number {
    return this.#list?.length ?? this.#table?.size ?? 0;
  }

  /** All records, in the order in which they came. */
  all(): readonly GroupRecord[] {
    return this.#list ?? [...(this.#table?.values() ?? [])];
  }

  /** Adds a record; false when it is there. */
  add(record: GroupRecord): boolean {
    if (this.#has(record.rdata)) return false;
    if (this.#list !== null && this.#list.length >= MAX_LIST) this.#makeTable(this.#list);
    // The first as an array of one: pushing makes room for 17.
    if (this.#list?.length === 0) this.#list = [record];
    else this.#list?.push(record);
    this.#table?.set(this.#key(record.rdata), record);
    return true;
  }

  /** Takes a record away; false when it is not there. */
  remove(rdata: Uint8Array): boolean {
    if (this.#list === null) return this.#table?.delete(this.#key(rdata)) ?? false;
    const at = this.#find(this.#list, rdata);
    if (at >= 0) this.#list.splice(at, 1);
    return at >= 0;
  }

  #has(rdata: Uint8Array): boolean {
    return this.#list === null ? (this.#table?.has(this.#key(rdata)) ?? false) : this.#find(this.#list, rdata) >= 0;
  }

  #find(list: readonly GroupRecord[], rdata: Uint8Array): number {
    if (list.length === 0) return -1;
    const wanted = canonicalRdata(rdata, this.#type);
    return list.findIndex((record) => compareBytes(canonicalRdata(record.rdata, this.#type), wanted) === 0);
  }

  #makeTable(list: readonly GroupRecord[]): void {
    this.#table = new Map(list.map((record) => [this.#key(record.rdata), record]));
    this.#list = null;
  }

  #key(rdata: Uint8Array): string {
    const canonical = canonicalRdata(rdata, this.#type);
    return Buffer.from(canonical.buffer, canonical.byteOffset, canonical.length).toString('latin1');
  }
}
