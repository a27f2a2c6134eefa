/** Proves expiry, bounds and removal of the answer, key and failure caches, and RFC 9520's limits for failures. */

import { describe, expect, test } from 'vitest';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import type { CachedAnswer } from '../../src/cache/cached-answer.ts';
import { FailureCache, MAX_FAILURE_SECONDS } from '../../src/cache/failure-cache.ts';
import { type CachedKey, KeyCache } from '../../src/cache/key-cache.ts';
import type { PackedKey, SecurityStatus } from '../../src/cache/packed-trust.ts';
import { RRsetCache } from '../../src/cache/rrset-cache.ts';
import { NEW_ZONES } from '../../src/cache/zones-at-hand.ts';
import type { Failure } from '../../src/terms/failure.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { questionFrom } from '../support/records.ts';
import { HandClock, name, ranked, START } from './cache-parts.ts';

function answer(text: string, expiresAt = START + 60): CachedAnswer {
  const question = questionFrom(text);
  return {
    found: {
      kind: 'found',
      aliases: [],
      end: {
        kind: 'answer',
        question,
        rcode: 0,
        answer: [ranked({ owner: text })],
        authority: [],
        additional: [],
        zone: name('example.'),
        server: null,
        expiresAt,
      },
    },
    verdict: null,
    storedAt: START,
    expiresAt,
  };
}

function answerCache(maxBytes: number, clock = new HandClock()) {
  const random = new SeededRandom(1);
  const rrsets = new RRsetCache({ clock, random, maxBytes: 1_000_000 });
  return { clock, rrsets, cache: new AnswerCache({ clock, random, rrsets, maxBytes }) };
}

describe('the answer cache', () => {
  test('finds by question in any case until the second of expiry, stale answers on request', () => {
    const { clock, cache } = answerCache(100_000);
    const cached = answer('www.example.');
    cache.store(questionFrom('www.example.'), cached);
    expect(cache.find(questionFrom('WWW.Example.'))).toEqual(cached);
    expect(cache.find(questionFrom('www.example. AAAA'))).toBeNull();
    clock.now = START + 60;
    expect(cache.find(questionFrom('www.example.'))).toBeNull();
    expect(cache.findStale(questionFrom('www.example.'))).toEqual(cached);
  });

  test('stays within its bound, and removes one, some, all', () => {
    const { cache } = answerCache(50_000);
    for (let n = 0; n < 500; n++) cache.store(questionFrom(`h${n}.example.`), answer(`h${n}.example.`));
    expect(cache.sizeBytes).toBeLessThanOrEqual(50_000);
    expect(cache.count).toBeGreaterThan(20);
    expect(cache.remove(questionFrom('h499.example.'))).toBe(true);
    expect(cache.removeWhere((question) => question.name[1] === 0x68)).toBeGreaterThan(20);
    expect([...cache.entries()]).toEqual([]);
    cache.store(questionFrom('a.'), answer('a.'));
    cache.clear();
    expect([cache.count, cache.sizeBytes]).toEqual([0, 0]);
  });

  test('does not keep an answer larger than itself', () => {
    const { cache } = answerCache(300);
    cache.store(questionFrom('a.'), answer('a.'));
    expect(cache.count).toBe(0);
  });
});

