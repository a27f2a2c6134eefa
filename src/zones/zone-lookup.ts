/**
 * What a zone answers to a question, as an authoritative server does (RFC 1034 §4.3.2, RFC 4592, RFC 6672, RFC 4035 §3.1,
 * RFC 5155 §7.2): data, aliases inside the zone, referrals, denials with their proofs.
 *
 * Leaves to others: whether the zone may be used now, the form of the reply, which records a client wants to see.
 */

import {
  isAtOrBelow,
  isBelow,
  type Name,
  nameKey,
  namesEqual,
  parentOf,
  replaceSuffix,
  wildcardOf,
} from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { readMx, readSrv, readTargetName } from '../wire/rdata-name.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { packRRset, type RRset, rdatasOf, rrsetOwner, rrsetType, signaturesOf, withOwner } from '../wire/rrset.ts';
import { setOf, type Zone, type ZoneNode, type ZoneSet } from './zone.ts';
import type { DenialChain } from './zone-denial.ts';

/** Aliases followed inside one zone; the caller goes on from there (Unbound MAX_CNAME_CHAIN). */
const MAX_ALIASES = 8;

export interface AnswerSet {
  readonly rrset: RRset;
  /** Seconds. */
  readonly ttl: number;
}

export interface ZoneAnswer {
  readonly rcode: number;
  /** AA: false for a referral. */
  readonly authoritative: boolean;
  /** True when the type or the name at the end of the aliases is not there. */
  readonly denied: boolean;
  readonly answer: readonly AnswerSet[];
  readonly authority: readonly AnswerSet[];
  readonly additional: readonly AnswerSet[];
}

/** Where a name leads to. */
type Node =
  | { readonly kind: 'node'; readonly node: ZoneNode; readonly wildcard: null }
  | { readonly kind: 'node'; readonly node: ZoneNode; readonly wildcard: { readonly nextCloser: Name } }
  | { readonly kind: 'cut'; readonly node: ZoneNode; readonly ns: ZoneSet }
  | { readonly kind: 'dname'; readonly node: ZoneNode; readonly dname: ZoneSet }
  | { readonly kind: 'nothing'; readonly encloser: Name; readonly nextCloser: Name };

/** The zone's answer; null when it cannot give one: the name is outside, or a denial has no SOA. */
export function lookUp(zone: Zone, question: Question, chain: DenialChain | null): ZoneAnswer | null {
  if (question.class !== CLASS.IN || !isAtOrBelow(question.name, zone.name)) return null;
  return new Lookup(zone, question.type, chain).run(question.name);
}

class Lookup {
  readonly #zone: Zone;
  readonly #type: number;
  readonly #chain: DenialChain | null;
  readonly #answer: AnswerSet[] = [];
  readonly #authority = new Map<string, AnswerSet>();
  readonly #seen = new Set<string>();

  constructor(zone: Zone, type: number, chain: DenialChain | null) {
    this.#zone = zone;
    this.#type = type;
    this.#chain = chain;
  }

