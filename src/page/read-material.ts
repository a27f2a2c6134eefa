/**
 * What somebody pasted or dropped: certificates, a request, a private or a public key, PEM or DER. The private key stays in this
 * page, and only its public half is looked at.
 */

import type { KeyMaterial } from '../ports/certificates.ts';
import { fromBase64 } from '../wire/bytes.ts';
import { checkChain, owned } from './check-signature.ts';
import { oidText, partsOf, readOnly, TAG } from './der.ts';
import { readPageCertificate } from './page-certificate.ts';
import { algorithmOf, CURVES, KEY_OID, readPublicKey, spkiFrom, spkiOfEc, spkiOfRsa } from './public-key.ts';

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g;
/** Octets of a file that is looked at: a chain of many certificates has some tens of thousands. */
export const MAX_FILE_OCTETS = 1_000_000;

/** What the octets hold. */
type ReadMaterial =
  | { readonly ok: true; readonly material: KeyMaterial; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly why: string };

/** Reads a text or a file. */
export async function readMaterial(content: Uint8Array): Promise<ReadMaterial> {
  if (content.length > MAX_FILE_OCTETS) return no('the file is too large for a certificate or key');
  const text = new TextDecoder('latin1').decode(content);
  const blocks = [...text.matchAll(PEM_BLOCK)].map(([, label = '', body = '']) => ({ label, body }));
  if (blocks.length === 0) {
    if (text.includes('-----BEGIN')) return no('the PEM text is not whole: copy it with its BEGIN and END lines');
    return (await chainOf([content])) ?? (await keyFrom('', content)) ?? no('neither certificate, request nor key');
  }
  if (blocks.some(({ label, body }) => label.startsWith('ENCRYPTED') || body.includes('ENCRYPTED')))
    return no('the key is encrypted: give its certificate or its public key');
  const decoded = blocks.map(({ label, body }) => ({ label, der: fromBase64(body.replace(/\s+/g, '')) }));
  const certificates = decoded.filter(({ label }) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label));
  if (certificates.length > 0) {
    return (await chainOf(certificates.map(({ der }) => der))) ?? no('a certificate of the text cannot be read');
  }
  const key = decoded.find(({ label }) => /(?:KEY|REQUEST)$/.test(label));
  if (key === undefined) return no(`a PEM block ${decoded[0]?.label ?? ''} is neither certificate, request nor key`);
  const read = key.der === null ? null : await keyFrom(key.label, key.der);
  return read ?? no(`the ${key.label.toLowerCase()} cannot be read`);
}

function no(why: string): ReadMaterial {
  return { ok: false, why };
}

async function chainOf(ders: readonly (Uint8Array | null)[]): Promise<ReadMaterial | null> {
  const chain = ders.map((der) => (der === null ? null : readPageCertificate(der)));
  if (!chain.every((one) => one !== null)) return null;
  const warnings = await checkChain(chain);
  return { ok: true, material: { kind: 'certificates', chain }, warnings };
}

/** Null: the octets are no key or request. `label`: of the PEM block; empty: it may be anything. */
async function keyFrom(label: string, der: Uint8Array): Promise<ReadMaterial | null> {
  const spki = label === 'RSA PRIVATE KEY' || label === 'RSA PUBLIC KEY' ? spkiOfRsa(der) : await spkiOf(label, der);
  const key = spki === null ? null : readPublicKey(spki);
  if (key === null) return null;
  const material = { kind: 'key', spki: key.spki, key: { type: key.type, bits: key.bits } } as const;
  return { ok: true, material, warnings: [] };
}

async function spkiOf(label: string, der: Uint8Array): Promise<Uint8Array | null> {
  if (label === 'EC PRIVATE KEY') return spkiOfEc(der, null);
  const parts = partsOf(readOnly(der));
  const [first, second, third] = parts ?? [];
  // A public key: algorithm and bit string.
  if (first?.tag === TAG.SEQUENCE && second?.tag === TAG.BIT_STRING) return der;
  // PKCS #8 (RFC 5958): version, algorithm, octets of the key.
  if (first?.tag === TAG.INTEGER && third?.tag === TAG.OCTET_STRING) return await spkiOfPkcs8(der);
  // PKCS #10 (RFC 2986): the third field of what is signed is the key.
  const fields = partsOf(first);
  if (first?.tag === TAG.SEQUENCE && fields?.[0]?.tag === TAG.INTEGER) return fields[2]?.whole ?? null;
  return null;
}

async function spkiOfPkcs8(der: Uint8Array): Promise<Uint8Array | null> {
  const [, algorithm, key] = partsOf(readOnly(der)) ?? [];
  const [oidItem, parameters] = partsOf(algorithm) ?? [];
  const oid = oidText(oidItem);
  if (key === undefined || oid === null) return null;
  if (oid === KEY_OID.RSA) return spkiOfRsa(key.content);
  if (oid === KEY_OID.ED25519) return await spkiByBrowser(der, { name: 'Ed25519' }, algorithmOf(oid));
  if (oid !== KEY_OID.EC || parameters === undefined) return null;
  const inside = spkiOfEc(key.content, parameters.whole);
  const curve = CURVES.get(oidText(parameters) ?? '')?.web;
  if (inside !== null || curve == null) return inside;
  return await spkiByBrowser(der, { name: 'ECDSA', namedCurve: curve }, algorithmOf(oid, parameters.whole));
}

/** The public key that is not in the file but follows from the private one. */
async function spkiByBrowser(
  pkcs8: Uint8Array,
  kind: { readonly name: string; readonly namedCurve?: string },
  algorithm: Uint8Array,
): Promise<Uint8Array | null> {
  try {
    const key = await crypto.subtle.importKey('pkcs8', owned(pkcs8), kind, true, ['sign']);
    const { x, y } = await crypto.subtle.exportKey('jwk', key);
    const octets = (text: string): number[] =>
      [...atob(text.replaceAll('-', '+').replaceAll('_', '/'))].map((one) => one.charCodeAt(0));
    if (x === undefined) return null;
    // SEC 1 §2.3.3: 4, then both coordinates.
    const point = y === undefined ? octets(x) : [4, ...octets(x), ...octets(y)];
    return spkiFrom(algorithm, Uint8Array.from(point));
  } catch {
    return null;
  }
}
