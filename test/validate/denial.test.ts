/** Proves what denials are worth: NSEC and NSEC3, wildcards, opt-out, DS at cuts, wrong zones, the SOA beside them. */

import { describe, expect, test } from 'vitest';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { makeKey } from '../dnssec/signing.ts';
import { dsAnchor, outcomeOf, SignedTree, type TestZone, TTL } from './signed-tree.ts';

interface Case {
  readonly tree: SignedTree;
  readonly zone: TestZone;
}

function caseOf(): Case {
  const tree = new SignedTree();
  return { tree, zone: tree.zone('test.', tree.root) };
}

type Sets = (c: Case) => RankedRRset[];

async function nodata(sets: Sets, type: number = TYPE.TLSA, owner = 'www.test.'): Promise<string> {
  const c = caseOf();
  return outcomeOf(await c.tree.validate(c.tree.denied(owner, type, [c.tree.soa(c.zone), ...sets(c)])));
}

async function nxdomain(sets: Sets, owner = 'www.test.'): Promise<string> {
  const c = caseOf();
  const authority = [c.tree.soa(c.zone), ...sets(c)];
  return outcomeOf(await c.tree.validate(c.tree.denied(owner, TYPE.TLSA, authority, { kind: 'nxdomain' })));
}

describe('a record that was proven before', () => {
  test('by another zone says nothing for this one', async () => {
    const denied = async (isOther: boolean) => {
      const c = caseOf();
      const sub = c.tree.zone('sub.test.', c.zone);
      const nsec = c.tree.nsec(isOther ? sub : c.zone, 'a.sub.test.', 'z.sub.test.', 'A RRSIG NSEC');
      const own = c.tree.nsec(c.zone, 'test.', 'a.sub.test.', 'NS SOA RRSIG NSEC');
      const authority = [c.tree.soa(c.zone), own, { ...nsec, verdict: SECURE }];
      return outcomeOf(await c.tree.validate(c.tree.denied('b.sub.test.', TYPE.DS, authority, { kind: 'nxdomain' })));
    };
    expect(await denied(false)).toBe('secure');
    expect(await denied(true)).not.toBe('secure');
  });
});

describe('NODATA by NSEC', () => {
  test('is secure when the record at the name lacks the type', async () => {
    expect(await nodata(({ tree, zone }) => [tree.nsec(zone, 'www.test.', 'x.test.', 'A RRSIG NSEC')])).toBe('secure');
  });
  test('is secure for an empty non-terminal', async () => {
    expect(await nodata(({ tree, zone }) => [tree.nsec(zone, 'test.', 'a.www.test.', 'NS SOA')])).toBe('secure');
  });
  test('is secure when the wildcard lacks the type and the name does not exist', async () => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec(zone, '*.test.', 'zz.test.', 'A RRSIG NSEC')];
    expect(await nodata(sets)).toBe('secure');
  });
  test('is bogus when the type is there', async () => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec(zone, 'www.test.', 'x.test.', 'TLSA RRSIG NSEC')];
    expect(await nodata(sets)).toBe('bogus denial-wrong');
  });
  test.each<[string, number, string, string]>([
    ['ANY where types are listed', TYPE.ANY, 'A RRSIG NSEC', 'bogus denial-wrong'],
    ['ANY where there are none besides those of the denial', TYPE.ANY, 'RRSIG NSEC', 'secure'],
    ['MAILB where a mailbox is listed', TYPE.MAILB, 'MB RRSIG NSEC', 'bogus denial-wrong'],
    ['MAILA where an obsolete mail server is listed', TYPE.MAILA, 'MD RRSIG NSEC', 'bogus denial-wrong'],
    ['DS of an alias', TYPE.DS, 'CNAME RRSIG NSEC', 'bogus denial-wrong'],
    ['DS of a plain name', TYPE.DS, 'A RRSIG NSEC', 'secure'],
  ])('for %s is what the list of types makes it', async (_what, type, types, expected) => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec(zone, 'www.test.', 'x.test.', types)];
    expect(await nodata(sets, type)).toBe(expected);
  });
  test.each([
    ['DS of a name that a wildcard alias makes', TYPE.DS, 'CNAME RRSIG NSEC'],
    ['ANY of a name that a wildcard makes', TYPE.ANY, 'A RRSIG NSEC'],
  ])('for %s is bogus', async (_what, type, types) => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec(zone, '*.test.', 'zz.test.', types)];
    expect(await nodata(sets, type)).toBe('bogus denial-wrong');
  });
  test('is bogus when the record is about another name', async () => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec(zone, 'a.test.', 'b.test.', 'A RRSIG NSEC')];
    expect(await nodata(sets)).toBe('bogus denial-wrong');
  });
  test('is bogus without any record', async () => {
    expect(await nodata(() => [])).toBe('bogus denial-missing');
  });
  test('is bogus when the record is not signed', async () => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec(zone, 'www.test.', 'x.test.', 'A', { keys: [] })];
    expect(await nodata(sets)).toBe('bogus no-signature');
  });
  test('is bogus when the record is signed by a stranger', async () => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec(zone, 'www.test.', 'x.test.', 'A', { keys: [makeKey(15)] })];
    expect(await nodata(sets)).toBe('bogus no-matching-key');
  });
  test('is bogus when the record comes from the parent side of a cut', async () => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec(zone, 'www.test.', 'x.test.', 'NS RRSIG NSEC')];
    expect(await nodata(sets, TYPE.A)).toBe('bogus denial-wrong');
  });
  test('is bogus when the record is the zone above speaking of a delegation', async () => {
    const sets: Sets = ({ tree }) => [tree.nsec(tree.root, 'test.', 'u.', 'NS DS RRSIG NSEC')];
    expect(await nodata(sets)).toBe('bogus denial-wrong');
  });
  test('is insecure below a proven insecure cut', async () => {
    const tree = new SignedTree();
    tree.zone('plain.', tree.root, { ds: null });
    expect(outcomeOf(await tree.validate(tree.denied('www.plain.', TYPE.A, [])))).toBe('insecure no-ds-proven');
  });
});

