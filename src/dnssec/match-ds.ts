/**
 * DS records against DNSKEYs (RFC 4035 §5.2, RFC 4509, RFC 6605 §2): which DS count, and whether one names a key.
 *
 * Leaves to others: how many tries are allowed (KeyTrap limits are the caller's), the verdict.
 */

import type { Crypto } from '../ports/crypto.ts';
import { DIGEST } from '../wire/algorithms.ts';
import { bytesEqual, readU8, transientBytes } from '../wire/bytes.ts';
import { copyLowerCase, type Name } from '../wire/name.ts';
import { isDnskey, keyTag } from '../wire/rdata-dnskey.ts';
import { type Ds, readDs } from '../wire/rdata-ds.ts';
import { type AlgorithmPolicy, digestKindOf } from './algorithms.ts';

/** Whether a DS names a key. */
type DsMatch = 'match' | 'no-match' | 'unsupported-digest';

/**
 * Compares one DS with one DNSKEY of `owner`. Key tag and algorithm are compared first, so that only a candidate costs a
 * digest.
 */
export function matchDs(owner: Name, ds: Ds, dnskeyRdata: Uint8Array, crypto: Crypto): DsMatch {
  const kind = digestKindOf(ds.digestType);
  if (kind === null) return 'unsupported-digest';
  // RFC 4035 §5.2: the algorithm and key tag in the DS RR match those of the DNSKEY RR.
  if (!isDnskey(dnskeyRdata) || !mayName(ds, dnskeyRdata)) return 'no-match';
  // RFC 4034 §5.1.4: digest = digest_algorithm(DNSKEY owner name | DNSKEY RDATA), the name in canonical form.
  const digested = transientBytes(owner.length + dnskeyRdata.length);
  digested.set(dnskeyRdata, copyLowerCase(owner, digested, 0));
  const digest = crypto.digest(kind, digested);
  return bytesEqual(digest, ds.digest) ? 'match' : 'no-match';
}

/** True when tag and algorithm fit: as much as can be said without a digest. */
export function mayName({ keyTag: tag, algorithm }: Ds, dnskeyRdata: Uint8Array): boolean {
  return readU8(dnskeyRdata, 3) === algorithm && keyTag(dnskeyRdata) === tag;
}

/** The DS records of a zone, sorted out. */
export interface UsableDs {
  /** Those to try, strongest digest first. Empty: the zone is insecure (RFC 4035 §5.2), `algorithms` and `digests` say why. */
  readonly usable: readonly Ds[];
  /** Algorithms named by DS records that are left out because of the algorithm. */
  readonly algorithms: readonly number[];
  /** Digest types of DS records that are left out because of the digest (RFC 6840 §5.2). */
  readonly digests: readonly number[];
  /** DS records that cannot be read, or whose digest has the wrong length for its type. */
  readonly malformed: number;
}

/**
 * True when no DS of a set counts and none is malformed: RFC 4035 §5.2, RFC 6840 §5.2, the zone is as if unsigned. The one
 * rule by which a DS set makes a zone insecure. A malformed DS of a supported algorithm and digest is a DS that fits no key.
 */
export function isUnsupported({ usable, malformed }: UsableDs): boolean {
  return usable.length === 0 && malformed === 0;
}

const DIGEST_OCTETS = new Map<number, number>([
  [DIGEST.SHA1, 20],
  [DIGEST.SHA256, 32],
  [DIGEST.SHA384, 48],
]);
/** Strongest first (RFC 9904 §3, RFC 6605 §2). */
const DIGEST_ORDER: readonly number[] = [DIGEST.SHA384, DIGEST.SHA256, DIGEST.SHA1];

/** Sorts out DS rdatas: what policy supports, SHA-1 only where nothing better names the same algorithm's key. */
export function usableDs(dsRdatas: readonly Uint8Array[], policy: AlgorithmPolicy): UsableDs {
  const algorithms: number[] = [];
  const digests: number[] = [];
  const supported: Ds[] = [];
  let malformed = 0;
  for (let i = 0; i < dsRdatas.length; i++) {
    const ds = readDs(dsRdatas[i] as Uint8Array);
    if (ds === null) malformed++;
    else if (!policy.supports(ds.algorithm)) addOnce(algorithms, ds.algorithm);
    else if (!policy.supportsDigest(ds.digestType)) addOnce(digests, ds.digestType);
    else if (DIGEST_OCTETS.get(ds.digestType) !== ds.digest.length) malformed++;
    else supported.push(ds);
  }
  return { usable: supported.length < 2 ? supported : strongestFirst(supported), algorithms, digests, malformed };
}

function addOnce(numbers: number[], number: number): void {
  if (!numbers.includes(number)) numbers.push(number);
}

function strongestFirst(supported: readonly Ds[]): readonly Ds[] {
  // RFC 4509 §3: ignore DS RRs containing SHA-1 digests if DS RRs with SHA-256 digests are present in the DS RRset.
  const hasStronger = supported.some((ds) => ds.digestType !== DIGEST.SHA1);
  return supported
    .filter((ds) => !hasStronger || ds.digestType !== DIGEST.SHA1)
    .sort((a, b) => DIGEST_ORDER.indexOf(a.digestType) - DIGEST_ORDER.indexOf(b.digestType));
}
