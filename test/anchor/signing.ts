/** A certificate authority and signer like ICANN's, made anew for each test run: CA, a signer it certified, detached CMS. */

import { webcrypto } from 'node:crypto';
import { Integer, Null, ObjectIdentifier, OctetString, PrintableString, Utf8String } from 'asn1js';
import {
  AlgorithmIdentifier,
  Attribute,
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  ContentInfo,
  CryptoEngine,
  EncapsulatedContentInfo,
  Extension,
  IssuerAndSerialNumber,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
  setEngine,
} from 'pkijs';

const COMMON_NAME = '2.5.4.3';
const EMAIL = '1.2.840.113549.1.9.1';
const BASIC_CONSTRAINTS = '2.5.29.19';
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

/** A key with its certificate. */
export interface Identity {
  readonly certificate: Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** Who signs, and until when the certificates last. */
export interface IdentityChoices {
  readonly email?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

let serial = 1;

/** Makes a CA (no `issuer`) or a signer certified by `issuer`. */
export async function makeIdentity(
  name: string,
  issuer: Identity | null,
  choices: IdentityChoices = {},
): Promise<Identity> {
  setEngine('node', new CryptoEngine({ name: 'node', crypto: webcrypto as never }));
  const keys = (await webcrypto.subtle.generateKey(RSA, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ value: serial++ });
  certificate.subject.typesAndValues.push(
    new AttributeTypeAndValue({ type: COMMON_NAME, value: new PrintableString({ value: name }) as never }),
  );
  if (choices.email !== undefined) {
    const value = new Utf8String({ value: choices.email }) as never;
    certificate.subject.typesAndValues.push(new AttributeTypeAndValue({ type: EMAIL, value }));
  }
  certificate.issuer = issuer?.certificate.subject ?? certificate.subject;
  certificate.notBefore.value = choices.notBefore ?? new Date('2020-01-01');
  certificate.notAfter.value = choices.notAfter ?? new Date('2040-01-01');
  const constraints = new BasicConstraints({ cA: issuer === null });
  certificate.extensions = [
    new Extension({
      extnID: BASIC_CONSTRAINTS,
      critical: true,
      extnValue: constraints.toSchema().toBER(),
      parsedValue: constraints,
    }),
  ];
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey as never);
  await certificate.sign((issuer?.keys ?? keys).privateKey as never, 'SHA-256');
  return { certificate: Certificate.fromBER(certificate.toSchema(true).toBER()), keys };
}

/** PEM text of a certificate. */
export function pemOf({ certificate }: Identity): string {
  const base64 = Buffer.from(certificate.toSchema(true).toBER()).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

/** A detached signature of `content`, DER, with the certificates that `along` names. */
export async function signDetached(
  content: Uint8Array,
  signer: Identity,
  along: readonly Identity[],
): Promise<Uint8Array> {
  const digest = await webcrypto.subtle.digest('SHA-256', content as never);
  const attributes = [
    new Attribute({ type: '1.2.840.113549.1.9.3', values: [new ObjectIdentifier({ value: '1.2.840.113549.1.7.1' })] }),
    new Attribute({ type: '1.2.840.113549.1.9.4', values: [new OctetString({ valueHex: digest })] }),
  ];
  const signed = new SignedData({
    version: 1,
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: '1.2.840.113549.1.7.1' }),
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({
          issuer: signer.certificate.issuer,
          serialNumber: signer.certificate.serialNumber,
        }),
        signedAttrs: new SignedAndUnsignedAttributes({ type: 0, attributes }),
      }),
    ],
    certificates: along.map(({ certificate }) => certificate),
  });
  await signed.sign(signer.keys.privateKey as never, 0, 'SHA-256', content.slice().buffer);
  signed.digestAlgorithms = [
    new AlgorithmIdentifier({ algorithmId: '2.16.840.1.101.3.4.2.1', algorithmParams: new Null() }),
  ];
  const info = new ContentInfo({ contentType: '1.2.840.113549.1.7.2', content: signed.toSchema(true) });
  return new Uint8Array(info.toSchema().toBER());
}
