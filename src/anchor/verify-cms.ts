/**
 * Checks the detached CMS signature of IANA's list of root trust anchors (RFC 9718 §3, RFC 5652): the signer's certificate
 * chains up to a trusted CA, was valid at the time, names the expected signer, and has signed just these octets.
 *
 * Stricter than the standard where nothing genuine is lost by it: no octet of the file may be other than its signer wrote it.
 * So the file must be the one DER encoding of what it says, and each certificate in it must be signed by one that is known.
 *
 * Not our own code: pkijs and asn1js do ASN.1, paths of certificates and signatures, by the platform's WebCrypto.
 */

import { fromBER, Null } from 'asn1js';
import { type AlgorithmIdentifier, Certificate, ContentInfo, IssuerAndSerialNumber, SignedData } from 'pkijs';

/** Most octets of a signature file; IANA's has about six thousand. */
export const MAX_SIGNATURE_OCTETS = 65_536;

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const DATA = '1.2.840.113549.1.7.1';
const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';

/** What a signature must prove. */
export interface SignatureDemand {
  /** The octets that are signed. */
  readonly content: Uint8Array;
  /** The signature file, DER. */
  readonly signature: Uint8Array;
  /** PEM text of the trusted certificate authorities; more than one may stand in it. */
  readonly authorities: string;
  /** emailAddress in the subject of the signer's certificate; empty: any. */
  readonly signerEmail: string;
  /** The time at which certificates must be valid, unix seconds. */
  readonly at: number;
}

type SignatureCheck = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** Checks one signature. Never rejects: what the libraries throw on malformed octets is a reason. */
export async function verifyDetachedSignature(demand: SignatureDemand): Promise<SignatureCheck> {
  try {
    return await verify(demand);
  } catch (error) {
    return failed(`malformed signature: ${(error as Error).message}`);
  }
}

async function verify({ content, signature, authorities, signerEmail, at }: SignatureDemand): Promise<SignatureCheck> {
  const trustedCerts = certificatesOf(authorities);
  if (trustedCerts.length === 0) return failed('no certificate authority to check the signature with');
  const signed = signedDataOf(signature);
  if (signed === null) return failed('the signature is not CMS SignedData');
  if (signed.signerInfos.length !== 1) return failed(`${signed.signerInfos.length} signers in place of one`);
  const strange = await whatIsStrange(signed, signature, trustedCerts);
  if (strange !== null) return failed(strange);
  const signer = signerCertificateOf(signed);
  if (signer === null) return failed("the signer's certificate does not come with the signature");
  // RFC 9718 §3.2.1: the signer is IANA, not just anybody whom the CA has certified.
  const email = emailOf(signer);
  if (signerEmail !== '' && email !== signerEmail)
    return failed(`signed by ${email ?? 'nobody named'}, not by ${signerEmail}`);
  const result = await signed
    .verify({
      signer: 0,
      data: copied(content),
      trustedCerts,
      checkChain: true,
      checkDate: new Date(at * 1000),
      extendedMode: true,
    })
    .catch((refused: { message?: string }) => ({ signatureVerified: false, message: refused.message ?? 'refused' }));
  if (result.signatureVerified === true) return { ok: true };
  return failed(`the signature does not verify${result.message ? `: ${result.message}` : ''}`);
}

function failed(why: string): SignatureCheck {
  return { ok: false, why };
}

/** asn1js reads whole array buffers. */
function copied(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function certificatesOf(pem: string): Certificate[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g);
  return [...blocks].map(([, base64 = '']) => Certificate.fromBER(copied(Buffer.from(base64, 'base64'))));
}

function signedDataOf(bytes: Uint8Array): SignedData | null {
  const { offset, result } = fromBER(copied(bytes));
  // Octets after the structure are signed by nobody.
  if (offset !== bytes.length) return null;
  const info = new ContentInfo({ schema: result });
  return info.contentType === SIGNED_DATA ? new SignedData({ schema: info.content }) : null;
}

/** What stands in the file that no signature covers and that IANA does not write; null when there is nothing. */
async function whatIsStrange(
  signed: SignedData,
  signature: Uint8Array,
  trusted: readonly Certificate[],
): Promise<string | null> {
  const info = new ContentInfo({ contentType: SIGNED_DATA, content: signed.toSchema(true) });
  if (!Buffer.from(info.toSchema().toBER()).equals(signature)) return 'the signature is not in its DER form';
  const digests = signed.digestAlgorithms.map(({ algorithmId }) => algorithmId).join(' ');
  // RFC 5652 §5.1: version 1 for plain certificates and signers named by issuer and serial number.
  if (signed.version !== 1 || signed.signerInfos.some(({ version }) => version !== 1)) return 'unknown version';
  if (signed.encapContentInfo.eContentType !== DATA) return 'the signed content is not plain data';
  if (digests !== signed.signerInfos[0]?.digestAlgorithm.algorithmId) return 'digest algorithms do not fit the signer';
  const signer = signed.signerInfos[0];
  const algorithms = [...signed.digestAlgorithms, signer?.digestAlgorithm, signer?.signatureAlgorithm];
  if (algorithms.some((each) => each !== undefined && !hasPlainParameters(each))) return 'odd algorithm parameters';
  const certificates = (signed.certificates ?? []).filter((each) => each instanceof Certificate);
  if (certificates.length !== signed.certificates?.length) return 'something other than certificates comes along';
  for (const certificate of certificates) {
    // RFC 5280 §4.1.1.2: the algorithm outside is the one that is signed inside.
    if (!sameEncoding(certificate.signature, certificate.signatureAlgorithm))
      return 'a certificate with two algorithms';
    if (certificate.signatureValue.valueBlock.unusedBits !== 0)
      return 'a certificate whose signature is no whole octets';
    const issuers = [...trusted, ...certificates].filter(({ subject }) => subject.isEqual(certificate.issuer));
    const checks = await Promise.all(issuers.map((issuer) => certificate.verify(issuer).catch(() => false)));
    if (!checks.includes(true)) return 'a certificate comes along that no known authority has signed';
  }
  return null;
}

/** RFC 3370 §2.1, §3.2; RFC 5754 §3: NULL or nothing. */
function hasPlainParameters({ algorithmParams }: AlgorithmIdentifier): boolean {
  return algorithmParams === undefined || algorithmParams instanceof Null;
}

/** Anything of pkijs that can be written. */
interface Encodable {
  toSchema(): { toBER(): ArrayBuffer };
}

function sameEncoding(one: Encodable, other: Encodable): boolean {
  return Buffer.from(one.toSchema().toBER()).equals(Buffer.from(other.toSchema().toBER()));
}

function signerCertificateOf(signed: SignedData): Certificate | null {
  const sid = signed.signerInfos[0]?.sid;
  if (!(sid instanceof IssuerAndSerialNumber)) return null;
  const found = signed.certificates?.find(
    (each) =>
      each instanceof Certificate &&
      sameEncoding(each.issuer, sid.issuer) &&
      each.serialNumber.isEqual(sid.serialNumber),
  );
  return found instanceof Certificate ? found : null;
}

function emailOf(certificate: Certificate): string | null {
  const attribute = certificate.subject.typesAndValues.find(({ type }) => type === EMAIL_ADDRESS);
  return attribute === undefined ? null : String(attribute.value.valueBlock.value);
}
