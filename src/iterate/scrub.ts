/**
 * Drops out of a response what its sender has no say in, before anything of it is used or kept (RFC 2181 §5.4.1).
 *
 * Duties: bailiwick, unsolicited records of each section, one NS set at most and none beside an answer (CVE-2025-40778),
 * glue only for names that the response speaks of, private addresses, sizes of sets.
 * Leaves to others: what the response is (classify-response.ts).
 */

import type { DropReason } from '../terms/response-kind.ts';
import type { ZoneCopies } from '../terms/upstream-zone.ts';
import { readU16 } from '../wire/bytes.ts';
import { isInPrefixes } from '../wire/ip-prefix.ts';
import type { DroppedRecord, MessageView, Section, SectionRange } from '../wire/message-view.ts';
import { isAtOrBelow, isBelow, type Name, nameFromBytes, nameKey, namesEqual } from '../wire/name.ts';
import { type Question, rrsetKey } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { areStrings } from '../wire/rdata-names.ts';
import { isRrsig, isSignedBy } from '../wire/rdata-rrsig.ts';
import { addressHints } from '../wire/rdata-svcb.ts';
import { TYPE } from '../wire/rr-type.ts';
import { dataRecordsOf, type GroupBound, groupRecords, indexSets, type RRsetGroup } from '../wire/rrsets.ts';
import { type AliasGroup, type Chain, readChain, type SpeaksFor } from './alias.ts';
import {
  MAX_ADDITIONAL_SETS,
  MAX_ADDRESSES_PER_SET,
  MAX_ANY_SETS,
  MAX_DENIAL_SETS_KEPT,
  MAX_SETS_LOOKED_AT,
  MAX_SETS_OF_KIND,
} from './message-bounds.ts';
import type { IterateOptions } from './options.ts';
import { attachStraySignatures, type GroupedSections } from './stray-signatures.ts';
import { isOwnBelow } from './stub-and-forward.ts';

export interface ScrubContext {
  readonly question: Question;
  /** Zone that the server was asked for: it may speak of names at and below it. */
  readonly zone: Name;
  readonly options: IterateOptions;
  /** Local copies of zones; absent: there are none. */
  readonly copies?: ZoneCopies;
  /** True for a name below the zone where no cut can lie in between, as far as is known; absent: that is known of none. */
  readonly isInZone?: (name: Name) => boolean;
  /** True where signatures of the zone are going to be checked; elsewhere a signature says nothing. */
  readonly isValidated?: boolean;
  /** Called for each set that is dropped. */
  readonly onDropped?: (section: Section, group: RRsetGroup, why: DropReason) => void;
}

/** What is left of a response. */
export interface Scrubbed {
  readonly chain: Chain;
  readonly authority: readonly RRsetGroup[];
  readonly additional: readonly RRsetGroup[];
  /** True when the message had neither answer nor authority, before anything was dropped; what comes besides says nothing. */
  readonly wasEmpty: boolean;
  /** True when a record that could not be read may have been the answer, or the referral, of which nothing is left. */
  readonly wasLost: boolean;
  /** Sets and sets of addresses that were left out or cut because there were too many. */
  readonly bounded: number;
}

type Drop = (section: Section, group: RRsetGroup, why: DropReason) => false;

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
/** Why a set is dropped that would be welcome if there were fewer. */
const TOO_MANY = 'more than are of use';
const NEVER_IN_ADDITIONAL: ReadonlySet<number> = new Set([TYPE.CNAME, TYPE.DNAME, TYPE.NS]);
/** Where the name of a host starts in the rdata of types that call for its addresses. */
const HOST_NAME_AT: ReadonlyMap<number, number> = new Map([
  [TYPE.NS, 0],
  [TYPE.MB, 0],
  [TYPE.MD, 0],
  [TYPE.MF, 0],
  [TYPE.MX, 2],
  [TYPE.RT, 2],
  [TYPE.KX, 2],
  [TYPE.AFSDB, 2],
  [TYPE.SRV, 6],
  [TYPE.SVCB, 2],
  [TYPE.HTTPS, 2],
]);

