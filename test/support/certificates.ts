/** Keys and self-signed certificates for tests of TLS, made here: no program is needed. */

import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { pemOf, writeCertificate } from '../../src/control/certificate.ts';

/** A key and its certificate, PEM. */
export interface TestCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Seconds that it is good for, from yesterday on. */
const DAY_SECONDS = 86_400;

/** Makes a pair for the name. */
export function makeCertificate(commonName = 'dns.example'): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const keyId = createHash('sha1').update(spki).digest();
  const now = Math.floor(Date.now() / 1000);
  const der = writeCertificate(
    {
      commonName,
      issuerName: commonName,
      serial: Uint8Array.of(1, ...randomBytes(15)),
      notBefore: now - DAY_SECONDS,
      notAfter: now + 30 * DAY_SECONDS,
      isAuthority: true,
      publicKey: spki,
      keyId,
      issuerKeyId: keyId,
    },
    (data) => createSign('sha256').update(data).sign(privateKey),
  );
  return {
    certificatePem: pemOf('CERTIFICATE', der),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
