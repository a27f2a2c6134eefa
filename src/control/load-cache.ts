/**
 * Reads a dump back into the caches (load_cache).
 *
 * Duties: everything that is loaded is unchecked, whatever the dump says of it, so that no file can put a secure mark on
 * data; ranks no better than an answer's; TTLs within cache-max-ttl; data that is known and better stays.
 * Leaves to others: validation, which happens when the data is first asked for.
 */

import { type CacheSet, forgetReplies } from '../cache/forget.ts';
import type { AliasStep, IterationResult } from '../terms/iteration-result.ts';
import { RANK, type Rank } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { type Name, ROOT } from '../wire/name.ts';
import { parseName } from '../wire/name-text.ts';
import { type Question, rrsetKey } from '../wire/question.ts';
import { RCODE } from '../wire/rcode.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { readRrsig } from '../wire/rdata-rrsig.ts';
import { parseRecord } from '../wire/record-text.ts';
import { classFromText, TYPE, typeFromText } from '../wire/rr-type.ts';
import { packRRset, rdatasOf, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import type { ResourceRecord } from '../wire/rrsets.ts';
import type { BulkInput } from './command.ts';
import { RANK_NUMBER } from './dump-cache.ts';

/** Records of one set that are taken; more than a message can hold cannot be. */
const MAX_RECORDS = 65_535;
/** References of one message that are taken. */
const MAX_REFERENCES = 1_000;
const LAST_LINE = 'EOF';
/** Stands in the place of a server: when loaded data turns out to be bogus, real servers are asked in its place. */
const LOADED = 'load_cache';

interface LoadParts {
  readonly caches: CacheSet;
  readonly now: number;
  /** cache-max-ttl, seconds. */
  readonly maxTtl: number;
}

/** The set whose records are being read. */
interface OpenSet {
  readonly ttl: number;
  readonly rank: Rank;
  /** Lines that still belong to it. */
  left: number;
  readonly rdatas: Uint8Array[];
  readonly signatures: Uint8Array[];
  first: ResourceRecord | null;
  fault: boolean;
}

/** The message whose references are being read. */
interface OpenMessage {
  readonly question: Question;
  readonly rcode: number;
  readonly ttl: number;
  readonly counts: { readonly answer: number; readonly authority: number; readonly additional: number };
  left: number;
  readonly references: (RankedRRset | null)[];
}

/** Takes the lines of a dump. */
export class CacheLoader implements BulkInput {
  readonly #parts: LoadParts;
  #set: OpenSet | null = null;
  #message: OpenMessage | null = null;
  #hasFaults = false;

  constructor(parts: LoadParts) {
    this.#parts = parts;
  }

  isEnd(line: string): boolean {
    return line.trim() === LAST_LINE;
  }

  take(line: string, lineNumber: number): string | null {
    const fault = this.#takeLine(line.trim());
    if (fault === null) return null;
    this.#hasFaults = true;
    return `error line ${lineNumber}: ${fault}`;
  }

  finish(): string {
    forgetReplies(this.#parts.caches);
    return this.#hasFaults ? '' : 'ok\n';
  }

  #takeLine(line: string): string | null {
    if (line === '' || /^(?:START|END)_(?:RRSET|MSG)_CACHE$/.test(line)) return null;
    if (line.startsWith(';rrset')) return this.#openSet(line);
    if (line.startsWith('msg ')) return this.#openMessage(line);
    if (this.#set !== null && this.#set.left > 0) return this.#takeRecord(this.#set, line);
    if (this.#message !== null && this.#message.left > 0) return this.#takeReference(this.#message, line);
    // Expired or faulty sets leave lines behind that belong to nothing.
    return line.startsWith(';') ? null : `neither a set nor a message: ${line.slice(0, 80)}`;
  }

  #openSet(line: string): string | null {
    const match = /^;rrset(?: nsec_apex)? (\d{1,10}) (\d{1,5}) (\d{1,5}) (\d{1,2}) (\d)\b/.exec(line);
    if (match === null) return `not a head of a set: ${line.slice(0, 80)}`;
    const [ttl = 0, records = 0, signatures = 0, rank = 0] = match.slice(1).map(Number);
    if (records + signatures > MAX_RECORDS) return 'a set of too many records';
    this.#message = null;
    this.#set = {
      ttl: Math.min(ttl, this.#parts.maxTtl),
      rank: trustOf(rank),
      left: records + signatures,
      rdatas: [],
      signatures: [],
      first: null,
      fault: false,
    };
    return null;
  }

  #takeRecord(set: OpenSet, line: string): string | null {
    set.left--;
    const record = parseRecord(line);
    const fault = 'error' in record ? record.error : addRecord(set, record);
    if (fault !== null) set.fault = true;
    if (set.left === 0) this.#closeSet(set);
    return fault;
  }

  /** A set with a faulty line is not taken at all: half a set would be a lie. */
  #closeSet({ first, rdatas, signatures, ttl, rank: own, fault }: OpenSet): void {
    if (fault || first === null || rdatas.length === 0 || ttl <= 0) return;
    const { caches, now } = this.#parts;
    const { owner, type, class: rrClass } = first;
    const rrset = packRRset({ owner, type, class: rrClass, rdatas, signatures });
    const zone = caches.delegations.findDeepest(owner)?.zone ?? ROOT;
    const times = { receivedAt: now, expiresAt: now + ttl, originalTtl: ttl };
    const ranked = { rrset, ...times, rank: own, verdict: null, server: LOADED, zone };
    caches.rrsets.store(ranked);
  }

  #openMessage(line: string): string | null {
    const match = /^msg (\S+) (\S+) (\S+) (\d+) (\d+) (-?\d+) (\d+) (\d+) (\d+) (\d+)/.exec(line);
    const name = parseName(match?.[1] ?? '');
    const rrClass = classFromText(match?.[2] ?? '');
    const type = typeFromText(match?.[3] ?? '');
    if (match === null || name === null || rrClass === null || type === null) {
      return `not a head of a message: ${line.slice(0, 80)}`;
    }
    const [flags = 0, , ttl = 0, , answer = 0, authority = 0, additional = 0] = match.slice(4).map(Number);
    const left = answer + authority + additional;
    if (left > MAX_REFERENCES) return 'a message of too many sets';
    const question = { name, type, class: rrClass };
    this.#set = null;
    this.#message = {
      question,
      rcode: flags & 15,
      ttl: Math.min(ttl, this.#parts.maxTtl),
      counts: { answer, authority, additional },
      left,
      references: [],
    };
    return null;
  }

  #takeReference(message: OpenMessage, line: string): string | null {
    message.left--;
    const [nameText = '', classWord = '', typeWord = ''] = line.split(' ');
    const name = parseName(nameText);
    const rrClass = classFromText(classWord);
    const type = typeFromText(typeWord);
    const isReference = name !== null && rrClass !== null && type !== null;
    // In the cache and nowhere else: a dump of any size obeys its bound.
    message.references.push(isReference ? this.#parts.caches.rrsets.find(name, type, rrClass) : null);
    if (message.left === 0) this.#closeMessage(message);
    return isReference ? null : `not a reference to a set: ${line.slice(0, 80)}`;
  }

  /** Keeps a message whose sets are all there, as found and not checked. */
  #closeMessage(message: OpenMessage): void {
    const { caches, now } = this.#parts;
    const ranked = message.references.filter((each) => each !== null);
    if (ranked.length < message.references.length || message.ttl <= 0) return;
    const known = caches.answers.find(message.question);
    if (known !== null && known.verdict !== null) return;
    const expiresAt = Math.min(now + message.ttl, ...ranked.map((each) => each.expiresAt));
    const found = foundOf(message, ranked, expiresAt);
    if (found !== null) caches.answers.store(message.question, { found, verdict: null, storedAt: now, expiresAt });
  }
}

