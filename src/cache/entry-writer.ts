/**
 * RRsets, answers, delegations and spans of denials as octets, for what outlives the process: the cache file, a store that hosts share.
 *
 * The form: integers big-endian, times as 64-bit floating point numbers in unix seconds. Texts (zones, servers, verdicts) and
 * RRsets are written where they first stand and referred to by their number after that, from 1 on; 0 is none. A reference of
 * one more than were written so far is followed by the thing itself.
 * Duties: what is written, and in which order (entry-reader.ts is its mirror). Leaves to others: which entries are worth it,
 * who vouches for the octets, where they go.
 */

import type { AliasStep, FinalAnswer, FoundResult } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Verdict } from '../terms/verdict.ts';
import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import type { AnswerEntry } from './cached-answer.ts';
import type { Delegation } from './delegation.ts';
import type { Proven } from './denial-cache.ts';
import { OctetWriter } from './octet-writer.ts';

/** What an entry is. */
export const ENTRY = { answer: 1, rrset: 2, delegation: 3, span: 4 } as const;
/** How an alias came about, by number. */
export const ALIAS_KINDS = ['cname', 'dname'] as const;
/** What stands at the end of an answer, by number. */
export const END_KINDS = ['answer', 'nodata', 'nxdomain'] as const;

export class EntryWriter {
  readonly #out = new OctetWriter();
  readonly #texts = new Map<string, number>();
  readonly #sets = new Map<RankedRRset, number>();

  /** Octets written so far. */
  get length(): number {
    return this.#out.length;
  }

  /** What was written: a view, valid until more is written. */
  written(): Uint8Array {
    return this.#out.written();
  }

  answer({ question, cached }: AnswerEntry): void {
    this.#out.u8(ENTRY.answer);
    this.#question(question);
    this.#verdict(cached.verdict);
    this.#out.number(cached.storedAt);
    this.#out.number(cached.expiresAt);
    this.#out.number(cached.refreshAt ?? Number.NaN);
    this.#out.number(cached.staleSince ?? Number.NaN);
    this.found(cached.found);
  }

  rrset(ranked: RankedRRset): void {
    this.#out.u8(ENTRY.rrset);
    this.#set(ranked);
  }

  /** What the span is, its record says. */
  span({ zone, ranked, learntAt }: Proven): void {
    this.#out.u8(ENTRY.span);
    this.#name(zone);
    this.#out.number(learntAt);
    this.#set(ranked);
  }

  delegation({ zone, servers, source, receivedAt, expiresAt, hasDs, denial = [] }: Delegation): void {
    this.#out.u8(ENTRY.delegation);
    this.#name(zone);
    this.#text(source);
    this.#out.number(receivedAt);
    this.#out.number(expiresAt);
    this.#out.u8(hasDs ? 1 : 0);
    this.#out.u16(servers.length);
    for (const { name, addresses } of servers) {
      this.#name(name);
      this.#out.u16(addresses.length);
      for (const address of addresses) this.#text(address);
    }
    this.#list(denial);
  }

  /** What iteration found, without anything about who keeps it. */
  found({ aliases, end }: FoundResult): void {
    this.#out.u16(aliases.length);
    for (const step of aliases) this.#alias(step);
    this.#end(end);
  }

  #alias({ via, question, alias, synthesised, to, proof }: AliasStep): void {
    this.#out.u8(ALIAS_KINDS.indexOf(via));
    this.#question(question);
    this.#set(alias);
    this.#setOrNone(synthesised);
    this.#name(to);
    this.#list(proof);
  }

  #end(end: FinalAnswer): void {
    this.#out.u8(END_KINDS.indexOf(end.kind));
    this.#question(end.question);
    this.#out.u16(end.rcode);
    for (const list of [end.answer, end.authority, end.additional]) this.#list(list);
    this.#name(end.zone);
    this.#text(end.server);
    this.#out.number(end.expiresAt);
    this.#out.u8(end.isSynthesised === true ? 1 : 0);
  }

  #list(sets: readonly RankedRRset[]): void {
    this.#out.u16(sets.length);
    for (const ranked of sets) this.#set(ranked);
  }

  #setOrNone(ranked: RankedRRset | null): void {
    if (ranked === null) this.#out.u32(0);
    else this.#set(ranked);
  }

  #set(ranked: RankedRRset): void {
    const known = this.#sets.get(ranked);
    const number = known ?? this.#sets.size + 1;
    this.#out.u32(number);
    if (known !== undefined) return;
    this.#sets.set(ranked, number);
    this.#out.u32(ranked.rrset.length);
    this.#out.octets(ranked.rrset);
    this.#out.number(ranked.receivedAt);
    this.#out.number(ranked.expiresAt);
    this.#out.number(ranked.originalTtl);
    this.#out.u8(ranked.rank);
    this.#verdict(ranked.verdict);
    this.#text(ranked.server);
    this.#text(ranked.zone === null ? null : latin1(ranked.zone));
  }

  #question({ name, type, class: rrClass }: Question): void {
    this.#name(name);
    this.#out.u16(type);
    this.#out.u16(rrClass);
  }

  #name(name: Name): void {
    this.#out.u8(name.length);
    this.#out.octets(name);
  }

  #verdict(verdict: Verdict | null): void {
    this.#text(verdict === null ? null : JSON.stringify(verdict));
  }

  #text(text: string | null): void {
    const known = text === null ? 0 : this.#texts.get(text);
    const number = known ?? this.#texts.size + 1;
    this.#out.u32(number);
    if (text === null || known !== undefined) return;
    this.#texts.set(text, number);
    const octets = Buffer.from(text, 'utf8');
    this.#out.u16(octets.length);
    this.#out.octets(octets);
  }
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
}
