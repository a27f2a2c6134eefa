/** Whether a certificate was signed by a key, by WebCrypto. */

import { bytesEqual } from '../wire/bytes.ts';
import { oidText, partsOf, readOnly, TAG } from './der.ts';
import type { PageCertificate, SignedParts } from './page-certificate.ts';
import { CURVES, KEY_OID, type PublicKey } from './public-key.ts';

const RSA_DIGESTS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.5', 'SHA-1'],
  ['1.2.840.113549.1.1.11', 'SHA-256'],
  ['1.2.840.113549.1.1.12', 'SHA-384'],
  ['1.2.840.113549.1.1.13', 'SHA-512'],
]);
const EC_DIGESTS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.10045.4.1', 'SHA-1'],
  ['1.2.840.10045.4.3.2', 'SHA-256'],
  ['1.2.840.10045.4.3.3', 'SHA-384'],
  ['1.2.840.10045.4.3.4', 'SHA-512'],
]);

type Checked = 'signed' | 'not-signed' | 'not-known';

/** Finds out who of a chain signed whom; the certificates know it then. Sentences about what the browser could not check. */
export async function checkChain(chain: readonly PageCertificate[]): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const one of chain) {
    for (const issuer of chain.filter((other) => one.names(other))) {
      const checked = await checkSignature(one.signed, issuer.publicKey);
      if (checked === 'not-signed') continue;
      one.addSigner(issuer.spki);
      if (checked === 'not-known')
        warnings.push(`this browser cannot check the signature on ${one.subject}: its issuer is taken by name`);
    }
  }
  return warnings;
}

async function checkSignature(signed: SignedParts, key: PublicKey): Promise<Checked> {
  const way = wayOf(signed, key);
  if (way === 'mismatch') return 'not-signed';
  if (way === null) return 'not-known';
  try {
    const imported = await crypto.subtle.importKey('spki', owned(key.spki), way.imports, false, ['verify']);
    const isGood = await crypto.subtle.verify(way.verifies, imported, owned(way.signature), owned(signed.data));
    return isGood ? 'signed' : 'not-signed';
  } catch {
    // The algorithm is none of this browser's.
    return 'not-known';
  }
}

interface Way {
  readonly imports: { readonly name: string; readonly hash?: string; readonly namedCurve?: string };
  readonly verifies: { readonly name: string; readonly hash?: string };
  readonly signature: Uint8Array;
}

/** How WebCrypto checks it; null: not at all; `mismatch`: such a key makes no such signature. */
function wayOf({ algorithm, signature }: SignedParts, key: PublicKey): Way | 'mismatch' | null {
  const oid = oidText(partsOf(algorithm)?.[0]) ?? '';
  const rsaHash = RSA_DIGESTS.get(oid);
  if (rsaHash !== undefined) {
    if (key.oid !== KEY_OID.RSA) return 'mismatch';
    const name = 'RSASSA-PKCS1-v1_5';
    return { imports: { name, hash: rsaHash }, verifies: { name }, signature };
  }
  const hash = EC_DIGESTS.get(oid);
  if (hash !== undefined) {
    if (key.oid !== KEY_OID.EC) return 'mismatch';
    const curve = CURVES.get(key.curve ?? '');
    const flat = curve === undefined ? null : flatSignature(signature, curve.octets);
    if (curve?.web == null || flat === null) return null;
    return { imports: { name: 'ECDSA', namedCurve: curve.web }, verifies: { name: 'ECDSA', hash }, signature: flat };
  }
  if (oid !== KEY_OID.ED25519) return null;
  return key.oid === oid ? { imports: { name: 'Ed25519' }, verifies: { name: 'Ed25519' }, signature } : 'mismatch';
}

/** Ecdsa-Sig-Value (RFC 3279 §2.2.3) as WebCrypto wants it: both numbers at full length. */
function flatSignature(der: Uint8Array, octets: number): Uint8Array | null {
  const numbers = partsOf(readOnly(der));
  if (numbers?.length !== 2 || numbers.some(({ tag }) => tag !== TAG.INTEGER)) return null;
  const flat = new Uint8Array(octets * 2);
  for (const [i, { content }] of numbers.entries()) {
    const first = content.findIndex((octet) => octet !== 0);
    const number = first < 0 ? new Uint8Array() : content.subarray(first);
    if (number.length > octets) return null;
    flat.set(number, octets * (i + 1) - number.length);
  }
  return flat;
}

/** WebCrypto takes octets of a buffer that is not shared. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** Digests that were made before they are asked for: WebCrypto's come later, the TLSA maker's at once. */
export class PreparedDigests {
  readonly #made: { readonly kind: string; readonly of: Uint8Array; readonly digest: Uint8Array }[] = [];

  async prepare(octets: Uint8Array): Promise<void> {
    for (const [kind, name] of [
      ['sha256', 'SHA-256'],
      ['sha512', 'SHA-512'],
    ] as const) {
      this.#made.push({ kind, of: octets, digest: new Uint8Array(await crypto.subtle.digest(name, owned(octets))) });
    }
  }

  /** Throws for octets that were not prepared: a bug. */
  digest(kind: string, octets: Uint8Array): Uint8Array {
    const made = this.#made.find((one) => one.kind === kind && bytesEqual(one.of, octets));
    if (made === undefined) throw new Error(`no ${kind} was prepared`);
    return made.digest;
  }
}
