/**
 * Cryptography that the validator needs: public keys, signatures, digests. Keys and signatures are in DNSSEC's own
 * wire forms (RFC 3110, RFC 6605, RFC 8080); malformed ones are answered null or false, never thrown.
 */

/** A public key made ready for checks. Costly to make, so it is kept with the zone's trust. */
export interface ImportedKey {
  /** DNSSEC algorithm number. */
  readonly algorithm: number;
  /** Modulus size for RSA and DSA, curve size otherwise; for limits such as val-nsec3-keysize-iterations. */
  readonly bits: number;
  /** The adapter's own. */
  readonly handle: unknown;
}

/** Hash functions of DS records and NSEC3 (RFC 4509, RFC 6605, RFC 5155), and those of ZONEMD. */
export type DigestKind = 'sha1' | 'sha256' | 'sha384' | 'sha512';

export interface Crypto {
  /** True when this build and its policy can verify signatures of that algorithm. */
  supports(algorithm: number): boolean;
  /**
   * Takes the public key field of a DNSKEY, which must stay as it is; null when malformed or outside the sane bounds of its algorithm.
   * `wasTaken`: it was before, so that what is costly can wait until the key is needed.
   */
  importKey(algorithm: number, publicKey: Uint8Array, wasTaken?: boolean): ImportedKey | null;
  /**
   * True when `signature` over `data` was made by `key`. At once for cheap algorithms (RSA, P-256, Ed25519), as a promise
   * for dear ones.
   */
  verify(key: ImportedKey, data: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
  digest(kind: DigestKind, data: Uint8Array): Uint8Array;
}
