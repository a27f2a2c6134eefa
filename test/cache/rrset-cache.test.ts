/**
 * Proves which of two sets stays (RFC 2181 §5.4.1), that expired data never answers, that verdicts are neither lost nor
 * kept wrongly, and the bound in octets.
 */

import { describe, expect, test } from 'vitest';
import { RRsetCache } from '../../src/cache/rrset-cache.ts';
import { RANK } from '../../src/terms/rank.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { SECURE, type Verdict } from '../../src/terms/verdict.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { HandClock, name, ranked, START } from './cache-parts.ts';

const BOGUS: Verdict = { status: 'bogus', why: { kind: 'no-signature', zone: 'example.', record: 'www.example. A' } };
const OLD = [[192, 0, 2, 1]];
const NEW = [[192, 0, 2, 2]];
const SIGNED = [[1, 2, 3]];

function newCache(maxBytes = 1024 * 1024) {
  const clock = new HandClock();
  return { clock, cache: new RRsetCache({ clock, random: new SeededRandom(1), maxBytes }) };
}

function find(cache: RRsetCache, owner = 'www.example.', type: number = TYPE.A): RankedRRset | null {
  return cache.find(name(owner), type, CLASS.IN);
}

describe('finding', () => {
  test('is by owner in any case, type and class', () => {
    const { cache } = newCache();
    const set = cache.store(ranked({ owner: 'WWW.example.' }));
    expect(find(cache, 'www.EXAMPLE.')).toEqual(set);
    expect(find(cache, 'www.example.', TYPE.AAAA)).toBeNull();
    expect(cache.find(name('www.example.'), TYPE.A, CLASS.CH)).toBeNull();
  });

  test('ends at the second of expiry; stale data is found only on request', () => {
    const { cache, clock } = newCache();
    const set = cache.store(ranked());
    clock.now = START + 59;
    expect(find(cache)).toEqual(set);
    clock.now = START + 60;
    expect(find(cache)).toBeNull();
    expect(cache.findStale(name('www.example.'), TYPE.A, CLASS.IN)).toEqual(set);
  });
});

