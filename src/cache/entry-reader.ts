/**
 * Reads what entry-writer.ts wrote. Whoever calls has made sure who wrote it; all the same nothing is read past the end, no
 * set is taken that is none, and no verdict but the two that are ever written.
 */

import type { AliasStep, FinalAnswer, FoundResult } from '../terms/iteration-result.ts';
import { RANK, type Rank } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { SECURE, type Verdict } from '../terms/verdict.ts';
import { type Name, nameFromBytes, ROOT } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { rrsetFromOctets } from '../wire/rrset.ts';
import type { AnswerEntry } from './cached-answer.ts';
import type { DelegatedServer, Delegation } from './delegation.ts';
import type { Proven } from './denial-cache.ts';
import { ALIAS_KINDS, END_KINDS, ENTRY } from './entry-writer.ts';
import { OctetReader } from './octet-reader.ts';

/** One entry of a stored form. */
export type StoredEntry =
  | { readonly kind: 'answer'; readonly entry: AnswerEntry }
  | { readonly kind: 'rrset'; readonly ranked: RankedRRset }
  | { readonly kind: 'delegation'; readonly cut: Delegation }
  | { readonly kind: 'span'; readonly span: Proven };

/** Sets, aliases, servers or addresses of one list: more than a message can hold are no list. */
const MAX_LIST = 16_384;

/** What a set stands for that could not be read. */
class Broken extends Error {}

export class EntryReader {
  readonly #in: OctetReader;
  readonly #texts: string[] = [];
  readonly #sets: RankedRRset[] = [];
  /** Verdicts by their text: a few are shared by all. */
  readonly #verdicts = new Map<string, Verdict | null>();

  constructor(octets: Uint8Array, at = 0) {
    this.#in = new OctetReader(octets, at);
  }

  get isAtEnd(): boolean {
    return this.#in.isAtEnd;
  }

  /** The next entry; null when what stands there is none: then nothing after it can be read either. */
  next(): StoredEntry | null {
    return this.#whole(() => this.#entry());
  }

  /** The counterpart of `EntryWriter.found`; null when what stands there is none. */
  found(): FoundResult | null {
    return this.#whole(() => this.#found());
  }

