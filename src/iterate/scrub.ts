/**
 * Drops out of a response what its sender has no say in, before anything of it is used or kept (RFC 2181 §5.4.1).
 *
 * Duties: bailiwick, unsolicited records of each section, one NS set at most and none beside an answer (CVE-2025-40778),
 * glue only for names that the response speaks of, private addresses, sizes of sets.
 * Leaves to others: what the response is (classify-response.ts).
 */

import type { DropReason } from '../terms/response-kind.ts';
import type { ZoneCopies } from '../terms/upstream-zone.ts';
import { readU16, readU32 } from '../wire/bytes.ts';
import { isInPrefixes } from '../wire/ip-prefix.ts';
import type { DroppedRecord, MessageView } from '../wire/message-view.ts';
import { isAtOrBelow, isBelow, type Name, namesEqual } from '../wire/name.ts';
import { type Question, rrsetKey } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { areStrings } from '../wire/rdata-names.ts';
import { isRrsig, isSignedBy } from '../wire/rdata-rrsig.ts';
import { addressHints } from '../wire/rdata-svcb.ts';
import { type ReceivedRRset, RRsetReader } from '../wire/received-rrset.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdataCount, rdatasAt, rdatasOf, signatureCount, someSignature, withRdatas } from '../wire/rrset.ts';
import { type KeyedRRset, SetIndex } from '../wire/rrsets.ts';
import { shorten } from '../wire/shorten.ts';
import { type Chain, readChain } from './alias.ts';
import {
  MAX_ADDITIONAL_SETS,
  MAX_ADDRESSES_PER_SET,
  MAX_ANY_SETS,
  MAX_DENIAL_SETS_KEPT,
  MAX_SETS_LOOKED_AT,
  MAX_SETS_OF_KIND,
} from './message-bounds.ts';
import type { IterateOptions } from './options.ts';
import { SpokenHosts } from './spoken-hosts.ts';
import { attachStraySignatures, type GroupedSections } from './stray-signatures.ts';
import { isOwnBelow } from './stub-and-forward.ts';

export interface ScrubContext {
  readonly question: Question;
  /** Zone that the server was asked for: it may speak of names at and below it. */
  readonly zone: Name;
  readonly options: IterateOptions;
  /** Local copies of zones; absent: there are none. */
  readonly copies?: ZoneCopies | undefined;
  /** True for a name below the zone where no cut can lie in between, as far as is known; absent: that is known of none. */
  isInZone?(name: Name): boolean;
  /** True where signatures of the zone are going to be checked; elsewhere a signature says nothing. */
  readonly isValidated?: boolean;
  /** Called for each set that is dropped. */
  onDropped?(set: KeyedRRset, why: DropReason): void;
}

/** What is left of a response. */
export interface Scrubbed {
  readonly chain: Chain;
  readonly authority: readonly KeyedRRset[];
  readonly additional: readonly KeyedRRset[];
  /** True when the message had neither answer nor authority, before anything was dropped; what comes besides says nothing. */
  readonly wasEmpty: boolean;
  /** True when a record that could not be read may have been the answer, or the referral, of which nothing is left. */
  readonly wasLost: boolean;
  /** Sets and sets of addresses that were left out or cut because there were too many. */
  readonly bounded: number;
}

/** Rcodes whose records mean something. */
const MEANINGFUL: ReadonlySet<number> = new Set([RCODE.NOERROR, RCODE.NXDOMAIN, RCODE.YXDOMAIN]);
/** Types that may stand in an authority section, and how many sets of each are of use. */
const MOST_IN_AUTHORITY: ReadonlyMap<number, number> = new Map([
  [TYPE.NS, 1],
  [TYPE.SOA, MAX_SETS_OF_KIND],
  [TYPE.DS, MAX_SETS_OF_KIND],
  [TYPE.NSEC, MAX_DENIAL_SETS_KEPT],
  [TYPE.NSEC3, MAX_DENIAL_SETS_KEPT],
]);
/** No set has more (wire/rrset.ts). */
const MOST_RECORDS = 0xffff;
/** Why a set is dropped that would be welcome if there were fewer. */
const TOO_MANY = 'more than are of use';
const NEVER_IN_ADDITIONAL: ReadonlySet<number> = new Set([TYPE.CNAME, TYPE.DNAME, TYPE.NS]);
const NOTHING: readonly ReceivedRRset[] = [];