/** Addresses in the rdata of types that clients take addresses from; null for rdata that cannot be read. */
const ADDRESSES_OF: ReadonlyMap<number, (rdata: Uint8Array) => readonly Uint8Array[] | null> = new Map([
  [TYPE.A, (rdata: Uint8Array) => [rdata]],
  [TYPE.AAAA, (rdata: Uint8Array) => [rdata]],
  [TYPE.SVCB, addressHints],
  [TYPE.HTTPS, addressHints],
]);

export function scrub(message: MessageView, context: ScrubContext): Scrubbed {
  const { question, options } = context;
  const wasEmpty = message.answer.start === message.authority.end;
  if (!MEANINGFUL.has(message.rcode)) {
    return { chain: readChain([], question, 0), authority: [], additional: [], wasEmpty, wasLost: false, bounded: 0 };
  }
  let bounded = 0;
  const drop: Drop = (section, group, why) => {
    if (why === TOO_MANY) bounded++;
    context.onDropped?.(section, group, why);
    return false;
  };
  const sections = sectionsOf(message, context, () => bounded++);
  const answers = scrubAnswer(sections.answer, context, drop);
  const movedDs = answers.length === 0 ? dsOfReferral(sections.authority, context) : null;
  if (movedDs !== null) {
    return {
      chain: readChain([movedDs], question, 0),
      authority: [],
      additional: [],
      wasEmpty,
      wasLost: false,
      bounded: 0,
    };
  }
  const read = readChain(answers, question, options.maxAliasesPerResponse, speaksForTarget(context));
  const chain = boundAny(read, question, drop);
  const used = usedGroups(chain);
  for (const group of answers) if (!used.includes(group)) drop('answer', group, 'not asked for');
  const hasAnswer = used.length > 0;
  const rules = { message, context, chain, hasAnswer, drop };
  const authority = scrubAuthority(withoutRepeated(sections.authority, used), rules);
  const speaking = [...used, ...authority];
  const additional =
    sections.additional.length === 0
      ? sections.additional
      : scrubAdditional(withoutRepeated(sections.additional, speaking), speaking, context, drop);
  const isLeft = hasAnswer || authority.some(({ type }) => type === TYPE.NS);
  const wasLost = !isLeft && message.dropped.some((dropped) => mayBeAnswer(dropped, question));
  return { chain, authority, additional, wasEmpty, wasLost, bounded };
}

/**
 * Which sets after an alias are taken from the same response: those that the zone has signed, where that is going to be
 * checked, and those of names that surely lie in the zone. An unsigned one may be an old copy of what a zone below says
 * by now, or worse (RFC 2181 §5.4.1): its name is asked for by itself.
 */
function speaksForTarget({ zone, question, isInZone, isValidated = false }: ScrubContext): SpeaksFor {
  const isSigned = (group: RRsetGroup): boolean =>
    isValidated && group.signatures.some((signature) => isRrsig(signature) && isSignedBy(signature, zone));
  // Who answers for a name answers for all between it and the zone as well.
  const isOnPath = (name: Name): boolean => isAtOrBelow(question.name, name) && isAtOrBelow(name, zone);
  return (target, group) => isOnPath(target) || isSigned(group) || (isInZone?.(target) ?? false);
}

/** The three sections as sets, signatures that stand elsewhere attached, none of hostile size. */
function sectionsOf(message: MessageView, { question, options }: ScrubContext, onLeftOut: () => void): GroupedSections {
  const bound: GroupBound = { maxSets: MAX_SETS_LOOKED_AT, onLeftOut };
  const grouped = {
    answer: groupsOf(message, message.answer, question, bound),
    authority: groupsOf(message, message.authority, question, bound),
    additional: groupsOf(message, message.additional, question, bound),
  };
  const { answer, authority, additional } = attachStraySignatures(grouped);
  const isWhole = message.dropped.length === 0 ? null : wholeSets(message.dropped);
  const fits = (group: RRsetGroup): boolean => isWhole === null && isWithinBounds(group, options);
  // A set without a member is not the set that was signed: without its signatures nothing proves it.
  const cut = (group: RRsetGroup): RRsetGroup =>
    withinBounds(isWhole?.(group) === false ? { ...group, signatures: [] } : group, options);
  const bounded = (groups: readonly RRsetGroup[]): readonly RRsetGroup[] =>
    groups.every(fits) ? groups : groups.map(cut);
  return { answer: bounded(answer), authority: bounded(authority), additional: bounded(additional) };
}

