/**
 * Makes zones: from records (file, AXFR) or from another zone and changes (IXFR).
 *
 * Duties: records into sets with their signatures, each record once; empty non-terminals; what is outside the zone or not of
 * class IN is refused. Names that do not change are shared with the zone before.
 */

import { isAtOrBelow, type Name, nameKey, parentOf } from '../wire/name.ts';
import { coveredType } from '../wire/rdata-rrsig.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { packRRset, rrsetOwner, unpackRRset } from '../wire/rrset.ts';
import type { ResourceRecord } from '../wire/rrsets.ts';
import type { Steps } from '../wire/steps.ts';
import { RecordGroup } from './record-group.ts';
import { NODES_PER_PIECE, Zone, type ZoneNode, type ZoneSet } from './zone.ts';
import { MAX_ZONE_NAMES, MAX_ZONE_RECORDS } from './zone-options.ts';

/** Records of one set: no message could carry as many. */
const MAX_SET_RECORDS = 0xffff;

/** Types at one name: some hundred are assigned, and each addition looks through those that are there. */
const MAX_TYPES = 256;

/** Work (`ZoneBuilder.work`) that is done in one piece: about a millisecond. */
export const WORK_PER_PIECE = 500;

/** What became of a record that was added. */
type Added = 'added' | 'known' | 'outside' | 'too-many';

interface OpenSet {
  readonly type: number;
  readonly rdatas: RecordGroup;
  /** Null: none came yet. */
  signatures: RecordGroup | null;
}

interface OpenNode {
  readonly name: Name;
  sets: OpenSet[];
  children: number;
}

export class ZoneBuilder {
  readonly #name: Name;
  readonly #known: ReadonlyMap<string, ZoneNode>;
  /** Nodes that are new or changed; null: gone. */
  readonly #open = new Map<string, OpenNode | null>();
  #records: number;
  /** Names that were ever there, those between names included. */
  #names: number;

  /** Records and names worked on so far: what reading them in pieces goes by, since one record may make a hundred names. */
  work = 0;

  /** Starts empty, or from a zone. */
  constructor(name: Name, from: Zone | null = null) {
    this.#name = name;
    this.#known = from === null ? new Map() : from.nodes;
    this.#records = from === null ? 0 : from.recordCount;
    this.#names = this.#known.size;
  }

  /** Records that the zone would have now. */
  get recordCount(): number {
    return this.#records;
  }

  add(record: ResourceRecord): Added {
    this.work++;
    if (record.class !== CLASS.IN || !isAtOrBelow(record.owner, this.#name)) return 'outside';
    if (this.#records >= MAX_ZONE_RECORDS || this.#names >= MAX_ZONE_NAMES) return 'too-many';
    const group = groupOf(this.#ensure(record.owner), record);
    if (group === null || group.size >= MAX_SET_RECORDS) return 'too-many';
    if (!group.add({ rdata: record.rdata, ttl: record.ttl })) return 'known';
    this.#records++;
    return 'added';
  }

  /** Takes a record away (its TTL does not matter); false when it is not there. */
  remove(record: ResourceRecord): boolean {
    this.work++;
    const node = this.#openNode(nameKey(record.owner));
    if (node === null) return false;
    const isThere = groupOf(node, record)?.remove(record.rdata) ?? false;
    if (isThere) this.#records--;
    this.#prune(node);
    return isThere;
  }

  /** The zone, made in pieces. The builder is not used after that. */
  *buildSteps(): Steps<Zone> {
    const nodes = new Map<string, ZoneNode>();
    let count = 0;
    for (const [key, node] of this.#known) {
      nodes.set(key, node);
      if (++count % NODES_PER_PIECE === 0) yield;
    }
    for (const [key, node] of this.#open) {
      if (node === null) nodes.delete(key);
      else nodes.set(key, closeNode(node));
      this.#open.delete(key);
      if (++count % NODES_PER_PIECE === 0) yield;
    }
    return new Zone(this.#name, nodes);
  }

  /** The node of a name in a form that can be changed, with all its ancestors in the zone. */
  #ensure(name: Name): OpenNode {
    this.work++;
    const key = nameKey(name);
    const known = this.#openNode(key);
    if (known !== null) return known;
    const node: OpenNode = { name, sets: [], children: 0 };
    this.#open.set(key, node);
    this.#names++;
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
    this.work++;
    for (let i = node.sets.length - 1; i >= 0; i--) if (sizeOf(node.sets[i]) === 0) node.sets.splice(i, 1);
    if (node.sets.length > 0 || node.children > 0) return;
    this.#open.set(nameKey(node.name), null);
    if (node.name.length <= this.#name.length) return;
    const parent = this.#openNode(nameKey(parentOf(node.name)));
    if (parent === null) return;
    parent.children--;
    this.#prune(parent);
  }
}

/** Where a record belongs, signatures with what they cover; null: the name has too many types. */
function groupOf(node: OpenNode, { type, rdata }: ResourceRecord): RecordGroup | null {
  const setType = type === TYPE.RRSIG ? coveredType(rdata) : type;
  let set = node.sets.find((each) => each.type === setType);
  if (set === undefined) {
    if (node.sets.length >= MAX_TYPES) return null;
    set = { type: setType, rdatas: new RecordGroup(setType), signatures: null };
    // The first as an array of one: pushing makes room for 17, and most names have one type.
    if (node.sets.length === 0) node.sets = [set];
    else node.sets.push(set);
  }
  if (type !== TYPE.RRSIG) return set.rdatas;
  set.signatures ??= new RecordGroup(TYPE.RRSIG);
  return set.signatures;
}

function sizeOf(set: OpenSet | undefined): number {
  return set === undefined ? 0 : set.rdatas.size + (set.signatures?.size ?? 0);
}

function openNode({ name, sets, children }: ZoneNode): OpenNode {
  return { name, sets: sets.map(openSet), children };
}

function openSet({ type, rrset, ttl, recordTtls }: ZoneSet): OpenSet {
  const { rdatas, signatures } = unpackRRset(rrset);
  const open: OpenSet = { type, rdatas: new RecordGroup(type), signatures: null };
  rdatas.forEach((rdata, i) => {
    open.rdatas.add({ rdata, ttl: recordTtls?.[i] ?? ttl });
  });
  if (signatures.length > 0) open.signatures = new RecordGroup(TYPE.RRSIG);
  signatures.forEach((rdata, i) => {
    open.signatures?.add({ rdata, ttl: recordTtls?.[rdatas.length + i] ?? ttl });
  });
  return open;
}

function closeNode({ name, sets, children }: OpenNode): ZoneNode {
  const closed = sets.filter((set) => sizeOf(set) > 0).map((set) => closeSet(name, set));
  // The name as a part of the first set, so that it holds no message or line of a file in memory.
  const own = closed[0] === undefined ? (name.slice() as Name) : rrsetOwner(closed[0].rrset);
  return { name: own, sets: closed, children };
}

function closeSet(owner: Name, { type, rdatas, signatures }: OpenSet): ZoneSet {
  const data = rdatas.all();
  const signing = signatures?.all() ?? [];
  const records = [...data, ...signing];
  let ttl = Number.POSITIVE_INFINITY;
  for (const record of records) ttl = Math.min(ttl, record.ttl);
  const rrset = packRRset({
    owner,
    type,
    class: CLASS.IN,
    rdatas: data.map((record) => record.rdata),
    signatures: signing.map((record) => record.rdata),
  });
  const isUniform = records.every((record) => record.ttl === ttl);
  return { type, rrset, ttl, recordTtls: isUniform ? null : records.map((record) => record.ttl) };
}