/** Addresses in the rdata of types that clients take addresses from; null for rdata that cannot be read. */
const ADDRESSES_OF: ReadonlyMap<number, (rdata: Uint8Array) => readonly Uint8Array[] | null> = new Map([
  [TYPE.A, (rdata: Uint8Array) => [rdata]],
  [TYPE.AAAA, (rdata: Uint8Array) => [rdata]],
  [TYPE.SVCB, addressHints],
  [TYPE.HTTPS, addressHints],
]);

export function scrub(message: MessageView, context: ScrubContext): Scrubbed {
  return new Scrubbing(message, context).result();
}

/** One response while it is scrubbed: the sets of each section are read once, and those that may stay move to the front. */
class Scrubbing {
  readonly #message: MessageView;
  readonly #context: ScrubContext;
  #bounded = 0;

  constructor(message: MessageView, context: ScrubContext) {
    this.#message = message;
    this.#context = context;
  }

  result(): Scrubbed {
    const { question, options } = this.#context;
    if (!MEANINGFUL.has(this.#message.rcode)) return this.#left(readChain([], question, 0), NOTHING, NOTHING);
    const { answer, authority, additional } = this.#sections();
    this.#scrubAnswer(answer);
    const movedDs = answer.length === 0 ? dsOfReferral(authority, this.#context) : null;
    if (movedDs !== null) return this.#left(readChain([movedDs], question, 0), NOTHING, NOTHING);
    const read = readChain(answer, question, options.maxAliasesPerResponse, (target, set) =>
      this.#speaksForTarget(target, set),
    );
    const chain = this.#boundAny(read);
    const speaking = usedSets(chain);
    const hasAnswer = speaking.length > 0;
    for (const set of answer) if (!speaking.includes(set)) this.#drop(set, 'not asked for');
    dropRepeated(authority, speaking);
    this.#scrubAuthority(authority, chain, hasAnswer);
    if (additional.length > 0) this.#scrubAdditional(additional, [...speaking, ...authority]);
    return this.#left(chain, authority, additional);
  }

  #left(chain: Chain, authority: readonly KeyedRRset[], additional: readonly KeyedRRset[]): Scrubbed {
    const { answer, authority: section } = this.#message;
    const wasEmpty = answer.start === section.end;
    return { chain, authority, additional, wasEmpty, wasLost: this.#wasLost(chain, authority), bounded: this.#bounded };
  }

  #wasLost(chain: Chain, authority: readonly KeyedRRset[]): boolean {
    const { dropped } = this.#message;
    if (dropped.length === 0 || chain.data.length + chain.steps.length > 0) return false;
    if (authority.some(({ type }) => type === TYPE.NS)) return false;
    return dropped.some((record) => mayBeAnswer(record, this.#context.question));
  }

  #drop(set: KeyedRRset, why: DropReason): void {
    if (why === TOO_MANY) this.#bounded++;
    this.#context.onDropped?.(set, why);
  }

  /** The three sections as sets, signatures that stand elsewhere attached, none of hostile size. */
  #sections(): GroupedSections {
    const message = this.#message;
    const { question, options } = this.#context;
    const reader = new RRsetReader(message, question.class, MAX_SETS_LOOKED_AT);
    const answer = reader.read(message.answer);
    const authority = reader.read(message.authority);
    const additional = reader.read(message.additional);
    const sections = attachStraySignatures({ answer, authority, additional }, options.maxSignaturesPerRRset);
    this.#bounded += reader.leftOut;
    const isWhole = message.dropped.length === 0 ? null : wholeSets(message.dropped);
    this.#cut(sections.answer, isWhole);
    this.#cut(sections.authority, isWhole);
    this.#cut(sections.additional, isWhole);
    return sections;
  }

  /** Sets of hostile size are cut: NS records (NRDelegation), signatures (KeyTrap). */
  #cut(sets: readonly ReceivedRRset[], isWhole: ((set: KeyedRRset) => boolean) | null): void {
    const { maxNsRecords, maxSignaturesPerRRset } = this.#context.options;
    for (const set of sets) {
      // A set without a member is not the set that was signed: without its signatures nothing proves it.
      const signatures = isWhole === null || isWhole(set) ? maxSignaturesPerRRset : 0;
      set.limit(set.type === TYPE.NS ? maxNsRecords : MOST_RECORDS, signatures);
    }
  }

  /**
   * Which sets after an alias are taken from the same response: those that the zone has signed, where that is going to be
   * checked, and those of names that surely lie in the zone. An unsigned one may be an old copy of what a zone below says
   * by now, or worse (RFC 2181 §5.4.1): its name is asked for by itself.
   */
  #speaksForTarget(target: Name, set: KeyedRRset): boolean {
    const context = this.#context;
    const { zone, question } = context;
    // Who answers for a name answers for all between it and the zone as well.
    if (isAtOrBelow(question.name, target) && isAtOrBelow(target, zone)) return true;
    const isSigned = (signature: Uint8Array): boolean => isRrsig(signature) && isSignedBy(signature, zone);
    if (context.isValidated === true && someSignature(set.rrset, isSigned)) return true;
    return context.isInZone?.(target) ?? false;
  }

