/**
 * What an authoritative server says to a question out of one zone (RFC 1034 §4.3.2, RFC 4035 §3.1, RFC 5155 §7.2): answers,
 * aliases, wildcards, referrals, denials with their proofs. Gives sets in sections, not octets.
 */

import {
  isAtOrBelow,
  isBelow,
  labelCount,
  lastLabels,
  type Name,
  namesEqual,
  parentOf,
  replaceSuffix,
  wildcardOf,
} from '../../src/wire/name.ts';
import type { Question } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import type { ZoneSet } from './sign.ts';
import type { Zone } from './zone.ts';

/** Aliases followed inside one zone. */
const MAX_ALIASES = 12;

/** A set as it goes into a message. */
export interface PlacedSet {
  readonly set: ZoneSet;
  /** Other owner than the set's own: a wildcard expanded. */
  readonly owner?: Name;
  readonly signatures: readonly Uint8Array[];
}

/** A reply before it is octets. */
export interface Draft {
  rcode: number;
  flags: number;
  readonly answer: PlacedSet[];
  readonly authority: PlacedSet[];
  readonly additional: PlacedSet[];
}

/** An empty reply. */
export function newDraft(rcode: number = RCODE.NOERROR, flags: number = FLAG.AA): Draft {
  return { rcode, flags, answer: [], authority: [], additional: [] };
}

/** Answers a question from a zone that the name is in. */
export function answerFrom(zone: Zone, question: Question): Draft {
  return new Answering(zone, question).draft;
}

class Answering {
  readonly #zone: Zone;
  readonly #type: number;
  readonly draft = newDraft();

  constructor(zone: Zone, question: Question) {
    this.#zone = zone;
    this.#type = question.type;
    this.#follow(question.name, 0);
  }

