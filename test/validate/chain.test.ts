/** Proves the walk of trust: anchors, DS and DNSKEY faults, insecure cuts, other servers, caching, dates, limits. */

import { describe, expect, test } from 'vitest';
import type { IterationResult } from '../../src/terms/iteration-result.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import type { BogusReason } from '../../src/terms/verdict.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { createValidate, type Validated } from '../../src/validate/validate-answer.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { keyTag } from '../../src/wire/rdata-dnskey.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { Budget } from '../../src/work/budget.ts';
import { INCEPTION, makeKey, NOW, type SigningKey } from '../dnssec/signing.ts';
import { DEFAULT_ALLOWANCE, DEFAULT_VALIDATE_OPTIONS } from '../support/default-options.ts';
import { dsAnchor, dsOf, outcomeOf, SignedTree, type TestZone, type ZoneChoices } from './signed-tree.ts';

/** An A record of a zone, signed or not, validated. */
async function askA(tree: SignedTree, zone: TestZone, owner: string, keys?: readonly SigningKey[]): Promise<Validated> {
  const ranked = tree.set(zone, owner, TYPE.A, '192.0.2.7', keys === undefined ? {} : { keys });
  return await tree.validate(tree.found(owner, TYPE.A, [ranked]));
}

async function outcomeWith(choices: ZoneChoices): Promise<string> {
  const tree = new SignedTree();
  return deepOutcome(await askA(tree, tree.zone('test.', tree.root, choices), 'www.test.'));
}

/** As `outcomeOf`, with the reason of the zone above when that is what is broken. */
function deepOutcome(validated: Validated): string {
  const { verdict } = validated;
  const isAbove = verdict.status === 'bogus' && verdict.why.kind === 'chain-broken-above';
  return isAbove ? `above ${(verdict.why as Extract<BogusReason, { of: BogusReason }>).of.kind}` : outcomeOf(validated);
}

const failed: IterationResult = {
  kind: 'failed',
  why: { kind: 'no-reachable-server', zone: 'test.', networkError: true, tried: '' },
};

