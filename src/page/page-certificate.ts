/** Certificates read in the browser (RFC 5280); who signed whom is checked by WebCrypto before, since it answers later. */

import type { Certificate } from '../ports/certificates.ts';
import { bytesEqual } from '../wire/bytes.ts';
import { bitStringOctets, type DerItem, oidText, partsOf, readDer, readOnly, TAG, unixSecondsOf } from './der.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';

const EXTENSION = { KEY_USAGE: '2.5.29.15', ALTERNATIVE_NAMES: '2.5.29.17', BASIC_CONSTRAINTS: '2.5.29.19' } as const;
/** Attributes of names, in the words of OpenSSL. */
const ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
]);
/** Bit keyCertSign of keyUsage (RFC 5280 §4.2.1.3). */
const KEY_CERT_SIGN = 0x04;

/** What a signature was made over, by what, and what it is. */
export interface SignedParts {
  readonly data: Uint8Array;
  readonly algorithm: DerItem;
  readonly signature: Uint8Array;
}

export class PageCertificate implements Certificate {
  readonly der: Uint8Array;
  readonly spki: Uint8Array;
  readonly subject: string;
  readonly issuer: string;
  readonly dnsNames: readonly string[];
  readonly commonName: string | null;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isAuthority: boolean;
  readonly key: Certificate['key'];
  readonly publicKey: PublicKey;
  readonly signed: SignedParts;
  readonly #subjectName: Uint8Array;
  readonly #issuerName: Uint8Array;
  /** Keys that are known to have made the signature. */
  readonly #signers: Uint8Array[] = [];

  constructor(fields: CertificateFields) {
    this.der = fields.der;
    this.spki = fields.publicKey.spki;
    this.publicKey = fields.publicKey;
    this.key = { type: fields.publicKey.type, bits: fields.publicKey.bits };
    this.subject = nameText(fields.subject);
    this.issuer = nameText(fields.issuer);
    this.#subjectName = fields.subject.whole;
    this.#issuerName = fields.issuer.whole;
    this.commonName = attributesOf(fields.subject).findLast(([name]) => name === 'CN')?.[1] ?? null;
    this.notBefore = fields.notBefore;
    this.notAfter = fields.notAfter;
    this.dnsNames = dnsNamesOf(fields.extensions.get(EXTENSION.ALTERNATIVE_NAMES));
    this.isAuthority = mayIssue(fields.extensions);
    this.signed = fields.signed;
  }

  /** Whether the names fit, which is worth a look at the signature. */
  names(issuer: PageCertificate): boolean {
    return bytesEqual(this.#issuerName, issuer.#subjectName);
  }

  /** The key made the signature. */
  addSigner(spki: Uint8Array): void {
    this.#signers.push(spki);
  }

  isIssuedBy(issuer: Certificate): boolean {
    return issuer instanceof PageCertificate && this.names(issuer) && this.isSignedBy(issuer.spki);
  }

  isSignedBy(spki: Uint8Array): boolean {
    return this.#signers.some((one) => bytesEqual(one, spki));
  }
}

interface CertificateFields {
  readonly der: Uint8Array;
  readonly publicKey: PublicKey;
  readonly subject: DerItem;
  readonly issuer: DerItem;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Content of extnValue by object identifier. */
  readonly extensions: ReadonlyMap<string, Uint8Array>;
  readonly signed: SignedParts;
}

/** Reads one certificate; null when the octets are none. */
export function readPageCertificate(der: Uint8Array): PageCertificate | null {
  const outer = readOnly(der);
  const [body, algorithm, signatureItem] = partsOf(outer) ?? [];
  const signature = bitStringOctets(signatureItem);
  const parts = partsOf(body);
  if (outer === null || body === undefined || algorithm === undefined || signature === null || parts === null)
    return null;
  // RFC 5280 §4.1.2.1: version 1 has no version field.
  const fields = parts[0]?.tag === 0xa0 ? parts.slice(1) : parts;
  const [serial, , issuer, validity, subject, spki, ...more] = fields;
  const publicKey = spki === undefined ? null : readPublicKey(spki.whole);
  const times = partsOf(validity);
  const notBefore = unixSecondsOf(times?.[0]);
  const notAfter = unixSecondsOf(times?.[1]);
  const extensions = extensionsOf(more.find(({ tag }) => tag === 0xa3));
  if (serial?.tag !== TAG.INTEGER || issuer === undefined || subject === undefined || publicKey === null) return null;
  if (notBefore === null || notAfter === null || extensions === null) return null;
  const signed = { data: body.whole, algorithm, signature };
  return new PageCertificate({ der, publicKey, subject, issuer, notBefore, notAfter, extensions, signed });
}

function extensionsOf(item: DerItem | undefined): ReadonlyMap<string, Uint8Array> | null {
  const found = new Map<string, Uint8Array>();
  if (item === undefined) return found;
  const all = partsOf(readDer(item.content));
  if (all === null) return null;
  for (const one of all) {
    const parts = partsOf(one);
    const oid = oidText(parts?.[0]);
    const value = parts?.at(-1);
    if (oid === null || value?.tag !== TAG.OCTET_STRING) return null;
    found.set(oid, value.content);
  }
  return found;
}

/** RFC 5280 §4.2.1.6: dNSName is tagged 2. */
function dnsNamesOf(extension: Uint8Array | undefined): string[] {
  const names = extension === undefined ? [] : (partsOf(readDer(extension)) ?? []);
  return names.filter(({ tag }) => tag === 0x82).map(({ content }) => new TextDecoder('latin1').decode(content));
}

/** Basic constraints say so, and key usage, where it is there, agrees. */
function mayIssue(extensions: ReadonlyMap<string, Uint8Array>): boolean {
  const constraints = extensions.get(EXTENSION.BASIC_CONSTRAINTS);
  const flag = constraints === undefined ? null : partsOf(readDer(constraints))?.[0];
  if (flag?.tag !== 0x01 || flag.content[0] === 0) return false;
  const usage = extensions.get(EXTENSION.KEY_USAGE);
  const bits = usage === undefined ? null : readDer(usage)?.content[1];
  return bits === null || ((bits ?? 0) & KEY_CERT_SIGN) !== 0;
}

function attributesOf(name: DerItem): [string, string][] {
  const sets = partsOf(name) ?? [];
  return sets.flatMap((set) =>
    (partsOf(set) ?? []).map((attribute): [string, string] => {
      const [type, value] = partsOf(attribute) ?? [];
      const oid = oidText(type) ?? '?';
      return [ATTRIBUTES.get(oid) ?? oid, new TextDecoder().decode(value?.content ?? new Uint8Array())];
    }),
  );
}

function nameText(name: DerItem): string {
  return attributesOf(name)
    .map(([type, value]) => `${type}=${value}`)
    .join(', ');
}
