/** Proves which span of a zone covers a name (RFC 4034 §6.1 order), what contradictions and time do, and the bounds. */

import { describe, expect, test } from 'vitest';
import { DenialCache, type DenialSpan, type HashedSpan, MAX_SPANS_PER_ZONE } from '../../src/cache/denial-cache.ts';
import type { ChainParameters, KnownZone } from '../../src/cache/known-zone.ts';
import { NO_SPAN } from '../../src/cache/span-store.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { formatName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { rrsetOwner } from '../../src/wire/rrset.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { HandClock, name, ranked, START } from './cache-parts.ts';

function newCache(maxBytes = 8 * 1024 * 1024) {
  const clock = new HandClock();
  return { clock, cache: new DenialCache({ clock, random: new SeededRandom(5), maxBytes }) };
}

function span(owner: string, next: string, expiresAt = START + 60): DenialSpan {
  const nsec = ranked({ owner, type: TYPE.NSEC, verdict: SECURE, expiresAt });
  return { zone: name('example.'), owner: name(owner), next: name(next), ranked: nsec, learntAt: START };
}

/** The set of the span that is found of a zone; null: none is. */
function found(cache: DenialCache, zone: string, look: (known: KnownZone) => number): RankedRRset | null {
  const known = cache.find(name(zone));
  const span = known === null ? NO_SPAN : look(known);
  return span === NO_SPAN ? null : cache.read(span).ranked;
}

function cover(cache: DenialCache, text: string): string | null {
  const set = found(cache, 'example.', (known) => known.cover(name(text)));
  return set === null ? null : formatName(rrsetOwner(set.rrset));
}

function match(cache: DenialCache, text: string): RankedRRset | null {
  return found(cache, 'example.', (known) => known.match(name(text)));
}

const zone = name('example.');
const plain: ChainParameters = { iterations: 0, salt: new Uint8Array() };
const hash = (octet: number): Uint8Array => new Uint8Array(20).fill(octet);

function hashed(from: number, to: number, more: Partial<HashedSpan> = {}): HashedSpan {
  const set = ranked({ owner: `h${from}.example.`, type: TYPE.NSEC3, verdict: SECURE });
  return {
    ...{ zone, parameters: plain, hash: hash(from), next: hash(to), isOptOut: false, ranked: set, learntAt: START },
    ...more,
  };
}

describe('a span', () => {
  test.each([
    ['b.example.', 'a.example.'],
    ['x.A.example.', 'a.example.'],
    ['B.EXAMPLE.', 'a.example.'],
    ['a.example.', null],
    ['c.example.', null],
    ['x.c.example.', null],
    ['zzz.example.', 'm.example.'],
    ['example.', null],
  ])('covers what lies strictly between: %s by %s', (asked, expected) => {
    const { cache } = newCache();
    cache.store(span('a.example.', 'c.example.'));
    cache.store(span('m.example.', 'example.'));
    expect(cover(cache, asked)).toBe(expected);
  });

  test('matches its owner only', () => {
    const { cache } = newCache();
    const stored = span('a.example.', 'c.example.');
    cache.store(stored);
    expect(match(cache, 'A.example.')).toEqual(stored.ranked);
    expect(match(cache, 'b.example.')).toBeNull();
  });

  test('alone in its zone covers all other names', () => {
    const { cache } = newCache();
    cache.store(span('example.', 'example.'));
    expect(cover(cache, 'any.example.')).toBe('example.');
    expect(cover(cache, 'example.')).toBeNull();
  });

  test('that may not replace others is left where it contradicts one, and kept where it does not', () => {
    const { cache } = newCache();
    cache.store(span('a.example.', 'm.example.'));
    for (const [owner, next] of [
      ['a.example.', 'c.example.'],
      ['b.example.', 'c.example.'],
      ['example.', 'b.example.'],
    ] as const) {
      expect(cache.store(span(owner, next), 'leave')).toBe(false);
    }
    expect(cover(cache, 'l.example.')).toBe('a.example.');
    expect(cache.store(span('m.example.', 'example.'), 'leave')).toBe(true);
    expect(cover(cache, 'z.example.')).toBe('m.example.');
  });

  test('ends at its expiry', () => {
    const { cache, clock } = newCache();
    cache.store(span('a.example.', 'c.example.'));
    clock.now = START + 60;
    expect(cover(cache, 'b.example.')).toBeNull();
    expect(match(cache, 'a.example.')).toBeNull();
    expect(cache.store(span('a.example.', 'c.example.'))).toBe(false);
  });

  test.each([
    ['out of its zone', 'a.other.', 'c.other.'],
    ['with a next name out of its zone', 'a.example.', 'c.other.'],
    ['that goes backwards', 'c.example.', 'a.example.'],
    ['from a name to itself', 'c.example.', 'c.example.'],
  ])('%s is not kept', (_what, owner, next) => {
    const { cache } = newCache();
    expect(cache.store(span(owner, next))).toBe(false);
    expect(cache.count).toBe(0);
  });
});