describe('a zone', () => {
  const name = mustParseName('test.');

  test.each([8, 10, 13, 14, 15, 16])('signed with algorithm %i is secure', async (algorithm) => {
    expect(await outcomeWith({ keys: [makeKey(algorithm)] })).toBe('secure');
  });
  test.each([1, 2, 4] as const)('with a DS of digest type %i is secure', async (digestType) => {
    const key = makeKey(15);
    expect(await outcomeWith({ keys: [key], ds: [dsOf(name, key, digestType)] })).toBe('secure');
  });
  test('with a DS of an unknown algorithm only is insecure', async () => {
    const ds = dsOf(name, makeKey(15));
    ds[2] = 200;
    expect(await outcomeWith({ ds: [ds] })).toBe('insecure algorithm-unsupported');
  });
  test('with a DS of an unknown digest only is insecure', async () => {
    const ds = dsOf(name, makeKey(15));
    ds[3] = 200;
    expect(await outcomeWith({ ds: [ds] })).toBe('insecure digest-unsupported');
  });
  test('without DS is insecure, and so is all below it', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { ds: null });
    expect(outcomeOf(await askA(tree, zone, 'a.b.c.test.', []))).toBe('insecure no-ds-proven');
    expect(outcomeOf(await askA(tree, zone, 'www.test.'))).toBe('insecure no-ds-proven');
  });
  test('without DS, known by the NSEC of its referral, costs no question', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { ds: null });
    tree.rrsets.store(tree.nsec(tree.root, 'test.', 'u.', 'NS RRSIG NSEC'));
    expect(outcomeOf(await askA(tree, zone, 'www.test.', []))).toBe('insecure no-ds-proven');
    expect(tree.asked.map(({ question }) => question.type)).toEqual([TYPE.DNSKEY]);
  });
  test('in an opt-out span is insecure', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const at = { from: 'test.', to: 'test.', shiftTo: 1 };
    const around = { from: 'sub.test.', shift: -1, to: 'sub.test.', shiftTo: 1 };
    const proof = [tree.nsec3(zone, at, 'NS SOA RRSIG'), tree.nsec3(zone, around, 'NS', { optOut: true })];
    tree.deny('sub.test.', TYPE.DS, proof);
    expect(outcomeOf(await askA(tree, zone, 'www.sub.test.', []))).toBe('insecure opt-out');
  });
  test('whose DS names no key of it is bogus', async () => {
    expect(await outcomeWith({ ds: [dsOf(name, makeKey(15))] })).toBe('above no-dnskey-matches-ds');
  });
  test.each<[string, number, number, string]>([
    ['that is no zone key', 0x0001, 3, 'above zone-key-bit-missing'],
    ['that is revoked', 0x0181, 3, 'above key-revoked'],
    ['with another protocol', 0x0101, 4, 'above key-protocol-wrong'],
  ])('whose DS names a key %s is bogus', async (_what, flags, protocol, expected) => {
    expect(await outcomeWith({ keys: [makeKey(15, { flags, protocol })] })).toBe(expected);
  });
  test('whose DNSKEY set its trusted key did not sign is bogus', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const [key] = zone.keys;
    const rdatas = zone.keys.map(({ rdata }) => rdata);
    tree.answer('test.', TYPE.DNSKEY, [tree.signRdatas(zone, 'test.', TYPE.DNSKEY, rdatas, { keys: [] })]);
    expect(deepOutcome(await askA(tree, zone, 'www.test.'))).toBe('above no-signature');
    expect(key).toBeDefined();
  });
  test('without DNSKEY set is bogus', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    tree.deny('test.', TYPE.DNSKEY, []);
    expect(deepOutcome(await askA(tree, zone, 'www.test.'))).toBe('above no-dnskey');
  });
  test('whose DS denial is not proven is bogus', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    tree.deny('test.', TYPE.DS, []);
    expect(deepOutcome(await askA(tree, zone, 'www.test.', []))).toBe('above denial-missing');
  });
  test('whose chain data no server gives is indeterminate, and asked for again by the next question', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    tree.reply('test.', TYPE.DNSKEY, failed);
    const { verdict } = await askA(tree, zone, 'www.test.');
    const why = { kind: 'chain-data-unreachable', zone: 'test.', data: 'DNSKEY', how: 'network-error' };
    expect(verdict).toEqual({ status: 'indeterminate', why });
    expect(tree.keys.find(mustParseName('test.'))).toBeNull();
  });
  test('with a key whose octets are none of its algorithm is bogus: its DS can be used', async () => {
    const key = makeKey(13);
    const rdata = key.rdata.slice(0, 20);
    const broken = { ...key, rdata, keyTag: keyTag(rdata) };
    expect(await outcomeWith({ keys: [broken] })).toBe('above key-unusable');
  });
  test('in a rollover is secure by the key that fits, whichever DS comes first', async () => {
    const [old, fresh] = [makeKey(15), makeKey(13)];
    expect(await outcomeWith({ keys: [old, fresh], ds: [dsOf(name, makeKey(13)), dsOf(name, fresh)] })).toBe('secure');
  });
  test('whose name is an alias inside the zone above goes on as that zone', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const alias = tree.set(zone, 'c.test.', TYPE.CNAME, 'x.test.');
    tree.answer('c.test.', TYPE.DS, [alias]);
    expect(outcomeOf(await askA(tree, zone, 'c.test.', []))).toBe('bogus no-signature');
  });
});

