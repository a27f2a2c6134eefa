/** Proves that records made from certificates, keys and requests are the ones that openssl's digests say, and how they are written. */

import { describe, expect, test } from 'vitest';
import { createNodeCertificates } from '../../src/adapters/node-certificates.ts';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { addressOwner, openPgpKey, recordsText, serviceOwner, sshfpRdatas } from '../../src/dane/make-record.ts';
import { makeTlsas, type TlsaWish } from '../../src/dane/make-tlsa.ts';
import { tlsaRdata } from '../../src/dane/tlsa-record.ts';
import { toHex } from '../../src/wire/bytes.ts';
import { formatName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { DIGESTS, fileOf, materialOf, NOW } from './certificates.ts';

const crypto = createNodeCrypto();
const WISH: TlsaWish = { usage: 3, selector: 1, matchingType: 1, host: 'mx.example.test', isMail: true, now: NOW };

async function make(file: string, wish: Partial<TlsaWish> = {}) {
  return makeTlsas([await materialOf(file)], { ...WISH, ...wish }, crypto);
}

async function hexOf(file: string, wish: Partial<TlsaWish> = {}): Promise<string> {
  const made = await make(file, wish);
  return typeof made === 'string' ? made : toHex(made.tlsas[0]?.association ?? new Uint8Array());
}

async function warningsOf(file: string, wish: Partial<TlsaWish> = {}): Promise<string> {
  const made = await make(file, wish);
  return typeof made === 'string' ? made : made.warnings.join('; ');
}

describe('the digest', () => {
  test.each(['leaf.pem', 'leaf.key', 'leaf.csr', 'fullchain.pem', 'expired.pem'])(
    'of %s is that of its key',
    async (file) => {
      expect(await hexOf(file)).toBe(DIGESTS.leafKey);
      expect(await hexOf(file, { matchingType: 2 })).toBe(DIGESTS.leafKey512);
    },
  );

  test('of DER files too', async () => {
    const pem = new TextDecoder().decode(fileOf('leaf.pem'));
    const der = new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'));
    const csr = new TextDecoder().decode(fileOf('leaf.csr')).replace(/-----[^-]+-----/g, '');
    for (const content of [der, new Uint8Array(Buffer.from(csr, 'base64'))]) {
      const material = await createNodeCertificates().readFile(content);
      if (material === null) throw new Error('not read');
      const made = makeTlsas([material], WISH, crypto);
      expect(typeof made === 'string' ? made : toHex(made.tlsas[0]?.association ?? new Uint8Array())).toBe(
        DIGESTS.leafKey,
      );
    }
  });

  test('of the authority is that of the issuer in the chain', async () => {
    expect(await hexOf('fullchain.pem', { usage: 2 })).toBe(DIGESTS.intermediateKey);
    expect(await hexOf('root.pem', { usage: 2, selector: 0 })).toBe(DIGESTS.rootCert);
    expect(await hexOf('leaf.pem', { usage: 2 })).toContain('give a chain file');
  });

  test('of a key has no certificate', async () => {
    expect(await hexOf('leaf.key', { selector: 0 })).toContain('selector 1 is for keys');
  });
});

test('files that are nothing are refused', async () => {
  for (const text of ['', 'hello', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', '\x30\x82'])
    expect(await createNodeCertificates().readFile(new TextEncoder().encode(text))).toBeNull();
});

test('warnings', async () => {
  expect(await warningsOf('leaf.pem')).toBe('');
  expect(await warningsOf('leaf.pem', { usage: 1 })).toContain('RFC 7672 §3.1.3');
  expect(await warningsOf('leaf.pem', { usage: 1, isMail: false })).not.toContain('RFC 7672');
  expect(await warningsOf('leaf.pem', { selector: 0 })).toContain('every renewal');
  expect(await warningsOf('leaf.pem', { matchingType: 0 })).toContain('a digest does as well');
  expect(await warningsOf('weak-rsa.pem')).toContain('1024 bits');
  expect(await warningsOf('fullchain.pem', { usage: 2, host: 'other.test' })).toContain(
    'does not hold the name other.test',
  );
});

describe('text', () => {
  const owner = serviceOwner('mx.example.test', 25, 'tcp');
  if (owner === null) throw new Error('no owner');
  const rdata = tlsaRdata({ usage: 3, selector: 1, matchingType: 1, association: Uint8Array.of(0xab, 0xcd) });
  const record = { owner, ttl: 300, type: TYPE.TLSA, rdata };

  test('of a zone file, generic, and for nsupdate', () => {
    expect(recordsText([record], 'zone')).toBe('_25._tcp.mx.example.test. 300 IN TLSA 3 1 1 ABCD\n');
    expect(recordsText([record], 'generic')).toBe('_25._tcp.mx.example.test. 300 IN TYPE52 \\# 5 030101ABCD\n');
    expect(recordsText([record, record], 'nsupdate').split('\n')).toEqual([
      'update delete _25._tcp.mx.example.test. TLSA',
      'update add _25._tcp.mx.example.test. 300 TLSA 3 1 1 ABCD',
      'update add _25._tcp.mx.example.test. 300 TLSA 3 1 1 ABCD',
      'send',
      '',
    ]);
  });

  test('owners that are no names are refused', () => {
    expect(serviceOwner('a..b', 25, 'tcp')).toBeNull();
    expect(serviceOwner('a', 70_000, 'tcp')).toBeNull();
    expect(serviceOwner('a', 25, 'tcp.x')).toBeNull();
    expect(addressOwner('nobody', 'smimea', crypto)).toBeNull();
  });
});

describe('other records', () => {
  test('the owner of an address is the one of RFC 7929 §3 and RFC 8162 §3', () => {
    const hugh = 'c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6';
    expect(formatName(addressOwner('hugh@example.com', 'openpgpkey', crypto) ?? owner())).toBe(
      `${hugh}._openpgpkey.example.com.`,
    );
    expect(formatName(addressOwner('hugh@example.com', 'smimea', crypto) ?? owner())).toBe(
      `${hugh}._smimecert.example.com.`,
    );
  });

  test('an armoured OpenPGP key gives its octets, other text nothing', () => {
    const octets = Uint8Array.of(0x99, 1, 2, 3, 4, 5);
    const body = Buffer.from(octets).toString('base64');
    const armour = `-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: x\n\n${body}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n`;
    expect(openPgpKey(new TextEncoder().encode(armour))).toEqual(octets);
    expect(openPgpKey(octets)).toEqual(octets);
    expect(openPgpKey(new TextEncoder().encode('hello'))).toBeNull();
  });

  test('SSHFP takes whole lines of keys only', () => {
    expect(sshfpRdatas('ssh-ed25519 AAAA x\n', crypto)).toBeNull();
    expect(sshfpRdatas('hello\n', crypto)).toBeNull();
    expect(sshfpRdatas('', crypto)).toBeNull();
  });
});

function owner(): never {
  throw new Error('no owner');
}
