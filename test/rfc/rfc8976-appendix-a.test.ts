/** Proves zone digests on the examples of RFC 8976 appendix A. */

import { expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { checkDigest } from '../../src/zones/zonemd.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { zoneOf } from '../zones/zones-data.ts';

const parts = { crypto: createNodeCrypto(), clock: makeFakePorts({}).clock };
const EXAMPLE = mustParseName('example.');

/** A.1: a simple zone. */
const SIMPLE = `
example. 86400 IN SOA ns1 admin 2018031900 1800 900 604800 86400
example. 86400 IN NS ns1
example. 86400 IN NS ns2
example. 86400 IN ZONEMD 2018031900 1 1 (
  c68090d90a7aed71 6bc459f9340e3d7c 1370d4d24b7e2fc3 a1ddc0b9a87153b9 a9713b3c9ae5cc27 777f98b8e730044c )
ns1 3600 IN A 203.0.113.63
ns2 3600 IN AAAA 2001:db8::63
`;

test('A.1: the digest of a simple zone is right', async () => {
  expect(await checkDigest(zoneOf(SIMPLE, EXAMPLE), parts)).toEqual({ kind: 'right' });
});

test.each([
  ['a changed address', SIMPLE.replace('203.0.113.63', '203.0.113.64'), 'incorrect digest'],
  ['a record more', `${SIMPLE}extra 60 IN A 203.0.113.1\n`, 'incorrect digest'],
  ['another serial in the SOA', SIMPLE.replace('admin 2018031900', 'admin 2018031901'), 'ZONEMD serial is wrong'],
])('%s is noticed', async (_what, text, why) => {
  expect(await checkDigest(zoneOf(text, EXAMPLE), parts)).toEqual({ kind: 'wrong', why });
});

test('two digests of one scheme and hash are not used', async () => {
  const twice = SIMPLE.replace('ns1 3600', `example. 86400 IN ZONEMD 2018031900 1 1 ${'0'.repeat(96)}\nns1 3600`);
  expect(await checkDigest(zoneOf(twice, EXAMPLE), parts)).toEqual({
    kind: 'wrong',
    why: 'several digests of one kind',
  });
});

test('unknown schemes and hashes say nothing, nor does a zone without', async () => {
  const unknown = SIMPLE.replace('2018031900 1 1 (', '2018031900 1 241 (');
  expect(await checkDigest(zoneOf(unknown, EXAMPLE), parts)).toEqual({ kind: 'unsupported' });
  const none = SIMPLE.replace(/example\. 86400 IN ZONEMD[^)]*\)/, '');
  expect(await checkDigest(zoneOf(none, EXAMPLE), parts)).toEqual({ kind: 'absent' });
});
