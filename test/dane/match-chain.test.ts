/** Proves which chains a TLSA record vouches for, and which it must not: every usage, selector and matching type. */

import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { type ChainCase, matchCertificates, outcomeText } from '../../src/dane/match-chain.ts';
import { matchingName } from '../../src/dane/reference-names.ts';
import { remarksOn, usabilityOf } from '../../src/dane/tlsa-record.ts';
import type { Certificate } from '../../src/ports/certificates.ts';
import { toHex } from '../../src/wire/bytes.ts';
import { chainOf, DIGESTS, NOW, tlsaOf } from './certificates.ts';

const crypto = createNodeCrypto();
const full = await chainOf('fullchain.pem');
const [leaf, intermediate, root] = full as [Certificate, Certificate, Certificate];

function match(records: readonly string[], chain: readonly Certificate[], more: Partial<ChainCase> = {}) {
  const tlsas = records.map(tlsaOf);
  const base = { tlsas, chain, references: ['mx.example.test'], service: 'smtp', pkix: null, now: NOW } as const;
  return matchCertificates({ ...base, ...more }, crypto);
}

function statusOf(record: string, chain: readonly Certificate[], more: Partial<ChainCase> = {}): string {
  return match([record], chain, more).status;
}

function whyNot(record: string, chain: readonly Certificate[], more: Partial<ChainCase> = {}): string {
  const [first] = match([record], chain, more).records;
  return first === undefined ? '' : outcomeText(first);
}

describe('a record about the host itself (usage 3)', () => {
  test.each([
    ['3 0 1', DIGESTS.leafCert],
    ['3 1 1', DIGESTS.leafKey],
    ['3 1 2', DIGESTS.leafKey512],
    ['3 0 0', toHex(leaf.der)],
    ['3 1 0', toHex(leaf.spki)],
  ])('%s matches it', (parameters, data) => {
    expect(statusOf(`${parameters} ${data}`, full)).toBe('matched');
  });

  test('does not look at names and dates (RFC 7671 §5.1)', async () => {
    const expired = await chainOf('expired.pem');
    expect(statusOf(`3 1 1 ${DIGESTS.leafKey}`, expired, { references: ['other.test'] })).toBe('matched');
  });

  test('does not match an authority of the chain, and says that usage 2 would', () => {
    expect(statusOf(`3 1 1 ${DIGESTS.intermediateKey}`, full)).toBe('mismatched');
    expect(whyNot(`3 1 1 ${DIGESTS.intermediateKey}`, full)).toContain('the usage should be 2');
  });

  test('does not match with the digest of another selector, one bit wrong, or no certificate at all', () => {
    expect(statusOf(`3 0 1 ${DIGESTS.leafKey}`, full)).toBe('mismatched');
    expect(statusOf(`3 1 1 ${DIGESTS.leafKey.replace(/^f/, 'e')}`, full)).toBe('mismatched');
    expect(statusOf(`3 1 1 ${DIGESTS.leafKey}`, [])).toBe('mismatched');
  });

  test('one of several is enough, whichever place it has (roll-over)', () => {
    const other = `3 1 1 ${'00'.repeat(32)}`;
    const mine = `3 1 1 ${DIGESTS.leafKey}`;
    expect(match([other, mine], full).status).toBe('matched');
    expect(match([mine, other], full).status).toBe('matched');
    expect(match([other, other], full).status).toBe('mismatched');
  });
});

describe('a record about the authority (usage 2)', () => {
  test.each([
    ['2 1 1', DIGESTS.intermediateKey, 1],
    ['2 0 1', DIGESTS.intermediateCert, 1],
    ['2 1 1', DIGESTS.rootKey, 2],
    ['2 0 1', DIGESTS.rootCert, 2],
  ])('%s matches at its depth', (parameters, data, depth) => {
    expect(match([`${parameters} ${data}`], full).records[0]?.outcome).toMatchObject({ kind: 'matched', depth });
  });

  test('needs the authority in what the server sends, unless the record holds its whole key (2 1 0)', () => {
    expect(statusOf(`2 1 1 ${DIGESTS.rootKey}`, [leaf, intermediate])).toBe('mismatched');
    expect(whyNot(`2 1 1 ${DIGESTS.rootKey}`, [leaf, intermediate])).toContain('must send');
    expect(statusOf(`2 1 0 ${toHex(root.spki)}`, [leaf, intermediate])).toBe('matched');
    expect(statusOf(`2 1 0 ${toHex(root.spki)}`, [leaf])).toBe('mismatched');
  });

  test('needs a signature of the authority, not only its name', async () => {
    const [imposter] = await chainOf('imposter.pem');
    const digest = toHex(crypto.digest('sha256', (imposter as Certificate).spki));
    expect(statusOf(`2 1 1 ${digest}`, [leaf, imposter as Certificate])).toBe('mismatched');
  });

  test('does not take a certificate that may not issue for an authority', async () => {
    const below = await chainOf('below-leaf.pem', 'leaf.pem', 'intermediate.pem');
    expect(statusOf(`2 1 1 ${DIGESTS.leafKey}`, below)).toBe('mismatched');
    expect(statusOf(`2 1 1 ${DIGESTS.intermediateKey}`, below)).toBe('mismatched');
  });

  test('needs one of the names, and dates that hold (RFC 7671 §5.2)', async () => {
    const record = `2 1 1 ${DIGESTS.intermediateKey}`;
    expect(statusOf(record, full, { references: ['other.test'] })).toBe('mismatched');
    expect(statusOf(record, full, { references: ['other.test', 'mx.example.test'] })).toBe('matched');
    expect(whyNot(record, await chainOf('expired.pem', 'intermediate.pem'))).toContain('depth 0 is out of date');
    expect(whyNot(record, full, { now: 0 })).toContain('not valid yet');
  });

  test('takes a chain in any order, and certificates that do not belong there', async () => {
    const mixed = [leaf, root, ...(await chainOf('weak-rsa.pem')), intermediate];
    expect(statusOf(`2 1 1 ${DIGESTS.rootKey}`, mixed)).toBe('matched');
  });

  test('that holds the digest of the host itself does not match, and says that usage 3 would', () => {
    expect(whyNot(`2 1 1 ${DIGESTS.leafKey}`, full)).toContain('the usage should be 3');
  });
});