  #whole<T>(read: () => T): T | null {
    try {
      const value = read();
      return this.#in.isBroken ? null : value;
    } catch (error) {
      if (error instanceof Broken) return null;
      throw error;
    }
  }

  #entry(): StoredEntry {
    switch (this.#in.u8()) {
      case ENTRY.answer:
        return { kind: 'answer', entry: this.#answer() };
      case ENTRY.rrset:
        return { kind: 'rrset', ranked: this.#set() };
      case ENTRY.delegation:
        return { kind: 'delegation', cut: this.#delegation() };
      case ENTRY.span:
        return { kind: 'span', span: { zone: this.#name(), learntAt: this.#in.number(), ranked: this.#set() } };
      default:
        throw new Broken();
    }
  }

  #answer(): AnswerEntry {
    const question = this.#question();
    const verdict = this.#verdict();
    const [storedAt, expiresAt] = [this.#in.number(), this.#in.number()];
    const [refreshAt, staleSince] = [this.#in.number(), this.#in.number()];
    const found = this.#found();
    return {
      question,
      cached: {
        found,
        verdict,
        storedAt,
        expiresAt,
        ...(Number.isNaN(refreshAt) ? {} : { refreshAt }),
        ...(Number.isNaN(staleSince) ? {} : { staleSince }),
      },
    };
  }

  #delegation(): Delegation {
    const zone = this.#name();
    const source = this.#text() as Delegation['source'] | null;
    const [receivedAt, expiresAt] = [this.#in.number(), this.#in.number()];
    const hasDs = this.#in.u8() === 1;
    const servers = this.#repeat((): DelegatedServer => {
      const name = this.#name();
      return { name, addresses: this.#repeat(() => this.#text() ?? '') };
    });
    const denial = this.#list();
    if (source !== 'referral' && source !== 'priming') throw new Broken();
    return { zone, servers, source, receivedAt, expiresAt, hasDs, ...(denial.length === 0 ? {} : { denial }) };
  }

  #found(): FoundResult {
    const aliases = this.#repeat(() => this.#alias());
    return { kind: 'found', aliases, end: this.#end() };
  }

  #alias(): AliasStep {
    const via = ALIAS_KINDS[this.#in.u8()];
    if (via === undefined) throw new Broken();
    const question = this.#question();
    const alias = this.#set();
    const synthesised = this.#setOrNone();
    const to = this.#name();
    return { via, question, alias, synthesised, to, proof: this.#list() };
  }

  #end(): FinalAnswer {
    const kind = END_KINDS[this.#in.u8()];
    if (kind === undefined) throw new Broken();
    const question = this.#question();
    const rcode = this.#in.u16();
    const [answer, authority, additional] = [this.#list(), this.#list(), this.#list()];
    const [zone, server, expiresAt] = [this.#name(), this.#text(), this.#in.number()];
    const isSynthesised = this.#in.u8() === 1;
    const end = { kind, question, rcode, answer, authority, additional, zone, server, expiresAt };
    return isSynthesised ? { ...end, isSynthesised } : end;
  }

  #list(): readonly RankedRRset[] {
    return this.#repeat(() => this.#set());
  }

  #repeat<T>(read: () => T): T[] {
    const count = this.#in.u16();
    if (count > MAX_LIST) throw new Broken();
    const list: T[] = [];
    for (let i = 0; i < count; i++) {
      list.push(read());
      if (this.#in.isBroken) throw new Broken();
    }
    return list;
  }

  #set(): RankedRRset {
    const ranked = this.#setOrNone();
    if (ranked === null) throw new Broken();
    return ranked;
  }

  #setOrNone(): RankedRRset | null {
    const number = this.#in.u32();
    if (number === 0) return null;
    const known = this.#sets[number - 1];
    if (known !== undefined) return known;
    if (number !== this.#sets.length + 1) throw new Broken();
    const rrset = rrsetFromOctets(this.#in.octets(this.#in.u32()));
    const [receivedAt, expiresAt] = [this.#in.number(), this.#in.number()];
    const [originalTtl, rank] = [this.#in.number(), this.#in.u8()];
    const [verdict, server, zone] = [this.#verdict(), this.#text(), this.#text()];
    if (rrset === null || !isRank(rank)) throw new Broken();
    const times = { receivedAt, expiresAt, originalTtl };
    const ranked = { rrset, ...times, rank, verdict, server, zone: zone === null ? null : zoneOf(zone) };
    this.#sets.push(ranked);
    return ranked;
  }

  #question(): Question {
    return { name: this.#name(), type: this.#in.u16(), class: this.#in.u16() };
  }

  #name(): Name {
    const name = nameFromBytes(this.#in.octets(this.#in.u8()));
    if (name === null) throw new Broken();
    return name;
  }

  #verdict(): Verdict | null {
    const text = this.#text();
    if (text === null) return null;
    const known = this.#verdicts.get(text);
    if (known !== undefined) return known;
    const verdict = verdictOf(text);
    this.#verdicts.set(text, verdict);
    return verdict;
  }

  #text(): string | null {
    const number = this.#in.u32();
    if (number === 0) return null;
    const known = this.#texts[number - 1];
    if (known !== undefined) return known;
    if (number !== this.#texts.length + 1) throw new Broken();
    const octets = this.#in.octets(this.#in.u16());
    const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('utf8');
    this.#texts.push(text);
    return text;
  }
}

/** Null: unchecked, for whatever is no verdict that may be kept. */
function verdictOf(text: string): Verdict | null {
  let value: Partial<Verdict>;
  try {
    value = JSON.parse(text) as Partial<Verdict>;
  } catch {
    return null;
  }
  if (value.status === 'secure') return SECURE;
  return value.status === 'insecure' && value.why?.kind !== undefined ? { status: 'insecure', why: value.why } : null;
}

function isRank(rank: number): rank is Rank {
  return rank >= RANK.additionalNonAuthoritative && rank < RANK.configured;
}

function zoneOf(text: string): Name {
  return nameFromBytes(new Uint8Array(Buffer.from(text, 'latin1'))) ?? ROOT;
}
