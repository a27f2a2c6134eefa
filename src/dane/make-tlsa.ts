/** Makes TLSA records from key material, and says what is unwise about them. */

import type { Certificate, KeyMaterial } from '../ports/certificates.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { Tlsa } from '../wire/rdata-tlsa.ts';
import { matchingName } from './reference-names.ts';
import { associationOf, MATCHING, remarksOn, SELECTOR, selectedOf, USAGE, usabilityOf } from './tlsa-record.ts';

/** RSA keys below are weak (RFC 9325 §4.5). */
const LEAST_RSA_BITS = 2048;

export interface TlsaWish {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  /** The name that clients connect to; empty: unknown. */
  readonly host: string;
  /** Mail between servers, where not all usages count. */
  readonly isMail: boolean;
  /** Unix seconds. */
  readonly now: number;
}

interface MadeTlsas {
  readonly tlsas: readonly Tlsa[];
  readonly warnings: readonly string[];
}

/** One record for each material; a sentence when one cannot be made. */
export function makeTlsas(materials: readonly KeyMaterial[], wish: TlsaWish, crypto: Crypto): MadeTlsas | string {
  const tlsas: Tlsa[] = [];
  const warnings: string[] = [];
  for (const material of materials) {
    const subject = subjectOf(material, wish);
    if (typeof subject === 'string') return subject;
    const { usage, selector, matchingType } = wish;
    const association = associationOf(selectedOf(subject, selector), matchingType, crypto);
    const tlsa = { usage, selector, matchingType, association };
    tlsas.push(tlsa);
    warnings.push(...warningsOf(tlsa, material, { wish, subject }, crypto));
  }
  return { tlsas, warnings: [...new Set(warnings)] };
}

type Subject = Pick<Certificate, 'der' | 'spki' | 'key'>;

/** The certificate or key that the record is about; a sentence when the material has none for it. */
function subjectOf(material: KeyMaterial, { usage, selector }: TlsaWish): Subject | string {
  const isOfAuthority = usage === USAGE.PKIX_TA || usage === USAGE.DANE_TA;
  if (material.kind === 'key') {
    if (selector === SELECTOR.CERT) return 'a key has no certificate: selector 1 is for keys';
    return { der: new Uint8Array(), spki: material.spki, key: material.key };
  }
  const [own, ...issuers] = material.chain;
  if (own === undefined) return 'there is no certificate';
  if (!isOfAuthority) return own;
  // The issuer stays the same when the host's certificate is renewed; a file with one certificate must be the authority's.
  const issuer = issuers.find((one) => own.isIssuedBy(one)) ?? (own.isAuthority ? own : undefined);
  return issuer ?? `usage ${usage} is about the authority: give a chain file with its certificate, or that certificate`;
}

interface Why {
  readonly wish: TlsaWish;
  readonly subject: Subject;
}

function warningsOf(tlsa: Tlsa, material: KeyMaterial, { wish, subject }: Why, crypto: Crypto): string[] {
  const usability = usabilityOf(tlsa, wish.isMail ? 'smtp' : 'other');
  const warnings = usability.usable ? [] : [usability.why];
  warnings.push(...remarksOn(tlsa, crypto));
  if (tlsa.matchingType === MATCHING.FULL)
    warnings.push('matching type 0 puts all octets into the DNS: a digest does as well');
  const { type, bits } = subject.key;
  if (type.startsWith('rsa') && bits !== null && bits < LEAST_RSA_BITS)
    warnings.push(`the RSA key has ${bits} bits only`);
  if (material.kind !== 'certificates' || tlsa.usage === USAGE.DANE_EE) return warnings;
  const [own] = material.chain;
  if (own === undefined || own.isAuthority) return warnings;
  if (wish.host !== '' && matchingName(own, [wish.host]) === null)
    warnings.push(`the certificate does not hold the name ${wish.host}, which usage ${tlsa.usage} needs`);
  if (own.notAfter < wish.now) warnings.push(`the certificate is out of date, which counts with usage ${tlsa.usage}`);
  return warnings;
}
