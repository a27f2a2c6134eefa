/** Proves that an answer whose zone's keys are known is validated without a promise: each would cost it a turn of the queue. */

import { promiseHooks } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { createValidate, type Validated } from '../../src/validate/validate-answer.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { makeKey } from '../dnssec/signing.ts';
import { outcomeOf, SignedTree } from './signed-tree.ts';

/** What the first check of a turn makes: the turn's end, and what follows on it. The same for one check and for eight. */
const OF_THE_TURN = 2;

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

  test.each([8, 13, 15])('a positive answer of algorithm %i makes none of its own', async (algorithm) => {
    const { tree, validate, answer } = await knowing(algorithm);
    const found = answer('b.test.');
    const work = tree.work(found.end.question);
    const { value, promises } = counting(() => validate(work, found));
    expect(outcomeOf(settled(value))).toBe('secure');
    expect(settled(value).found.end.authority).toHaveLength(1);
    expect(promises).toBe(OF_THE_TURN);
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
