/**
 * One TLSA record: what its fields mean, whether a client may use it (RFC 6698, RFC 7671, and RFC 7672 for mail between
 * servers), and what association data a certificate or key gives.
 */

import type { Certificate } from '../ports/certificates.ts';
import type { Crypto } from '../ports/crypto.ts';
import { concatBytes, toHex } from '../wire/bytes.ts';
import type { Tlsa } from '../wire/rdata-tlsa.ts';

/** Certificate usages (RFC 6698 §2.1.1, names of RFC 7218 §2.1). */
export const USAGE = { PKIX_TA: 0, PKIX_EE: 1, DANE_TA: 2, DANE_EE: 3 } as const;
/** Selectors (RFC 6698 §2.1.2). */
export const SELECTOR = { CERT: 0, SPKI: 1 } as const;
/** Matching types (RFC 6698 §2.1.3). */
export const MATCHING = { FULL: 0, SHA2_256: 1, SHA2_512: 2 } as const;

const USAGE_NAMES: readonly string[] = ['PKIX-TA', 'PKIX-EE', 'DANE-TA', 'DANE-EE'];
/** Octets of a digest by matching type; null: the data itself. */
const DIGEST_OCTETS: readonly (number | null)[] = [null, 32, 64];
/** Octets from which on an association is called large: together with its signature it no longer fits one datagram. */
const LARGE_OCTETS = 512;

/** Who is asked: mail between servers has rules of its own. */
export type DaneService = 'smtp' | 'other';

/** Whether a record may be used, and if not, why. */
type Usability = { readonly usable: true } | { readonly usable: false; readonly why: string };

/** Says whether a client of the service may use the record. */
export function usabilityOf(tlsa: Tlsa, service: DaneService): Usability {
  const { usage, selector, matchingType, association } = tlsa;
  if (usage > 3) return unusable(`certificate usage ${usage} is not known`);
  if (service === 'smtp' && usage < USAGE.DANE_TA)
    return unusable(
      `certificate usage ${usage} (${usageName(usage)}) is not used for mail between servers (RFC 7672 §3.1.3)`,
    );
  if (selector > 1) return unusable(`selector ${selector} is not known`);
  const octets = DIGEST_OCTETS[matchingType];
  if (octets === undefined) return unusable(`matching type ${matchingType} is not known`);
  if (association.length === 0) return unusable('it has no association data');
  if (octets !== null && association.length !== octets)
    return unusable(`matching type ${matchingType} needs ${octets} octets, it has ${association.length}`);
  return { usable: true };
}

function unusable(why: string): Usability {
  return { usable: false, why };
}

export function usageName(usage: number): string {
  return USAGE_NAMES[usage] ?? `usage ${usage}`;
}

/** What is unwise about a record that may be used; one sentence each. */
export function remarksOn(tlsa: Tlsa, crypto: Crypto): readonly string[] {
  const { usage, selector, matchingType, association } = tlsa;
  const remarks: string[] = [];
  if (usage === USAGE.DANE_EE && selector === SELECTOR.CERT)
    remarks.push('it matches one certificate only, so it breaks at every renewal; 3 1 1 stays as long as the key does');
  if (usage === USAGE.DANE_TA && selector === SELECTOR.CERT)
    remarks.push('it breaks when the authority renews its certificate with the same key; 2 1 1 does not');
  if (matchingType === MATCHING.FULL && association.length > LARGE_OCTETS)
    remarks.push(`it holds ${association.length} octets in full (RFC 7671 §10.1.2 advises a digest)`);
  if (matchingType === MATCHING.SHA2_512)
    remarks.push('clients need not know SHA2-512 (RFC 7671 §10.1.2); SHA2-256 is the one that all know');
  if (isDigestOfNothing(tlsa, crypto)) remarks.push('it is the digest of no octets at all: what made it had no input');
  return remarks;
}

function isDigestOfNothing({ matchingType, association }: Tlsa, crypto: Crypto): boolean {
  const kind = digestOf(matchingType);
  return kind !== null && toHex(crypto.digest(kind, new Uint8Array())) === toHex(association);
}

function digestOf(matchingType: number): 'sha256' | 'sha512' | null {
  return matchingType === MATCHING.SHA2_256 ? 'sha256' : matchingType === MATCHING.SHA2_512 ? 'sha512' : null;
}

/** The octets that a selector chooses. */
export function selectedOf(certificate: Pick<Certificate, 'der' | 'spki'>, selector: number): Uint8Array {
  return selector === SELECTOR.CERT ? certificate.der : certificate.spki;
}

/** The association data of octets that were selected (RFC 6698 §2.1.3). */
export function associationOf(selected: Uint8Array, matchingType: number, crypto: Crypto): Uint8Array {
  const kind = digestOf(matchingType);
  return kind === null ? selected : crypto.digest(kind, selected);
}

/** Rdata of a TLSA or SMIMEA record (RFC 6698 §2.1, RFC 8162 §2). */
export function tlsaRdata({ usage, selector, matchingType, association }: Tlsa): Uint8Array {
  return concatBytes(Uint8Array.of(usage, selector, matchingType), association);
}

/** Parameters and the beginning of the data, for lines that people read: `3 1 1 0a1b2c3d…`. */
export function tlsaText({ usage, selector, matchingType, association }: Tlsa): string {
  const hex = toHex(association);
  return `${usage} ${selector} ${matchingType} ${hex.length > 16 ? `${hex.slice(0, 16)}…` : hex}`;
}