/** Never better than an authoritative answer: `validated` and `configured` are not a file's to give. */
function trustOf(rank: number): Rank {
  const ranks = Object.entries(RANK_NUMBER).map(([trust, number]) => ({ rank: Number(trust) as Rank, number }));
  const own = ranks.find(({ number }) => number === rank)?.rank ?? RANK.additionalNonAuthoritative;
  return Math.min(own, RANK.answerAuthoritative) as Rank;
}

function addRecord(set: OpenSet, record: ResourceRecord): string | null {
  set.first ??= record;
  const { first } = set;
  const isSameOwner = rrsetKey(record.owner, 0, record.class) === rrsetKey(first.owner, 0, first.class);
  if (!isSameOwner) return 'records of different owners in one set';
  if (record.type === first.type) {
    set.rdatas.push(record.rdata);
    return null;
  }
  if (record.type !== TYPE.RRSIG || readRrsig(record.rdata)?.typeCovered !== first.type) {
    return 'records of different types in one set';
  }
  set.signatures.push(record.rdata);
  return null;
}

/** Puts the alias chain and its end together again; null when the sets do not make an answer to the question. */
function foundOf(
  message: OpenMessage,
  ranked: readonly RankedRRset[],
  expiresAt: number,
): (IterationResult & { kind: 'found' }) | null {
  const { question, rcode, counts } = message;
  const answer = ranked.slice(0, counts.answer);
  const authority = ranked.slice(counts.answer, counts.answer + counts.authority);
  const aliases: AliasStep[] = [];
  let asked = question;
  let at = 0;
  for (; at < answer.length; at++) {
    const set = answer[at];
    if (set === undefined || rrsetType(set.rrset) !== TYPE.CNAME || question.type === TYPE.CNAME) break;
    const to = readTargetName(rdatasOf(set.rrset)[0] ?? new Uint8Array());
    if (to === null || !isOwnedBy(set, asked.name)) return null;
    aliases.push({ via: 'cname', question: asked, alias: set, synthesised: null, to, proof: [] });
    asked = { ...question, name: to };
  }
  const ends = answer.slice(at);
  const isFitting = ends.every((set) => rrsetType(set.rrset) === question.type && isOwnedBy(set, asked.name));
  // DNAMEs, proofs of wildcard aliases and answers to ANY are asked for anew: the text does not say what belongs where.
  const hasProof = authority.some(({ rrset }) => rrsetType(rrset) === TYPE.NSEC || rrsetType(rrset) === TYPE.NSEC3);
  if (!isFitting || (aliases.length > 0 && hasProof)) return null;
  if (ends.length === 0 && rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return null;
  const end = {
    kind: ends.length > 0 ? 'answer' : rcode === RCODE.NXDOMAIN ? 'nxdomain' : 'nodata',
    question: asked,
    rcode,
    answer: ends,
    authority,
    additional: ranked.slice(counts.answer + counts.authority),
    zone: ranked[0]?.zone ?? ROOT,
    server: LOADED,
    expiresAt,
  } as const;
  return { kind: 'found', aliases, end };
}

function isOwnedBy({ rrset }: RankedRRset, name: Name): boolean {
  return rrsetKey(rrsetOwner(rrset), 0, 0) === rrsetKey(name, 0, 0);
}
