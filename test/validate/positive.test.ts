/** Proves what answers with data are worth: signatures, wildcards, aliases, ANY, unsigned and insecure data, TTL caps. */

import { describe, expect, test } from 'vitest';
import { SECURE } from '../../src/terms/verdict.ts';
import { ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { signaturesOf, withSignatures } from '../../src/wire/rrset.ts';
import { EXPIRATION, INCEPTION, makeKey, NOW } from '../dnssec/signing.ts';
import { outcomeOf, SignedTree, type Signing, TTL } from './signed-tree.ts';

function treeWithZone() {
  const tree = new SignedTree();
  return { tree, zone: tree.zone('test.', tree.root) };
}

async function outcomeOfA(signing: Signing, owner = 'www.test.'): Promise<string> {
  const { tree, zone } = treeWithZone();
  const ranked = tree.set(zone, owner, TYPE.A, '192.0.2.7', signing);
  return outcomeOf(await tree.validate(tree.found(owner, TYPE.A, [ranked])));
}

describe('a positive answer', () => {
  test('is secure when the chain from the anchor holds', async () => {
    expect(await outcomeOfA({})).toBe('secure');
  });

  test('asks for each DS and DNSKEY once, and for none when they are known', async () => {
    const { tree, zone } = treeWithZone();
    const found = tree.found('www.test.', TYPE.A, [tree.set(zone, 'www.test.', TYPE.A, '192.0.2.7')]);
    await tree.validate(found);
    expect(tree.asked.map(({ question }) => question.type)).toEqual([TYPE.DNSKEY, TYPE.DS, TYPE.DNSKEY]);
    await tree.validate(found);
    expect(tree.asked).toHaveLength(3);
  });

  test('writes its verdict into the RRset and the cache', async () => {
    const { tree, zone } = treeWithZone();
    const ranked = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.7');
    const { found } = await tree.validate(tree.found('www.test.', TYPE.A, [ranked]));
    expect(found.end.answer[0]?.verdict).toEqual({ status: 'secure' });
    expect(tree.rrsets.find(mustParseName('www.test.'), TYPE.A, 1)?.verdict).toEqual({ status: 'secure' });
  });

  test.each<[string, Signing, string]>([
    ['without signature', { keys: [] }, 'bogus no-signature'],
    ['with an expired signature', { expiration: NOW - 90_000, inception: NOW - 180_000 }, 'bogus signature-expired'],
    ['signed for the future', { inception: NOW + 180_000, expiration: NOW + 360_000 }, 'bogus signature-not-yet-valid'],
    ['expired before valid', { inception: EXPIRATION, expiration: INCEPTION }, 'bogus expired-before-valid'],
    ['signed by an unknown key', { keys: [makeKey(15)] }, 'bogus no-matching-key'],
    ['with a signature over another type', { typeCovered: TYPE.AAAA }, 'bogus signature-malformed'],
    ['with more labels than the owner', { labels: 3 }, 'bogus label-count-wrong'],
    ['with fewer labels than the signer', { labels: 0 }, 'bogus label-count-wrong'],
    ['signed by a name that is no zone', { signer: mustParseName('www.test.') }, 'bogus signer-not-allowed'],
    ['signed by a name beside it', { signer: mustParseName('other.') }, 'bogus signer-not-allowed'],
  ])('%s', async (_what, signing, expected) => {
    expect(await outcomeOfA(signing)).toBe(expected);
  });

  test('is bogus when its data was changed', async () => {
    const { tree, zone } = treeWithZone();
    const good = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.7');
    const forged = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.66', { keys: [] });
    const signatures = [...signaturesOf(good.rrset)];
    const ranked = { ...forged, rrset: withSignatures(forged.rrset, signatures) };
    const validated = await tree.validate(tree.found('www.test.', TYPE.A, [ranked]));
    expect(outcomeOf(validated)).toBe('bogus signature-wrong');
    expect(validated.badServers).toEqual(['192.0.2.1@53']);
  });

  test('is bogus when the signer is inside the zone and proven to be no cut', async () => {
    const { tree, zone } = treeWithZone();
    tree.deny('www.test.', TYPE.DS, [tree.nsec(zone, 'www.test.', 'test.', 'A RRSIG NSEC')]);
    const ranked = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.7', { signer: mustParseName('www.test.') });
    expect(outcomeOf(await tree.validate(tree.found('www.test.', TYPE.A, [ranked])))).toBe('bogus signer-not-allowed');
  });

  test('is secure when one of several signatures holds', async () => {
    const { tree, zone } = treeWithZone();
    const keys = [makeKey(15), ...zone.keys];
    const ranked = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.7', { keys });
    expect(outcomeOf(await tree.validate(tree.found('www.test.', TYPE.A, [ranked])))).toBe('secure');
  });

  test('of another name than was asked for proves nothing', async () => {
    const { tree, zone } = treeWithZone();
    const ranked = tree.set(zone, 'other.test.', TYPE.A, '192.0.2.7');
    expect(outcomeOf(await tree.validate(tree.found('www.test.', TYPE.A, [ranked])))).toBe('bogus denial-missing');
  });

  test('of RRSIG records is insecure, since nothing signs them', async () => {
    const { tree } = treeWithZone();
    const found = tree.found('www.test.', TYPE.RRSIG, []);
    expect(outcomeOf(await tree.validate(found))).toBe('insecure signature-not-signed');
  });

  test('of type ANY is secure only when every RRset is', async () => {
    const { tree, zone } = treeWithZone();
    const address = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.7');
    const text = tree.set(zone, 'www.test.', TYPE.TXT, 'x', { keys: [] });
    expect(outcomeOf(await tree.validate(tree.found('www.test.', TYPE.ANY, [address])))).toBe('secure');
    expect(outcomeOf(await tree.validate(tree.found('www.test.', TYPE.ANY, [address, text])))).toBe(
      'bogus no-signature',
    );
  });

  test('of type ANY is cut to a bounded number of RRsets', async () => {
    const { tree, zone } = treeWithZone();
    const sets = Array.from({ length: 30 }, (_, i) => tree.signRdatas(zone, 'www.test.', 4000 + i, [Uint8Array.of(i)]));
    const validated = await tree.validate(tree.found('www.test.', TYPE.ANY, sets));
    expect(outcomeOf(validated)).toBe('secure');
    expect(validated.found.end.answer).toHaveLength(tree.options.limits.anySets);
  });

  test.each([
    ['follows', 'CNAME', 'd.test.', 'x.other.test.', 'secure'],
    ['does not follow', 'CNAME', 'd.test.', 'evil.test.', 'bogus alias-not-synthesised'],
    ['follows', 'ANY', 'd.test.', 'x.other.test.', 'secure'],
    ['does not follow', 'ANY', 'd.test.', 'evil.test.', 'bogus alias-not-synthesised'],
    ['does not follow, as it is not below it,', 'ANY', 'e.test.', 'x.other.test.', 'bogus no-signature'],
  ] as const)('of an unsigned CNAME that %s from a signed DNAME (%s)', async (_what, type, owner, target, expected) => {
    const { tree, zone } = treeWithZone();
    const dname = tree.set(zone, owner, TYPE.DNAME, 'other.test.');
    const cname = tree.set(zone, 'x.d.test.', TYPE.CNAME, target, { keys: [] });
    expect(outcomeOf(await tree.validate(tree.found('x.d.test.', TYPE[type], [dname, cname])))).toBe(expected);
  });

  test('of type ANY with an unsigned CNAME that follows from an unsigned DNAME is bogus', async () => {
    const { tree, zone } = treeWithZone();
    const dname = tree.set(zone, 'd.test.', TYPE.DNAME, 'other.test.', { keys: [] });
    const cname = tree.set(zone, 'x.d.test.', TYPE.CNAME, 'x.other.test.', { keys: [] });
    expect(outcomeOf(await tree.validate(tree.found('x.d.test.', TYPE.ANY, [dname, cname])))).toBe(
      'bogus no-signature',
    );
  });

  test('of a DS is proven by the parent, and never by the child', async () => {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const [good] = [tree.signRdatas(tree.root, 'test.', TYPE.DS, [new Uint8Array(40).fill(1)])];
    const childs = tree.signRdatas(zone, 'test.', TYPE.DS, [new Uint8Array(40).fill(1)]);
    expect(outcomeOf(await tree.validate(tree.found('test.', TYPE.DS, [good])))).toBe('secure');
    expect(outcomeOf(await tree.validate(tree.found('test.', TYPE.DS, [childs])))).toBe('bogus signer-not-allowed');
  });
});

describe('the life of secure data', () => {
  async function lifeOf(signing: Signing): Promise<number> {
    const { tree, zone } = treeWithZone();
    const ranked = tree.set(zone, 'www.test.', TYPE.A, '192.0.2.7', signing);
    const { found } = await tree.validate(tree.found('www.test.', TYPE.A, [ranked]));
    expect(found.end.expiresAt).toBe(found.end.answer[0]?.expiresAt);
    return (found.end.answer[0]?.expiresAt ?? 0) - NOW;
  }

  test('is the TTL when nothing is shorter', async () => {
    expect(await lifeOf({})).toBe(TTL);
  });
  test('is at most the original TTL of the signature', async () => {
    expect(await lifeOf({ originalTtl: 60 })).toBe(60);
  });
  test('ends with the signature', async () => {
    expect(await lifeOf({ expiration: NOW + 100 })).toBe(100);
  });
});

describe('a wildcard expansion', () => {
  test('is secure with the proof that no closer name exists', async () => {
    const { tree, zone } = treeWithZone();
    const ranked = tree.set(zone, 'a.w.test.', TYPE.A, '192.0.2.7', { labels: 2 });
    const authority = [tree.nsec(zone, '*.w.test.', 'z.test.', 'A RRSIG NSEC')];
    const validated = await tree.validate(tree.found('a.w.test.', TYPE.A, [ranked], { authority }));
    expect(outcomeOf(validated)).toBe('secure');
    expect(validated.found.end.authority[0]?.verdict).toEqual({ status: 'secure' });
  });

  test.each([
    ['without proof', []],
    ['with a proof about other names', ['x.test.', 'z.test.']],
  ])('is bogus %s, and not remembered as secure', async (_what, span) => {
    const { tree, zone } = treeWithZone();
    const ranked = tree.set(zone, 'a.w.test.', TYPE.A, '192.0.2.7', { labels: 2 });
    const [from, to] = span;
    const authority = from === undefined || to === undefined ? [] : [tree.nsec(zone, from, to, 'A RRSIG NSEC')];
    const validated = await tree.validate(tree.found('a.w.test.', TYPE.A, [ranked], { authority }));
    expect(outcomeOf(validated)).toBe('bogus wildcard-unproven');
    expect(tree.rrsets.find(mustParseName('a.w.test.'), TYPE.A, 1)?.verdict?.status).toBe('bogus');
  });

  test('is bogus without proof, though it was proven with one before', async () => {
    const { tree, zone } = treeWithZone();
    const ranked = { ...tree.set(zone, 'a.w.test.', TYPE.A, '192.0.2.7', { labels: 2 }), verdict: SECURE };
    expect(outcomeOf(await tree.validate(tree.found('a.w.test.', TYPE.A, [ranked])))).toBe('bogus wildcard-unproven');
    tree.rrsets.keepValidated(ranked);
    const anew = { ...ranked, verdict: null };
    expect(outcomeOf(await tree.validate(tree.found('a.w.test.', TYPE.A, [anew])))).toBe('bogus wildcard-unproven');
  });

  test('is bogus when the proof is not signed by the zone', async () => {
    const { tree, zone } = treeWithZone();
    const ranked = tree.set(zone, 'a.w.test.', TYPE.A, '192.0.2.7', { labels: 2 });
    const authority = [tree.nsec(zone, '*.w.test.', 'z.test.', 'A RRSIG NSEC', { keys: [makeKey(15)] })];
    const validated = await tree.validate(tree.found('a.w.test.', TYPE.A, [ranked], { authority }));
    expect(outcomeOf(validated)).toBe('bogus no-matching-key');
  });

  test('is secure by NSEC3, insecure when an opt-out span covers the next closer name', async () => {
    for (const optOut of [false, true]) {
      const { tree, zone } = treeWithZone();
      const ranked = tree.set(zone, 'a.w.test.', TYPE.A, '192.0.2.7', { labels: 2 });
      const span = { from: 'a.w.test.', shift: -1, to: 'a.w.test.', shiftTo: 1 };
      const authority = [tree.nsec3(zone, span, 'A RRSIG', { optOut })];
      const validated = await tree.validate(tree.found('a.w.test.', TYPE.A, [ranked], { authority }));
      expect(outcomeOf(validated)).toBe(optOut ? 'insecure opt-out' : 'secure');
    }
  });

  test('of a DNAME is refused', async () => {
    const { tree, zone } = treeWithZone();
    const ranked = tree.set(zone, 'a.w.test.', TYPE.DNAME, 'b.test.', { labels: 2 });
    const authority = [tree.nsec(zone, '*.w.test.', 'z.test.', 'DNAME RRSIG NSEC')];
    const validated = await tree.validate(tree.found('a.w.test.', TYPE.DNAME, [ranked], { authority }));
    expect(outcomeOf(validated)).toBe('bogus wildcard-not-allowed');
  });
});

describe('an alias chain', () => {
  test('is secure when each step and the end are, insecure when one part is', async () => {
    const { tree, zone } = treeWithZone();
    tree.zone('plain.', tree.root, { ds: null });
    const cname = tree.set(zone, 'www.test.', TYPE.CNAME, 'w.test.');
    const address = tree.set(zone, 'w.test.', TYPE.A, '192.0.2.7');
    const aliases = [tree.cname(cname, 'www.test.', 'w.test.')];
    expect(outcomeOf(await tree.validate({ ...tree.found('w.test.', TYPE.A, [address]), aliases }))).toBe('secure');

    const out = tree.set(zone, 'www.test.', TYPE.CNAME, 'w.plain.');
    const plain = tree.set(zone, 'w.plain.', TYPE.A, '192.0.2.7', { keys: [] });
    const crossing = {
      ...tree.found('w.plain.', TYPE.A, [plain]),
      aliases: [tree.cname(out, 'www.test.', 'w.plain.')],
    };
    const validated = await tree.validate(crossing);
    expect(outcomeOf(validated)).toBe('insecure no-ds-proven');
    expect(validated.found.aliases[0]?.alias.verdict).toEqual({ status: 'secure' });
  });

  test('is bogus when one step is, and names the server of that step', async () => {
    const { tree, zone } = treeWithZone();
    const cname = tree.set(zone, 'www.test.', TYPE.CNAME, 'w.test.', { keys: [], server: '192.0.2.9@53' });
    const address = tree.set(zone, 'w.test.', TYPE.A, '192.0.2.7');
    const aliases = [tree.cname(cname, 'www.test.', 'w.test.')];
    const validated = await tree.validate({ ...tree.found('w.test.', TYPE.A, [address]), aliases });
    expect(outcomeOf(validated)).toBe('bogus no-signature');
    expect(validated.badServers).toEqual(['192.0.2.9@53']);
  });

  test.each([
    ['follows', 'x.other.test.', 'secure'],
    ['does not follow', 'evil.test.', 'bogus alias-not-synthesised'],
  ])('with a CNAME that %s from its DNAME', async (_what, target, expected) => {
    const { tree, zone } = treeWithZone();
    const dname = tree.set(zone, 'd.test.', TYPE.DNAME, 'other.test.');
    const synthesised = tree.set(zone, 'x.d.test.', TYPE.CNAME, target, { keys: [] });
    const address = tree.set(zone, target, TYPE.A, '192.0.2.7');
    const step = tree.cname(dname, 'x.d.test.', target);
    const aliases = [{ ...step, via: 'dname', synthesised } as const];
    expect(outcomeOf(await tree.validate({ ...tree.found(target, TYPE.A, [address]), aliases }))).toBe(expected);
  });
});

describe('extras of a secure answer', () => {
  async function sectionsWith(cleanAdditional: boolean) {
    const { tree, zone } = treeWithZone();
    tree.options = { ...tree.options, cleanAdditional };
    const unsigned = { keys: [] };
    const { found } = await tree.validate(
      tree.found('test.', TYPE.MX, [tree.set(zone, 'test.', TYPE.MX, '0 mx.test.')], {
        authority: [
          tree.set(zone, 'test.', TYPE.NS, 'ns.test.'),
          tree.set(zone, 'test.', TYPE.TXT, 'forged', unsigned),
        ],
        additional: [
          tree.set(zone, 'mx.test.', TYPE.A, '192.0.2.7'),
          tree.set(zone, 'ns.test.', TYPE.A, '192.0.2.66', unsigned),
        ],
      }),
    );
    return { authority: found.end.authority.length, additional: found.end.additional.length };
  }

  test('are left out when they are not proven (val-clean-additional)', async () => {
    expect(await sectionsWith(true)).toEqual({ authority: 1, additional: 1 });
  });
  test('stay in the additional section when configured so', async () => {
    expect(await sectionsWith(false)).toEqual({ authority: 1, additional: 2 });
  });
});

test('the root itself is a zone like any other', async () => {
  const tree = new SignedTree();
  const ranked = tree.set(tree.root, '.', TYPE.NS, 'a.root.');
  expect(outcomeOf(await tree.validate(tree.found('.', TYPE.NS, [ranked], { zone: ROOT })))).toBe('secure');
});
