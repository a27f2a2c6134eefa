/**
 * One local zone: a name, how names in it are answered, and its own records.
 *
 * Duties: hold records by name and type (record-sets.ts), in little room where a name has only one (lone-record.ts), with the
 * names between them and the top (empty non-terminals); the rules for records of redirect zones; the SOA for negative answers.
 * Leaves to others: which zone a name is in (local-zones.ts), what is answered (answer-zone.ts).
 */

import type { LocalZoneType } from '../config/form-policy.ts';
import { type Name, nameKey, namesEqual, parentOf } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import type { PrefixMap } from '../wire/prefix-map.ts';
import { readSoa } from '../wire/rdata-soa.ts';
import { TYPE, typeText } from '../wire/rr-type.ts';
import type { ResourceRecord, TimedRRset } from '../wire/rrsets.ts';
import { packLoneRecord, unpackLoneRecord } from './lone-record.ts';
import { RecordSets, TOO_MANY } from './record-sets.ts';
import type { TagSet } from './tags.ts';

/** How names of a zone are answered; `truncate` is also a policy zone's tcp-only. */
export type ZoneType = Exclude<LocalZoneType, 'nodefault'>;

export interface LocalName {
  readonly name: Name;
  /** Empty for a name that only has names below it. */
  readonly sets: RecordSets;
  /** Names directly below. */
  children: number;
}

/** What is held for a name: all of it; its only record, where no name is below it; or how many names are below one without records. */
type Held = LocalName | string | number;

/** Types of zones all of whose names are answered with the records at the top. */
export function isRedirect(type: ZoneType): boolean {
  return type === 'redirect' || type === 'inform_redirect';
}

export class LocalZone {
  readonly name: Name;
  type: ZoneType;
  /** Only clients with one of these tags see the zone; null: all do. */
  tags: TagSet | null = null;
  /** Other types for clients of netblocks. */
  overrides: PrefixMap<ZoneType> | null = null;
  /** Of the zone's own name, which is all that most zones of a block list have; null: nothing. */
  #top: Held | null = null;
  /** By key, of names below it; made with the first of them. */
  #below: Map<string, Held> | null = null;
  #negativeSoa: TimedRRset | null = null;

  constructor(name: Name, type: ZoneType) {
    this.name = name;
    this.type = type;
  }

  /** The SOA with the TTL that negative answers have (RFC 2308 §3); null: they have none. */
  get negativeSoa(): TimedRRset | null {
    return this.#negativeSoa;
  }

  /** What the zone has for a name. For reading: a change of it may be lost. */
  find(name: Name): LocalName | null {
    const held = this.#get(name);
    return held === null ? null : wholeOf(name, held);
  }

  /** Keys of all names that have records or names below them. */
  *keys(): Iterable<string> {
    if (this.#top !== null) yield nameKey(this.name);
    if (this.#below !== null) yield* this.#below.keys();
  }

  #get(name: Name): Held | null {
    if (namesEqual(name, this.name)) return this.#top;
    return this.#below?.get(nameKey(name)) ?? null;
  }

  #set(name: Name, held: Held): void {
    if (namesEqual(name, this.name)) this.#top = held;
    else {
      this.#below ??= new Map();
      this.#below.set(nameKey(name), held);
    }
  }