describe('records that cannot be used', () => {
  test.each([
    ['0 1 1', DIGESTS.rootKey, /not used for mail/],
    ['1 1 1', DIGESTS.leafKey, /not used for mail/],
    ['4 1 1', DIGESTS.leafKey, /usage 4/],
    ['255 1 1', DIGESTS.leafKey, /usage 255/],
    ['3 2 1', DIGESTS.leafKey, /selector 2/],
    ['3 1 3', DIGESTS.leafKey, /matching type 3/],
    ['3 1 1', DIGESTS.leafKey.slice(2), /32 octets, it has 31/],
    ['3 1 2', DIGESTS.leafKey, /64 octets/],
    ['3 1 0', '', /no association/],
  ])('%s', (parameters, data, why) => {
    expect(statusOf(`${parameters} ${data}`, full)).toBe('unusable');
    expect(whyNot(`${parameters} ${data}`, full)).toMatch(why);
  });

  test('do not hide one that can, nor save one that does not match', () => {
    const unusable = `1 1 1 ${DIGESTS.leafKey}`;
    expect(match([unusable, `3 1 1 ${DIGESTS.leafKey}`], full).status).toBe('matched');
    expect(match([unusable, `3 1 1 ${'00'.repeat(32)}`], full).status).toBe('mismatched');
  });
});

describe('usages 0 and 1 of other services', () => {
  const other = { service: 'other' } as const;

  test('match only with what the public authorities say', () => {
    for (const record of [`0 1 1 ${DIGESTS.rootKey}`, `1 1 1 ${DIGESTS.leafKey}`]) {
      expect(statusOf(record, full, { ...other, pkix: true })).toBe('matched');
      expect(statusOf(record, full, { ...other, pkix: false })).toBe('mismatched');
      expect(statusOf(record, full, { ...other, pkix: null })).toBe('mismatched');
    }
  });

  test('do not match another key, whatever the public authorities say', () => {
    expect(statusOf(`1 1 1 ${DIGESTS.rootKey}`, full, { ...other, pkix: true })).toBe('mismatched');
    expect(statusOf(`0 1 1 ${DIGESTS.leafKey}`, full, { ...other, pkix: true })).toBe('mismatched');
  });
});

describe('names', () => {
  const certificate = (dnsNames: readonly string[], commonName: string | null = null): Certificate =>
    ({ ...leaf, dnsNames, commonName }) as Certificate;

  test.each([
    ['a.example', ['a.example'], true],
    ['A.Example.', ['a.example'], true],
    ['x.a.example', ['*.a.example'], true],
    ['x.y.a.example', ['*.a.example'], false],
    ['a.example', ['*.a.example'], false],
    ['a.example', ['*.example'], false],
    ['a.example', ['*'], false],
    ['xa.example', ['x*.example'], false],
    ['b.a.example', ['b.*.example'], false],
    ['', [''], false],
  ])('%s by %j: %s', (reference, names, isHeld) => {
    expect(matchingName(certificate(names), [reference]) !== null).toBe(isHeld);
  });

  test('the common name counts only without DNS names', () => {
    expect(matchingName(certificate([], 'a.example'), ['a.example'])).toBe('a.example');
    expect(matchingName(certificate(['b.example'], 'a.example'), ['a.example'])).toBeNull();
  });
});

test('remarks name the digest of no octets, and records that break at renewal', () => {
  const nothing = toHex(crypto.digest('sha256', new Uint8Array()));
  expect(remarksOn(tlsaOf(`3 1 1 ${nothing}`), crypto).join()).toContain('no octets at all');
  expect(remarksOn(tlsaOf(`3 0 1 ${DIGESTS.leafCert}`), crypto).join()).toContain('every renewal');
  expect(remarksOn(tlsaOf(`3 1 1 ${DIGESTS.leafKey}`), crypto)).toEqual([]);
  expect(usabilityOf(tlsaOf(`3 1 1 ${DIGESTS.leafKey}`), 'smtp')).toEqual({ usable: true });
});
