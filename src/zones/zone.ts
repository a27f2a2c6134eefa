/**
 * A zone in memory: its names and RRsets, complete and unchanging. A changed zone is a new object (zone-builder.ts), so that
 * whoever is in the middle of an answer sees one state only.
 *
 * Duties: look up nodes and sets, empty non-terminals included (RFC 4592 §2.2.2); names in canonical order.
 * Leaves to others: what a question is answered with (zone-lookup.ts).
 */

import { compareBytes } from '../wire/bytes.ts';
import { type Name, nameKey, sortKey } from '../wire/name.ts';
import { readSoa, type Soa } from '../wire/rdata-soa.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { type RRset, rdataCount, rdatasOf, signatureCount, signaturesOf } from '../wire/rrset.ts';
import type { ResourceRecord } from '../wire/rrsets.ts';
import { runAtOnce, type Steps, sortSteps } from '../wire/steps.ts';

/** One RRset of a zone. A set without rdatas holds signatures whose data is not there. */
export interface ZoneSet {
  readonly type: number;
  readonly rrset: RRset;
  /** Lowest TTL of its records, seconds (RFC 2181 §5.2). */
  readonly ttl: number;
  /** TTLs of rdatas, then of signatures, where they differ; null: all are `ttl`. */
  readonly recordTtls: readonly number[] | null;
}

/** One name of a zone. Without sets: an empty non-terminal. */
export interface ZoneNode {
  readonly name: Name;
  /** In the order in which the types came: of rules of a policy zone that contradict each other the first counts. */
  readonly sets: readonly ZoneSet[];
  /** Nodes one label below. */
  readonly children: number;
}

export class Zone {
  readonly name: Name;
  readonly nodes: ReadonlyMap<string, ZoneNode>;
  readonly #apex: ZoneNode | null;
  #sorted: readonly ZoneNode[] | null = null;

  constructor(name: Name, nodes: ReadonlyMap<string, ZoneNode>) {
    this.name = name;
    this.nodes = nodes;
    this.#apex = nodes.get(nameKey(name)) ?? null;
  }

  /** The node of a name; null when neither it nor anything below it exists. */
  node(name: Name): ZoneNode | null {
    return this.nodes.get(nameKey(name)) ?? null;
  }

  /** The set of a name and type, with at least one record. */
  set(name: Name, type: number): ZoneSet | null {
    const node = this.node(name);
    return node === null ? null : setOf(node, type);
  }

  /** The SOA set; null in a file that has none. */
  get soaSet(): ZoneSet | null {
    return this.#apex === null ? null : setOf(this.#apex, TYPE.SOA);
  }

  /** The SOA's fields. */
  get soa(): Soa | null {
    const rdata = this.soaSet === null ? undefined : rdatasOf(this.soaSet.rrset)[0];
    return rdata === undefined ? null : readSoa(rdata);
  }

  /** All nodes in canonical order (RFC 4034 §6.1). Computed once. */
  sorted(): readonly ZoneNode[] {
    return runAtOnce(this.sortSteps());
  }

  /** The same in pieces. */
  *sortSteps(): Steps<readonly ZoneNode[]> {
    if (this.#sorted !== null) return this.#sorted;
    const keyed: { readonly node: ZoneNode; readonly key: Uint8Array }[] = [];
    for (const node of this.nodes.values()) {
      keyed.push({ node, key: sortKey(node.name) });
      if (keyed.length % NODES_PER_PIECE === 0) yield;
    }
    const ordered = yield* sortSteps(keyed, (a, b) => compareBytes(a.key, b.key));
    this.#sorted = ordered.map(({ node }) => node);
    return this.#sorted;
  }

  /** All records, name by name in canonical order, signatures after what they cover. */
  *records(): Generator<ResourceRecord> {
    for (const node of this.sorted()) yield* recordsAt(node);
  }

  /** All records, names in no order: nothing has to be sorted first. */
  *unsortedRecords(): Generator<ResourceRecord> {
    for (const node of this.nodes.values()) yield* recordsAt(node);
  }

  /** Records, signatures included. */
  get recordCount(): number {
    let count = 0;
    for (const node of this.nodes.values()) {
      for (const { rrset } of node.sets) count += rdataCount(rrset) + signatureCount(rrset);
    }
    return count;
  }
}

/** Nodes gone through in one piece. */
export const NODES_PER_PIECE = 1000;

/** The records of a name, signatures after what they cover. */
export function* recordsAt({ name, sets }: ZoneNode): Generator<ResourceRecord> {
  for (const { type, rrset, ttl, recordTtls } of sets) {
    const data = rdatasOf(rrset);
    for (const [i, rdata] of [...data, ...signaturesOf(rrset)].entries()) {
      const own = i < data.length ? type : TYPE.RRSIG;
      yield { owner: name, ttl: recordTtls?.[i] ?? ttl, class: CLASS.IN, type: own, rdata };
    }
  }
}

/** The set of a type with at least one record; null when there is none. */
export function setOf(node: ZoneNode, type: number): ZoneSet | null {
  for (const set of node.sets) if (set.type === type) return rdataCount(set.rrset) === 0 ? null : set;
  return null;
}
