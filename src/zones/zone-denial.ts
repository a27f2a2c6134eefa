/**
 * The denial chain of a signed zone: which of its NSEC or NSEC3 records prove what an answer denies.
 *
 * Duties: find the record at a name and the record that covers a name (RFC 4034 §4, RFC 5155 §7.2), for NSEC3 by hash.
 * Leaves to others: which proofs an answer needs (zone-lookup.ts), whether the chain is right (validators look).
 */

import { nsec3Hash } from '../dnssec/nsec3-hash.ts';
import type { Crypto } from '../ports/crypto.ts';
import { compareBytes, octetsOfBase32hex } from '../wire/bytes.ts';
import { type Name, nameKey, sortKey } from '../wire/name.ts';
import { readNsec3, readNsec3param } from '../wire/rdata-nsec3.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf } from '../wire/rrset.ts';
import { eachInPieces, type Steps, sortSteps } from '../wire/steps.ts';
import { NODES_PER_PIECE, setOf, type Zone, type ZoneNode, type ZoneSet } from './zone.ts';

/**
 * Iterations above which no proof is looked for: validators treat such zones as unsigned (RFC 9276 §3.2), and each answer
 * would cost that many digests.
 */
const MAX_OWN_NSEC3_ITERATIONS = 150;

export interface DenialChain {
  readonly kind: 'nsec' | 'nsec3';
  /** The record whose owner (or owner's hash) is this name; null when there is none. */
  at(name: Name): ZoneSet | null;
  covering(name: Name): ZoneSet | null;
}

interface Link {
  readonly key: Uint8Array;
  readonly set: ZoneSet;
}

/** The zone's chain; null when it has none. Costs a pass over the zone: keep it with the zone. */
export function* denialChainSteps(zone: Zone, crypto: Crypto): Steps<DenialChain | null> {
  const hasNsec = zone.set(zone.name, TYPE.NSEC) !== null;
  return hasNsec ? yield* nsecChain(zone) : yield* nsec3Chain(zone, crypto);
}

function* nsecChain(zone: Zone): Steps<DenialChain> {
  const links: Link[] = [];
  yield* eachInPieces(yield* zone.sortSteps(), NODES_PER_PIECE, (node) => {
    const set = setOf(node, TYPE.NSEC);
    if (set !== null) links.push({ key: sortKey(node.name), set });
  });
  return {
    kind: 'nsec',
    at: (name) => zone.set(name, TYPE.NSEC),
    covering: (name) => lastNotAfter(links, sortKey(name)),
  };
}

function* nsec3Chain(zone: Zone, crypto: Crypto): Steps<DenialChain | null> {
  const param = zone.set(zone.name, TYPE.NSEC3PARAM);
  const params = param === null ? [] : rdatasOf(param.rrset).map(readNsec3param);
  // RFC 5155 §4.1.2: flags other than 0 in NSEC3PARAM: the chain is not to be used.
  const used = params.find((each) => each !== null && each.flags === 0 && each.hashAlgorithm === 1) ?? null;
  if (used === null || used.iterations > MAX_OWN_NSEC3_ITERATIONS) return null;
  const found: Link[] = [];
  yield* eachInPieces(zone.nodes.values(), NODES_PER_PIECE, (node) => {
    const link = nsec3Link(node, zone.name, used);
    if (link !== null) found.push(link);
  });
  if (found.length === 0) return null;
  const links = yield* sortSteps(found, (a, b) => compareBytes(a.key, b.key));
  const parameters = { iterations: used.iterations, salt: used.salt.slice() };
  const hashes = new Map<string, Uint8Array>();
  const hashOf = (name: Name): Uint8Array => {
    const key = nameKey(name);
    const known = hashes.get(key);
    if (known !== undefined) return known;
    if (hashes.size >= HASHES_KEPT) hashes.clear();
    const hash = nsec3Hash(name, parameters, crypto);
    hashes.set(key, hash);
    return hash;
  };
  return {
    kind: 'nsec3',
    at: (name) => {
      const hash = hashOf(name);
      const link = links[indexNotAfter(links, hash)];
      return link !== undefined && compareBytes(link.key, hash) === 0 ? link.set : null;
    },
    covering: (name) => lastNotAfter(links, hashOf(name)),
  };
}

/** Hashes remembered for one zone. */
const HASHES_KEPT = 4096;

function nsec3Link(node: ZoneNode, zone: Name, used: { iterations: number; salt: Uint8Array }): Link | null {
  const set = setOf(node, TYPE.NSEC3);
  const rdata = set === null ? undefined : rdatasOf(set.rrset)[0];
  const nsec3 = rdata === undefined ? null : readNsec3(rdata);
  if (set === null || nsec3 === null || nsec3.hashAlgorithm !== 1 || nsec3.iterations !== used.iterations) return null;
  if (compareBytes(nsec3.salt, used.salt) !== 0) return null;
  const label = node.name.subarray(1, 1 + (node.name[0] ?? 0));
  const isBelowApex = node.name.length === zone.length + label.length + 1;
  const key = isBelowApex ? octetsOfBase32hex(label) : null;
  return key === null ? null : { key, set };
}

/** The last link at or before the key; before the first it is the last of all: the chain is a ring. */
function lastNotAfter(links: readonly Link[], key: Uint8Array): ZoneSet | null {
  return (links[indexNotAfter(links, key)] ?? links.at(-1))?.set ?? null;
}

/** -1 when all links are after the key. */
function indexNotAfter(links: readonly Link[], key: Uint8Array): number {
  let low = 0;
  let high = links.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const link = links[middle];
    if (link !== undefined && compareBytes(link.key, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