describe('the key cache', () => {
  const keyAgain = ({ isUsable, publicKey, ...fields }: PackedKey): CachedKey => ({
    ...fields,
    publicKey: Uint8Array.from(publicKey),
    imported: isUsable ? 'again' : null,
  });
  const keyOf = (publicKey: Uint8Array, imported: unknown = null): CachedKey => ({
    ...{ flags: 257, protocol: 3, algorithm: 13, keyTag: 60_000 + publicKey.length },
    ...{ publicKey, imported },
  });
  const keyCache = (clock = new HandClock(), maxBytes = 100_000): KeyCache<CachedKey> =>
    new KeyCache({ clock, random: new SeededRandom(1), maxBytes, keyAgain });
  const insecure = (zone: string, expiresAt = START + 60): SecurityStatus<CachedKey> => ({
    status: 'insecure',
    zone: name(zone),
    why: { kind: 'no-ds-proven', zone },
    expiresAt,
  });
  const secure = (zone: string): SecurityStatus<CachedKey> => ({
    status: 'secure',
    zone: name(zone),
    keys: [keyOf(Uint8Array.of(1))],
    mustSign: [],
    expiresAt: START + 600,
  });

  test('finds the zone itself, and the deepest fresh one above a name', () => {
    const clock = new HandClock();
    const cache = keyCache(clock);
    cache.store(secure('.'));
    clock.now = START + 10;
    cache.store(insecure('example.'));
    const root = { ...secure('.'), storedAt: START };
    const example = { ...insecure('example.'), storedAt: START + 10 };
    expect(cache.find(name('EXAMPLE.'))).toEqual(example);
    expect(cache.find(name('www.example.'))).toBeNull();
    expect(cache.closest(name('www.example.'))).toEqual(example);
    expect(cache.closest(name('other.'))).toEqual(root);
    clock.now = START + 60;
    expect(cache.closest(name('www.example.'))).toEqual(root);
    cache.clear();
    expect(cache.closest(name('www.example.'))).toBeNull();
  });

  test('gives back the states of zones that were not asked for lately, their keys made ready again', () => {
    const cache = keyCache();
    const zoneAt = (n: number): string => `z${n}.example.`;
    for (let n = 0; n < 400; n++) {
      const keys = [keyOf(Uint8Array.of(n & 255, 1)), keyOf(Uint8Array.of(n & 255, 2), 1)];
      cache.store({ ...secure(zoneAt(n)), keys } as SecurityStatus<CachedKey>);
    }
    const bogus: SecurityStatus<CachedKey> = {
      status: 'bogus',
      zone: name('bogus.'),
      why: { kind: 'dnskey-missing', zone: 'bogus.' } as never,
      expiresAt: START + 60,
    };
    cache.store(bogus);
    for (let n = 399; n >= 0; n--) {
      const keys = [keyOf(Uint8Array.of(n & 255, 1)), keyOf(Uint8Array.of(n & 255, 2), expect.anything())];
      expect(cache.find(name(zoneAt(n)))).toEqual({ ...secure(zoneAt(n)), keys, storedAt: START });
    }
    expect(cache.find(name('bogus.'))).toEqual({ ...bogus, storedAt: START });
    expect(cache.sizeBytes).toBeLessThan(100_000);
    expect(cache.removeBelow(name('example.'))).toBe(400);
    expect(cache.find(name(zoneAt(399)))).toBeNull();
  });

  /** A cache whose keys that are made again are counted. */
  const countingCache = () => {
    let made = 0;
    const cache = new KeyCache<CachedKey>({
      ...{ clock: new HandClock(), random: new SeededRandom(1), maxBytes: 64_000_000 },
      keyAgain: (packed) => {
        made++;
        return keyAgain(packed);
      },
    });
    let stored = 0;
    const passBy = (zones: number, used = ''): void => {
      for (let n = 0; n < zones; n++) {
        cache.store(secure(`passing${stored++}.`));
        if (used !== '') expect(cache.find(name(used))).not.toBeNull();
      }
    };
    return { cache, passBy, made: () => made };
  };

  test('has a new zone at hand while few others come, and makes its keys again after that', () => {
    const { cache, passBy, made } = countingCache();
    cache.store(secure('example.'));
    passBy(NEW_ZONES - 1, 'example.');
    expect(made()).toBe(0);
    passBy(1);
    expect(cache.find(name('example.'))).toEqual({ ...secure('example.'), storedAt: START });
    expect(made()).toBe(1);
  });

  test('has a zone that is used again and again at hand however many pass by', () => {
    const { cache, passBy, made } = countingCache();
    cache.store(secure('org.'));
    passBy(5_000, 'org.');
    expect(made()).toBe(2);
    passBy(600);
    cache.find(name('org.'));
    expect(made()).toBe(2);
    // What was proven anew takes its place.
    cache.store({ ...secure('org.'), expiresAt: START + 900 });
    passBy(600);
    expect(cache.find(name('org.'))?.expiresAt).toBe(START + 900);
    expect(made()).toBe(2);
  });

  test('has a zone that is used once in a while at hand no longer than a new one', () => {
    const { cache, passBy, made } = countingCache();
    cache.store(secure('seldom.'));
    for (let times = 1; times <= 4; times++) {
      passBy(20_000);
      cache.find(name('seldom.'));
      cache.find(name('seldom.'));
      expect(made()).toBe(times);
    }
  });

  test('finds nothing that was removed, neither of new zones nor of those that are used often', () => {
    const removals: ((cache: KeyCache<CachedKey>) => void)[] = [
      (cache) => ['org.', 'new.'].every((zone) => cache.remove(name(zone))),
      (cache) => cache.removeBelow(name('.')),
      (cache) => cache.removeWhere(() => true),
      (cache) => cache.clear(),
    ];
    for (const remove of removals) {
      const { cache, passBy } = countingCache();
      cache.store(secure('org.'));
      passBy(300, 'org.');
      cache.store(secure('new.'));
      remove(cache);
      expect(cache.find(name('org.'))).toBeNull();
      expect(cache.find(name('new.'))).toBeNull();
      // Nor what was there before, once there is another state.
      cache.store(insecure('org.'));
      cache.store(insecure('new.'));
      expect(cache.find(name('org.'))?.status).toBe('insecure');
      expect(cache.find(name('new.'))?.status).toBe('insecure');
    }
  });

  test('takes states of any size, and counts those at hand', () => {
    const cache = keyCache(new HandClock(), 400_000);
    const large = (zone: string): SecurityStatus<CachedKey> => ({
      ...{ status: 'secure', zone: name(zone), mustSign: [], expiresAt: START + 600 },
      keys: Array.from({ length: 4 }, (_, n) => keyOf(new Uint8Array(1_000).fill(n), 1)),
    });
    for (let n = 0; n < 200; n++) {
      cache.store(large(`large${n}.`));
      expect(cache.find(name(`large${n}.`))?.status).toBe('secure');
      expect(cache.sizeBytes).toBeLessThanOrEqual(400_000);
    }
    const zones = [...cache.entries()].length * 4_000;
    expect(cache.sizeBytes - zones).toBeGreaterThan(4_000);
  });

  test('keeps nothing alive but its own octets', () => {
    const cache = keyCache(new HandClock(), 1_000_000);
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.example.`;
    cache.store(insecure(long));
    for (let n = 0; n < 1000; n++) cache.store(insecure(`z${n}.`));
    const zone = cache.find(name(long))?.zone;
    expect(zone?.buffer.byteLength).toBe(zone?.length);
  });

  test('forgets no state that is in use, and finds none that it has forgotten', () => {
    const cache = keyCache(new HandClock(), 10_000);
    cache.store(insecure('used.'));
    cache.store(insecure('unused.'));
    for (let n = 0; n < 500; n++) {
      cache.store(insecure(`z${n}.`));
      expect(cache.find(name('used.'))).not.toBeNull();
    }
    expect(cache.find(name('unused.'))).toBeNull();
    expect([...cache.entries()].length).toBe(cache.count);
    expect(cache.sizeBytes).toBeLessThanOrEqual(10_000);
  });

  test('removes a zone, a zone with all below it, and by a test', () => {
    const cache = keyCache();
    for (const zone of ['.', 'example.', 'a.example.', 'b.a.example.', 'org.']) cache.store(insecure(zone));
    expect(cache.remove(name('org.'))).toBe(true);
    expect(cache.removeBelow(name('a.example.'))).toBe(2);
    expect(cache.count).toBe(2);
    expect(cache.removeWhere((trust) => trust.status === 'insecure')).toBe(2);
  });
});

describe('the failure cache', () => {
  const FAILED = { failure: { kind: 'no-server-addresses', zone: 'a.' } } as const;
  const newCache = () => {
    const clock = new HandClock();
    return { clock, cache: new FailureCache({ clock, maxBytes: 50_000 }) };
  };

  test('remembers a failure for the time given', () => {
    const { cache, clock } = newCache();
    expect(cache.store(questionFrom('a.'), FAILED, 5)).toBe(true);
    expect(cache.find(questionFrom('A.'))).toMatchObject({ why: FAILED, expiresAt: START + 5, times: 1 });
    clock.now = START + 5;
    expect(cache.find(questionFrom('a.'))).toBeNull();
  });

  test('waits at least a second and at most five minutes (RFC 9520 §3.2)', () => {
    const { cache } = newCache();
    cache.store(questionFrom('a.'), FAILED, 0);
    cache.store(questionFrom('b.'), FAILED, 86_400);
    expect(cache.find(questionFrom('a.'))?.expiresAt).toBe(START + 1);
    expect(cache.find(questionFrom('b.'))?.expiresAt).toBe(START + MAX_FAILURE_SECONDS);
  });

  test('waits longer each time in a row, and starts over after success or a long time', () => {
    const { cache, clock } = newCache();
    const waits = Array.from({ length: 8 }, () => {
      cache.store(questionFrom('a.'), FAILED, 5);
      const wait = (cache.find(questionFrom('a.'))?.expiresAt ?? 0) - clock.now;
      clock.now += wait;
      return wait;
    });
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
    cache.remove(questionFrom('a.'));
    cache.store(questionFrom('a.'), FAILED, 5);
    expect(cache.find(questionFrom('a.'))?.expiresAt).toBe(clock.now + 5);
    clock.now += 5 + MAX_FAILURE_SECONDS + 1;
    cache.store(questionFrom('a.'), FAILED, 5);
    expect(cache.find(questionFrom('a.'))?.times).toBe(1);
  });

  test.each<Failure>([
    { kind: 'cancelled' },
    { kind: 'rate-limited', zone: 'a.' },
    { kind: 'dependency-cycle' },
    { kind: 'overload' },
    { kind: 'no-sockets', zone: 'a.' },
    { kind: 'zone-unusable', zone: 'a.' },
    { kind: 'cached-failure', of: { kind: 'deadline' } },
  ])('does not remember what is only about the caller: $kind', (failure) => {
    const { cache } = newCache();
    expect(cache.store(questionFrom('a.'), { failure })).toBe(false);
    expect(cache.find(questionFrom('a.'))).toBeNull();
  });

  test('stays within its bound and can be emptied', () => {
    const { cache } = newCache();
    for (let n = 0; n < 500; n++) cache.store(questionFrom(`h${n}.`), FAILED);
    expect(cache.sizeBytes).toBeLessThanOrEqual(50_000);
    expect(cache.removeWhere(({ times }) => times === 1)).toBeGreaterThan(20);
    cache.clear();
    expect(cache.count).toBe(0);
  });
});