  #follow(name: Name, aliases: number): void {
    const zone = this.#zone;
    if (!isAtOrBelow(name, zone.apex) || aliases > MAX_ALIASES) return;
    const cut = zone.cutFor(name);
    if (cut !== null && !(namesEqual(cut, name) && this.#type === TYPE.DS)) {
      this.#refer(cut, aliases);
      return;
    }
    const dname = this.#dnameAbove(name);
    if (dname !== null) {
      this.#throughDname(name, dname, aliases);
      return;
    }
    if (zone.hasName(name) || (namesEqual(name, zone.apex) && this.#type === TYPE.DNSKEY)) {
      this.#fromName(name, name, aliases);
      return;
    }
    if (zone.exists(name)) {
      if (zone.breakages.has('nxdomain-for-empty-names')) {
        this.#denyName(name);
        return;
      }
      this.#denyData(name);
      return;
    }
    const wildcard = wildcardOf(this.#closestEncloser(name));
    if (wildcard !== null && zone.exists(wildcard)) {
      this.#fromName(wildcard, name, aliases);
      return;
    }
    this.#denyName(name);
  }

  /** Data at `source` for `name`; they differ when a wildcard is expanded (RFC 4592 §3.3). */
  #fromName(source: Name, name: Name, aliases: number): void {
    const zone = this.#zone;
    const isExpanded = source !== name;
    const cname = zone.find(source, TYPE.CNAME);
    const takesCname =
      cname !== null && this.#type !== TYPE.CNAME && this.#type !== TYPE.ANY && this.#type !== TYPE.NSEC;
    const sets = takesCname ? [cname] : this.#wanted(source).filter(({ type }) => !isExpanded || type !== TYPE.NSEC);
    if (sets.length === 0) {
      if (isExpanded) this.#denyExpanded(source, name);
      else this.#denyData(name);
      return;
    }
    for (const set of sets) this.draft.answer.push(this.#placed(set, isExpanded ? name : undefined));
    if (isExpanded) this.#proveExpansion(name);
    if (takesCname) this.#follow(cname.rdatas[0] as Name, aliases + 1);
    else this.#addAddresses(sets);
  }

  #wanted(source: Name): ZoneSet[] {
    if (this.#type === TYPE.ANY) return this.#zone.setsAt(source);
    const set = this.#type === TYPE.NSEC ? this.#nsecAt(source) : this.#zone.find(source, this.#type);
    return set === null ? [] : [set];
  }

  #nsecAt(name: Name): ZoneSet | null {
    return this.#zone.denialKind === 'nsec' ? this.#zone.chain().match(name) : null;
  }

  #dnameAbove(name: Name): ZoneSet | null {
    for (let at = parentOf(name); isAtOrBelow(at, this.#zone.apex); at = parentOf(at)) {
      const dname = this.#zone.find(at, TYPE.DNAME);
      if (dname !== null) return dname;
      if (at.length === 1) break;
    }
    return null;
  }

  /** RFC 6672 §3.1: the DNAME and the CNAME made from it. */
  #throughDname(name: Name, dname: ZoneSet, aliases: number): void {
    this.draft.answer.push(this.#placed(dname));
    const target = replaceSuffix(name, dname.owner, dname.rdatas[0] as Name);
    if (target === null) {
      this.draft.rcode = RCODE.YXDOMAIN;
      return;
    }
    const cname = { owner: name, type: TYPE.CNAME, class: CLASS.IN, ttl: dname.ttl, rdatas: [target] };
    this.draft.answer.push({ set: cname, signatures: [] });
    if (this.#type !== TYPE.CNAME) this.#follow(target, aliases + 1);
  }

  /** RFC 4035 §3.1.4: a referral carries the DS set, or the proof that there is none. */
  #refer(cut: Name, aliases: number): void {
    const zone = this.#zone;
    if (aliases === 0) this.draft.flags &= ~FLAG.AA;
    const ns = zone.find(cut, TYPE.NS);
    if (ns === null) return;
    this.draft.authority.push({ set: ns, signatures: [] });
    const ds = zone.find(cut, TYPE.DS);
    if (ds !== null) this.draft.authority.push(this.#placed(ds));
    else this.#proveNoData(cut);
    this.#addAddresses([ns]);
  }

  #denyData(name: Name): void {
    this.#addSoa();
    this.#proveNoData(name);
  }

  #denyName(name: Name): void {
    this.draft.rcode = RCODE.NXDOMAIN;
    this.#addSoa();
    const encloser = this.#provableEncloser(name);
    const wildcard = wildcardOf(encloser);
    if (this.#zone.denialKind === 'nsec3') {
      this.#addDenials((chain) => chain.match(encloser));
      this.#addDenials((chain) => chain.cover(nextCloser(name, encloser)));
    } else this.#addDenials((chain) => chain.cover(name));
    if (wildcard !== null) this.#addDenials((chain) => chain.cover(wildcard));
  }

  #denyExpanded(wildcard: Name, name: Name): void {
    this.#addSoa();
    if (this.#zone.denialKind === 'nsec3') this.#addDenials((chain) => chain.match(this.#closestEncloser(name)));
    this.#proveExpansion(name);
    // RFC 4592 §2.2.2: a wildcard that only has names below it has no NSEC of its own.
    this.#addDenials((chain) => chain.match(wildcard) ?? chain.cover(wildcard));
  }

