/** Proves how known zone cuts are found and forgotten. */

import { describe, expect, test } from 'vitest';
import type { Delegation } from '../../src/cache/delegation.ts';
import { DelegationCache } from '../../src/cache/delegation-cache.ts';
import { type Name, ROOT } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { rankedAt, rrsetFrom } from '../support/records.ts';

function make(maxBytes = 1_000_000) {
  const { clock, random } = makeFakePorts();
  const cuts = new DelegationCache({ clock, random, maxBytes });
  const add = (zone: string, seconds: number): void => {
    const servers = [{ name: mustParseName('ns.example.'), addresses: ['192.0.2.1'] }];
    const receivedAt = clock.unixSeconds();
    const times = { receivedAt, expiresAt: receivedAt + seconds };
    cuts.store({ zone: mustParseName(zone), servers, source: 'referral', ...times, hasDs: false });
  };
  const deepest = (name: string): string | null => zoneOf(cuts.findDeepest(mustParseName(name)));
  return { clock, cuts, add, deepest };
}

function zoneOf(cut: Delegation | null): string | null {
  return cut === null ? null : formatName(cut.zone);
}

describe('DelegationCache', () => {
  test('finds the deepest cut at or above a name', () => {
    const { add, deepest } = make();
    expect(deepest('www.example.')).toBeNull();
    add('.', 100);
    add('example.', 100);
    add('b.example.', 100);
    expect(deepest('WWW.a.example.')).toBe('example.');
    expect(deepest('b.example.')).toBe('b.example.');
    expect(deepest('other.')).toBe('.');
  });

  test('gives back what was stored, whatever became of that', () => {
    const { clock, cuts } = make();
    const receivedAt = clock.unixSeconds();
    const times = { receivedAt, expiresAt: receivedAt + 60 };
    const name = (text: string): Name => mustParseName(text);
    const servers = () => [
      { name: name('ns.example.'), addresses: ['192.0.2.1', '2001:db8::1'] },
      { name: name('Ns.EXAMPLE.'), addresses: [] },
      { name: name('example.'), addresses: ['192.0.2.2'] },
      { name: name(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(52)}.example.`), addresses: [] },
      { name: name('ns.other.'), addresses: ['192.0.2.3'] },
      // The same octets as the zone's end, but not at the border of a label.
      { name: Uint8Array.from([11, 1, 7, ...Buffer.from('example'), 0, 0, 0]).subarray(0, 13) as Name, addresses: [] },
    ];
    const denial = () => [rankedAt(clock.unixSeconds(), 60, rrsetFrom(['a.example. NSEC b.example. A']))];
    const cut = () =>
      ({ zone: name('example.'), servers: servers(), source: 'referral', ...times, hasDs: true }) as const;
    const stored = { ...cut(), denial: denial() };
    cuts.store(stored);
    for (const octets of [stored.zone, stored.denial[0]?.rrset, ...stored.servers.map((each) => each.name)])
      octets?.fill(0);
    expect(cuts.find(name('EXAMPLE.'))).toEqual({ ...cut(), denial: denial() });
    const root = {
      zone: ROOT,
      servers: [],
      source: 'priming',
      receivedAt,
      expiresAt: Number.POSITIVE_INFINITY,
      hasDs: false,
    } as const;
    cuts.store(root);
    expect([...cuts.entries()]).toEqual([root, { ...cut(), denial: denial() }]);
  });

  test('knows of a name either a cut or that there is none', async () => {
    const { clock, cuts, add } = make();
    const zone = mustParseName('example.');
    cuts.noteNoCut(zone, clock.unixSeconds() + 100);
    add('example.', 5);
    expect([cuts.isNoCut(zone), cuts.find(zone) !== null, cuts.count]).toEqual([false, true, 1]);
    await clock.advance(6_000);
    cuts.noteNoCut(zone, clock.unixSeconds() + 100);
    expect([cuts.isNoCut(zone), cuts.find(zone), cuts.count]).toEqual([true, null, 1]);
    expect(cuts.remove(zone)).toBe(true);
    expect([cuts.isNoCut(zone), cuts.count, cuts.remove(zone)]).toEqual([false, 0, false]);
  });

  test("gives up a cut, and takes it back when the silence of its servers was nobody's", async () => {
    const { clock, cuts, add, deepest } = make();
    for (const zone of ['.', 'a.', 'b.', 'c.', 'd.']) add(zone, 100);
    expect(cuts.giveUp(mustParseName('a.'))).toBe(true);
    expect(cuts.giveUp(mustParseName('nothing.'))).toBe(false);
    await clock.advance(1000);
    const answeredAtMs = clock.monotonicMs();
    for (const zone of ['b.', 'c.', 'd.']) cuts.giveUp(mustParseName(zone));
    expect(deepest('x.b.')).toBe('.');
    add('c.', 50);
    cuts.remove(mustParseName('d.'));
    cuts.takeBack(answeredAtMs);
    expect(['a.', 'b.', 'c.', 'd.'].map(deepest)).toEqual(['.', 'b.', 'c.', '.']);
    await clock.advance(60_000);
    expect(['b.', 'c.'].map(deepest)).toEqual(['b.', '.']);
  });

  test('holds no more of what was given up than its bound', () => {
    const { cuts, add } = make();
    for (let i = 0; i < 2000; i++) {
      add(`zone-${i}.`, 100);
      cuts.giveUp(mustParseName(`zone-${i}.`));
    }
    expect(cuts.count).toBe(0);
    expect(cuts.sizeBytes).toBeLessThanOrEqual(256 * 1024);
    cuts.clear();
    expect(cuts.sizeBytes).toBe(0);
  });

  test('forgets a cut when its time is over', async () => {
    const { clock, add, deepest } = make();
    add('.', 100);
    add('example.', 10);
    await clock.advance(10_000);
    expect(deepest('www.example.')).toBe('.');
  });

  test('notes names that are no cut, without hiding one', async () => {
    const { clock, cuts, add, deepest } = make();
    const until = clock.unixSeconds() + 5;
    add('example.', 100);
    cuts.noteNoCut(mustParseName('example.'), until);
    cuts.noteNoCut(mustParseName('www.example.'), until);
    expect(deepest('example.')).toBe('example.');
    expect(cuts.isNoCut(mustParseName('www.example.'))).toBe(true);
    await clock.advance(5_000);
    expect(cuts.isNoCut(mustParseName('www.example.'))).toBe(false);
  });

  test('removes a zone with all below it, notes and what was given up too', async () => {
    const { clock, cuts, add, deepest } = make();
    for (const zone of ['.', 'example.', 'a.Example.', 'b.a.example.', 'notexample.', 'c.example.']) add(zone, 100);
    cuts.noteNoCut(mustParseName('d.example.'), clock.unixSeconds() + 100);
    cuts.giveUp(mustParseName('c.example.'));
    cuts.removeBelow(mustParseName('EXAMPLE.'));
    expect(cuts.isNoCut(mustParseName('d.example.'))).toBe(false);
    cuts.takeBack(0);
    expect(['c.example.', 'b.a.example.', 'notexample.'].map(deepest)).toEqual(['.', '.', 'notexample.']);
    expect(cuts.count).toBe(2);
  });

  test('stays within its bound', () => {
    const { cuts, add } = make(20_000);
    for (let i = 0; i < 1000; i++) add(`n${i}.example.`, 100);
    expect(cuts.sizeBytes).toBeLessThanOrEqual(20_000);
    expect(cuts.count).toBeGreaterThan(5);
  });
});
