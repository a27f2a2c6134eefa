/** Proves the library's entry: package.json leads to it, its TLSA maker, and how `lookup` answers node:net. With a network: test/interop/dane-check.test.ts. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createResolver, makeTlsa } from '../../src/library/hawser.ts';
import { DIGESTS, fileOf } from '../dane/certificates.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

test('package.json leads to it', () => {
  const { exports } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  expect(exports['.']).toMatchObject({ 'hawser-source': './src/library/hawser.ts', default: './dist/library.js' });
});

test('makes a record, with warnings, or says why not', async () => {
  const line = `_25._tcp.mx.example.test. 3600 IN TLSA 3 1 1 ${DIGESTS.leafKey.toUpperCase()}`;
  expect(await makeTlsa(fileOf('leaf.pem'), { host: 'mx.example.test' })).toEqual({ ok: true, line, warnings: [] });
  expect(await makeTlsa(fileOf('leaf.key'), { host: 'mx.example.test', usage: 1 })).toMatchObject({
    ok: true,
    warnings: [expect.stringContaining('RFC 7672')],
  });
  expect(await makeTlsa('x', { host: 'mx.example.test' })).toMatchObject({ ok: false });
  expect(await makeTlsa(fileOf('leaf.pem'), { host: 'a..b' })).toMatchObject({ ok: false });
});

test('wrong options are told, not thrown', async () => {
  expect(await createResolver({ resolver: 'nowhere' })).toMatchObject({ ok: false });
  expect(await createResolver({ config: join(PROJECT, 'no-such-file') })).toMatchObject({ ok: false });
});

test('a resolver that does not answer gives an error to `lookup` and lookup-failed to verifyDane, never an address', async () => {
  const created = await createResolver({ resolver: '127.0.0.1@1' });
  if (!created.ok) throw new Error(created.why.join());
  const { resolver } = created;
  const code = await new Promise((resolve) => resolver.lookup('mx.test', {}, (error) => resolve(error?.code)));
  expect(code).toBe('EAI_AGAIN');
  expect(await resolver.verifyDane('mx.test', 25, [])).toMatchObject({ kind: 'lookup-failed' });
  for (const level of ['dane', 'dane-only'] as const) {
    const told = await new Promise((resolve) =>
      resolver.mailSocket(level)({ host: 'mx.test' }, (error, socket) => resolve([error?.code, socket])),
    );
    expect(told).toEqual(['EDANE', undefined]);
  }
  expect(await resolver.resolve('mx.test', 'A')).toMatchObject({ status: 'failed', records: [] });
  await expect(resolver.resolve('a..b', 'A')).rejects.toThrow('not a name');
  resolver.close();
});