describe('a newer span', () => {
  test('drops those whose owners it denies, and one that denies its owner', () => {
    const { cache } = newCache();
    cache.store(span('a.example.', 'd.example.'));
    cache.store(span('d.example.', 'f.example.'));
    cache.store(span('f.example.', 'k.example.'));
    cache.store(span('k.example.', 'example.'));
    cache.store(span('b.example.', 'g.example.'));
    expect(cache.count).toBe(2);
    expect(cover(cache, 'aa.example.')).toBeNull();
    expect(cover(cache, 'e.example.')).toBe('b.example.');
    expect(cover(cache, 'h.example.')).toBeNull();
    expect(cover(cache, 'l.example.')).toBe('k.example.');
  });

  test('that is the same lives from when it was proven again', () => {
    const { cache } = newCache();
    const later = <Span extends DenialSpan | HashedSpan>(kept: Span): Span => ({
      ...kept,
      ranked: { ...kept.ranked, expiresAt: START + 90 },
      learntAt: START + 30,
    });
    const [names, hashes] = [span('a.example.', 'c.example.'), hashed(10, 20)];
    cache.store(names);
    cache.storeHashed(hashes);
    const before = [cache.count, cache.sizeBytes];
    expect([cache.store(later(names)), cache.storeHashed(later(hashes))]).toEqual([true, true]);
    expect([cache.count, cache.sizeBytes]).toEqual(before);
    for (const look of [
      (known: KnownZone) => known.match(names.owner),
      (known: KnownZone) => known.matchHash(hash(10)),
    ]) {
      const known = cache.find(zone) as KnownZone;
      expect(cache.read(look(known))).toMatchObject({ learntAt: START + 30, ranked: { expiresAt: START + 90 } });
      expect([known.endOf(look(known), 40), known.endOf(look(known), 400)]).toEqual([START + 70, START + 90]);
    }
  });

  test.each([
    ['another signature', [2]],
    ['a longer one', [1, 1]],
    ['none', null],
  ])('with %s is another, and takes the place', (_, signature) => {
    const { cache } = newCache();
    const signed = (octets: readonly number[] | null): DenialSpan => ({
      ...span('a.example.', 'c.example.'),
      ranked: ranked({
        owner: 'a.example.',
        type: TYPE.NSEC,
        verdict: SECURE,
        signatures: octets === null ? [] : [octets],
      }),
    });
    const later = signed(signature);
    cache.store(signed([1]));
    cache.store(later);
    expect([cache.count, match(cache, 'a.example.')]).toEqual([1, later.ranked]);
  });

  test('of the same owner takes the place', () => {
    const { cache } = newCache();
    cache.store(span('a.example.', 'd.example.'));
    cache.store(span('a.example.', 'c.example.'));
    expect([cache.count, cover(cache, 'cc.example.')]).toEqual([1, null]);
  });
});

describe('spans of hashes', () => {
  function coverOf(cache: DenialCache, octet: number): number | null {
    const set = found(cache, 'example.', (known) => known.coverHash(hash(octet)));
    return set === null ? null : Number(formatName(rrsetOwner(set.rrset)).slice(1, -'.example.'.length));
  }

  function matchOf(cache: DenialCache, octet: number): boolean {
    return found(cache, 'example.', (known) => known.matchHash(hash(octet))) !== null;
  }

  test('cover what lies strictly between, the last one also what lies before the first', () => {
    const { cache } = newCache();
    cache.store(span('a.example.', 'c.example.'));
    for (const [from, to] of [
      [10, 20],
      [20, 30],
      [200, 10],
    ] as const)
      expect(cache.storeHashed(hashed(from, to))).toBe(true);
    expect([5, 10, 15, 20, 25, 30, 100, 200, 201, 255].map((octet) => coverOf(cache, octet))).toEqual([
      200,
      null,
      10,
      null,
      20,
      null,
      null,
      null,
      200,
      200,
    ]);
    expect([matchOf(cache, 20), matchOf(cache, 25)]).toEqual([true, false]);
    expect(cover(cache, 'b.example.')).toBe('a.example.');
    expect(cache.count).toBe(4);
  });

  test('cover all but their owner when the zone has one name', () => {
    const { cache } = newCache();
    cache.storeHashed(hashed(50, 50));
    expect([49, 50, 51].map((octet) => coverOf(cache, octet))).toEqual([50, null, 50]);
  });

  test('give way to newer ones that contradict them, over the end of the ring too', () => {
    const { cache } = newCache();
    for (const [from, to] of [
      [10, 20],
      [40, 60],
      [200, 10],
    ] as const)
      cache.storeHashed(hashed(from, to));
    cache.storeHashed(hashed(50, 30));
    expect(cache.count).toBe(1);
    expect([25, 35, 45, 55, 205].map((octet) => coverOf(cache, octet))).toEqual([50, null, null, 50, 50]);
  });

  test('of other parameters take the place of the whole chain', () => {
    const { cache } = newCache();
    cache.storeHashed(hashed(10, 20));
    const salted: ChainParameters = { iterations: 0, salt: Uint8Array.of(7) };
    cache.storeHashed(hashed(30, 40, { parameters: salted }));
    expect(cache.find(zone)?.chain).toEqual(salted);
    expect([coverOf(cache, 15), coverOf(cache, 35), cache.count]).toEqual([null, 30, 1]);
  });

  test('with opt-out are not kept, and take away what they contradict', () => {
    const { cache } = newCache();
    expect(cache.storeHashed(hashed(10, 20, { isOptOut: true }))).toBe(false);
    expect([cache.count, cache.find(zone), cache.sizeBytes]).toEqual([0, null, 0]);
    cache.storeHashed(hashed(10, 20));
    cache.storeHashed(hashed(30, 40));
    cache.storeHashed(hashed(5, 20, { isOptOut: true }));
    expect([coverOf(cache, 15), coverOf(cache, 35)]).toEqual([null, 30]);
  });

  test('end at their expiry', () => {
    const { cache, clock } = newCache();
    const span = hashed(10, 20);
    cache.storeHashed(span);
    clock.now = span.ranked.expiresAt;
    expect([coverOf(cache, 15), matchOf(cache, 10)]).toEqual([null, false]);
    expect(cache.storeHashed(span)).toBe(false);
  });

  test('share the room of a zone with its names', () => {
    const { cache } = newCache(64 * 1024 * 1024);
    cache.store(span('a.example.', 'c.example.'));
    for (let n = 0; n < MAX_SPANS_PER_ZONE + 50; n++) {
      const at = (more: number): Uint8Array => Uint8Array.of(n >> 8, n & 255, more, ...hash(0).subarray(3));
      cache.storeHashed(hashed(0, 0, { hash: at(0), next: at(1) }));
    }
    expect(cache.count).toBe(MAX_SPANS_PER_ZONE);
  });
});

