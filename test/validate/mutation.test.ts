/**
 * Proves that changed data is never secure: a signed answer with any one octet changed, a denial with any record dropped,
 * doubled, moved to another place or taken from another zone.
 */

import { describe, expect, test } from 'vitest';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { formatName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import {
  packRRset,
  type RRset,
  rdatasOf,
  rrsetClass,
  rrsetOwner,
  rrsetType,
  sameRdatas,
  signaturesOf,
} from '../../src/wire/rrset.ts';
import { makeKey } from '../dnssec/signing.ts';
import { outcomeOf, SignedTree, type TestZone } from './signed-tree.ts';

function mutated(octets: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = Uint8Array.from(octets);
  copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  return copy;
}

/** Every set that differs from this one in one bit of its rdatas or signatures. */
function* neighbours(rrset: RRset): Generator<RRset> {
  const parts = { owner: rrsetOwner(rrset), type: rrsetType(rrset), class: rrsetClass(rrset) };
  const rdatas = rdatasOf(rrset);
  const signatures = signaturesOf(rrset);
  for (const [i, rdata] of rdatas.entries()) {
    for (let at = 0; at < rdata.length * 8; at++) {
      const changed = rdatas.with(i, mutated(rdata, at >> 3, at & 7));
      yield packRRset({ ...parts, rdatas: changed, signatures });
    }
  }
  for (const [i, signature] of signatures.entries()) {
    for (let at = 0; at < signature.length * 8; at++) {
      const changed = signatures.with(i, mutated(signature, at >> 3, at & 7));
      yield packRRset({ ...parts, rdatas, signatures: changed });
    }
  }
}

describe.each([13, 15])('an answer signed with algorithm %i', (algorithm) => {
  test('is never secure with one bit of data or signature changed', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { keys: [makeKey(algorithm)] });
    const good = tree.set(zone, 'www.test.', TYPE.A, ['192.0.2.7', '192.0.2.8']);
    let tried = 0;
    for (const rrset of neighbours(good.rrset)) {
      tree.rrsets.clear();
      const { verdict } = await tree.validate(tree.found('www.test.', TYPE.A, [{ ...good, rrset }]));
      tried++;
      if (verdict.status !== 'secure') continue;
      // The case of the signer's name is not signed (RFC 4034 §3.1.7): such a set says the same.
      expect(sameRdatas(rrset, good.rrset)).toBe(true);
    }
    expect(tried).toBeGreaterThan(700);
  });
});

describe('a name error', () => {
  interface World {
    readonly tree: SignedTree;
    readonly zone: TestZone;
    readonly authority: readonly RankedRRset[];
  }

  const around = (name: string) => ({ from: name, shift: -1, to: name, shiftTo: 1 });

  function world(kind: 'nsec' | 'nsec3'): World {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const proof =
      kind === 'nsec'
        ? [tree.nsec(zone, 'a.test.', 'z.test.', 'A'), tree.nsec(zone, 'test.', 'a.test.', 'NS SOA')]
        : [
            tree.nsec3(zone, { from: 'test.', to: 'test.', shiftTo: 1 }, 'NS SOA'),
            tree.nsec3(zone, around('www.test.'), 'A'),
            tree.nsec3(zone, around('*.test.'), 'A'),
          ];
    return { tree, zone, authority: proof };
  }

  async function outcome({ tree }: World, authority: readonly RankedRRset[]): Promise<string> {
    tree.rrsets.clear();
    return outcomeOf(await tree.validate(tree.denied('www.test.', TYPE.A, authority, { kind: 'nxdomain' })));
  }

  test.each(['nsec', 'nsec3'] as const)('by %s needs every record, in any order, however often', async (kind) => {
    const w = world(kind);
    expect(await outcome(w, w.authority)).toBe('secure');
    expect(await outcome(w, w.authority.toReversed())).toBe('secure');
    expect(await outcome(w, [...w.authority, ...w.authority])).toBe('secure');
    for (const dropped of w.authority) {
      const rest = w.authority.filter((ranked) => ranked !== dropped);
      expect(await outcome(w, rest)).toMatch(/^bogus/);
    }
  });

  test.each(['nsec', 'nsec3'] as const)('by %s with one bit of a record changed is never secure', async (kind) => {
    const w = world(kind);
    const [first] = w.authority;
    if (first === undefined) throw new Error('no proof');
    for (const rrset of neighbours(first.rrset)) {
      const result = await outcome(w, w.authority.with(0, { ...first, rrset }));
      if (result === 'secure') expect(sameRdatas(rrset, first.rrset)).toBe(true);
    }
  });

  test.each(['nsec', 'nsec3'] as const)('by %s with the records of another zone is bogus', async (kind) => {
    const w = world(kind);
    const other = w.tree.zone('other.', w.tree.root);
    const foreign = w.authority.map(({ rrset }) =>
      w.tree.signRdatas(other, formatName(rrsetOwner(rrset)), rrsetType(rrset), rdatasOf(rrset)),
    );
    expect(await outcome(w, foreign)).toMatch(/^bogus/);
  });
});