describe('a key set that is not what the DS set says', () => {
  const name = mustParseName('test.');
  /** A key of 20 octets where its algorithm has 64: it fits its DS, and no signature can be checked with it. */
  function brokenKey(): SigningKey {
    const key = makeKey(13);
    const rdata = key.rdata.slice(0, 20);
    return { ...key, rdata, keyTag: keyTag(rdata) };
  }

  test('is bogus when only the unusable one of two keys is shown', async () => {
    const [good, broken] = [makeKey(15), brokenKey()];
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { keys: [good], ds: [dsOf(name, good), dsOf(name, broken)] });
    tree.answer('test.', TYPE.DNSKEY, [tree.signRdatas(zone, 'test.', TYPE.DNSKEY, [broken.rdata], { keys: [] })]);
    expect(deepOutcome(await askA(tree, zone, 'www.test.', []))).toBe('above key-unusable');
  });

  test('is secure when the usable key signed, wherever the other stands', async () => {
    const [good, broken] = [makeKey(15), brokenKey()];
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { keys: [good], ds: [dsOf(name, broken), dsOf(name, good)] });
    const both = [broken.rdata, good.rdata];
    tree.answer('test.', TYPE.DNSKEY, [tree.signRdatas(zone, 'test.', TYPE.DNSKEY, both, { keys: [good] })]);
    expect(deepOutcome(await askA(tree, zone, 'www.test.'))).toBe('secure');
  });

  test('is bogus when no DS of a supported kind fits, though others are unsupported', async () => {
    const unknown = dsOf(name, makeKey(15));
    unknown[2] = 200;
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { ds: [unknown, dsOf(name, makeKey(15))] });
    expect(deepOutcome(await askA(tree, zone, 'www.test.', []))).toBe('above no-dnskey-matches-ds');
  });

  test('keeps the key that a DS names, however many others stand before it', async () => {
    const named = makeKey(15);
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { keys: [named] });
    const many = Array.from({ length: 100 }, () => makeKey(15, { flags: 0x0100 }).rdata);
    tree.answer('test.', TYPE.DNSKEY, [tree.signRdatas(zone, 'test.', TYPE.DNSKEY, [...many, named.rdata])]);
    expect(deepOutcome(await askA(tree, zone, 'www.test.'))).toBe('secure');
  });

  test('finds the one of many named keys that signed', async () => {
    const keys = Array.from({ length: 12 }, () => makeKey(15));
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { keys });
    const last = keys.slice(-1);
    const rdatas = keys.map(({ rdata }) => rdata);
    tree.answer('test.', TYPE.DNSKEY, [tree.signRdatas(zone, 'test.', TYPE.DNSKEY, rdatas, { keys: last })]);
    expect(deepOutcome(await askA(tree, zone, 'www.test.', last))).toBe('secure');
  });
});

describe('an alias where a DS is looked for', () => {
  /** `*.test. CNAME` as it answers for `c.test.`. */
  async function outcomeWithProof(
    makeProof: (tree: SignedTree, zone: TestZone) => readonly RankedRRset[],
  ): Promise<string> {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const alias = tree.set(zone, 'c.test.', TYPE.CNAME, 'x.test.', { labels: 1 });
    tree.reply('c.test.', TYPE.DS, tree.found('c.test.', TYPE.DS, [alias], { authority: makeProof(tree, zone) }));
    return deepOutcome(await askA(tree, zone, 'www.c.test.', []));
  }

  test('made by a wildcard proves nothing without its proof', async () => {
    expect(await outcomeWithProof(() => [])).toBe('above wildcard-unproven');
  });
  test('made by a wildcard proves nothing where the name is shown to exist', async () => {
    const proof = (tree: SignedTree, zone: TestZone) => [tree.nsec(zone, 'c.test.', 'd.test.', 'NS RRSIG NSEC')];
    expect(await outcomeWithProof(proof)).toBe('above wildcard-unproven');
  });
  test('made by a wildcard proves that there is no cut when the name is shown not to exist', async () => {
    const proof = (tree: SignedTree, zone: TestZone) => [tree.nsec(zone, 'b.test.', 'd.test.', 'A RRSIG NSEC')];
    expect(await outcomeWithProof(proof)).toBe('bogus no-signature');
  });
  test('by the zone below, proven as such before, is no word of the zone above', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const sub = tree.zone('sub.test.', zone);
    const alias = tree.set(sub, 'sub.test.', TYPE.CNAME, 'x.test.');
    const asCname = await tree.validate(tree.found('sub.test.', TYPE.CNAME, [alias]));
    expect(outcomeOf(asCname)).toBe('secure');
    const step = tree.cname({ ...alias, verdict: SECURE }, 'sub.test.', 'x.test.');
    const asked = { ...step, question: { ...step.question, type: TYPE.DS } };
    const denial = [tree.soa(zone), tree.nsec(zone, 'x.test.', 'z.test.', 'A RRSIG NSEC')];
    const found = tree.denied('x.test.', TYPE.DS, denial);
    expect((await tree.validate(found)).verdict.status).toBe('secure');
    expect((await tree.validate({ ...found, aliases: [asked] })).verdict.status).toBe('bogus');
  });
  test('is forgotten with its verdict', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const alias = tree.set(zone, 'c.test.', TYPE.CNAME, 'x.test.', { labels: 1 });
    tree.answer('c.test.', TYPE.DS, [tree.rrsets.store(alias)]);
    await askA(tree, zone, 'www.c.test.', []);
    await tree.clock.advance(61_000);
    expect(tree.rrsets.find(mustParseName('c.test.'), TYPE.CNAME, CLASS.IN)).toBeNull();
  });
});

