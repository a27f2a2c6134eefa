/** Proves how known zone cuts are found and forgotten. */

import { describe, expect, test } from 'vitest';
import { type Delegation, DelegationCache } from '../../src/cache/delegation-cache.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { rankedAt, rrsetFrom } from '../support/records.ts';

function make(maxBytes = 1_000_000) {
  const { clock } = makeFakePorts();
  const cuts = new DelegationCache({ clock, maxBytes });
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

  test('keeps nothing alive but its own octets', () => {
    const { clock, cuts } = make();
    // As names and sets are that came out of a message or of the cache of RRsets.
    const within = <Octets extends Uint8Array>(octets: Octets): Octets => {
      const whole = new Uint8Array(16_384);
      whole.set(octets, 100);
      return whole.subarray(100, 100 + octets.length) as Octets;
    };
    const set = rrsetFrom(['a.example. NSEC b.example. A']);
    const denial = [rankedAt(clock.unixSeconds(), 60, within(set))];
    const zone = mustParseName('example.');
    const servers = [{ name: within(mustParseName('ns.example.')), addresses: [] }];
    const receivedAt = clock.unixSeconds();
    const times = { receivedAt, expiresAt: receivedAt + 60 };
    const cut = { zone, servers, source: 'referral', ...times, hasDs: false } as const;
    cuts.store({ ...cut, denial });
    const held = cuts.find(zone);
    expect(held?.denial?.map(({ rrset }) => rrset)).toEqual([set]);
    for (const octets of [held?.denial?.[0]?.rrset, held?.servers[0]?.name, held?.zone])
      expect(octets?.buffer.byteLength).toBe(octets?.length);
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

  test('stays within its bound', () => {
    const { cuts, add } = make(20_000);
    for (let i = 0; i < 1000; i++) add(`n${i}.example.`, 100);
    expect(cuts.sizeBytes).toBeLessThanOrEqual(20_000);
    expect(cuts.count).toBeGreaterThan(5);
  });
});