  /** The name itself does not exist (RFC 4035 §3.1.3.3, RFC 5155 §7.2.6). */
  #proveExpansion(name: Name): void {
    const encloser = this.#closestEncloser(name);
    const absent = this.#zone.denialKind === 'nsec3' ? nextCloser(name, encloser) : name;
    this.#addDenials((chain) => chain.cover(absent));
  }

  #proveNoData(name: Name): void {
    const chain = this.#zone.signing === null ? null : this.#zone.chain();
    if (chain === null) return;
    const match = chain.match(name);
    if (match !== null) {
      this.#addDenial(match);
      return;
    }
    if (this.#zone.denialKind === 'nsec') {
      this.#addDenials((any) => any.cover(name));
      return;
    }
    // RFC 5155 §7.2.4: an opt-out span covers the cut.
    let encloser = parentOf(name);
    while (chain.match(encloser) === null) encloser = parentOf(encloser);
    this.#addDenials((any) => any.match(encloser));
    this.#addDenials((any) => any.cover(nextCloser(name, encloser)));
  }

  #addDenials(choose: (chain: ReturnType<Zone['chain']>) => ZoneSet | null): void {
    if (this.#zone.signing === null) return;
    const set = choose(this.#zone.chain());
    if (set !== null) this.#addDenial(set);
  }

  #addDenial(set: ZoneSet): void {
    const { breakages } = this.#zone;
    if (breakages.has('denial-missing')) return;
    const sets = this.#zone.chain().sets;
    const shown = breakages.has('denial-of-other-name') ? (sets[(sets.indexOf(set) + 1) % sets.length] ?? set) : set;
    if (!this.draft.authority.some((placed) => placed.set === shown)) this.draft.authority.push(this.#placed(shown));
  }

  #addSoa(): void {
    const soa = this.#zone.find(this.#zone.apex, TYPE.SOA);
    if (soa !== null) this.draft.authority.push(this.#placed(soa));
  }

  /** Addresses of the names in NS, MX and SRV records, as far as the zone has them. */
  #addAddresses(sets: readonly ZoneSet[]): void {
    for (const set of sets) {
      const skip = { [TYPE.NS]: 0, [TYPE.MX]: 2, [TYPE.SRV]: 6 }[set.type];
      if (skip === undefined) continue;
      for (const rdata of set.rdatas) this.#addAddressesOf(rdata.subarray(skip) as Name, set);
    }
  }

  #addAddressesOf(host: Name, { owner, type }: ZoneSet): void {
    const cut = this.#zone.cutFor(host);
    const isGlue = cut !== null;
    // Glue is for the referral's own servers; addresses below another cut are not ours to give.
    if (isGlue && type !== TYPE.NS && !isBelow(host, owner)) return;
    for (const addressType of [TYPE.A, TYPE.AAAA]) {
      const set = this.#zone.find(host, addressType);
      if (set !== null) this.draft.additional.push(isGlue ? { set, signatures: [] } : this.#placed(set));
    }
  }

  /** RFC 5155 §7.1: opt-out leaves empty names out that only have unsigned cuts below them. */
  #provableEncloser(name: Name): Name {
    let encloser = this.#closestEncloser(name);
    if (this.#zone.denialKind !== 'nsec3') return encloser;
    while (this.#zone.chain().match(encloser) === null) encloser = parentOf(encloser);
    return encloser;
  }

  #closestEncloser(name: Name): Name {
    let encloser = parentOf(name);
    while (encloser.length > this.#zone.apex.length && !this.#zone.exists(encloser)) encloser = parentOf(encloser);
    return encloser;
  }

  #placed(set: ZoneSet, owner?: Name): PlacedSet {
    const signatures = this.#zone.signaturesOf(set);
    const shown = this.#zone.breakages.has('rdata-forged', { type: set.type }) ? forged(set) : set;
    return owner === undefined ? { set: shown, signatures } : { set: shown, owner, signatures };
  }
}

/** One label more than the closest encloser (RFC 5155 §1.3). */
function nextCloser(name: Name, encloser: Name): Name {
  return lastLabels(name, labelCount(encloser) + 1);
}

/** The set with the last octet of its first record changed. */
function forged(set: ZoneSet): ZoneSet {
  const [first = new Uint8Array(), ...others] = set.rdatas;
  const changed = first.slice();
  // Names end in a zero octet that must stay: change the octet before it.
  const at = changed.length > 1 && changed.at(-1) === 0 ? changed.length - 2 : changed.length - 1;
  changed[at] = (changed[at] ?? 0) ^ 0x01;
  return { ...set, rdatas: [changed, ...others] };
}