describe('a signature of a zone above a cut', () => {
  /** A tree where `sub.test.` is known to be a zone. */
  async function treeWithCut(choices: ZoneChoices = {}) {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const sub = tree.zone('sub.test.', zone, choices);
    await askA(tree, sub, 'first.sub.test.', choices.ds === null ? [] : undefined);
    return { tree, zone, sub };
  }

  test('is none of the data below it', async () => {
    const { tree, zone } = await treeWithCut();
    expect(outcomeOf(await askA(tree, zone, 'www.sub.test.'))).toBe('bogus signer-not-allowed');
  });
  test('nor does it deny what is below it', async () => {
    const { tree, zone } = await treeWithCut();
    const proof = [
      tree.nsec(zone, 'a.test.', 'z.test.', 'A RRSIG NSEC'),
      tree.nsec(zone, 'test.', 'a.test.', 'NS SOA'),
    ];
    const denied = tree.denied('www.sub.test.', TYPE.A, proof, { kind: 'nxdomain' });
    expect((await tree.validate(denied)).verdict.status).toBe('bogus');
  });
  test('makes nothing secure below an unsigned delegation', async () => {
    const { tree, zone } = await treeWithCut({ ds: null });
    expect(outcomeOf(await askA(tree, zone, 'www.sub.test.'))).toBe('insecure no-ds-proven');
  });
  test('counts again when the cut is gone', async () => {
    const { tree, zone } = await treeWithCut();
    tree.deny('sub.test.', TYPE.DS, [tree.nsec(zone, 'sub.test.', 'z.test.', 'A RRSIG NSEC')]);
    expect(outcomeOf(await askA(tree, zone, 'www.sub.test.'))).toBe('secure');
  });
  test('that denies a zone with an anchor of its own does not take that anchor away', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const island = tree.zone('sub.test.', zone, { ds: null });
    tree.anchors.add(dsAnchor(island));
    expect(outcomeOf(await askA(tree, island, 'www.sub.test.'))).toBe('secure');
    const proof = [tree.nsec(zone, 'test.', 'z.test.', 'NS SOA RRSIG NSEC')];
    await tree.validate(tree.denied('gone.sub.test.', TYPE.A, proof, { kind: 'nxdomain' }));
    expect(outcomeOf(await askA(tree, island, 'next.sub.test.'))).toBe('secure');
    expect(outcomeOf(await askA(tree, island, 'last.sub.test.', []))).toBe('bogus no-signature');
  });
  test('is as good as ever where no cut is known', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    expect(outcomeOf(await askA(tree, zone, 'www.sub.test.'))).toBe('secure');
    expect(tree.asked.filter(({ question }) => question.type === TYPE.DS)).toHaveLength(1);
  });
});