  run(asked: Name): ZoneAnswer | null {
    let name: Name | null = asked;
    while (name !== null) {
      this.#seen.add(nameKey(name));
      const record = findNode(this.#zone, name, this.#type);
      if (record.kind === 'cut') return this.#referral(record);
      if (record.kind === 'nothing') return this.#nxdomain(record);
      if (record.kind === 'dname') {
        const target = this.#dname(name, record.node, record.dname);
        if (target === 'too-long') return this.#end(RCODE.YXDOMAIN, true);
        // RFC 6672 §3.2: the CNAME that was made is the answer to who asks for it.
        name = this.#type === TYPE.CNAME || this.#type === TYPE.ANY ? null : this.#next(target);
        continue;
      }
      if (record.wildcard !== null) this.#proveNothingCloser(record.wildcard.nextCloser);
      const cname = this.#type === TYPE.CNAME || this.#type === TYPE.ANY ? null : setOf(record.node, TYPE.CNAME);
      const isAlias = cname !== null && setOf(record.node, this.#type) === null;
      if (!isAlias) return this.#atNode(name, record.node, record.wildcard !== null);
      this.#answer.push(named(cname, name));
      name = this.#next(readTargetName(rdatasOf(cname.rrset)[0] ?? new Uint8Array()));
    }
    return this.#end(RCODE.NOERROR, false);
  }

  /** The next name to look at here; null: the caller goes on elsewhere, or the chain is a loop. */
  #next(target: Name | null): Name | null {
    if (target === null || !isAtOrBelow(target, this.#zone.name)) return null;
    return this.#seen.has(nameKey(target)) || this.#seen.size >= MAX_ALIASES ? null : target;
  }

  /** RFC 6672 §3.1: the DNAME, and the CNAME that follows from it. */
  #dname(name: Name, node: ZoneNode, dname: ZoneSet): Name | null | 'too-long' {
    const target = readTargetName(rdatasOf(dname.rrset)[0] ?? new Uint8Array());
    this.#answer.push({ rrset: dname.rrset, ttl: dname.ttl });
    if (target === null) return null;
    const alias = replaceSuffix(name, node.name, target);
    if (alias === null) return 'too-long';
    const rrset = packRRset({ owner: name, type: TYPE.CNAME, class: CLASS.IN, rdatas: [alias], signatures: [] });
    this.#answer.push({ rrset, ttl: dname.ttl });
    return alias;
  }

  #atNode(name: Name, node: ZoneNode, isWildcard: boolean): ZoneAnswer | null {
    const sets = this.#wanted(node);
    if (sets.length === 0) return this.#nodata(node, isWildcard);
    for (const set of sets) this.#answer.push(named(set, name));
    return this.#end(RCODE.NOERROR, false);
  }

  #wanted(node: ZoneNode): readonly ZoneSet[] {
    if (this.#type === TYPE.ANY) return node.sets.filter(({ rrset }) => rdatasOf(rrset).length > 0);
    if (this.#type === TYPE.RRSIG) return signatureSet(node);
    const set = setOf(node, this.#type);
    return set === null ? [] : [set];
  }

  #referral({ node, ns }: Extract<Node, { kind: 'cut' }>): ZoneAnswer {
    this.#note(ns);
    const ds = setOf(node, TYPE.DS);
    if (ds !== null) this.#note(ds);
    // RFC 4035 §3.1.4: a referral without DS carries the proof that there is none.
    else this.#proveNoType(node.name);
    const end = this.#end(RCODE.NOERROR, false);
    return { ...end, authoritative: this.#answer.length > 0 };
  }

  #nxdomain(node: Extract<Node, { kind: 'nothing' }>): ZoneAnswer | null {
    const encloser = this.#proveEncloser(node.encloser, node.nextCloser) ?? node.encloser;
    const wildcard = wildcardOf(encloser);
    if (wildcard !== null) this.#note(this.#chain?.covering(wildcard) ?? null);
    return this.#denial(RCODE.NXDOMAIN);
  }

  #nodata(node: ZoneNode, isWildcard: boolean): ZoneAnswer | null {
    this.#proveNoType(node.name);
    // RFC 5155 §7.2.5: for a wildcard also that its closest encloser is there.
    if (isWildcard && this.#chain?.kind === 'nsec3') this.#note(this.#chain.at(parentOf(node.name)));
    return this.#denial(RCODE.NOERROR);
  }

  #denial(rcode: number): ZoneAnswer | null {
    const soa = this.#zone.soaSet;
    const fields = this.#zone.soa;
    if (soa === null || fields === null) return null;
    // RFC 2308 §3: the SOA's TTL in a denial is the lower of its own and the minimum field.
    const set = { rrset: soa.rrset, ttl: Math.min(soa.ttl, fields.minimum) };
    const end = this.#end(rcode, true);
    return { ...end, authority: [set, ...end.authority] };
  }

  /** That a name that exists has not the type: its own record, or what covers it (empty non-terminals, opt-out). */
  #proveNoType(name: Name): void {
    const chain = this.#chain;
    if (chain === null) return;
    const own = chain.at(name);
    if (own !== null || chain.kind === 'nsec') {
      this.#note(own ?? chain.covering(name));
      return;
    }
    // RFC 5155 §7.2.3, §7.2.7: in an opt-out span the closest provable encloser stands for it.
    this.#proveEncloser(parentOf(name), name);
  }

  /**
   * That the name after the encloser is not there. With NSEC3 also the encloser, or the closest one above it that has a record
   * (RFC 5155 §7.2.1; names that only lead to unsigned delegations have none under opt-out); null: none has.
   */
  #proveEncloser(encloser: Name, nextCloser: Name): Name | null {
    const chain = this.#chain;
    if (chain?.kind !== 'nsec3') {
      this.#proveNothingCloser(nextCloser);
      return encloser;
    }
    let next = nextCloser;
    for (let at = encloser; isAtOrBelow(at, this.#zone.name); at = parentOf(at)) {
      const own = chain.at(at);
      if (own !== null) {
        this.#note(own);
        this.#note(chain.covering(next));
        return at;
      }
      if (at.length === 1) return null;
      next = at;
    }
    return null;
  }

