/**
 * Proves which records that come along with a secure answer are kept as proven, and so may answer questions of their own: never what a
 * zone above a cut signed, what a wildcard made, what stands below a negative anchor.
 */

import { describe, expect, test } from 'vitest';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { makeKey } from '../dnssec/signing.ts';
import { outcomeOf, SignedTree, type TestZone, type ZoneChoices } from './signed-tree.ts';

const MX = 'mx.sub.test.';

interface Case {
  readonly tree: SignedTree;
  readonly zone: TestZone;
  readonly sub: TestZone;
}

/** A zone below another; `isKnown`: something of it was asked for before. */
async function caseOf(isKnown: boolean, choices: ZoneChoices = {}): Promise<Case> {
  const tree = new SignedTree();
  const zone = tree.zone('test.', tree.root);
  const sub = tree.zone('sub.test.', zone, choices);
  const first = tree.set(sub, 'first.sub.test.', TYPE.A, '192.0.2.1', choices.ds === null ? { keys: [] } : {});
  if (isKnown) await tree.validate(tree.found('first.sub.test.', TYPE.A, [first]));
  return { tree, zone, sub };
}

/** What is left of a set that comes along with a secure MX of `test.`, and what the cache holds of it then. */
async function keptBeside({ tree, zone }: Case, additional: RankedRRset): Promise<string> {
  const answer = [tree.set(zone, 'test.', TYPE.MX, `0 ${MX}`)];
  const validated = await tree.validate(tree.found('test.', TYPE.MX, answer, { additional: [additional] }));
  expect(outcomeOf(validated)).toBe('secure');
  const held = tree.rrsets.find(mustParseName(MX), TYPE.A, CLASS.IN)?.verdict?.status ?? 'nothing';
  return `${validated.found.end.additional.length} sent, ${held} held`;
}

const KEPT = '1 sent, secure held';
const LEFT_OUT = '0 sent, nothing held';

describe('an address that comes along with a secure answer', () => {
  test('is proven by the zone above where no cut is known, and by the zone below', async () => {
    const unknown = await caseOf(false);
    expect(await keptBeside(unknown, unknown.tree.set(unknown.zone, MX, TYPE.A, '192.0.2.25'))).toBe(KEPT);
    const known = await caseOf(true);
    expect(await keptBeside(known, known.tree.set(known.sub, MX, TYPE.A, '192.0.2.25'))).toBe(KEPT);
  });

  test('is not proven by keys that are not known', async () => {
    const c = await caseOf(false);
    expect(await keptBeside(c, c.tree.set(c.sub, MX, TYPE.A, '192.0.2.25'))).toBe(LEFT_OUT);
    expect(await keptBeside(c, c.tree.set(c.zone, MX, TYPE.A, '192.0.2.25', { keys: [makeKey(15)] }))).toBe(LEFT_OUT);
  });

  test.each([
    ['a signed zone', {}],
    ['a zone without DS', { ds: null }],
  ])('is not proven by the zone above the cut of %s (RFC 4035 §5.3.1)', async (_what, choices) => {
    const c = await caseOf(true, choices);
    expect(await keptBeside(c, c.tree.set(c.zone, MX, TYPE.A, '192.0.2.25'))).toBe(LEFT_OUT);
  });

  test('is not proven by the zone above servers that were found by a referral', async () => {
    const c = await caseOf(false);
    const address = { ...c.tree.set(c.zone, MX, TYPE.A, '192.0.2.25'), zone: c.sub.name };
    expect(await keptBeside(c, address)).toBe(LEFT_OUT);
  });

  test('is not proven when a wildcard made it: the proof did not come along (RFC 4035 §5.3.4)', async () => {
    const c = await caseOf(true);
    expect(await keptBeside(c, c.tree.set(c.sub, MX, TYPE.A, '192.0.2.25', { labels: 2 }))).toBe(LEFT_OUT);
  });

  test('is not proven below a negative anchor, though it was before', async () => {
    const c = await caseOf(true);
    const address = c.tree.set(c.sub, MX, TYPE.A, '192.0.2.25');
    c.tree.rrsets.keepValidated({ ...address, verdict: SECURE });
    c.tree.anchors.addNegative(mustParseName('sub.test.'));
    expect(await keptBeside(c, { ...address, verdict: SECURE })).toBe('0 sent, secure held');
  });
});