  #scrubAnswer(sets: ReceivedRRset[]): void {
    let kept = 0;
    for (const set of sets) {
      const why = this.#whyNotInAnswer(set);
      if (why === null) sets[kept++] = set;
      else this.#drop(set, why);
    }
    shorten(sets, kept);
  }

  #whyNotInAnswer(set: ReceivedRRset): DropReason | null {
    const context = this.#context;
    if (!isAtOrBelow(set.owner, context.zone)) return 'outside the zone of the server';
    if (isElsewhere(set.owner, context)) return 'in a zone that is configured';
    dropUnreadableTexts(set);
    return hasOnlyPrivate(set, context.options) ? 'private address' : null;
  }

  /** RFC 8482 §4.1: any subset answers a question for ANY; of thousands of sets at a name some are enough. */
  #boundAny(chain: Chain): Chain {
    if (this.#context.question.type !== TYPE.ANY || chain.data.length <= MAX_ANY_SETS) return chain;
    for (const set of chain.data.slice(MAX_ANY_SETS)) this.#drop(set, TOO_MANY);
    return { ...chain, data: chain.data.slice(0, MAX_ANY_SETS) };
  }

  #scrubAuthority(sets: ReceivedRRset[], chain: Chain, hasAnswer: boolean): void {
    const { zone } = this.#context;
    const hasSoa = sets.some(({ type, owner }) => type === TYPE.SOA && isAtOrBelow(owner, zone));
    let kept = 0;
    for (const set of sets) {
      const most = MOST_IN_AUTHORITY.get(set.type);
      let why: DropReason | null = most === undefined ? 'does not belong there' : null;
      why ??= set.type === TYPE.NS ? this.#whyNotNs(set, hasAnswer, hasSoa) : this.#whyNotInAuthority(set, chain);
      why ??= countOf(sets, kept, set.type) < (most ?? 0) ? null : TOO_MANY;
      if (why === null) sets[kept++] = set;
      else this.#drop(set, why);
    }
    shorten(sets, kept);
  }

  /** Why a set that is no NS set is not needed for this answer; null when it may be. */
  #whyNotInAuthority({ type, owner }: KeyedRRset, { steps }: Chain): DropReason | null {
    const { question, zone } = this.#context;
    if (!isAtOrBelow(owner, zone)) return 'outside the zone of the server';
    // RFC 2308 §2, RFC 4035 §3.1.4: an SOA or DS is of the zone, or the cut, of a name that was asked for.
    const isOfCut = type === TYPE.SOA || type === TYPE.DS;
    if (!isOfCut || isAtOrBelow(question.name, owner)) return null;
    return steps.some(({ to }) => isAtOrBelow(to, owner)) ? null : 'not of a name that was asked for';
  }

  /** Why an NS set must go; null when it may stay. One above the zone stays in an empty answer: it shows a lame server. */
  #whyNotNs({ owner }: KeyedRRset, hasAnswer: boolean, hasSoa: boolean): DropReason | null {
    const { question, zone, options } = this.#context;
    if (!isAtOrBelow(question.name, owner)) return 'NS set of another branch';
    const isDenial = this.#message.rcode !== RCODE.NOERROR || (!hasAnswer && hasSoa);
    // Records in front of which a fragment ends can be forged: NS sets in denials have no use that would justify that.
    if (isDenial) return 'NS set beside a denial';
    if (!isAtOrBelow(owner, zone)) return hasAnswer ? 'outside the zone of the server' : null;
    if (options.scrubPromiscuous && hasAnswer) return 'NS set beside an answer';
    return null;
  }

  #scrubAdditional(sets: ReceivedRRset[], speaking: readonly KeyedRRset[]): void {
    dropRepeated(sets, speaking);
    const rules = additionalParts(speaking, this.#context);
    let kept = 0;
    for (const set of sets) {
      const why = this.#whyNotAdditional(set, rules) ?? (kept < MAX_ADDITIONAL_SETS ? null : TOO_MANY);
      if (why !== null) {
        this.#drop(set, why);
        continue;
      }
      if (isAddress(set) && set.count > MAX_ADDRESSES_PER_SET) {
        // Addresses of a name that stand beside something else are for finding servers: some are enough. What is cut is not signed.
        set.limit(MAX_ADDRESSES_PER_SET, 0);
        this.#drop(set, TOO_MANY);
      }
      sets[kept++] = set;
    }
    shorten(sets, kept);
  }

  #whyNotAdditional(set: ReceivedRRset, rules: AdditionalParts): DropReason | null {
    const { zone, options } = this.#context;
    if (rules.isDenial) return 'beside a denial';
    if (NEVER_IN_ADDITIONAL.has(set.type)) return 'does not belong there';
    if (isAddress(set)) {
      if (!rules.hosts.has(set.owner)) return 'address of a name that nothing speaks of';
    } else if (options.hardenUnknownAdditional) return 'unknown type';
    if (hasOnlyPrivate(set, options)) return 'private address';
    const isOfZone = !rules.isLameReferral && (rules.mayBeOutside || isAtOrBelow(set.owner, zone));
    return isOfZone ? null : 'outside the zone of the server';
  }
}

