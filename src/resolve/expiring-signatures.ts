/**
 * Names in the cache whose signatures run out soon, for monitoring (`signatures.expiring`) and `list_expiring`: their signer has
 * stopped renewing, and the zone will be bogus when they end.
 *
 * Duties: what "soon" is; one entry for each name and type, bounded in number, gone with the cached set or when it was signed anew.
 * Leaves to others: whether a signature holds.
 */

import type { Clock } from '../ports/clock.ts';
import type { ValidSignature } from '../terms/signature-outcome.ts';
import { nameKey } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { typeText } from '../wire/rr-type.ts';
import { type RRset, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { serialDifference } from '../wire/serial.ts';

/** Seconds before its end from which on a signature should have been renewed: signers that renew weekly or daily are ahead of it. */
const SOON_SECONDS = 3 * 86_400;
/**
 * Share of its life that a signature must have left: signers that sign each answer anew make signatures of a day or two, which are
 * never far from their end and always fresh.
 */
const LEAST_SHARE = 1 / 4;
/** Names with their types that are kept; the oldest entry gives way. */
const MAX_NAMES = 500;

interface Held {
  readonly rrset: RRset;
  readonly keyTag: number;
  /** Unix seconds. */
  readonly expiration: number;
  /** When the set leaves the cache, unix seconds. */
  readonly heldUntil: number;
}

/** One name and type, as text. */
interface ExpiringName {
  readonly name: string;
  readonly type: string;
  readonly keyTag: number;
  /** Unix seconds. */
  readonly expiration: number;
}

export class ExpiringSignatures {
  readonly #clock: Clock;
  readonly #names = new Map<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A signature was verified; the set is held until `heldUntil`, unix seconds. */
  note(rrset: RRset, signature: ValidSignature, heldUntil: number): void {
    const now = this.#clock.unixSeconds();
    const isSoon = isRunningOut(signature, now);
    if (!isSoon && this.#names.size === 0) return;
    const key = `${nameKey(rrsetOwner(rrset))} ${rrsetType(rrset)}`;
    this.#names.delete(key);
    if (!isSoon) return;
    const expiration = now + serialDifference(signature.expiration, now);
    this.#names.set(key, { rrset, keyTag: signature.keyTag, expiration, heldUntil });
    const oldest = this.#names.keys().next().value;
    if (this.#names.size > MAX_NAMES && oldest !== undefined) this.#names.delete(oldest);
  }

  /** Those that are held now. */
  get count(): number {
    this.#forget();
    return this.#names.size;
  }

  /** Those that are held now, the first to end first. */
  list(): readonly ExpiringName[] {
    this.#forget();
    const lines = [...this.#names.values()].map(({ rrset, keyTag, expiration }) => ({
      name: formatName(rrsetOwner(rrset)),
      type: typeText(rrsetType(rrset)),
      keyTag,
      expiration,
    }));
    return lines.sort((a, b) => a.expiration - b.expiration);
  }

  #forget(): void {
    const now = this.#clock.unixSeconds();
    for (const [key, { heldUntil }] of this.#names) if (heldUntil <= now) this.#names.delete(key);
  }
}

/** RFC 4034 §3.1.5: times are compared in serial arithmetic. */
function isRunningOut({ inception, expiration }: ValidSignature, now: number): boolean {
  const left = serialDifference(expiration, now);
  return left < SOON_SECONDS && left < serialDifference(expiration, inception) * LEAST_SHARE;
}