describe('harden-algo-downgrade', () => {
  async function outcomeOfHalfSigned(hardenAlgoDowngrade: boolean): Promise<string> {
    const tree = new SignedTree();
    tree.options = { ...tree.options, hardenAlgoDowngrade };
    const zone = tree.zone('test.', tree.root, { keys: [makeKey(15), makeKey(13)] });
    return outcomeOf(await askA(tree, zone, 'www.test.', zone.keys.slice(0, 1)));
  }
  test('off: one good signature will do', async () => {
    expect(await outcomeOfHalfSigned(false)).toBe('secure');
  });
  test('on: each announced algorithm must have signed', async () => {
    expect(await outcomeOfHalfSigned(true)).toBe('bogus algorithm-missing');
  });
});

describe('anchors', () => {
  test('are needed: without one above, data is insecure', async () => {
    const tree = new SignedTree();
    tree.anchors.remove(tree.root.name);
    expect(outcomeOf(await askA(tree, tree.root, 'www.'))).toBe('insecure no-anchor');
  });
  test('of an island of trust count there, without the zones above', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { ds: null });
    const island = tree.zone('island.test.', zone, { ds: null });
    tree.anchors.add(dsAnchor(island));
    expect(outcomeOf(await askA(tree, island, 'www.island.test.'))).toBe('secure');
    expect(outcomeOf(await askA(tree, zone, 'www.test.', []))).toBe('insecure no-ds-proven');
  });
  test('of an island are not gone round by a signer above it', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { ds: null });
    const island = tree.zone('island.test.', zone, { ds: null });
    tree.anchors.add(dsAnchor(island));
    const forged = tree.set(zone, 'www.island.test.', TYPE.A, '192.0.2.66');
    const validated = await tree.validate(tree.found('www.island.test.', TYPE.A, [forged]));
    expect(outcomeOf(validated)).toBe('bogus signer-not-allowed');
  });
  test('may be DNSKEY records', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { ds: null });
    const [key] = zone.keys;
    tree.anchors.add({ zone: zone.name, type: 'DNSKEY', rdata: key?.rdata ?? new Uint8Array() });
    expect(outcomeOf(await askA(tree, zone, 'www.test.'))).toBe('secure');
  });
  test('that are negative make all below insecure, also what was proven before', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const ranked = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.7');
    const { found } = await tree.validate(tree.found('www.test.', TYPE.A, [ranked]));
    tree.anchors.addNegative(zone.name);
    expect(outcomeOf(await tree.validate(found))).toBe('insecure negative-anchor');
    expect(tree.anchors.removeNegative(zone.name)).toBe(true);
    expect(outcomeOf(await tree.validate(found))).toBe('secure');
  });
  test('whose zone lost its keys are bogus, or let pass when harden-dnssec-stripped is off', async () => {
    for (const hardenDnssecStripped of [true, false]) {
      const tree = new SignedTree();
      tree.options = { ...tree.options, hardenDnssecStripped };
      tree.deny('.', TYPE.DNSKEY, []);
      const outcome = deepOutcome(await askA(tree, tree.root, 'www.', []));
      expect(outcome).toBe(hardenDnssecStripped ? 'above no-dnskey' : 'insecure no-anchor');
    }
  });
});

