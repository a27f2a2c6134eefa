/** Proves that what is known is validated without a promise: each would cost it a turn of the queue. */

import { promiseHooks } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { DenialCache } from '../../src/cache/denial-cache.ts';
import { createValidate, type Validated } from '../../src/validate/validate-answer.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { makeKey } from '../dnssec/signing.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { outcomeOf, SignedTree } from './signed-tree.ts';

/** Runs it; what came back, and how many promises were made meanwhile. */
function counting<T>(run: () => T): { readonly value: T; readonly promises: number } {
  let promises = 0;
  const stop = promiseHooks.onInit(() => {
    promises++;
  });
  try {
    return { value: run(), promises };
  } finally {
    stop();
  }
}

function settled(value: Validated | Promise<Validated>): Validated {
  if (value instanceof Promise) throw new Error('a promise');
  return value;
}

describe('with the keys of the zone known', () => {
  async function knowing(algorithm: number) {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { keys: [makeKey(algorithm)] });
    const validate = createValidate(tree.parts());
    const answer = (owner: string, rdata = '192.0.2.1') =>
      tree.found(owner, TYPE.A, [tree.set(zone, owner, TYPE.A, rdata)], {
        zone: zone.name,
        authority: [tree.set(zone, 'test.', TYPE.NS, 'ns.test.')],
      });
    const first = answer('a.test.');
    const before = await validate(tree.work(first.end.question), first);
    expect(outcomeOf(before)).toBe('secure');
    return { tree, zone, validate, answer };
  }

  test.each([8, 13, 15])('a positive answer of algorithm %i makes none', async (algorithm) => {
    const { tree, validate, answer } = await knowing(algorithm);
    const found = answer('b.test.');
    const work = tree.work(found.end.question);
    const { value, promises } = counting(() => validate(work, found));
    expect(outcomeOf(settled(value))).toBe('secure');
    expect(settled(value).found.end.authority).toHaveLength(1);
    expect(promises).toBe(0);
  });

  test('so does one that is bogus, with the same verdict as ever', async () => {
    const { tree, zone, validate } = await knowing(13);
    const good = tree.set(zone, 'c.test.', TYPE.A, '192.0.2.1', { keys: [makeKey(13)] });
    const found = tree.found('c.test.', TYPE.A, [good], { zone: zone.name });
    const { value, promises } = counting(() => validate(tree.work(found.end.question), found));
    expect(settled(value).verdict).toMatchObject({ status: 'bogus', why: { kind: 'no-matching-key' } });
    expect(promises).toBe(0);
  });

  test('an answer of a slow algorithm is waited for', async () => {
    const { tree, validate, answer } = await knowing(14);
    const found = answer('b.test.');
    const value = validate(tree.work(found.end.question), found);
    expect(value).toBeInstanceOf(Promise);
    expect(outcomeOf(await value)).toBe('secure');
  });
});

describe('with the keys of the zone known, of any algorithm that is fast,', () => {
  const SERVED = { zone: mustParseName('test.') };

  async function knowing() {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { keys: [makeKey(13)] });
    const parts = {
      ...tree.parts(),
      denials: new DenialCache({ clock: tree.clock, random: new SeededRandom(1), maxBytes: 1 << 20 }),
    };
    const validate = createValidate(parts);
    const first = tree.found('a.test.', TYPE.A, [tree.set(zone, 'a.test.', TYPE.A, '192.0.2.1')], SERVED);
    expect(outcomeOf(await validate(tree.work(first.end.question), first))).toBe('secure');
    return { tree, zone, validate };
  }

  type Known = Awaited<ReturnType<typeof knowing>>;
  const nodata = ({ tree, zone }: Known) =>
    tree.denied('www.test.', TYPE.TLSA, [tree.soa(zone), tree.nsec(zone, 'www.test.', 'x.test.', 'A')], SERVED);
  const nxdomain = ({ tree, zone }: Known) => {
    const spans = [tree.nsec(zone, 'test.', 'a.test.', 'NS SOA'), tree.nsec(zone, 'w.test.', 'x.test.', 'A')];
    return tree.denied('www.test.', TYPE.TLSA, [tree.soa(zone), ...spans], { ...SERVED, kind: 'nxdomain' });
  };
  const hashed = ({ tree, zone }: Known) => {
    const match = tree.nsec3(zone, { from: 'www.test.', to: 'www.test.', shiftTo: 1 }, 'A RRSIG');
    return tree.denied('www.test.', TYPE.TLSA, [tree.soa(zone), match], SERVED);
  };
  const wildcard = ({ tree, zone }: Known) => {
    const made = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.1', { labels: 1 });
    return tree.found('www.test.', TYPE.A, [made], {
      ...SERVED,
      authority: [tree.nsec(zone, 'a.test.', 'x.test.', 'A')],
    });
  };
  const aliased = ({ tree, zone }: Known) => {
    const alias = tree.set(zone, 'b.test.', TYPE.CNAME, 'c.test.');
    const found = tree.found('c.test.', TYPE.A, [tree.set(zone, 'c.test.', TYPE.A, '192.0.2.1')], SERVED);
    return { ...found, aliases: [tree.cname(alias, 'b.test.', 'c.test.')] };
  };

  test.each([
    ['NODATA by NSEC', nodata],
    ['NXDOMAIN by NSEC', nxdomain],
    ['NODATA by NSEC3', hashed],
    ['what a wildcard made', wildcard],
    ['an alias and its end', aliased],
  ])('%s makes no promise', async (_what, make) => {
    const known = await knowing();
    const found = make(known);
    const { value, promises } = counting(() => known.validate(known.tree.work(found.end.question), found));
    expect(outcomeOf(settled(value))).toBe('secure');
    expect(promises).toBe(0);
  });
});

describe('with DS and DNSKEY in the caches', () => {
  test('a whole chain is walked without a promise', () => {
    const tree = new SignedTree();
    tree.fetchesAtOnce = true;
    const zone = tree.zone('test.', tree.root, { keys: [makeKey(13), makeKey(8)] });
    const child = tree.zone('child.test.', zone);
    const found = tree.found('a.child.test.', TYPE.A, [tree.set(child, 'a.child.test.', TYPE.A, '192.0.2.1')]);
    const validate = createValidate(tree.parts());
    const { value, promises } = counting(() => validate(tree.work(found.end.question), found));
    expect(outcomeOf(settled(value))).toBe('secure');
    expect(tree.asked).toHaveLength(5);
    expect(promises).toBe(0);
  });

  test('so is one that ends where the zone above denies a DS', () => {
    const tree = new SignedTree();
    tree.fetchesAtOnce = true;
    tree.zone('plain.', tree.root, { ds: null });
    const found = tree.denied('www.plain.', TYPE.A, []);
    const { value, promises } = counting(() => createValidate(tree.parts())(tree.work(found.end.question), found));
    expect(outcomeOf(settled(value))).toBe('insecure no-ds-proven');
    expect(promises).toBe(0);
  });
});
