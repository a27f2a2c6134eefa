/**
 * Makes zones: from records (file, AXFR) or from another zone and changes (IXFR).
 *
 * Duties: records into sets with their signatures, each record once; empty non-terminals; what is outside the zone or not of
 * class IN is turned away. Names that do not change are shared with the zone before.
 */

import { isAtOrBelow, type Name, nameKey, parentOf } from '../wire/name.ts';
import { canonicalRdata } from '../wire/rdata-names.ts';
import { coveredType } from '../wire/rdata-rrsig.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { packRRset, unpackRRset } from '../wire/rrset.ts';
import type { ResourceRecord } from '../wire/rrsets.ts';
import { Zone, type ZoneNode, type ZoneSet } from './zone.ts';
import { MAX_ZONE_RECORDS } from './zone-options.ts';

/** Records of one set: no message could carry as many. */
const MAX_SET_RECORDS = 0xffff;

/** What became of a record that was added. */
export type Added = 'added' | 'known' | 'outside' | 'too-many';

interface OpenRecord {
  readonly rdata: Uint8Array;
  readonly ttl: number;
}

interface OpenSet {
  readonly rdatas: Map<string, OpenRecord>;
  readonly signatures: Map<string, OpenRecord>;
}

interface OpenNode {
  readonly name: Name;
  readonly sets: Map<number, OpenSet>;
  children: number;
}

/** Builds one zone. */
export class ZoneBuilder {
  readonly #name: Name;
  readonly #known: ReadonlyMap<string, ZoneNode>;
  /** Nodes that are new or changed; null: gone. */
  readonly #open = new Map<string, OpenNode | null>();
  #records: number;

  /** Starts empty, or from a zone. */
  constructor(name: Name, from: Zone | null = null) {
    this.#name = name;
    this.#known = from === null ? new Map() : from.nodes;
    this.#records = from === null ? 0 : from.recordCount;
  }

  /** Records that the zone would have now. */
  get recordCount(): number {
    return this.#records;
  }

  /** Adds a record. */
  add(record: ResourceRecord): Added {
    if (record.class !== CLASS.IN || !isAtOrBelow(record.owner, this.#name)) return 'outside';
    if (this.#records >= MAX_ZONE_RECORDS) return 'too-many';
    const { group, key } = this.#place(this.#ensure(record.owner), record);
    if (group.has(key)) return 'known';
    if (group.size >= MAX_SET_RECORDS) return 'too-many';
    group.set(key, { rdata: record.rdata.slice(), ttl: record.ttl });
    this.#records++;
    return 'added';
  }

  /** Takes a record away (its TTL does not matter); false when it is not there. */
  remove(record: ResourceRecord): boolean {
    const node = this.#openNode(nameKey(record.owner));
    if (node === null) return false;
    const { group, key } = this.#place(node, record);
    const isThere = group.delete(key);
    if (isThere) this.#records--;
    this.#prune(node);
    return isThere;
  }

  /** The zone. The builder is not used after that. */
  build(): Zone {
    const nodes = new Map(this.#known);
    for (const [key, node] of this.#open) {
      if (node === null) nodes.delete(key);
      else nodes.set(key, closeNode(node));
    }
    this.#open.clear();
    return new Zone(this.#name, nodes);
  }

  #place(node: OpenNode, { type, rdata }: ResourceRecord): { group: Map<string, OpenRecord>; key: string } {
    const setType = type === TYPE.RRSIG ? coveredType(rdata) : type;
    let set = node.sets.get(setType);
    if (set === undefined) {
      set = { rdatas: new Map(), signatures: new Map() };
      node.sets.set(setType, set);
    }
    return { group: type === TYPE.RRSIG ? set.signatures : set.rdatas, key: rdataKey(rdata, type) };
  }

  /** The node of a name in a form that can be changed, with all its ancestors in the zone. */
  #ensure(name: Name): OpenNode {
    const key = nameKey(name);
    const known = this.#openNode(key);
    if (known !== null) return known;
    const node: OpenNode = { name: name.slice() as Name, sets: new Map(), children: 0 };
    this.#open.set(key, node);
    if (name.length > this.#name.length) this.#ensure(parentOf(name)).children++;
    return node;
  }

  #openNode(key: string): OpenNode | null {
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    const known = this.#known.get(key);
    if (known === undefined) return null;
    const node = openNode(known);
    this.#open.set(key, node);
    return node;
  }

  /** Drops sets, then nodes, that nothing is left of, up to the apex. */
  #prune(node: OpenNode): void {
    for (const [type, set] of node.sets) if (set.rdatas.size + set.signatures.size === 0) node.sets.delete(type);
    if (node.sets.size > 0 || node.children > 0) return;
    this.#open.set(nameKey(node.name), null);
    if (node.name.length <= this.#name.length) return;
    const parent = this.#openNode(nameKey(parentOf(node.name)));
    if (parent === null) return;
    parent.children--;
    this.#prune(parent);
  }
}

function rdataKey(rdata: Uint8Array, type: number): string {
  const canonical = canonicalRdata(rdata, type);
  return Buffer.from(canonical.buffer, canonical.byteOffset, canonical.length).toString('latin1');
}

function openNode(node: ZoneNode): OpenNode {
  const sets = new Map<number, OpenSet>();
  for (const [type, set] of node.sets) sets.set(type, openSet(type, set));
  return { name: node.name, sets, children: node.children };
}

function openSet(type: number, { rrset, ttl, recordTtls }: ZoneSet): OpenSet {
  const { rdatas, signatures } = unpackRRset(rrset);
  const open: OpenSet = { rdatas: new Map(), signatures: new Map() };
  rdatas.forEach((rdata, i) => {
    open.rdatas.set(rdataKey(rdata, type), { rdata, ttl: recordTtls?.[i] ?? ttl });
  });
  signatures.forEach((rdata, i) => {
    const own = recordTtls?.[rdatas.length + i] ?? ttl;
    open.signatures.set(rdataKey(rdata, TYPE.RRSIG), { rdata, ttl: own });
  });
  return open;
}

function closeNode({ name, sets, children }: OpenNode): ZoneNode {
  const closed = new Map<number, ZoneSet>();
  for (const type of [...sets.keys()].sort((a, b) => a - b)) {
    const set = sets.get(type);
    if (set !== undefined && set.rdatas.size + set.signatures.size > 0) closed.set(type, closeSet(name, type, set));
  }
  return { name, sets: closed, children };
}

function closeSet(owner: Name, type: number, { rdatas, signatures }: OpenSet): ZoneSet {
  const records = [...rdatas.values(), ...signatures.values()];
  let ttl = Number.POSITIVE_INFINITY;
  for (const record of records) ttl = Math.min(ttl, record.ttl);
  const rrset = packRRset({
    owner,
    type,
    class: CLASS.IN,
    rdatas: [...rdatas.values()].map((record) => record.rdata),
    signatures: [...signatures.values()].map((record) => record.rdata),
  });
  const isUniform = records.every((record) => record.ttl === ttl);
  return { rrset, ttl, recordTtls: isUniform ? null : records.map((record) => record.ttl) };
}