  #proveNothingCloser(nextCloser: Name): void {
    this.#note(this.#chain?.covering(nextCloser) ?? null);
  }

  #note(set: ZoneSet | null): void {
    if (set === null) return;
    const key = `${rrsetType(set.rrset)} ${nameKey(rrsetOwner(set.rrset))}`;
    this.#authority.set(key, { rrset: set.rrset, ttl: set.ttl });
  }

  #end(rcode: number, denied: boolean): ZoneAnswer {
    const authority = [...this.#authority.values()];
    const additional = additionalOf(this.#zone, [...this.#answer, ...authority]);
    return { rcode, authoritative: true, denied, answer: this.#answer, authority, additional };
  }
}

/** The set under the name that was asked: as is, or expanded from a wildcard. */
function named(set: ZoneSet, name: Name): AnswerSet {
  const isOwn = namesEqual(rrsetOwner(set.rrset), name);
  return { rrset: isOwn ? set.rrset : withOwner(set.rrset, name), ttl: set.ttl };
}

/** RFC 1034 §4.3.2 step 3: down from the apex, label by label. */
function findNode(zone: Zone, name: Name, type: number): Node {
  const path: Name[] = [];
  for (let at = name; isBelow(at, zone.name); at = parentOf(at)) path.unshift(at);
  let encloser = zone.node(zone.name) ?? { name: zone.name, sets: [], children: 0 };
  for (const at of path) {
    const dname = setOf(encloser, TYPE.DNAME);
    if (dname !== null) return { kind: 'dname', node: encloser, dname };
    const node = zone.node(at);
    if (node === null) return wildcardNode(zone, encloser.name, at);
    const ns = setOf(node, TYPE.NS);
    // RFC 4035 §3.1.4.1: the DS of a delegation is answered on this side of the cut.
    const isDsHere = type === TYPE.DS && at.length === name.length;
    if (ns !== null && !isDsHere) return { kind: 'cut', node, ns };
    encloser = node;
  }
  return { kind: 'node', node: encloser, wildcard: null };
}

/** RFC 4592 §3.3.1: the wildcard below the closest encloser, if it is there, stands for the name. */
function wildcardNode(zone: Zone, encloser: Name, nextCloser: Name): Node {
  const wildcard = wildcardOf(encloser);
  const node = wildcard === null ? null : zone.node(wildcard);
  return node === null ? { kind: 'nothing', encloser, nextCloser } : { kind: 'node', node, wildcard: { nextCloser } };
}

/** All signatures of a name as one set (a question for RRSIG). */
function signatureSet(node: ZoneNode): readonly ZoneSet[] {
  const rdatas: Uint8Array[] = [];
  let ttl = Number.POSITIVE_INFINITY;
  for (const set of node.sets) {
    const signatures = signaturesOf(set.rrset);
    rdatas.push(...signatures);
    if (signatures.length > 0) ttl = Math.min(ttl, set.ttl);
  }
  if (rdatas.length === 0) return [];
  const parts = { owner: node.name, type: TYPE.RRSIG, class: CLASS.IN, rdatas, signatures: [] };
  return [{ type: TYPE.RRSIG, rrset: packRRset(parts), ttl, recordTtls: null }];
}

/** Addresses, in the zone, of the hosts that the sets name; glue of referrals is among them. */
function additionalOf(zone: Zone, sets: readonly AnswerSet[]): AnswerSet[] {
  const additional: AnswerSet[] = [];
  const known = new Set<string>();
  for (const { rrset } of sets) {
    for (const host of hostsOf(rrset)) {
      const key = nameKey(host);
      if (known.has(key)) continue;
      known.add(key);
      const node = zone.node(host);
      if (node === null) continue;
      for (const type of [TYPE.A, TYPE.AAAA]) {
        const set = setOf(node, type);
        if (set !== null) additional.push({ rrset: set.rrset, ttl: set.ttl });
      }
    }
  }
  return additional;
}

function hostsOf(rrset: RRset): Name[] {
  const read = HOST_READERS.get(rrsetType(rrset));
  return read === undefined ? [] : rdatasOf(rrset).flatMap((rdata) => read(rdata) ?? []);
}

const HOST_READERS = new Map<number, (rdata: Uint8Array) => Name | null>([
  [TYPE.NS, readTargetName],
  [TYPE.MX, (rdata) => readMx(rdata)?.exchange ?? null],
  [TYPE.SRV, (rdata) => readSrv(rdata)?.target ?? null],
]);
