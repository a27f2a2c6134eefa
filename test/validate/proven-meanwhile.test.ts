/**
 * Proves that what one validation has proven while another waited is not checked again, and that nothing but the very same records
 * passes for proven that way: a mail server asks for MX, A and AAAA of a domain at once, and the addresses come along with the MX too.
 */

import { describe, expect, test } from 'vitest';
import { createValidate } from '../../src/validate/validate-answer.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { makeKey } from '../dnssec/signing.ts';
import { outcomeOf, SignedTree } from './signed-tree.ts';

/** DNSKEY of the root, DS and DNSKEY of the zone. */
const CHAIN_CHECKS = 3;

describe('two answers that wait for the keys of a zone', () => {
  function waiting() {
    const tree = new SignedTree();
    const zone = tree.zone('test.', tree.root);
    const validate = createValidate(tree.parts());
    const address = () => tree.set(zone, 'mx.test.', TYPE.A, '192.0.2.25');
    const mail = tree.found('test.', TYPE.MX, [tree.set(zone, 'test.', TYPE.MX, '10 mx.test.')], {
      zone: zone.name,
      additional: [address()],
    });
    const both = async (second: typeof mail) =>
      await Promise.all([mail, second].map((found) => validate(tree.work(found.end.question), found)));
    return { tree, zone, address, both };
  }

  test('check once what both hold', async () => {
    const { tree, zone, address, both } = waiting();
    const [mx, a] = await both(tree.found('mx.test.', TYPE.A, [address()], { zone: zone.name }));
    expect([mx, a].map((validated) => validated && outcomeOf(validated))).toEqual(['secure', 'secure']);
    expect(mx?.found.end.additional.map(({ verdict }) => verdict?.status)).toEqual(['secure']);
    expect(a?.found.end.answer.map(({ verdict }) => verdict?.status)).toEqual(['secure']);
    expect(tree.counters.get('valops')).toBe(CHAIN_CHECKS + 2);
  });

  test('check once the denial that both rest on', async () => {
    const { tree, zone, address, both } = waiting();
    await both(tree.found('mx.test.', TYPE.A, [address()], { zone: zone.name }));
    const other = new SignedTree();
    const denying = other.zone('test.', other.root);
    const validate = createValidate(other.parts());
    const authority = () => [other.soa(denying), other.nsec(denying, 'test.', 'test.', 'NS SOA RRSIG NSEC DNSKEY')];
    const denials = ['a.test.', 'b.test.'].map((name) =>
      other.denied(name, TYPE.TLSA, authority(), { kind: 'nxdomain', zone: denying.name }),
    );
    const all = await Promise.all(denials.map((found) => validate(other.work(found.end.question), found)));
    expect(all.map(outcomeOf)).toEqual(['secure', 'secure']);
    expect(other.counters.get('valops')).toBe(CHAIN_CHECKS + 2);
  });

  test.each([
    ['other data', { rdata: '192.0.2.66', keys: undefined }],
    ['the same data with a signature of another key', { rdata: '192.0.2.25', keys: [makeKey(15)] }],
  ])('and %s is checked by itself', async (_, { rdata, keys }) => {
    const { tree, zone, both } = waiting();
    const set = tree.set(zone, 'mx.test.', TYPE.A, rdata, keys === undefined ? {} : { keys });
    const [mx, a] = await both(tree.found('mx.test.', TYPE.A, [set], { zone: zone.name }));
    expect(mx && outcomeOf(mx)).toBe('secure');
    expect(a && outcomeOf(a)).toBe(keys === undefined ? 'secure' : 'bogus no-matching-key');
    expect(a?.found.end.answer[0]?.verdict?.status).toBe(keys === undefined ? 'secure' : 'bogus');
  });

  test('what must not be kept is checked by itself', async () => {
    const { tree, zone, address, both } = waiting();
    const own = { ...address(), notKept: true } as const;
    const [, a] = await both(tree.found('mx.test.', TYPE.A, [own], { zone: zone.name }));
    expect(a?.found.end.answer[0]?.notKept).toBe(true);
    expect(tree.counters.get('valops')).toBe(CHAIN_CHECKS + 3);
  });

  test('what a wildcard made does not come along as proven, though it was proven with its denial meanwhile', async () => {
    const { tree, zone } = waiting();
    const validate = createValidate(tree.parts());
    const made = tree.set(zone, 'mx.test.', TYPE.A, '192.0.2.25', { labels: 1 });
    const mail = tree.found('test.', TYPE.MX, [tree.set(zone, 'test.', TYPE.MX, '10 mx.test.')], {
      zone: zone.name,
      additional: [made],
    });
    const pending = validate(tree.work(mail.end.question), mail);
    tree.rrsets.keepValidated({ ...made, verdict: { status: 'secure' } });
    const { verdict, found } = await pending;
    expect([verdict.status, found.end.additional]).toEqual(['secure', []]);
  });

  test('a verdict of before trust changed does not pass for one', async () => {
    const { tree, zone, address } = waiting();
    const validate = createValidate(tree.parts());
    const first = tree.found('mx.test.', TYPE.A, [address()], { zone: zone.name });
    const work = tree.work(first.end.question);
    const pending = validate(work, first);
    tree.rrsets.keepValidated({ ...address(), verdict: { status: 'secure' } });
    tree.rrsets.startTrustEpoch();
    expect(outcomeOf(await pending)).toBe('secure');
    expect(tree.counters.get('valops')).toBe(CHAIN_CHECKS + 1);
  });
});
