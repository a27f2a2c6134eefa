/**
 * Extended DNS Errors (RFC 8914): code points, the option both ways.
 *
 * Source of code points: IANA "Extended DNS Error Codes" (RFC 8914 and later; 30 from RFC 9824). Numbers stay open.
 */

import { readU16, writeU16 } from './bytes.ts';
import { EDNS_OPTION, type Edns, type EdnsOption } from './edns.ts';

/** Code points (INFO-CODE). */
export const EDE = {
  OTHER: 0,
  UNSUPPORTED_DNSKEY_ALGORITHM: 1,
  UNSUPPORTED_DS_DIGEST_TYPE: 2,
  STALE_ANSWER: 3,
  FORGED_ANSWER: 4,
  DNSSEC_INDETERMINATE: 5,
  DNSSEC_BOGUS: 6,
  SIGNATURE_EXPIRED: 7,
  SIGNATURE_NOT_YET_VALID: 8,
  DNSKEY_MISSING: 9,
  RRSIGS_MISSING: 10,
  NO_ZONE_KEY_BIT_SET: 11,
  NSEC_MISSING: 12,
  CACHED_ERROR: 13,
  NOT_READY: 14,
  BLOCKED: 15,
  CENSORED: 16,
  FILTERED: 17,
  PROHIBITED: 18,
  STALE_NXDOMAIN_ANSWER: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
  INVALID_DATA: 24,
  SIGNATURE_EXPIRED_BEFORE_VALID: 25,
  TOO_EARLY: 26,
  UNSUPPORTED_NSEC3_ITERATIONS_VALUE: 27,
  UNABLE_TO_CONFORM_TO_POLICY: 28,
  SYNTHESIZED: 29,
  INVALID_QUERY_TYPE: 30,
  NEGATIVE_TRUST_ANCHOR: 33,
} as const;

/** Octets of EXTRA-TEXT that we send or keep; a reason fits, a flood does not. */
export const MAX_EDE_TEXT_OCTETS = 255;

/** An extended error: code and text (empty when there is none). */
export interface ExtendedError {
  readonly code: number;
  readonly text: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The option of an extended error; a text longer than MAX_EDE_TEXT_OCTETS is cut at a character border. */
export function edeOption(error: ExtendedError): EdnsOption {
  const text = new Uint8Array(MAX_EDE_TEXT_OCTETS);
  const { written } = encoder.encodeInto(error.text, text);
  const data = new Uint8Array(2 + written);
  writeU16(data, 0, error.code);
  data.set(text.subarray(0, written), 2);
  return { code: EDNS_OPTION.EXTENDED_ERROR, data };
}

/** The extended error in an option; null when it is another option or too short. A final NUL is dropped (RFC 8914 §2). */
export function readEde(option: EdnsOption): ExtendedError | null {
  if (option.code !== EDNS_OPTION.EXTENDED_ERROR || option.data.length < 2) return null;
  const text = decoder.decode(option.data.subarray(2, 2 + MAX_EDE_TEXT_OCTETS));
  return { code: readU16(option.data, 0), text: text.endsWith('\0') ? text.slice(0, -1) : text };
}

/** All extended errors of an OPT, in order. */
export function extendedErrorsOf(edns: Edns): ExtendedError[] {
  return edns.options.map(readEde).filter((error) => error !== null);
}

const purposes = new Map<number, string>(
  Object.entries(EDE).map(([key, code]) => [code, key.charAt(0) + key.slice(1).toLowerCase().replaceAll('_', ' ')]),
);

/** What a code stands for in a few words, `EDE n` where that is unknown. For logs. */
export function edeText(code: number): string {
  return purposes.get(code) ?? `EDE ${code}`;
}
