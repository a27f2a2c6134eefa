/** Makes RRSIGs (RFC 4034 §3.1) for sets of records, good ones by default. */

import { concatBytes, writeU16, writeU32 } from '../../src/wire/bytes.ts';
import { canonicalRecords } from '../../src/wire/canonical.ts';
import { isWildcard, labelCount, type Name, toLowerCase } from '../../src/wire/name.ts';
import { packRRset } from '../../src/wire/rrset.ts';
import type { SigningKey } from './keys.ts';

/** Records of one owner and type in a zone. */
export interface ZoneSet {
  readonly owner: Name;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly rdatas: readonly Uint8Array[];
}

/** What goes into a signature besides the records. */
export interface SignRequest {
  readonly signer: Name;
  readonly key: SigningKey;
  readonly inception: number;
  readonly expiration: number;
  /** Other than the set's own count of labels. */
  readonly labels?: number;
  /** Other than the set's own TTL. */
  readonly originalTtl?: number;
}

/** Rdata of the RRSIG over a set. */
export function signSet(set: ZoneSet, request: SignRequest): Uint8Array {
  const { key, signer } = request;
  const originalTtl = request.originalTtl ?? set.ttl;
  const head = new Uint8Array(18);
  writeU16(head, 0, set.type);
  head[2] = key.algorithm;
  head[3] = request.labels ?? labelCount(set.owner) - (isWildcard(set.owner) ? 1 : 0);
  writeU32(head, 4, originalTtl);
  writeU32(head, 8, request.expiration);
  writeU32(head, 12, request.inception);
  writeU16(head, 16, key.tag);
  const prefix = concatBytes(head, toLowerCase(signer));
  const records = canonicalRecords(packRRset({ ...set, signatures: [] }), set.owner, originalTtl);
  return concatBytes(prefix, key.sign(concatBytes(prefix, records)));
}
