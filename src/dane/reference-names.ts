/** Does a certificate hold a name that the client looks for (RFC 6125 §6.4, RFC 7672 §3.2.2 and §3.2.3). */

import type { Certificate } from '../ports/certificates.ts';

/** The reference identifier that the certificate holds; null: none of them. Names without the final dot, any case. */
export function matchingName(certificate: Certificate, references: readonly string[]): string | null {
  const { dnsNames, commonName } = certificate;
  // RFC 6125 §6.4.4: the common name counts only where there is no DNS name.
  const presented = dnsNames.length > 0 ? dnsNames : commonName === null ? [] : [commonName];
  return references.find((reference) => presented.some((name) => isMatch(name, reference))) ?? null;
}

/** RFC 6125 §6.4.3: a wildcard stands for one whole label, the first. */
function isMatch(presented: string, reference: string): boolean {
  const name = normalised(presented);
  const wanted = normalised(reference);
  if (name === wanted) return name !== '';
  if (!name.startsWith('*.')) return false;
  const dot = wanted.indexOf('.');
  const rest = name.slice(1);
  // A wildcard right below the root or a single label is for nobody.
  return dot > 0 && rest.indexOf('.', 1) > 0 && wanted.slice(dot) === rest;
}

function normalised(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