describe('one lying server among several', () => {
  test('is not asked again for keys, and the honest one makes the zone secure', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const rdatas = zone.keys.map(({ rdata }) => rdata);
    const honest = tree.signRdatas(zone, 'test.', TYPE.DNSKEY, rdatas, { server: '192.0.2.2@53' });
    const lying = tree.signRdatas(zone, 'test.', TYPE.DNSKEY, rdatas, { keys: [], server: '192.0.2.1@53' });
    tree.reply('test.', TYPE.DNSKEY, (options) =>
      tree.found('test.', TYPE.DNSKEY, [options?.avoid?.has('192.0.2.1@53') ? honest : lying]),
    );
    expect(outcomeOf(await askA(tree, zone, 'www.test.'))).toBe('secure');
  });
  test('is not blamed for a referral that proved too little: it is asked for the DS itself', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root, { ds: null });
    const remembered = tree.denied('test.', TYPE.DS, [tree.nsec(tree.root, 'a.', 'b.', 'NS')], { expiresAt: NOW });
    const asked = tree.denied('test.', TYPE.DS, [tree.nsec(tree.root, 'test.', 'u.', 'NS RRSIG NSEC')]);
    tree.reply('test.', TYPE.DS, (options) => ((options?.avoid?.size ?? 0) > 0 ? asked : remembered));
    expect(outcomeOf(await askA(tree, zone, 'www.test.', []))).toBe('insecure no-ds-proven');
    expect(tree.asked.every(({ options }) => !options?.avoid?.has('192.0.2.1@53'))).toBe(true);
  });
  test('cannot keep the resolver asking: val-max-restart bounds it, and the zone is bogus for val-bogus-ttl', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    let server = 0;
    tree.reply('test.', TYPE.DNSKEY, () => {
      const ranked = tree.signRdatas(zone, 'test.', TYPE.DNSKEY, [], { keys: [], server: `192.0.2.${++server}@53` });
      return tree.found('test.', TYPE.DNSKEY, [ranked]);
    });
    expect(deepOutcome(await askA(tree, zone, 'www.test.'))).toBe('above no-dnskey-matches-ds');
    expect(server).toBe(tree.options.maxRestarts + 1);
    const known = tree.keys.find(zone.name);
    expect(known?.expiresAt).toBe(NOW + tree.options.bogusTtlSeconds);
  });
});

describe('denial records at hand', () => {
  test('prove an unsigned zone below without a question', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const at = { from: 'test.', to: 'test.', shiftTo: 1 };
    const around = { from: 'sub.test.', shift: -1, to: 'sub.test.', shiftTo: 1 };
    const authority = [tree.nsec3(zone, at, 'NS SOA'), tree.nsec3(zone, around, 'NS', { optOut: true })];
    const ranked = tree.set(zone, 'www.sub.test.', TYPE.A, '192.0.2.7', { keys: [] });
    const validated = await tree.validate(tree.found('www.sub.test.', TYPE.A, [ranked], { authority }));
    expect(outcomeOf(validated)).toBe('insecure opt-out');
    expect(tree.asked).toHaveLength(3);
  });
});

describe('val-override-date', () => {
  test('validates at the given second', async () => {
    const tree = new SignedTree();
    tree.options = { ...tree.options, signatureTime: { kind: 'fixed', unixSeconds: INCEPTION - 400_000 } };
    expect(deepOutcome(await askA(tree, tree.root, 'www.'))).toBe('above signature-not-yet-valid');
  });
  test('of -1 looks at no dates', async () => {
    const tree = new SignedTree();
    tree.options = { ...tree.options, signatureTime: { kind: 'ignored' } };
    tree.clock.calendarStands = false;
    const ranked = tree.set(tree.root, 'www.', TYPE.A, '192.0.2.7', { inception: 1000, expiration: 2000 });
    expect(outcomeOf(await tree.validate(tree.found('www.', TYPE.A, [ranked])))).toBe('secure');
  });
});