describe('of a held set and an offered one, the one in force is', () => {
  const better = RANK.answerAuthoritative;
  const worse = RANK.glue;
  const cases: [string, RankedRRset, RankedRRset, 'held' | 'offered'][] = [
    ['the better-ranked', ranked({ rank: better }), ranked({ rank: worse, rdatas: NEW }), 'held'],
    [
      'the better-ranked when it comes later',
      ranked({ rank: worse }),
      ranked({ rank: better, rdatas: NEW }),
      'offered',
    ],
    ['the signed one, not the same data without signature', ranked(), ranked({ signatures: SIGNED }), 'offered'],
    [
      'the one with more signatures, when the first of them are the same',
      ranked({ signatures: SIGNED }),
      ranked({ signatures: [...SIGNED, [4, 5, 6]] }),
      'offered',
    ],
    ['the newer of equal rank', ranked(), ranked({ rdatas: NEW }), 'offered'],
    ['the held one of equal ones, however long the other lives', ranked(), ranked({ expiresAt: START + 90 }), 'held'],
    ['any fresh one rather than an expired one', ranked({ expiresAt: START }), ranked({ rank: worse }), 'offered'],
    [
      'never an offered one that has expired',
      ranked({ rank: worse }),
      ranked({ expiresAt: START, rdatas: NEW }),
      'held',
    ],
    ['the secure one, not unchecked data', ranked({ verdict: SECURE }), ranked({ rdatas: NEW }), 'held'],
    [
      'the secure one, not unchecked data of a better rank',
      ranked({ verdict: SECURE, rank: RANK.authorityAuthoritative }),
      ranked({ rdatas: NEW }),
      'held',
    ],
    ['the newer of two secure ones', ranked({ verdict: SECURE }), ranked({ rdatas: NEW, verdict: SECURE }), 'offered'],
    [
      'the same data signed anew',
      ranked({ verdict: SECURE, signatures: SIGNED }),
      ranked({ signatures: [[9, 9]] }),
      'offered',
    ],
    [
      'the secure one, not the same data without signatures',
      ranked({ verdict: SECURE, signatures: SIGNED }),
      ranked({ expiresAt: START + 90 }),
      'held',
    ],
    [
      'the secure one, not the very same data unchecked',
      ranked({ verdict: SECURE, signatures: SIGNED }),
      ranked({ signatures: SIGNED, expiresAt: START + 90 }),
      'held',
    ],
    [
      'other data instead of bogus data, whatever its rank',
      ranked({ verdict: BOGUS }),
      ranked({ rdatas: NEW, rank: worse }),
      'offered',
    ],
    [
      'the bogus one, not the very same data again',
      ranked({ verdict: BOGUS }),
      ranked({ expiresAt: START + 90 }),
      'held',
    ],
    [
      'the same data with other signatures instead of bogus data',
      ranked({ verdict: BOGUS, signatures: SIGNED }),
      ranked({ signatures: [[9, 9]] }),
      'offered',
    ],
  ];
  test.each(cases)('%s', (_rule, first, second, winner) => {
    const { cache } = newCache();
    cache.store(first);
    const inForce = cache.store(second);
    expect(inForce).toEqual(winner === 'held' ? first : second);
    expect(find(cache)).toEqual(inForce);
  });

  test.each([
    ['secure', SECURE],
    ['bogus', BOGUS],
  ])('the offered one by force, over %s data of the same rank', (_what, verdict) => {
    const { cache } = newCache();
    cache.store(ranked({ verdict }));
    const offered = ranked({ expiresAt: START + 90 });
    expect(cache.store(offered, { force: true })).toEqual(offered);
    expect(cache.store(ranked({ rank: RANK.glue, rdatas: NEW }), { force: true })).toEqual(offered);
  });

  test('an unchecked answer instead of a validated one, only by force', () => {
    const { cache } = newCache();
    const validated = cache.store(ranked({ verdict: SECURE, rank: RANK.validated }));
    const renewed = ranked({ rdatas: NEW, expiresAt: START + 90 });
    expect(cache.store(renewed)).toEqual(validated);
    expect(cache.store(ranked({ rank: RANK.glue }), { force: true })).toEqual(validated);
    expect(cache.store(renewed, { force: true })).toEqual(renewed);
  });

  test('the held one with the better rank, when the same secure data comes from a better place', () => {
    const { cache } = newCache();
    cache.store(ranked({ verdict: SECURE, rank: RANK.authorityAuthoritative }));
    const inForce = cache.store(ranked());
    expect([inForce.verdict, inForce.rank, inForce.expiresAt]).toEqual([SECURE, RANK.answerAuthoritative, START + 60]);
  });
});

describe('an NS set', () => {
  const NS_OLD = [[1, 97, 0]];
  const NS_NEW = [[1, 98, 0]];
  test('does not live longer because the same servers say so again (ghost domain names)', () => {
    const { cache } = newCache();
    const first = ranked({ type: TYPE.NS, rdatas: NS_OLD });
    cache.store(first);
    expect(cache.store(ranked({ type: TYPE.NS, rdatas: NS_OLD, expiresAt: START + 600 }))).toEqual(first);
  });

  test('does not live longer when it changes its servers', () => {
    const { cache } = newCache();
    cache.store(ranked({ type: TYPE.NS, rdatas: NS_OLD }));
    const changed = ranked({ type: TYPE.NS, rdatas: NS_NEW, expiresAt: START + 600 });
    const inForce = cache.store(changed);
    expect(inForce).toEqual({ ...changed, expiresAt: START + 60 });
  });
});