describe('NXDOMAIN by NSEC', () => {
  test('is secure when name and wildcard are covered', async () => {
    const sets: Sets = ({ tree, zone }) => [
      tree.nsec(zone, 'a.test.', 'z.test.', 'A RRSIG NSEC'),
      tree.nsec(zone, 'test.', 'a.test.', 'NS SOA RRSIG NSEC'),
    ];
    expect(await nxdomain(sets)).toBe('secure');
  });
  test('is bogus when the wildcard is not denied', async () => {
    expect(await nxdomain(({ tree, zone }) => [tree.nsec(zone, 'a.test.', 'z.test.', 'A')])).toBe('bogus denial-wrong');
  });
  test('is bogus when the record at the name shows that it exists with the type', async () => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec(zone, 'www.test.', 'x.test.', 'TLSA RRSIG NSEC')];
    expect(await nxdomain(sets)).toBe('bogus denial-wrong');
  });
  test('goes out as NODATA when the records show that the name exists without the type', async () => {
    const { tree, zone } = caseOf();
    const authority = [tree.nsec(zone, 'www.test.', 'x.test.', 'A RRSIG NSEC')];
    const validated = await tree.validate(tree.denied('www.test.', TYPE.TLSA, authority, { kind: 'nxdomain' }));
    expect(outcomeOf(validated)).toBe('secure');
    expect(validated.found.end).toMatchObject({ kind: 'nodata', rcode: RCODE.NOERROR });
  });
  test('of an island of trust is secure by the whole proof of the zone above, never by an opt-out span', async () => {
    for (const [optOut, expected] of [
      [false, 'secure'],
      [true, 'indeterminate chain-data-unreachable'],
    ] as const) {
      const { tree, zone } = caseOf();
      tree.anchors.add({ ...dsAnchor(zone), zone: mustParseName('island.test.') });
      const authority = [
        tree.nsec3(zone, { from: 'test.', to: 'test.', shiftTo: 1 }, 'NS SOA RRSIG'),
        tree.nsec3(zone, { from: 'island.test.', shift: -1, to: 'island.test.', shiftTo: 1 }, 'A', { optOut }),
        tree.nsec3(zone, { from: '*.test.', shift: -1, to: '*.test.', shiftTo: 1 }, 'A'),
      ];
      const found = tree.denied('www.island.test.', TYPE.A, authority, { kind: 'nxdomain' });
      expect(outcomeOf(await tree.validate(found))).toBe(expected);
    }
  });
  test('is secure as a compact denial that says NXNAME', async () => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec(zone, 'www.test.', '\\000.www.test.', 'RRSIG NSEC NXNAME')];
    expect(await nxdomain(sets)).toBe('secure');
    expect(await nodata(sets)).toBe('secure');
  });
});