  #drop(name: Name): void {
    if (namesEqual(name, this.name)) this.#top = null;
    else this.#below?.delete(nameKey(name));
  }

  /** Adds a record of class IN at or below the zone's name; returns why not. A record that is there is not added again. */
  add(record: ResourceRecord): string | null {
    const problem = this.#problemWith(record);
    if (problem !== null) return problem;
    if (this.#get(record.owner) === null) this.#addFirst(record);
    else if (this.#nodeAt(record.owner)?.sets.add(record) === 'too-many') return TOO_MANY;
    const isOwnSoa = record.type === TYPE.SOA && namesEqual(record.owner, this.name);
    const soa = isOwnSoa ? (this.find(record.owner)?.sets.get(TYPE.SOA) ?? null) : null;
    if (soa !== null) this.#setSoa(soa, record.rdata);
    return null;
  }

  /** Takes out all records of a name; false when there were none. */
  remove(name: Name): boolean {
    const node = this.#nodeAt(name);
    if (node === null || node.sets.size === 0) return false;
    node.sets.clear();
    if (namesEqual(name, this.name)) this.#negativeSoa = null;
    this.#prune(name);
    return true;
  }

  /** Takes out the records of one type; false when there were none. */
  removeType(name: Name, type: number): boolean {
    const node = this.#nodeAt(name);
    if (node === null || !node.sets.removeType(type)) return false;
    this.#prune(name);
    return true;
  }

  /** Takes out one record; false when it was not there. */
  removeRecord({ owner, type, rdata }: Pick<ResourceRecord, 'owner' | 'type' | 'rdata'>): boolean {
    const node = this.#nodeAt(owner);
    if (node === null || !node.sets.remove(type, rdata)) return false;
    if (type === TYPE.SOA && namesEqual(owner, this.name)) this.#negativeSoa = null;
    this.#prune(owner);
    return true;
  }

  #problemWith({ owner, type }: ResourceRecord): string | null {
    if (!isRedirect(this.type)) return null;
    const zone = formatName(this.name);
    if (!namesEqual(owner, this.name)) {
      return `local-data in redirect zone must reside at top of zone, not at ${formatName(owner)}`;
    }
    const others = this.find(owner)?.sets ?? null;
    const hasAlias = others !== null && others.get(TYPE.CNAME) !== null;
    if (others !== null && others.size > 0 && (type === TYPE.CNAME || hasAlias)) {
      const clash = type === TYPE.CNAME ? 'other' : 'CNAME';
      return `local-data of type ${typeText(type)} in redirect zone ${zone} must not coexist with ${clash} local-data`;
    }
    return null;
  }

  /** The first record of a name that nothing is held of. */
  #addFirst(record: ResourceRecord): void {
    this.#set(record.owner, packLoneRecord(record));
    this.#countFor(record.owner);
  }

  /** The node of a name, which may be changed from now on; null: nothing is held of it. */
  #nodeAt(name: Name): LocalName | null {
    const node = this.find(name);
    if (node !== null) this.#set(name, node);
    return node;
  }

  /** A name has come: it counts for its parent, which comes with it. */
  #countFor(name: Name): void {
    if (namesEqual(name, this.name)) return;
    const parent = parentOf(name);
    const held = this.#get(parent);
    const node = typeof held === 'number' ? null : this.#nodeAt(parent);
    if (node !== null) node.children++;
    else this.#set(parent, typeof held === 'number' ? held + 1 : 1);
    if (held === null) this.#countFor(parent);
  }

  /** Takes out a name without records and names below it, and its parents that are left so. */
  #prune(name: Name): void {
    const node = this.#nodeAt(name);
    if (node === null || node.sets.size > 0 || node.children > 0) return;
    this.#drop(name);
    if (namesEqual(name, this.name)) return;
    const parent = this.#nodeAt(parentOf(name));
    if (parent === null) return;
    parent.children--;
    this.#prune(parent.name);
  }

  #setSoa(soa: TimedRRset, rdata: Uint8Array): void {
    const minimum = readSoa(rdata)?.minimum ?? soa.ttl;
    this.#negativeSoa = { rrset: soa.rrset, ttl: Math.min(soa.ttl, minimum) };
  }
}

function wholeOf(name: Name, held: Held): LocalName {
  if (typeof held === 'object') return held;
  const sets = new RecordSets();
  if (typeof held === 'number') return { name, sets, children: held };
  const record = unpackLoneRecord(held);
  sets.add(record);
  return { name: record.owner, sets, children: 0 };
}