describe('the denial cache as a whole', () => {
  test('bounds the spans of a zone', () => {
    const { cache } = newCache(64 * 1024 * 1024);
    const text = (n: number) => String(n).padStart(6, '0');
    for (let n = 0; n < MAX_SPANS_PER_ZONE + 50; n++)
      cache.store(span(`h${text(n)}.example.`, `h${text(n)}a.example.`));
    expect(cache.count).toBe(MAX_SPANS_PER_ZONE);
  });

  test('lets no zone with endless names push out the others', () => {
    const { cache } = newCache(80_000);
    const nsec = ranked({ owner: 'root.', type: TYPE.NSEC, verdict: SECURE });
    cache.store({ zone: name('root.'), owner: name('root.'), next: name('root.'), ranked: nsec, learntAt: START });
    for (let n = 1000; n < 2000; n++) cache.store(span(`h${n}.example.`, `h${n}a.example.`));
    expect(found(cache, 'root.', (known) => known.cover(name('a.root.')))).not.toBeNull();
    expect(cover(cache, 'h1999.a.example.')).toBeNull();
    expect(cache.count).toBeGreaterThan(5);
    expect(cache.sizeBytes).toBeLessThanOrEqual(80_000 / 4);
  });

  test('bounds its octets, and forgets zones', () => {
    const { cache } = newCache(20_000);
    const zones = Array.from({ length: 100 }, (_, n) => `zone-${n}.`);
    for (const zone of zones) {
      const nsec = ranked({ owner: zone, type: TYPE.NSEC, verdict: SECURE });
      cache.store({ zone: name(zone), owner: name(zone), next: name(zone), ranked: nsec, learntAt: START });
      expect(cache.sizeBytes).toBeLessThanOrEqual(20_000);
    }
    expect(cache.removeBelow(name('zone-99.'))).toBe(1);
    cache.clear();
    expect(cache.count).toBe(0);
  });
});

describe('what one answer brought', () => {
  const all = (cache: DenialCache): string[] =>
    [...cache.pieces(true)].flat().map(({ ranked: { rrset }, learntAt }) => `${rrset} ${learntAt}`);

  test('is kept as if it had come one after another, names and hashes, contradictions included', () => {
    const names = [span('a.example.', 'c.example.'), span('b.example.', 'd.example.'), span('m.example.', 'example.')];
    const hashes = [hashed(10, 20), hashed(15, 30), hashed(15, 30, { isOptOut: true }), hashed(50, 10)];
    const [one, together] = [newCache().cache, newCache().cache];
    for (const cache of [one, together]) {
      cache.store(span('c.example.', 'e.example.'));
      cache.storeHashed(hashed(40, 60));
    }
    for (const each of names) one.store(each);
    for (const each of hashes) one.storeHashed(each);
    together.storeAll(name('example.'), names, hashes);
    expect(together.count).toBe(one.count);
    expect(together.sizeBytes).toBe(one.sizeBytes);
    expect(all(together)).toEqual(all(one));
    together.removeBelow(name('example.'));
    expect([together.count, together.sizeBytes]).toEqual([0, 0]);
  });
});
