/** Questions and RRsets out of text: the one way in which tests make them. test/README.md says which to take when. */

import { RANK } from '../../src/terms/rank.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { type Question, questionOf } from '../../src/wire/question.ts';
import { parseRecord } from '../../src/wire/record-text.ts';
import { TYPE, typeFromText } from '../../src/wire/rr-type.ts';
import { packRRset, type RRset } from '../../src/wire/rrset.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';

/** `www.example. TXT` as a question of class IN; without a type one for A. Throws where the type is none. */
export function questionFrom(text: string): Question {
  const [name = '', type] = text.split(' ');
  const number = type === undefined ? TYPE.A : typeFromText(type);
  if (number === null) throw new Error(`no type in "${text}"`);
  return questionOf(mustParseName(name), number);
}

/** A record out of text, 3600 s where it names no TTL; throws when it is none. */
export function recordFrom(text: string): ResourceRecord {
  const parsed = parseRecord(text, { ttl: 3600 });
  if ('error' in parsed) throw new Error(`${text}: ${parsed.error}`);
  return parsed;
}

/** One RRset out of the lines of its records; signatures are rdata of RRSIG records. */
export function rrsetFrom(lines: readonly string[], signatures: readonly Uint8Array[] = []): RRset {
  const records = lines.map(recordFrom);
  const [first] = records;
  if (first === undefined) throw new Error('an RRset without records');
  const { owner, type, class: rrClass } = first;
  return packRRset({ owner, type, class: rrClass, rdatas: records.map(({ rdata }) => rdata), signatures });
}

/** What may be said of a set besides its time. */
export type RankedParts = Partial<Omit<RankedRRset, 'rrset' | 'receivedAt' | 'expiresAt' | 'originalTtl'>>;

/**
 * A set as iteration hands it over at `now` (unix seconds) with `ttl` seconds to live: authoritative, not yet validated, of
 * the server at 192.0.2.1, unless told otherwise.
 */
export function rankedAt(now: number, ttl: number, rrset: RRset, parts: RankedParts = {}): RankedRRset {
  return {
    rrset,
    receivedAt: now,
    expiresAt: now + ttl,
    originalTtl: ttl,
    rank: RANK.answerAuthoritative,
    verdict: null,
    server: '192.0.2.1@53',
    zone: ROOT,
    ...parts,
  };
}
