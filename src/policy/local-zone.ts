/**
 * One local zone: a name, how names in it are answered, and its own records.
 *
 * Duties: hold records by name and type (record-sets.ts), with the names between them and the top (empty
 * non-terminals); the rules for records of redirect zones; the SOA for negative answers.
 * Leaves to others: which zone a name is in (local-zones.ts), what is answered (answer-zone.ts).
 */

import type { LocalZoneType } from '../config/form-policy.ts';
import { type Name, nameKey, namesEqual, parentOf } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import type { PrefixMap } from '../wire/prefix-map.ts';
import { readSoa } from '../wire/rdata-soa.ts';
import { TYPE, typeText } from '../wire/rr-type.ts';
import type { ResourceRecord, TimedRRset } from '../wire/rrsets.ts';
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
  /** Made with the first record: lists of blocked names are long and have none. */
  #names: Map<string, LocalName> | null = null;
  #negativeSoa: TimedRRset | null = null;

  constructor(name: Name, type: ZoneType) {
    this.name = name;
    this.type = type;
  }

  /** The SOA with the TTL that negative answers have (RFC 2308 §3); null: they have none. */
  get negativeSoa(): TimedRRset | null {
    return this.#negativeSoa;
  }

  find(name: Name): LocalName | null {
    return this.#names?.get(nameKey(name)) ?? null;
  }

  /** All names, in no order. */
  names(): Iterable<LocalName> {
    return this.#names?.values() ?? [];
  }

  /** Adds a record of class IN at or below the zone's name; returns why not. A record that is there is not added again. */
  add(record: ResourceRecord): string | null {
    const problem = this.#problemWith(record);
    if (problem !== null) return problem;
    const { sets } = this.#nodeAt(record.owner);
    if (sets.add(record) === 'too-many') return TOO_MANY;
    const isOwnSoa = record.type === TYPE.SOA && namesEqual(record.owner, this.name);
    const soa = isOwnSoa ? sets.get(TYPE.SOA) : null;
    if (soa !== null) this.#setSoa(soa, record.rdata);
    return null;
  }

  /** Takes out all records of a name; false when there were none. */
  remove(name: Name): boolean {
    const node = this.find(name);
    if (node === null || node.sets.size === 0) return false;
    node.sets.clear();
    if (namesEqual(name, this.name)) this.#negativeSoa = null;
    this.#prune(node);
    return true;
  }

  /** Takes out the records of one type; false when there were none. */
  removeType(name: Name, type: number): boolean {
    const node = this.find(name);
    if (node === null || !node.sets.removeType(type)) return false;
    this.#prune(node);
    return true;
  }

  /** Takes out one record; false when it was not there. */
  removeRecord({ owner, type, rdata }: Pick<ResourceRecord, 'owner' | 'type' | 'rdata'>): boolean {
    const node = this.find(owner);
    if (node === null || !node.sets.remove(type, rdata)) return false;
    if (type === TYPE.SOA && namesEqual(owner, this.name)) this.#negativeSoa = null;
    this.#prune(node);
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

  /** The node of a name; made with all nodes up to the zone's name where there is none. */
  #nodeAt(name: Name): LocalName {
    const known = this.find(name);
    if (known !== null) return known;
    const made: LocalName = { name, sets: new RecordSets(), children: 0 };
    this.#names ??= new Map();
    this.#names.set(nameKey(name), made);
    if (!namesEqual(name, this.name)) this.#nodeAt(parentOf(name)).children++;
    return made;
  }

  /** Takes out a node without records and names below it, and its parents that are left so. */
  #prune(node: LocalName): void {
    if (node.sets.size > 0 || node.children > 0) return;
    this.#names?.delete(nameKey(node.name));
    if (namesEqual(node.name, this.name)) return;
    const parent = this.find(parentOf(node.name));
    if (parent === null) return;
    parent.children--;
    this.#prune(parent);
  }

  #setSoa(soa: TimedRRset, rdata: Uint8Array): void {
    const minimum = readSoa(rdata)?.minimum ?? soa.ttl;
    this.#negativeSoa = { rrset: soa.rrset, ttl: Math.min(soa.ttl, minimum) };
  }
}
