/** What we may believe about zones as octets: of secure ones their keys, of others why. */

import {
  type BogusReason,
  type IndeterminateReason,
  type InsecureReason,
  SECURE,
  type Verdict,
} from '../terms/verdict.ts';
import type { Name } from '../wire/name.ts';
import type { PackedForm } from './packed-map.ts';
import { readVerdict, writeVerdict } from './packed-verdict.ts';
import type { Packer, Unpacker } from './packing.ts';

/** What we may believe about one zone. */
export type SecurityStatus<Key> =
  | {
      readonly status: 'secure';
      readonly zone: Name;
      readonly keys: readonly Key[];
      /** Algorithms that must each have signed (harden-algo-downgrade); empty when one good signature will do. */
      readonly mustSign: readonly number[];
      readonly expiresAt: number;
    }
  | { readonly status: 'insecure'; readonly zone: Name; readonly why: InsecureReason; readonly expiresAt: number }
  | { readonly status: 'bogus'; readonly zone: Name; readonly why: BogusReason; readonly expiresAt: number }
  | {
      readonly status: 'indeterminate';
      readonly zone: Name;
      readonly why: IndeterminateReason;
      readonly expiresAt: number;
    };

/** The same as it is kept. */
export type KeptStatus<Key> = SecurityStatus<Key> & {
  /** When it was proven, unix seconds. */
  readonly storedAt: number;
};

/** What is held of a key: all else follows from it. */
export interface PackedKey {
  readonly flags: number;
  readonly protocol: number;
  readonly algorithm: number;
  readonly keyTag: number;
  readonly publicKey: Uint8Array;
  /** The crypto library took it. */
  readonly isUsable: boolean;
}

/** Stands in the places of a type and a class, since there is one state for each zone. */
export const NO_TYPE = 0;

export const TRUST_FORM: PackedForm<KeptStatus<PackedKey>> = { write, read };

function write(trust: KeptStatus<PackedKey>, to: Packer): void {
  to.time(trust.storedAt);
  to.u16(NO_TYPE);
  to.u16(NO_TYPE);
  to.time(trust.expiresAt);
  to.bytes(trust.zone);
  writeVerdict(verdictOf(trust), to);
  if (trust.status !== 'secure') return;
  to.u16(trust.mustSign.length);
  for (const algorithm of trust.mustSign) to.u8(algorithm);
  to.u16(trust.keys.length);
  for (const { flags, protocol, algorithm, keyTag, publicKey, isUsable } of trust.keys) {
    to.u16(flags);
    to.u8(protocol);
    to.u8(algorithm);
    to.u16(keyTag);
    to.u8(isUsable ? 1 : 0);
    to.u16(publicKey.length);
    to.bytes(publicKey);
  }
}

function verdictOf(trust: SecurityStatus<PackedKey>): Verdict {
  switch (trust.status) {
    case 'secure':
      return SECURE;
    case 'insecure':
      return { status: trust.status, why: trust.why };
    case 'bogus':
      return { status: trust.status, why: trust.why };
    case 'indeterminate':
      return { status: trust.status, why: trust.why };
  }
}

function read(from: Unpacker): KeptStatus<PackedKey> {
  const storedAt = from.time();
  from.u32();
  const expiresAt = from.time();
  const zone = from.name();
  const verdict = readVerdict(from);
  if (verdict === null) throw new Error('zone trust without a verdict was stored');
  if (verdict.status !== 'secure') return { ...verdict, zone, storedAt, expiresAt };
  const mustSign: number[] = [];
  for (let left = from.u16(); left > 0; left--) mustSign.push(from.u8());
  const keys: PackedKey[] = [];
  for (let left = from.u16(); left > 0; left--) keys.push(readKey(from));
  return { status: 'secure', zone, keys, mustSign, storedAt, expiresAt };
}

function readKey(from: Unpacker): PackedKey {
  const flags = from.u16();
  const protocol = from.u8();
  const algorithm = from.u8();
  const keyTag = from.u16();
  const isUsable = from.u8() === 1;
  return { flags, protocol, algorithm, keyTag, isUsable, publicKey: from.bytes(from.u16()) };
}
