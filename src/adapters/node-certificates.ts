/** Certificates by node:crypto; requests (PKCS #10), which it cannot read, by pkijs, which is loaded when one comes. */

import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Certificate, Certificates, KeyMaterial } from '../ports/certificates.ts';

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;
const CERTIFICATE_LABELS: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']);
const REQUEST_LABELS: ReadonlySet<string> = new Set(['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']);

/** Certificates of Node's own cryptography. */
export function createNodeCertificates(): Certificates {
  return { read: readCertificate, readFile };
}

/** A certificate that Node has parsed already. */
export function certificateOf(x509: X509Certificate): Certificate | null {
  return orNull(() => new NodeCertificate(x509));
}

function readCertificate(der: Uint8Array): Certificate | null {
  return orNull(() => new NodeCertificate(new X509Certificate(der)));
}

/** OpenSSL refuses malformed octets by throwing. */
function orNull<T>(make: () => T): T | null {
  try {
    return make();
  } catch {
    return null;
  }
}

class NodeCertificate implements Certificate {
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
  readonly #x509: X509Certificate;

  constructor(x509: X509Certificate) {
    this.#x509 = x509;
    this.der = new Uint8Array(x509.raw);
    this.spki = spkiOf(x509.publicKey);
    this.subject = oneLine(x509.subject);
    this.issuer = oneLine(x509.issuer);
    this.dnsNames = dnsNamesOf(x509.subjectAltName);
    this.commonName = [...(x509.subject ?? '').matchAll(/^CN=(.*)$/gm)].at(-1)?.[1] ?? null;
    this.notBefore = Math.floor(Date.parse(x509.validFrom) / 1000);
    this.notAfter = Math.floor(Date.parse(x509.validTo) / 1000);
    this.isAuthority = x509.ca;
    this.key = keyFacts(x509.publicKey);
  }

  isIssuedBy(issuer: Certificate): boolean {
    return issuer instanceof NodeCertificate && this.#x509.checkIssued(issuer.#x509) && this.isSignedBy(issuer.spki);
  }

  isSignedBy(spki: Uint8Array): boolean {
    return orNull(() => this.#x509.verify(publicKeyOf(spki))) ?? false;
  }
}

function oneLine(distinguishedName: string | undefined): string {
  return (distinguishedName ?? '').trim().replaceAll('\n', ', ');
}

/** Node writes `DNS:a.example, IP Address:…`, and JSON strings where a value holds a comma or a quote. */
function dnsNamesOf(text: string | undefined): string[] {
  const entries = (text ?? '').match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return entries.flatMap((entry) => {
    const trimmed = entry.trim();
    return trimmed.startsWith('DNS:') && !trimmed.startsWith('DNS:"') ? [trimmed.slice(4)] : [];
  });
}

function publicKeyOf(spki: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
}

function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }));
}

function keyFacts(key: KeyObject): Certificate['key'] {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  return { type: namedCurve ?? key.asymmetricKeyType ?? 'unknown', bits: modulusLength ?? null };
}

async function readFile(content: Uint8Array): Promise<KeyMaterial | null> {
  const blocks = [...Buffer.from(content).toString('latin1').matchAll(PEM_BLOCK)];
  const pem = blocks.map((match) => ({ label: match[1] ?? '', text: match[0] }));
  const certificates = pem.filter(({ label }) => CERTIFICATE_LABELS.has(label));
  if (certificates.length > 0) {
    const chain = certificates.map(({ text }) => orNull(() => new NodeCertificate(new X509Certificate(text))));
    return chain.every((one) => one !== null) ? { kind: 'certificates', chain } : null;
  }
  const request = pem.find(({ label }) => REQUEST_LABELS.has(label));
  if (request !== undefined) return readRequest(Buffer.from(request.text.replace(/-----[^-]*-----/g, ''), 'base64'));
  const keyBlock = pem.find(({ label }) => label.endsWith('KEY'));
  // A private key stands for its public one.
  if (keyBlock !== undefined) return keyMaterial(() => createPublicKey(keyBlock.text));
  return pem.length > 0 ? null : readDer(content);
}

async function readDer(content: Uint8Array): Promise<KeyMaterial | null> {
  const certificate = readCertificate(content);
  if (certificate !== null) return { kind: 'certificates', chain: [certificate] };
  const key = Buffer.from(content);
  return (
    keyMaterial(() => createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' }))) ??
    keyMaterial(() => createPublicKey({ key, format: 'der', type: 'spki' })) ??
    (await readRequest(content))
  );
}

function keyMaterial(read: () => KeyObject): KeyMaterial | null {
  const key = orNull(read);
  return key === null ? null : { kind: 'key', spki: spkiOf(key), key: keyFacts(key) };
}

async function readRequest(der: Uint8Array): Promise<KeyMaterial | null> {
  const { CertificationRequest } = await import('pkijs');
  const spki = orNull(() => {
    const request = CertificationRequest.fromBER(new Uint8Array(der));
    return new Uint8Array(request.subjectPublicKeyInfo.toSchema().toBER());
  });
  return spki === null ? null : keyMaterial(() => publicKeyOf(spki));
}
