/** Proves which verified denial records are kept for later denials (RFC 8198), and for how long. */

import { describe, expect, test } from 'vitest';
import { DenialCache } from '../../src/cache/denial-cache.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { keepSpans } from '../../src/validate/keep-spans.ts';
import { labelCount } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { rdatasOf, rrsetOwner } from '../../src/wire/rrset.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { SignedTree, type TestZone } from './signed-tree.ts';

type Proven = ReturnType<SignedTree['nsec']>;

function caseOf() {
  const tree = new SignedTree();
  const zone = tree.zone('test.', tree.root);
  const denials = new DenialCache({ clock: tree.clock, random: new SeededRandom(1), maxBytes: 1 << 20 });
  const now = tree.clock.unixSeconds();
  /** When what was kept of a secure set ends, seconds from now; null: nothing was. */
  const lifeOf = (ranked: Proven, authority: readonly Proven[] = [], maxIterations = 150): number | null => {
    const { rrset } = ranked;
    const owner = rrsetOwner(rrset);
    const [rdata = new Uint8Array()] = rdatasOf(rrset);
    const verified = [{ ranked, record: { owner, rdata, signatureLabels: labelCount(owner) } }];
    keepSpans(denials, { zone: zone.name, verified, authority, now, maxIterations });
    for (const piece of denials.pieces(true)) for (const kept of piece) return kept.ranked.expiresAt - now;
    return null;
  };
  const secure = (ranked: Proven): Proven => ({ ...ranked, verdict: SECURE });
  return { tree, zone, denials, now, lifeOf, secure };
}

const nsecOf = (tree: SignedTree, zone: TestZone, ttl: number): Proven =>
  tree.nsec(zone, 'a.test.', 'z.test.', 'A RRSIG NSEC', { ttl });

describe('a denial record', () => {
  test('lives as long as it may itself, for an hour at most', () => {
    for (const [ttl, life] of [
      [100, 100],
      [3600, 3600],
      [86_400, 3600],
    ] as const) {
      const { tree, zone, lifeOf, secure } = caseOf();
      expect(lifeOf(secure(nsecOf(tree, zone, ttl)))).toBe(life);
    }
  });

  test('lives no longer than the SOA that it came with (RFC 9077 §3.4)', () => {
    const { tree, zone, lifeOf, secure } = caseOf();
    const authority = [nsecOf(tree, zone, 3000), tree.soa(zone, { ttl: 200 })];
    expect(lifeOf(secure(nsecOf(tree, zone, 3000)), authority)).toBe(200);
  });

  test('is kept only when it is secure, may be kept, and is one record', () => {
    const { tree, zone, lifeOf, secure } = caseOf();
    const good = secure(nsecOf(tree, zone, 100));
    const two = tree.set(zone, 'a.test.', TYPE.NSEC, ['z.test. A RRSIG NSEC', 'm.test. A RRSIG NSEC']);
    expect(lifeOf({ ...good, verdict: null })).toBeNull();
    expect(lifeOf({ ...good, notKept: true })).toBeNull();
    expect(lifeOf(secure(two))).toBeNull();
    expect(lifeOf(secure(tree.set(zone, 'a.test.', TYPE.TXT, 'x')))).toBeNull();
    expect(lifeOf(good)).toBe(100);
  });

  test('with more iterations than may be looked for, or than the zone may have, is not kept', () => {
    for (const [iterations, most, isKept] of [
      [50, 150, true],
      [51, 150, false],
      [20, 20, true],
      [21, 20, false],
    ] as const) {
      const { tree, zone, lifeOf, secure } = caseOf();
      const hashed = tree.nsec3(zone, { from: 'test.', to: 'test.', shiftTo: 1 }, 'NS SOA', { iterations });
      expect(lifeOf(secure(hashed), [], most) !== null).toBe(isKept);
    }
  });

  test('stands at its owner', () => {
    const { tree, zone, denials, lifeOf, secure } = caseOf();
    lifeOf(secure(nsecOf(tree, zone, 100)));
    const known = denials.find(zone.name);
    const at = known?.match(mustParseName('a.test.')) ?? -1;
    expect(rrsetOwner(denials.read(at).ranked.rrset)).toEqual(mustParseName('a.test.'));
    expect(known?.match(mustParseName('b.test.'))).toBe(-1);
  });
});