/** Tells sets of which no record was left out. */
function wholeSets(dropped: readonly DroppedRecord[]): (group: RRsetGroup) => boolean {
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

function groupsOf(message: MessageView, range: SectionRange, question: Question, bound: GroupBound): RRsetGroup[] {
  return range.start === range.end ? [] : groupRecords(dataRecordsOf(message, range, question.class), bound);
}

/** Sets of hostile size are cut: NS records (NRDelegation), signatures (KeyTrap). */
function withinBounds(group: RRsetGroup, options: IterateOptions): RRsetGroup {
  if (isWithinBounds(group, options)) return group;
  return {
    ...group,
    rdatas: group.rdatas.slice(0, mostRdatas(group, options)),
    signatures: group.signatures.slice(0, options.maxSignaturesPerRRset),
  };
}

function mostRdatas({ type, rdatas }: RRsetGroup, options: IterateOptions): number {
  return type === TYPE.NS ? options.maxNsRecords : rdatas.length;
}

function isWithinBounds(group: RRsetGroup, options: IterateOptions): boolean {
  const areFewRdatas = group.rdatas.length <= mostRdatas(group, options);
  return areFewRdatas && group.signatures.length <= options.maxSignaturesPerRRset;
}

/** RFC 2181 §5.4.1: a set that stands in a better section already is no news in a worse one. */
function withoutRepeated(groups: readonly RRsetGroup[], better: readonly RRsetGroup[]): readonly RRsetGroup[] {
  if (groups.length === 0 || better.length === 0) return groups;
  const known = indexSets(better);
  return groups.filter((group) => known.find(group.owner, group.type, group.class) === undefined);
}

function scrubAnswer(groups: readonly RRsetGroup[], context: ScrubContext, drop: Drop): readonly RRsetGroup[] {
  if (groups.length === 0) return groups;
  const kept: RRsetGroup[] = [];
  for (const group of groups) {
    if (!isAtOrBelow(group.owner, context.zone)) {
      drop('answer', group, 'outside the zone of the server');
      continue;
    }
    if (isElsewhere(group.owner, context)) {
      drop('answer', group, 'in a zone that is configured');
      continue;
    }
    const clean = withoutPrivate(withoutUnreadableTexts(group), context.options);
    if (clean === null) drop('answer', group, 'private address');
    else kept.push(clean);
  }
  return kept;
}

/**
 * An unsigned set of texts without those that are no character strings, of which clients can make nothing, nor of the
 * records beside them (an SPF policy is not found then). A signed set, and one of nothing else, is the zone's own word.
 */
function withoutUnreadableTexts(group: RRsetGroup): RRsetGroup {
  if (group.type !== TYPE.TXT || group.signatures.length > 0) return group;
  const rdatas = group.rdatas.filter(areStrings);
  return rdatas.length === 0 || rdatas.length === group.rdatas.length ? group : { ...group, rdatas };
}

/** True for a name in a stub, forward or local zone copy below the zone asked, to which an alias leads: that zone is asked itself. */
function isElsewhere(owner: Name, context: ScrubContext): boolean {
  return isOwnBelow(context, owner, context.zone) && !isOwnBelow(context, context.question.name, context.zone);
}

/** The set without records that name an address that `private-address` forbids; null when nothing is left. */
function withoutPrivate(group: RRsetGroup, options: IterateOptions): RRsetGroup | null {
  const { privateAddresses, privateDomains } = options;
  const addressesOf = privateAddresses.length === 0 ? undefined : ADDRESSES_OF.get(group.type);
  if (addressesOf === undefined || privateDomains.some((domain) => isAtOrBelow(group.owner, domain))) return group;
  const rdatas = group.rdatas.filter((rdata) => {
    const addresses = addressesOf(rdata);
    return addresses !== null && !addresses.some((address) => isInPrefixes(address, privateAddresses));
  });
  if (rdatas.length === 0) return null;
  return rdatas.length === group.rdatas.length ? group : { ...group, rdatas };
}

/** A question for DS that is answered by a referral holds its answer in the authority section. */
function dsOfReferral(authority: readonly RRsetGroup[], { question, zone }: ScrubContext): RRsetGroup | null {
  if (question.type !== TYPE.DS || !isAtOrBelow(question.name, zone)) return null;
  return authority.find((group) => group.type === TYPE.DS && namesEqual(group.owner, question.name)) ?? null;
}

/** RFC 8482 §4.1: any subset answers a question for ANY; of thousands of sets at a name some are enough. */
function boundAny(chain: Chain, question: Question, drop: Drop): Chain {
  if (question.type !== TYPE.ANY || chain.data.length <= MAX_ANY_SETS) return chain;
  for (const group of chain.data.slice(MAX_ANY_SETS)) drop('answer', group, TOO_MANY);
  return { ...chain, data: chain.data.slice(0, MAX_ANY_SETS) };
}

/** The groups of the section that the chain uses. */
function usedGroups(chain: Chain): RRsetGroup[] {
  return [...chain.steps.map((step: AliasGroup) => step.alias), ...chain.data];
}

/** What the rules for the authority section look at. */
interface AuthorityParts {
  readonly message: MessageView;
  readonly context: ScrubContext;
  readonly chain: Chain;
  readonly hasAnswer: boolean;
  readonly drop: Drop;
}

function scrubAuthority(groups: readonly RRsetGroup[], rules: AuthorityParts): readonly RRsetGroup[] {
  const { zone } = rules.context;
  if (groups.length === 0) return groups;
  const hasSoa = groups.some((group) => group.type === TYPE.SOA && isAtOrBelow(group.owner, zone));
  const names = [rules.context.question.name, ...rules.chain.steps.map(({ to }) => to)];
  const counts = new Map<number, number>();
  return groups.filter((group) => {
    const most = MOST_IN_AUTHORITY.get(group.type);
    if (most === undefined) return rules.drop('authority', group, 'does not belong there');
    const why = group.type === TYPE.NS ? whyNotNs(group, rules, hasSoa) : whyNotInAuthority(group, names, zone);
    if (why !== null) return rules.drop('authority', group, why);
    const count = (counts.get(group.type) ?? 0) + 1;
    counts.set(group.type, count);
    return count <= most || rules.drop('authority', group, TOO_MANY);
  });
}

/** Why a set that is no NS set is not needed for this answer; null when it may be. */
function whyNotInAuthority({ type, owner }: RRsetGroup, names: readonly Name[], zone: Name): DropReason | null {
  if (!isAtOrBelow(owner, zone)) return 'outside the zone of the server';
  // RFC 2308 §2, RFC 4035 §3.1.4: an SOA or DS is of the zone, or the cut, of a name that was asked for.
  const isOfName = type !== TYPE.SOA && type !== TYPE.DS ? true : names.some((name) => isAtOrBelow(name, owner));
  return isOfName ? null : 'not of a name that was asked for';
}

/** Why an NS set must go; null when it may stay. One above the zone stays in an empty answer: it shows a lame server. */
function whyNotNs(group: RRsetGroup, rules: AuthorityParts, hasSoa: boolean): DropReason | null {
  const { message, hasAnswer } = rules;
  const { question, zone, options } = rules.context;
  if (!isAtOrBelow(question.name, group.owner)) return 'NS set of another branch';
  const isDenial = message.rcode !== RCODE.NOERROR || (!hasAnswer && hasSoa);
  // Records in front of which a fragment ends can be forged: NS sets in denials have no use that would justify that.
  if (isDenial) return 'NS set beside a denial';
  if (!isAtOrBelow(group.owner, zone)) return hasAnswer ? 'outside the zone of the server' : null;
  if (options.scrubPromiscuous && hasAnswer) return 'NS set beside an answer';
  return null;
}

function scrubAdditional(
  groups: readonly RRsetGroup[],
  speaking: readonly RRsetGroup[],
  context: ScrubContext,
  drop: Drop,
): RRsetGroup[] {
  const { zone, options } = context;
  const hosts = new Set(speaking.flatMap((group) => hostsOf(group).map(nameKey)));
  const isLameReferral = speaking.some((group) => group.type === TYPE.NS && !isAtOrBelow(group.owner, zone));
  const isReferral = speaking.some((group) => group.type === TYPE.NS && isBelow(group.owner, zone));
  const mayBeOutside = !options.hardenGlue && isReferral;
  const isDenial = !speaking.some(
    (group) => group.type !== TYPE.SOA && group.type !== TYPE.NSEC && group.type !== TYPE.NSEC3,
  );
  let count = 0;
  return groups.flatMap((group) => {
    const why = isDenial ? 'beside a denial' : whyNotAdditional(group, hosts, options);
    const clean = why === null ? withoutPrivate(group, options) : null;
    const isWelcome = clean !== null && !isLameReferral && (mayBeOutside || isAtOrBelow(group.owner, zone));
    if (isWelcome && ++count <= MAX_ADDITIONAL_SETS) return [withFewAddresses(clean, drop)];
    drop('additional', group, isWelcome ? TOO_MANY : (why ?? 'outside the zone of the server'));
    return [];
  });
}

/** Addresses of a name that stand beside something else are for finding servers: some are enough. What is cut is not signed. */
function withFewAddresses(group: RRsetGroup, drop: Drop): RRsetGroup {
  const isAddress = group.type === TYPE.A || group.type === TYPE.AAAA;
  if (!isAddress || group.rdatas.length <= MAX_ADDRESSES_PER_SET) return group;
  const rest = { ...group, rdatas: group.rdatas.slice(MAX_ADDRESSES_PER_SET) };
  drop('additional', rest, TOO_MANY);
  return { ...group, rdatas: group.rdatas.slice(0, MAX_ADDRESSES_PER_SET), signatures: [] };
}

function whyNotAdditional(group: RRsetGroup, hosts: ReadonlySet<string>, options: IterateOptions): DropReason | null {
  if (NEVER_IN_ADDITIONAL.has(group.type)) return 'does not belong there';
  const isAddress = group.type === TYPE.A || group.type === TYPE.AAAA;
  if (isAddress) return hosts.has(nameKey(group.owner)) ? null : 'address of a name that nothing speaks of';
  return options.hardenUnknownAdditional ? 'unknown type' : null;
}

function hostsOf(group: RRsetGroup): Name[] {
  const at = HOST_NAME_AT.get(group.type);
  if (at === undefined) return [];
  return group.rdatas.flatMap((rdata) => {
    const end = at + nameLength(rdata, at);
    const name = nameFromBytes(rdata.subarray(at, end));
    return name === null ? [] : [name];
  });
}

/** Octets of the name at `at`: SVCB has parameters after it. */
function nameLength(rdata: Uint8Array, at: number): number {
  let cursor = at;
  while (cursor < rdata.length && rdata[cursor] !== 0) cursor += (rdata[cursor] ?? 0) + 1;
  return cursor + 1 - at;
}

/** The SOA's own TTL and minimum, whichever is lower, seconds (RFC 2308 §5); null when it is malformed. */
export function negativeTtlOf(soa: RRsetGroup): number | null {
  const rdata = soa.rdatas[0];
  if (rdata === undefined || rdata.length < 22) return null;
  const minimumAt = rdata.length - 4;
  return Math.min(soa.ttl, readU16(rdata, minimumAt) * 0x10000 + readU16(rdata, minimumAt + 2));
}