/** What the rules for the additional section look at. */
interface AdditionalParts {
  readonly hosts: SpokenHosts;
  readonly isDenial: boolean;
  readonly isLameReferral: boolean;
  readonly mayBeOutside: boolean;
}

function additionalParts(speaking: readonly KeyedRRset[], { zone, options }: ScrubContext): AdditionalParts {
  let isDenial = true;
  let isLameReferral = false;
  let isReferral = false;
  for (const { type, owner } of speaking) {
    if (type !== TYPE.SOA && type !== TYPE.NSEC && type !== TYPE.NSEC3) isDenial = false;
    if (type !== TYPE.NS) continue;
    if (!isAtOrBelow(owner, zone)) isLameReferral = true;
    else if (isBelow(owner, zone)) isReferral = true;
  }
  const mayBeOutside = !options.hardenGlue && isReferral;
  return { hosts: new SpokenHosts(speaking), isDenial, isLameReferral, mayBeOutside };
}

function isAddress({ type }: KeyedRRset): boolean {
  return type === TYPE.A || type === TYPE.AAAA;
}

/** How many of the first so many sets are of the type. */
function countOf(sets: readonly KeyedRRset[], among: number, type: number): number {
  let count = 0;
  for (let i = 0; i < among; i++) if (sets[i]?.type === type) count++;
  return count;
}

/** Tells sets of which no record was left out. */
function wholeSets(dropped: readonly DroppedRecord[]): (set: KeyedRRset) => boolean {
  const sets = new Set<string>();
  const ownerless = new Set<number>();
  for (const { owner, type, class: rrClass } of dropped) {
    if (owner === null) ownerless.add(type);
    else sets.add(rrsetKey(owner, type, rrClass));
  }
  return ({ owner, type, class: rrClass }) => !ownerless.has(type) && !sets.has(rrsetKey(owner, type, rrClass));
}