describe('KeyTrap', () => {
  /** Keys with one tag: the tag is a sum of 16-bit words, so that the order of words does not change it. */
  function collidingKeys(count: number): SigningKey[] {
    const key = makeKey(15);
    return Array.from({ length: count }, (_, i) => {
      const rdata = Uint8Array.from(key.rdata);
      const [a, b] = [4, 6 + 2 * (i % 12)];
      rdata.set(key.rdata.subarray(b, b + 2), a);
      rdata.set(key.rdata.subarray(a, a + 2), b);
      return { ...key, rdata };
    });
  }

  test('colliding keys and many signatures cost a bounded number of checks', async () => {
    const tree = new SignedTree();
    const real = makeKey(15);
    const traps = collidingKeys(12);
    const zone = tree.zone('test.', tree.root, { keys: [real, ...traps], ds: [dsOf(mustParseName('test.'), real)] });
    const before = tree.counters.get('valops');
    const bare = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.7', { keys: traps });
    const validated = await tree.validate(tree.found('www.test.', TYPE.A, [bare]));
    expect(validated.verdict.status).toBe('bogus');
    expect(tree.counters.get('valops') - before).toBeLessThanOrEqual(
      2 * DEFAULT_VALIDATE_OPTIONS.limits.signatureChecks + 2,
    );
  });
  test('too many checks of one set are said so', async () => {
    const tree = new SignedTree();
    tree.options = { ...tree.options, limits: { ...DEFAULT_VALIDATE_OPTIONS.limits, signatureChecks: 1 } };
    const key = makeKey(15);
    const liar = { ...makeKey(15), keyTag: key.keyTag };
    const zone = tree.zone('test.', tree.root, { keys: [key] });
    const ranked = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.7', {
      keys: [liar, { ...liar, sign: makeKey(15).sign }],
    });
    expect(outcomeOf(await tree.validate(tree.found('www.test.', TYPE.A, [ranked])))).toBe('bogus too-much-work');
    expect(tree.counters.get('limit.signature-checks')).toBe(1);
  });
  test('DS records that fit a tag but no key end the step', async () => {
    const tree = new SignedTree();
    const key = makeKey(15);
    const ds = Array.from({ length: 6 }, (_, i) => {
      const rdata = dsOf(mustParseName('test.'), key);
      rdata[10] = i;
      return rdata;
    });
    const zone = tree.zone('test.', tree.root, { keys: [key], ds });
    expect(deepOutcome(await askA(tree, zone, 'www.test.'))).toBe('above too-much-work');
  });
  test('the budget of the client query bounds all zones together', async () => {
    const tree = new SignedTree();
    tree.budget = new Budget({ ...DEFAULT_ALLOWANCE, 'signature-checks': 2 });
    const zone = tree.zone('test.', tree.root);
    const { verdict } = await askA(tree, zone, 'www.test.');
    expect(verdict).toEqual({ status: 'indeterminate', why: { kind: 'limit', limit: 'signature-checks' } });
  });
});

describe('questions at once', () => {
  test('share the steps of the walk', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const validate = createValidate(tree.parts());
    const founds = ['a.test.', 'b.test.', 'c.test.'].map((owner) =>
      tree.found(owner, TYPE.A, [tree.set(zone, owner, TYPE.A, '192.0.2.7')]),
    );
    const all = await Promise.all(founds.map((found) => validate(tree.work(found.end.question), found)));
    expect(all.map(outcomeOf)).toEqual(['secure', 'secure', 'secure']);
    expect(tree.asked).toHaveLength(3);
  });
  test('do not take the limit of another: each runs on its own budget', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const validate = createValidate(tree.parts());
    const found = tree.found('a.test.', TYPE.A, [tree.set(zone, 'a.test.', TYPE.A, '192.0.2.7')]);
    tree.budget = new Budget({ ...DEFAULT_ALLOWANCE, 'signature-checks': 0 });
    const poor = validate(tree.work(found.end.question), found);
    tree.budget = new Budget(DEFAULT_ALLOWANCE);
    const rich = validate(tree.work(found.end.question), found);
    expect((await poor).verdict.status).toBe('indeterminate');
    expect((await rich).verdict.status).toBe('secure');
  });

  test('whose zone lost the signatures of its keys are let pass with it too: a forwarder that knows no DNSSEC', async () => {
    for (const hardenDnssecStripped of [true, false]) {
      const tree = new SignedTree();
      tree.options = { ...tree.options, hardenDnssecStripped };
      const rdatas = tree.root.keys.map(({ rdata }) => rdata);
      tree.answer('.', TYPE.DNSKEY, [tree.signRdatas(tree.root, '.', TYPE.DNSKEY, rdatas, { keys: [] })]);
      const outcome = deepOutcome(await askA(tree, tree.root, 'www.', []));
      expect(outcome).toBe(hardenDnssecStripped ? 'above no-signature' : 'insecure no-anchor');
    }
  });
});
