/** Parts that the cache tests share: a clock set by hand, held sets and replies made from short texts. */

import type { Clock } from '../../src/ports/clock.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import type { Name } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import type { Question } from '../../src/wire/question.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { packRRset } from '../../src/wire/rrset.ts';
import { rankedAt } from '../support/records.ts';

/** When the tests begin, unix seconds. */
export const START = 1_700_000_000;

/** A clock that only moves when its field is set. */
export class HandClock implements Clock {
  now = START;

  monotonicMs(): number {
    return this.now * 1000;
  }

  unixSeconds(): number {
    return this.now;
  }

  after(): () => void {
    return () => {};
  }

  async nextTurn(): Promise<void> {}

  inTurn(run: () => void): void {
    queueMicrotask(run);
  }
}

/** A name from its text; throws when it is none. */
export const name: (text: string) => Name = mustParseName;

/** What differs from an authoritative A set of one minute. */
export interface RankedParts extends Partial<Omit<RankedRRset, 'rrset'>> {
  readonly owner?: string;
  readonly type?: number;
  readonly rdatas?: readonly (readonly number[])[];
  readonly signatures?: readonly (readonly number[])[];
}

/** A held set. */
export function ranked({ owner, type, rdatas, signatures, ...rest }: RankedParts = {}): RankedRRset {
  const rrset = packRRset({
    owner: name(owner ?? 'www.example.'),
    type: type ?? TYPE.A,
    class: CLASS.IN,
    rdatas: (rdatas ?? [[192, 0, 2, 1]]).map((rdata) => Uint8Array.from(rdata)),
    signatures: (signatures ?? []).map((rdata) => Uint8Array.from(rdata)),
  });
  return { ...rankedAt(START, 60, rrset, { server: null, zone: null }), ...rest };
}

/** Bytes of a query or the beginning of a reply: header and question. */
export function messageStart(question: Question, header: readonly number[]): number[] {
  const { type } = question;
  return [...header, ...question.name, type >>> 8, type & 255, 0, question.class];
}

/** A reply with so many A records of these TTLs, and the offsets of its TTL fields. */
export function replyTo(question: Question, ttls: readonly number[]): { bytes: Uint8Array; ttlOffsets: number[] } {
  const bytes = messageStart(question, [0, 0, 0x80, 0x80, 0, 1, ttls.length >>> 8, ttls.length & 255, 0, 0, 0, 0]);
  const ttlOffsets: number[] = [];
  for (const [i, ttl] of ttls.entries()) {
    bytes.push(0xc0, 12, 0, TYPE.A, 0, 1);
    ttlOffsets.push(bytes.length);
    bytes.push((ttl >>> 24) & 255, (ttl >>> 16) & 255, (ttl >>> 8) & 255, ttl & 255, 0, 4, 192, 0, 2, i & 255);
  }
  return { bytes: Uint8Array.from(bytes), ttlOffsets };
}
