/** Proves that a packed map finds what a plain map holds, whatever came and went before: by name, by type, by a name above one. */

import { describe, expect, test } from 'vitest';
import { KeyHash } from '../../src/cache/key-hash.ts';
import { PackedMap } from '../../src/cache/packed-map.ts';
import { RANKED_FORM } from '../../src/cache/packed-rrset.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { labelAfter, nameKeyFrom } from '../../src/wire/name.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { rrsetOwner } from '../../src/wire/rrset.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { name, ranked } from './cache-parts.ts';

const LABELS = ['a', 'B', 'mx', '_tcp', 'a-longer-label'];
const TYPES = [TYPE.A, TYPE.DS, TYPE.DNAME];
const STEPS = 4000;
const ROOM = 60_000;

const random = new SeededRandom(7);
const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
const draw = (): string => `${Array.from({ length: random.below(4) }, () => pick(LABELS)).join('.')}.`;

test.each([false, true])('a packed map holds what a plain one does; with values at hand: %s', (keepsAtHand) => {
  const map = new PackedMap<RankedRRset>({ random, maxBytes: 1 << 20, form: RANKED_FORM, keepsAtHand });
  const plain = new Map<string, number>();
  const keyOf = (text: string, type: number, at = 0): string => `${type} ${nameKeyFrom(name(text), at)}`;
  for (let step = 0; step < STEPS; step++) {
    const text = draw();
    const type = pick(TYPES);
    const change = random.below(100);
    if (change === 0) {
      map.clear();
      plain.clear();
    } else if (change < 45) {
      map.set(ranked({ owner: text, type, originalTtl: step }));
      plain.set(keyOf(text, type), step);
    } else if (change < 80) {
      expect(map.delete(name(text), type, CLASS.IN)).toBe(plain.delete(keyOf(text, type)));
    }
    const looked = name(`x.${draw()}`.replace('..', '.'));
    for (let at = 0; at < looked.length; at = labelAfter(looked, at)) {
      for (const each of TYPES) {
        const held = plain.get(`${each} ${nameKeyFrom(looked, at)}`);
        expect(map.get(looked, each, CLASS.IN, at)?.originalTtl).toBe(held);
        expect(map.use(looked, each, CLASS.IN, at)).toBe(held !== undefined);
      }
    }
    expect(map.count).toBe(plain.size);
  }
});

test('maps that share a hash find what each of them holds', () => {
  const hash = new KeyHash(random);
  const parts = { random, hash, maxBytes: 1 << 20, form: RANKED_FORM };
  const maps = [
    new PackedMap<RankedRRset>(parts),
    new PackedMap<RankedRRset>({ ...parts, isReferredTo: true }),
  ] as const;
  const plain = [new Map<string, number>(), new Map<string, number>()] as const;
  for (let step = 0; step < STEPS; step++) {
    const which = random.below(2) === 0 ? 0 : 1;
    const text = draw();
    const key = nameKeyFrom(name(text), 0);
    if (random.below(3) === 0) expect(maps[which].delete(name(text), TYPE.A, CLASS.IN)).toBe(plain[which].delete(key));
    else {
      maps[which].set(ranked({ owner: text, originalTtl: step }));
      plain[which].set(key, step);
    }
    const looked = name(`x.${draw()}`.replace('..', '.'));
    for (let at = 0; at < looked.length; at = labelAfter(looked, at)) {
      for (const each of [0, 1] as const) {
        const held = plain[each].get(nameKeyFrom(looked, at));
        expect(maps[each].get(looked, TYPE.A, CLASS.IN, at)?.originalTtl).toBe(held);
      }
    }
  }
});

test('what is referred to stays as it was, whatever takes its place', () => {
  const map = new PackedMap<RankedRRset>({ random, maxBytes: ROOM, form: RANKED_FORM, isReferredTo: true });
  const lately: RankedRRset[] = [];
  const references: { readonly slot: number; readonly value: RankedRRset }[] = [];
  for (let step = 0; step < STEPS; step++) {
    const text = draw();
    const change = random.below(100);
    if (change === 0) map.clear();
    else if (change < 30) {
      lately.push(ranked({ owner: text, originalTtl: step }));
      map.set(lately.at(-1) as RankedRRset);
    } else if (change < 40) map.delete(name(text), TYPE.A, CLASS.IN);
    const found = map.get(name(text), TYPE.A, CLASS.IN);
    if (found !== null) lately.push(found);
    const value = pick(lately.slice(-12));
    if (change >= 40 && value !== undefined) references.push({ slot: map.refer(value), value });
    if (references.length > 20) map.release(references.splice(random.below(20), 1)[0]?.slot ?? -1);
    for (const reference of references) expect(map.referred(reference.slot)).toEqual(reference.value);
  }
  for (const { slot } of references) map.release(slot);
  expect(map.referredOctets).toBe(0);
});

