/** Proves that the certificates of the control channel are what TLS wants: names, validity, who signed whom. */

import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type CertificateFields, pemOf, writeCertificate } from '../../src/control/certificate.ts';

const NOW = 1_767_225_600;
const authority = generateKeyPairSync('rsa', { modulusLength: 2048 });
const client = generateKeyPairSync('rsa', { modulusLength: 2048 });

function keyId(key: KeyObject): Uint8Array {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}

function certificate(commonName: string, key: KeyObject, change: Partial<CertificateFields> = {}): X509Certificate {
  const fields: CertificateFields = {
    commonName,
    issuerName: 'unbound',
    serial: Uint8Array.of(0xff, 1, 2),
    notBefore: NOW,
    notAfter: NOW + 7200 * 86_400,
    isAuthority: commonName === 'unbound',
    publicKey: key.export({ type: 'spki', format: 'der' }),
    keyId: keyId(key),
    issuerKeyId: keyId(authority.publicKey),
    ...change,
  };
  const issuerKey = createPrivateKey(authority.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return new X509Certificate(
    pemOf(
      'CERTIFICATE',
      writeCertificate(fields, (data) => sign('sha256', data, issuerKey)),
    ),
  );
}

describe('a certificate', () => {
  test('of the daemon is its own authority', () => {
    const own = certificate('unbound', authority.publicKey);
    expect(own).toMatchObject({ subject: 'CN=unbound', issuer: 'CN=unbound', ca: true, serialNumber: 'FF0102' });
    expect(own.subjectAltName).toBe('DNS:unbound');
    expect(own.verify(authority.publicKey)).toBe(true);
    expect(own.checkHost('unbound')).toBe('unbound');
  });

  test('of the control program is signed by the daemon and is no authority', () => {
    const own = certificate('unbound-control', client.publicKey);
    expect(own).toMatchObject({ subject: 'CN=unbound-control', issuer: 'CN=unbound', ca: false });
    expect(own.verify(authority.publicKey)).toBe(true);
    expect(own.checkIssued(certificate('unbound', authority.publicKey))).toBe(true);
  });

  test('holds from and to the second that is given, in either form of time', () => {
    const short = certificate('unbound', authority.publicKey);
    expect([Date.parse(short.validFrom) / 1000, Date.parse(short.validTo) / 1000]).toEqual([NOW, NOW + 7200 * 86_400]);
    const notAfter = Date.UTC(2061, 6, 1) / 1000;
    const long = certificate('unbound', authority.publicKey, { notAfter });
    expect(Date.parse(long.validTo) / 1000).toBe(notAfter);
  });
});