describe('a verdict', () => {
  test('goes to the held data, in a new object', () => {
    const { cache } = newCache();
    const unchecked = cache.store(ranked());
    const validated = cache.replaceVerdict(unchecked, SECURE, START + 30);
    expect(unchecked.verdict).toBeNull();
    expect(find(cache)).toEqual(validated);
    expect([validated.verdict, validated.expiresAt]).toEqual([SECURE, START + 30]);
  });

  test.each([
    ['from another server', { server: '192.0.2.9@53' }],
    ['with another zone', { zone: name('example.') }],
    ['of another rank and age', { rank: RANK.validated, receivedAt: START + 1, originalTtl: 90 }],
  ])('of secure goes to the same octets that were held unchecked, %s', (_what, differing) => {
    const { cache } = newCache();
    const held = cache.store(ranked({ server: '192.0.2.1@53', signatures: SIGNED }));
    const reference = cache.refer(held);
    const offered = { ...ranked({ server: '192.0.2.1@53', signatures: SIGNED }), ...differing };
    const validated = cache.replaceVerdict(offered, SECURE, START + 30);
    expect(find(cache)).toEqual(validated);
    expect(cache.referred(reference)).toEqual(validated);
    expect(cache.referred(cache.refer(held))).toEqual(held);
  });

  test('of secure leaves what was secure before to who refers to it', () => {
    const { cache } = newCache();
    const first = cache.replaceVerdict(cache.store(ranked()), SECURE, START + 30);
    const reference = cache.refer(first);
    const second = cache.replaceVerdict(first, SECURE, START + 40);
    expect(find(cache)).toEqual(second);
    expect(cache.referred(reference)).toEqual(first);
  });

  test('of bogus does not touch other data that came meanwhile; one of secure replaces it', () => {
    const { cache } = newCache();
    const validated = cache.store(ranked({ rdatas: OLD }));
    const meanwhile = cache.store(ranked({ rdatas: NEW }));
    expect(cache.replaceVerdict(validated, BOGUS, START + 30).verdict).toBe(BOGUS);
    expect(find(cache)).toEqual(meanwhile);
    const secure = cache.replaceVerdict(validated, SECURE, START + 30);
    expect(find(cache)).toEqual(secure);
  });
});

describe('the cache as a whole', () => {
  test('stays within its bound and drops what was used longest ago', () => {
    const { cache } = newCache(50_000);
    cache.store(ranked({ owner: 'kept.example.' }));
    for (let i = 0; i < 1_000; i++) {
      cache.store(ranked({ owner: `host-${i}.example.` }));
      expect(find(cache, 'kept.example.')).not.toBeNull();
    }
    expect(cache.sizeBytes).toBeLessThanOrEqual(50_000);
    expect(cache.count).toBeGreaterThan(100);
    expect(find(cache, 'host-0.example.')).toBeNull();
  });

  test('removes one, some, all', () => {
    const { cache } = newCache();
    for (const owner of ['a.', 'b.', 'c.', 'd.'])
      cache.store(ranked({ owner, verdict: owner === 'b.' ? BOGUS : null }));
    expect(cache.remove(name('A.'), TYPE.A, CLASS.IN)).toBe(true);
    expect(cache.remove(name('a.'), TYPE.A, CLASS.IN)).toBe(false);
    expect(cache.removeWhere((set) => set.verdict?.status === 'bogus')).toBe(1);
    expect([...cache.entries()]).toHaveLength(2);
    cache.clear();
    expect([cache.count, cache.sizeBytes]).toEqual([0, 0]);
  });

  test('does not keep a large message alive for a small set', () => {
    const { cache } = newCache();
    const set = ranked();
    const message = new Uint8Array(4096);
    message.set(set.rrset, 100);
    const view = message.subarray(100, 100 + set.rrset.length) as typeof set.rrset;
    cache.store({ ...set, rrset: view });
    expect(find(cache)?.rrset.buffer.byteLength).toBe(set.rrset.length);
  });
});