test('what is used stays, whatever comes; what is not goes first', () => {
  const map = new PackedMap<RankedRRset>({ random, maxBytes: ROOM, form: RANKED_FORM });
  const add = (text: string): void => map.set(ranked({ owner: text }));
  for (const text of ['used.', 'forgotten.']) add(text);
  const look = (text: string): boolean => map.peek(name(text), TYPE.A, CLASS.IN) !== null;
  for (let i = 0; i < STEPS; i++) {
    add(`n${i}.`);
    expect(map.use(name('used.'), TYPE.A, CLASS.IN)).toBe(true);
    // Nothing is dropped before its turn but for the share that may have been moved without a mark.
    for (const kept of [i, i - 100]) if (kept >= 0) expect(look(`n${kept}.`)).toBe(true);
  }
  expect(map.count).toBeGreaterThan(200);
  expect(map.count).toBeLessThan(STEPS / 2);
  expect(look('forgotten.')).toBe(false);
  const [newest] = map.values();
  expect(newest?.rrset).toEqual(ranked({ owner: `n${STEPS - 1}.` }).rrset);
});

test('texts and zones read before are not taken for others', () => {
  const map = new PackedMap<RankedRRset>({ random, maxBytes: 1 << 20, form: RANKED_FORM });
  const sets = Array.from({ length: 600 }, (_, i) =>
    ranked({
      owner: `a.b${i % 7}.c${i}.`,
      server: `192.0.2.${i}@53`,
      zone: name(i % 2 === 0 ? `c${i}.` : `B${i % 7}.c${i}.`),
    }),
  );
  for (const set of sets) map.set(set);
  for (const set of [...sets, ...sets.slice().reverse()])
    expect(map.get(rrsetOwner(set.rrset), TYPE.A, CLASS.IN)).toEqual(set);
});

describe('keys of one hash', () => {
  /** Two of the keys that have the same hash: among so many of 32 bits there are a few. */
  function twins<Key>(keys: Iterable<Key>, hashOf: (hash: KeyHash, key: Key) => number): readonly [Key, Key] | null {
    const hash = new KeyHash(new SeededRandom(1));
    const seen = new Map<number, Key>();
    for (const key of keys) {
      const value = hashOf(hash, key);
      const twin = seen.get(value);
      if (twin !== undefined) return [twin, key];
      seen.set(value, key);
    }
    return null;
  }

  const newMap = (): PackedMap<RankedRRset> =>
    new PackedMap<RankedRRset>({ random: new SeededRandom(1), maxBytes: 1 << 20, form: RANKED_FORM });
  const keyWord = (type: number): number => type * 0x10000 + CLASS.IN;

  function* names(): Generator<string> {
    for (let n = 0; n < 400_000; n++) yield `n${n}.`;
  }

  test('are two keys: a name is never found by another', () => {
    const found = twins(names(), (hash, text) => {
      const wire = name(text);
      hash.take(wire, 0, wire.length);
      return hash.with(keyWord(TYPE.A));
    });
    if (found === null) throw new Error('no two names have the same hash');
    const [one, other] = found;
    const map = newMap();
    map.set(ranked({ owner: one, originalTtl: 1 }));
    expect(map.get(name(other), TYPE.A, CLASS.IN)).toBeNull();
    map.set(ranked({ owner: other, originalTtl: 2 }));
    expect([one, other].map((text) => map.get(name(text), TYPE.A, CLASS.IN)?.originalTtl)).toEqual([1, 2]);
    expect(map.delete(name(one), TYPE.A, CLASS.IN)).toBe(true);
    expect([one, other].map((text) => map.get(name(text), TYPE.A, CLASS.IN)?.originalTtl)).toEqual([undefined, 2]);
  });

  test('are two keys: a type is never found by another', () => {
    const types = Array.from({ length: 0xffff }, (_, n) => n + 1);
    // Of some names one has two types of one hash.
    for (let n = 0; n < 40; n++) {
      const wire = name(`t${n}.`);
      const found = twins(types, (hash, type) => {
        hash.take(wire, 0, wire.length);
        return hash.with(keyWord(type));
      });
      if (found === null) continue;
      const [one, other] = found;
      const map = newMap();
      map.set(ranked({ owner: `t${n}.`, type: one, originalTtl: 1 }));
      expect(map.get(wire, other, CLASS.IN)).toBeNull();
      map.set(ranked({ owner: `t${n}.`, type: other, originalTtl: 2 }));
      expect(found.map((type) => map.get(wire, type, CLASS.IN)?.originalTtl)).toEqual([1, 2]);
      return;
    }
    throw new Error('no two types have the same hash');
  });
});
