/**
 * Proves what becomes of an answer whose RRsets the RRset cache replaces, drops or proves: it keeps them as they were, at no cost
 * while both caches hold the same, and what it alone keeps is counted and given back.
 */

import { describe, expect, test } from 'vitest';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import type { CachedAnswer } from '../../src/cache/cached-answer.ts';
import { RRsetCache } from '../../src/cache/rrset-cache.ts';
import { RANK } from '../../src/terms/rank.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { SECURE, type Verdict } from '../../src/terms/verdict.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { questionFrom } from '../support/records.ts';
import { HandClock, name, ranked, START } from './cache-parts.ts';

const QUESTION = questionFrom('www.example.');
const ZONE = name('example.');

function newCaches({ rrsetOctets = 1_000_000, answerOctets = 1_000_000 } = {}) {
  const clock = new HandClock();
  const random = new SeededRandom(1);
  const rrsets = new RRsetCache({ clock, random, maxBytes: rrsetOctets });
  return { clock, rrsets, answers: new AnswerCache({ clock, random, rrsets, maxBytes: answerOctets }) };
}

function answerOf(sets: readonly RankedRRset[], parts: Partial<CachedAnswer> = {}): CachedAnswer {
  const end = { kind: 'answer', question: QUESTION, rcode: 0, answer: sets, authority: [], additional: [] } as const;
  const found = {
    kind: 'found',
    aliases: [],
    end: { ...end, zone: ZONE, server: null, expiresAt: START + 60 },
  } as const;
  return { found, verdict: null, storedAt: START, expiresAt: START + 60, ...parts };
}

const setsIn = ({ answers }: ReturnType<typeof newCaches>): readonly RankedRRset[] | undefined =>
  answers.find(QUESTION)?.found.end.answer;

describe('an answer', () => {
  test('takes no second copy of a set that the RRset cache holds', () => {
    const { rrsets, answers } = newCaches();
    const set = rrsets.store(ranked({ signatures: [Array.from({ length: 2000 }, () => 7)] }));
    answers.store(QUESTION, answerOf([set]));
    expect(answers.sizeBytes).toBeLessThan(300);
    expect(rrsets.referredOctets).toBe(0);
  });

  test('keeps a set as it was when other data takes its place', () => {
    const caches = newCaches();
    const set = caches.rrsets.store(ranked());
    caches.answers.store(QUESTION, answerOf([set]));
    caches.rrsets.store(ranked({ rdatas: [[192, 0, 2, 9]], expiresAt: START + 90 }));
    expect(setsIn(caches)).toEqual([set]);
    expect(caches.rrsets.find(QUESTION.name, TYPE.A, CLASS.IN)?.expiresAt).toBe(START + 90);
  });

  test.each<[string, (caches: ReturnType<typeof newCaches>) => void]>([
    ['is removed', ({ rrsets }) => rrsets.remove(QUESTION.name, TYPE.A, CLASS.IN)],
    ['goes with all others', ({ rrsets }) => rrsets.clear()],
    [
      'is dropped for want of room',
      ({ rrsets }) => {
        for (let i = 0; i < 1_000; i++) rrsets.store(ranked({ owner: `h${i}.example.` }));
      },
    ],
  ])('keeps a set that %s, until it goes itself', (_how, drop) => {
    const caches = newCaches({ rrsetOctets: 20_000 });
    const set = caches.rrsets.store(ranked());
    caches.answers.store(QUESTION, answerOf([set]));
    const before = caches.answers.sizeBytes;
    drop(caches);
    expect(caches.rrsets.find(QUESTION.name, TYPE.A, CLASS.IN)).toBeNull();
    expect(setsIn(caches)).toEqual([set]);
    expect(caches.answers.sizeBytes).toBeGreaterThan(before);
    caches.answers.remove(QUESTION);
    expect([caches.rrsets.referredOctets, caches.answers.sizeBytes]).toEqual([0, 0]);
  });

  test('sees that a set which it came with unchecked was proven, and no other verdict', () => {
    const caches = newCaches();
    const bogus: Verdict = {
      status: 'bogus',
      why: { kind: 'no-signature', zone: 'example.', record: 'www.example. A' },
    };
    const set = caches.rrsets.store(ranked());
    caches.answers.store(QUESTION, answerOf([set]));
    const secure = caches.rrsets.replaceVerdict({ ...set, rank: RANK.validated }, SECURE, START + 30);
    expect(setsIn(caches)).toEqual([secure]);
    caches.rrsets.replaceVerdict(secure, bogus, START + 20);
    expect(caches.rrsets.find(QUESTION.name, TYPE.A, CLASS.IN)?.verdict).toEqual(bogus);
    expect(setsIn(caches)).toEqual([secure]);
  });

  test('comes back as it was stored, with aliases, proofs, times and reasons', () => {
    const { answers } = newCaches();
    const why = { kind: 'algorithm-unsupported', zone: 'example.', algorithms: [1, 12] } as const;
    const alias = ranked({ type: TYPE.CNAME, rdatas: [[1, 97, 0]], verdict: { status: 'insecure', why } });
    const proof = [ranked({ type: TYPE.NSEC, server: '[2001:db8::1]@53', zone: name('Example.'), leftOut: true })];
    const question = questionFrom('WWW.example.');
    const to = name('a.');
    const cname = { via: 'cname', question, alias, synthesised: null, to, proof } as const;
    const dname = { via: 'dname', question: questionFrom('a.'), alias, synthesised: ranked(), to, proof: [] } as const;
    const end = {
      kind: 'nxdomain',
      question: questionFrom('a. TLSA'),
      ...{ rcode: 3, answer: [], authority: proof, additional: [] },
      ...{ zone: name('.'), server: '192.0.2.1@853#dns.example', expiresAt: Number.POSITIVE_INFINITY },
      isSynthesised: true,
    } as const;
    const cached: CachedAnswer = {
      found: { kind: 'found', aliases: [cname, dname], end },
      verdict: { status: 'insecure', why: { kind: 'opt-out', zone: 'example.' } },
      ...{ expiresAt: START + 60, refreshAt: START + 54, staleSince: START, storedAt: START - 1 },
    };
    answers.store(question, cached);
    expect([...answers.entries()]).toEqual([{ question, cached }]);
  });
});

test('sets that only answers keep count for the bound of the answer cache', () => {
  const { rrsets, answers } = newCaches({ answerOctets: 50_000 });
  for (let i = 0; i < 500; i++) {
    const owner = `h${i}.example.`;
    answers.store(
      questionFrom(owner),
      answerOf([rrsets.store(ranked({ owner, signatures: [Array(400).fill(i & 0xff)] }))]),
    );
  }
  const all = answers.count;
  expect(all).toBeGreaterThan(300);
  rrsets.clear();
  answers.store(questionFrom('one.more.'), answerOf([]));
  expect(answers.sizeBytes).toBeLessThanOrEqual(50_000);
  expect(answers.count).toBeLessThan(all / 2);
  answers.clear();
  expect([answers.sizeBytes, rrsets.referredOctets]).toEqual([0, 0]);
});
