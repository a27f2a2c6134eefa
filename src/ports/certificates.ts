/**
 * X.509 certificates and public keys as DANE looks at them. Octets from a peer are hostile: what cannot be read is null,
 * never thrown.
 */

/** A certificate (RFC 5280). */
export interface Certificate {
  /** The whole certificate, DER. */
  readonly der: Uint8Array;
  /** Its SubjectPublicKeyInfo, DER (RFC 5280 §4.1.2.7). */
  readonly spki: Uint8Array;
  readonly subject: string;
  readonly issuer: string;
  /** DNS names of subjectAltName, as they stand. */
  readonly dnsNames: readonly string[];
  /** Last CN of the subject; counts only without DNS names (RFC 6125 §6.4.4). */
  readonly commonName: string | null;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Basic constraints say that it may issue (RFC 5280 §4.2.1.9). */
  readonly isAuthority: boolean;
  readonly key: { readonly type: string; readonly bits: number | null };
  /** True when the issuer's name fits and its key made the signature. */
  isIssuedBy(issuer: Certificate): boolean;
  /** True when the key (SubjectPublicKeyInfo, DER) made the signature. */
  isSignedBy(spki: Uint8Array): boolean;
}

/** What a file with key material holds. */
export type KeyMaterial =
  /** In the order of the file: the host's own first, then its issuers. */
  | { readonly kind: 'certificates'; readonly chain: readonly Certificate[] }
  /** A certificate request, a private or a public key: only the key is known. */
  | { readonly kind: 'key'; readonly spki: Uint8Array; readonly key: Certificate['key'] };

export interface Certificates {
  /** Reads one certificate, DER. */
  read(der: Uint8Array): Certificate | null;
  /** Reads a file: PEM (certificates, request, private or public key) or DER of one of them; null for anything else. */
  readFile(content: Uint8Array): Promise<KeyMaterial | null>;
}
