/**
 * X.509 certificates of the control channel, written as DER (RFC 5280): a self-signed one for the daemon, which is the
 * authority, and one for the control program, signed by it.
 *
 * Written here rather than with a library of certificates: two fixed forms of about 100 lines, against some 700 kB of code.
 * Only what these two need: RSA with SHA-256, a common name, a DNS name, basic constraints, key identifiers. Keys, signing
 * and digests come from the caller.
 */

import { concatBytes } from '../wire/bytes.ts';

export interface CertificateFields {
  readonly commonName: string;
  readonly issuerName: string;
  /** Positive; at most 20 octets (RFC 5280 §4.1.2.2). */
  readonly serial: Uint8Array;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isAuthority: boolean;
  /** SubjectPublicKeyInfo as DER. */
  readonly publicKey: Uint8Array;
  /** Identifiers of this key and of the issuer's, 20 octets each. */
  readonly keyId: Uint8Array;
  readonly issuerKeyId: Uint8Array;
}

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
  /** Context tags: `[0]` of the version, `[3]` of the extensions, `[0]` of a key identifier, `[2]` of a DNS name. */
  version: 0xa0,
  extensions: 0xa3,
  keyIdentifier: 0x80,
  dnsName: 0x82,
} as const;

const NULL = Uint8Array.of(5, 0);
const TRUE = Uint8Array.of(0xff);
/** 1.2.840.113549.1.1.11, sha256WithRSAEncryption (RFC 4055 §5). */
const SHA256_WITH_RSA = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b);
/** 2.5.4.3, commonName. */
const COMMON_NAME = Uint8Array.of(0x55, 0x04, 0x03);
/** 2.5.29.n: 14 subjectKeyIdentifier, 17 subjectAltName, 19 basicConstraints, 35 authorityKeyIdentifier. */
const EXTENSION = { subjectKeyId: 14, subjectAltName: 17, basicConstraints: 19, authorityKeyId: 35 } as const;
/** Version 3 is written as 2 (RFC 5280 §4.1.2.1). */
const VERSION_3 = Uint8Array.of(2);
/** Years from which times have four digits (RFC 5280 §4.1.2.5). */
const FOUR_DIGIT_YEARS = 2050;

/** The certificate as DER; `sign` makes an RSA signature with SHA-256 (PKCS #1 v1.5) with the issuer's key. */
export function writeCertificate(fields: CertificateFields, sign: (data: Uint8Array) => Uint8Array): Uint8Array {
  const algorithm = sequence(der(TAG.oid, SHA256_WITH_RSA), NULL);
  const body = sequence(
    der(TAG.version, der(TAG.integer, VERSION_3)),
    der(TAG.integer, positive(fields.serial)),
    algorithm,
    nameOf(fields.issuerName),
    sequence(timeOf(fields.notBefore), timeOf(fields.notAfter)),
    nameOf(fields.commonName),
    fields.publicKey,
    der(TAG.extensions, sequence(...extensionsOf(fields))),
  );
  return sequence(body, algorithm, der(TAG.bitString, concatBytes(Uint8Array.of(0), sign(body))));
}

export function pemOf(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .replace(/(.{64})(?=.)/g, '$1\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function extensionsOf({ isAuthority, commonName, keyId, issuerKeyId }: CertificateFields): Uint8Array[] {
  // An authority whose certificates sign no further ones: path length 0.
  const constraints = isAuthority ? sequence(der(TAG.boolean, TRUE), der(TAG.integer, Uint8Array.of(0))) : sequence();
  return [
    extension(EXTENSION.subjectKeyId, false, der(TAG.octetString, keyId)),
    extension(EXTENSION.authorityKeyId, false, sequence(der(TAG.keyIdentifier, issuerKeyId))),
    extension(EXTENSION.basicConstraints, true, constraints),
    extension(EXTENSION.subjectAltName, false, sequence(der(TAG.dnsName, ascii(commonName)))),
  ];
}

function extension(id: number, isCritical: boolean, value: Uint8Array): Uint8Array {
  const critical = isCritical ? [der(TAG.boolean, TRUE)] : [];
  return sequence(der(TAG.oid, Uint8Array.of(0x55, 0x1d, id)), ...critical, der(TAG.octetString, value));
}

function nameOf(commonName: string): Uint8Array {
  return sequence(der(TAG.set, sequence(der(TAG.oid, COMMON_NAME), der(TAG.utf8, ascii(commonName)))));
}

function timeOf(unixSeconds: number): Uint8Array {
  const time = new Date(unixSeconds * 1000);
  const digits = `${time.toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '')}`;
  const isShort = time.getUTCFullYear() < FOUR_DIGIT_YEARS;
  return der(isShort ? TAG.utcTime : TAG.generalizedTime, ascii(isShort ? digits.slice(2) : digits));
}

/** A leading zero octet keeps a number positive. */
function positive(bytes: Uint8Array): Uint8Array {
  return (bytes[0] ?? 0) < 0x80 ? bytes : concatBytes(Uint8Array.of(0), bytes);
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(TAG.sequence, concatBytes(...parts));
}

function der(tag: number, value: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(tag), lengthOf(value.length), value);
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  return Uint8Array.of(0x82, length >>> 8, length & 0xff);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