describe('NSEC3', () => {
  const around = (name: string) => ({ from: name, shift: -1, to: name, shiftTo: 1 });
  const at = (name: string) => ({ from: name, to: name, shiftTo: 1 });

  test('denies a type at a name', async () => {
    expect(await nodata(({ tree, zone }) => [tree.nsec3(zone, at('www.test.'), 'A RRSIG')])).toBe('secure');
  });
  test('denies a name by closest encloser, next closer and wildcard', async () => {
    const sets: Sets = ({ tree, zone }) => [
      tree.nsec3(zone, at('test.'), 'NS SOA RRSIG'),
      tree.nsec3(zone, around('www.test.'), 'A RRSIG'),
      tree.nsec3(zone, around('*.test.'), 'A RRSIG'),
    ];
    expect(await nxdomain(sets)).toBe('secure');
    expect(await nxdomain((c) => sets(c).slice(0, 2))).toBe('bogus denial-wrong');
    expect(await nxdomain((c) => sets(c).slice(1))).toBe('bogus denial-wrong');
  });
  test('with an opt-out span over the next closer name makes the denial insecure', async () => {
    const sets: Sets = ({ tree, zone }) => [
      tree.nsec3(zone, at('test.'), 'NS SOA RRSIG'),
      tree.nsec3(zone, around('www.test.'), 'A RRSIG', { optOut: true }),
      tree.nsec3(zone, around('*.test.'), 'A RRSIG'),
    ];
    expect(await nxdomain(sets)).toBe('insecure opt-out');
  });
  test('with too many iterations makes the denial insecure', async () => {
    const sets: Sets = ({ tree, zone }) => [tree.nsec3(zone, at('www.test.'), 'A RRSIG', { iterations: 151 })];
    expect(await nodata(sets)).toBe('insecure nsec3-iterations-high');
  });
  test('within the iteration limit is taken', async () => {
    const sets: Sets = ({ tree, zone }) => [
      tree.nsec3(zone, { from: 'www.test.', to: 'www.test.', shiftTo: 1 }, 'A RRSIG', { iterations: 150 }),
    ];
    expect(await nodata(sets)).toBe('secure');
  });
});

describe('the SOA of a denial', () => {
  const nsec: Sets = ({ tree, zone }) => [tree.nsec(zone, 'www.test.', 'x.test.', 'A RRSIG NSEC')];

  test('must be signed', async () => {
    const c = caseOf();
    const authority = [c.tree.soa(c.zone, { keys: [] }), ...nsec(c)];
    expect(outcomeOf(await c.tree.validate(c.tree.denied('www.test.', TYPE.TLSA, authority)))).toBe(
      'bogus no-signature',
    );
  });
  test('must be that of the zone that denies', async () => {
    const c = caseOf();
    const authority = [c.tree.soa(c.tree.root), ...nsec(c)];
    const outcome = outcomeOf(await c.tree.validate(c.tree.denied('www.test.', TYPE.TLSA, authority)));
    expect(outcome).toBe('bogus signer-not-allowed');
  });
  test('shortens the life of the denial with its signature', async () => {
    const c = caseOf();
    const short = c.tree.soa(c.zone, { originalTtl: 60 });
    const { found } = await c.tree.validate(c.tree.denied('www.test.', TYPE.TLSA, [short, ...nsec(c)]));
    expect(found.end.expiresAt - c.tree.clock.unixSeconds()).toBe(60);
    expect(TTL).toBeGreaterThan(60);
  });
  test('may be missing, and unsigned NS sets beside it are left out', async () => {
    const c = caseOf();
    const authority = [c.tree.set(c.zone, 'test.', TYPE.NS, 'ns.evil.', { keys: [] }), ...nsec(c)];
    const validated = await c.tree.validate(c.tree.denied('www.test.', TYPE.TLSA, authority));
    expect(outcomeOf(validated)).toBe('secure');
    expect(validated.found.end.authority).toHaveLength(1);
  });
});

describe('denial records that were verified before', () => {
  test('cost no signature check again, but only for the zone that signed them', async () => {
    const c = caseOf();
    const nsec = c.tree.nsec(c.zone, 'www.test.', 'x.test.', 'A RRSIG NSEC');
    const { found } = await c.tree.validate(c.tree.denied('www.test.', TYPE.TLSA, [nsec]));
    const before = c.tree.counters.get('valops');
    expect(outcomeOf(await c.tree.validate(found))).toBe('secure');
    expect(c.tree.counters.get('valops')).toBe(before);
    const other = c.tree.zone('other.', c.tree.root);
    const stolen = { ...c.tree.nsec(other, 'www.test.', 'x.test.', 'A RRSIG NSEC'), verdict: SECURE };
    const outcome = outcomeOf(await c.tree.validate(c.tree.denied('www.test.', TYPE.TLSA, [stolen])));
    expect(outcome).toBe('bogus denial-wrong');
  });
});

describe('the denial of a DS', () => {
  test('is secure from the parent', async () => {
    const { tree } = caseOf();
    const nsec = tree.nsec(tree.root, 'plain.', 'q.', 'NS RRSIG NSEC');
    const validated = await tree.validate(tree.denied('plain.', TYPE.DS, [tree.soa(tree.root), nsec]));
    expect(outcomeOf(validated)).toBe('secure');
  });
  test('is refused from the child', async () => {
    const { tree, zone } = caseOf();
    const nsec = tree.nsec(zone, 'test.', 'a.test.', 'NS SOA RRSIG NSEC DNSKEY');
    const validated = await tree.validate(tree.denied('test.', TYPE.DS, [tree.soa(zone), nsec]));
    expect(outcomeOf(validated)).toBe('bogus denial-wrong');
  });
});