/** True for a record that could not be read and may have said what was asked, or who knows. */
function mayBeAnswer({ section, owner, type }: DroppedRecord, question: Question): boolean {
  if (section === 'authority') return type === TYPE.NS || (type === TYPE.DS && question.type === TYPE.DS);
  if (section !== 'answer') return false;
  if (type === TYPE.DNAME && (owner === null || isBelow(question.name, owner))) return true;
  const isType = type === question.type || type === TYPE.CNAME || question.type === TYPE.ANY;
  return isType && (owner === null || namesEqual(owner, question.name));
}

/** RFC 2181 §5.4.1: a set that stands in a better section already is no news in a worse one. */
function dropRepeated(sets: ReceivedRRset[], better: readonly KeyedRRset[]): void {
  if (sets.length === 0 || better.length === 0) return;
  const known = new SetIndex([...better]);
  let kept = 0;
  for (const set of sets) if (known.find(set.owner, set.type, set.class) === undefined) sets[kept++] = set;
  shorten(sets, kept);
}

/**
 * Takes texts that are no character strings out of an unsigned set: clients can make nothing of them, nor of the records beside
 * them (an SPF policy is not found then). A signed set, and one of nothing else, is the zone's own word.
 */
function dropUnreadableTexts(set: ReceivedRRset): void {
  if (set.type !== TYPE.TXT || signatureCount(set.rrset) > 0) return;
  const rdatas = rdatasOf(set.rrset).filter(areStrings);
  if (rdatas.length > 0 && rdatas.length < set.count) set.rrset = withRdatas(set.rrset, rdatas);
}

/** True for a name in a stub, forward or local zone copy below the zone asked, to which an alias leads: that zone is asked itself. */
function isElsewhere(owner: Name, context: ScrubContext): boolean {
  return isOwnBelow(context, owner, context.zone) && !isOwnBelow(context, context.question.name, context.zone);
}

/** Takes records out of a set that name an address that `private-address` forbids; true when nothing would be left. */
function hasOnlyPrivate(set: ReceivedRRset, options: IterateOptions): boolean {
  const { privateAddresses, privateDomains } = options;
  const addressesOf = privateAddresses.length === 0 ? undefined : ADDRESSES_OF.get(set.type);
  if (addressesOf === undefined || privateDomains.some((domain) => isAtOrBelow(set.owner, domain))) return false;
  const rdatas = rdatasOf(set.rrset).filter((rdata) => {
    const addresses = addressesOf(rdata);
    return addresses !== null && !addresses.some((address) => isInPrefixes(address, privateAddresses));
  });
  if (rdatas.length > 0 && rdatas.length < set.count) set.rrset = withRdatas(set.rrset, rdatas);
  return rdatas.length === 0;
}

/** A question for DS that is answered by a referral holds its answer in the authority section. */
function dsOfReferral(authority: readonly ReceivedRRset[], { question, zone }: ScrubContext): ReceivedRRset | null {
  if (question.type !== TYPE.DS || !isAtOrBelow(question.name, zone)) return null;
  return authority.find((set) => set.type === TYPE.DS && namesEqual(set.owner, question.name)) ?? null;
}

/** The sets of the section that the chain uses. */
function usedSets({ steps, data }: Chain): readonly KeyedRRset[] {
  if (steps.length === 0) return data;
  const used: KeyedRRset[] = [];
  for (const { alias } of steps) used.push(alias);
  for (const set of data) used.push(set);
  return used;
}

/** The SOA's own TTL and minimum, whichever is lower, seconds (RFC 2308 §5); null when it is malformed. */
export function negativeTtlOf({ rrset, ttl }: KeyedRRset): number | null {
  const at = rdatasAt(rrset);
  const length = rdataCount(rrset) === 0 ? 0 : readU16(rrset, at);
  return length < 22 ? null : Math.min(ttl, readU32(rrset, at + 2 + length - 4));
}
