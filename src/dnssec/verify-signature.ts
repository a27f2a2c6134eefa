/** One RRset, one RRSIG, one key: does the signature hold (RFC 4035 §5.3). */

import type { Crypto } from '../ports/crypto.ts';
import type { SignatureFailure, SignatureOutcome } from '../terms/signature-outcome.ts';
import { Bug } from '../terms/unreachable.ts';
import type { Name } from '../wire/name.ts';
import type { Rrsig } from '../wire/rdata-rrsig.ts';
import type { RRset } from '../wire/rrset.ts';
import type { ZoneKey } from './dnskey.ts';

/** Allowed clock error, seconds: 10 % of the signature's life, at least `min`, at most `max` (`val-sig-skew-*`). */
export interface Skew {
  readonly min: number;
  readonly max: number;
}

/** As Unbound: `val-sig-skew-min: 3600`, `val-sig-skew-max: 86400`. */
export const DEFAULT_SKEW: Skew = { min: 3600, max: 86_400 };

/** One check to make. */
export interface SignatureCheck {
  readonly rrset: RRset;
  /** Rdata of the RRSIG. */
  readonly signature: Uint8Array;
  readonly key: ZoneKey;
  /** The zone whose apex keys are tried: the signer must be this name. */
  readonly zone: Name;
  /** The second at which it must hold, unix. */
  readonly at: number;
  readonly skew: Skew;
}

/** All checks that need no key: the RRSIG read, or why it cannot hold with any key. */
export function precheckRrsig(check: Omit<SignatureCheck, 'key'>): Rrsig | SignatureFailure {
  throw new Bug('not built', { check });
}

/** All checks but the cryptographic one, in the order of RFC 4035 §5.3.1: the RRSIG read, or the first that fails. */
export function precheckSignature(check: SignatureCheck): Rrsig | SignatureFailure {
  throw new Bug('not built', { check });
}

/** All checks. At once where the algorithm is cheap, else as a promise that does not reject. */
export function verifySignature(check: SignatureCheck, crypto: Crypto): SignatureOutcome | Promise<SignatureOutcome> {
  throw new Bug('not built', { check, crypto });
}
