/** Proves which cached data answers a question that iteration or validation asks: what `iterate` would use, and no more. */

import { describe, expect, test } from 'vitest';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { RRsetCache } from '../../src/cache/rrset-cache.ts';
import { endOfSet } from '../../src/iterate/usable-data.ts';
import { findForFetch, isKeptAsSet } from '../../src/resolve/cached-data.ts';
import { RANK, type Rank } from '../../src/terms/rank.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import type { Verdict } from '../../src/terms/verdict.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { packRRset, rrsetType } from '../../src/wire/rrset.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { rankedAt } from '../support/records.ts';

const NOW = 1_767_225_600;
const OWNER = mustParseName('ns.wild.test.');
const BOGUS: Verdict = { status: 'bogus', why: { kind: 'no-dnskey', zone: 'test.' } };

/** RRSIG rdata over an A set, with that labels field (RFC 4034 §3.1). */
function signature(labels: number): Uint8Array {
  const rdata = new Uint8Array(18 + 1 + 64);
  rdata.set([0, TYPE.A, 13, labels]);
  return rdata;
}

function caches() {
  const room = { clock: new FakeClock(NOW), random: new SeededRandom(1), maxBytes: 1 << 20 };
  const rrsets = new RRsetCache(room);
  return { rrsets, answers: new AnswerCache({ ...room, rrsets }) };
}

interface Choices {
  readonly type?: number;
  readonly rank?: Rank;
  readonly verdict?: Verdict | null;
  readonly signatures?: readonly Uint8Array[];
}

function found(choices: Choices = {}, avoid: readonly string[] = []): boolean {
  const { type = TYPE.A, rank = RANK.answerAuthoritative, verdict = null, signatures = [] } = choices;
  const { rrsets, answers } = caches();
  const rrset = packRRset({ owner: OWNER, type, class: CLASS.IN, rdatas: [new Uint8Array(4)], signatures });
  rrsets.store(rankedAt(NOW, 60, rrset, { rank, verdict }));
  return findForFetch({ rrsets, answers }, questionOf(OWNER, type), new Set(avoid)) !== null;
}

describe('an RRset of the cache answers', () => {
  test('when it came in an answer', () => {
    expect(found()).toBe(true);
    expect(found({ signatures: [signature(3)] })).toBe(true);
  });

  test('not when it came beside one (RFC 2181 §5.4.1)', () => {
    expect(found({ rank: RANK.glue })).toBe(false);
    expect(found({ rank: RANK.authorityAuthoritative })).toBe(false);
  });

  test('for DS also out of a referral, not out of less', () => {
    expect(found({ type: TYPE.DS, rank: RANK.authorityAuthoritative })).toBe(true);
    expect(found({ type: TYPE.DS, rank: RANK.authorityNonAuthoritative })).toBe(false);
  });

  // RFC 4035 §5.3.4: the proof that no closer name exists came with it, and is not part of the set.
  test('not when it was expanded from a wildcard', () => {
    expect(found({ signatures: [signature(2)] })).toBe(false);
    expect(found({ signatures: [signature(3), signature(2)] })).toBe(false);
  });

  test('not when it is bogus, or of a server that is to be avoided', () => {
    expect(found({ verdict: BOGUS })).toBe(false);
    expect(found({}, ['192.0.2.1@53'])).toBe(false);
  });
});

describe('an answer need not be kept beside its set', () => {
  const { rrsets } = caches();
  const keys = (octet: number, type: number = TYPE.DNSKEY) => {
    const rrset = packRRset({ owner: OWNER, type, class: CLASS.IN, rdatas: [Uint8Array.of(1, octet)], signatures: [] });
    return rankedAt(NOW, 60, rrset, { rank: RANK.answerAuthoritative });
  };
  const isKept = (set: RankedRRset): boolean =>
    isKeptAsSet(
      { rrsets },
      { kind: 'found', aliases: [], end: endOfSet(questionOf(OWNER, rrsetType(set.rrset)), set) },
    );
  const held = keys(1);

  test('while the RRset cache has that very set', () => {
    expect(isKept(held)).toBe(false);
    rrsets.store(held);
    expect(isKept(held)).toBe(true);
    expect(isKept(keys(1))).toBe(false);
  });

  test('not when that is of a type that is answered whole', () => {
    const mail = keys(1, TYPE.MX);
    rrsets.store(mail);
    expect(isKept(mail)).toBe(false);
  });

  test.each(['authority', 'additional'] as const)('not when the server said more in the section %s', (section) => {
    rrsets.store(held);
    const end = { ...endOfSet(questionOf(OWNER, rrsetType(held.rrset)), held), [section]: [keys(1, TYPE.NS)] };
    expect(isKeptAsSet({ rrsets }, { kind: 'found', aliases: [], end })).toBe(false);
  });

  test('not when another has taken its place, or it was dropped', () => {
    rrsets.store(keys(2));
    expect(isKept(held)).toBe(false);
    const other = keys(3);
    rrsets.store(other);
    const reference = rrsets.refer(other);
    rrsets.remove(OWNER, TYPE.DNSKEY, CLASS.IN);
    expect(isKept(other)).toBe(false);
    rrsets.release(reference);
  });
});
