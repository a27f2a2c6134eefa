/**
 * Automated updates of trust anchors (RFC 5011): the state table of one anchor's keys, as a pure function of what a proven
 * probe of the zone's DNSKEY set showed.
 *
 * Leaves to others: proving the set (probe-anchor.ts), the state file (anchor-state.ts), when to ask (anchor-tracker.ts).
 */

import { unreachable } from '../terms/unreachable.ts';
import { bytesEqual } from '../wire/bytes.ts';
import type { Name } from '../wire/name.ts';
import { DNSKEY_FLAG } from '../wire/rdata-dnskey.ts';

/** State of one key (RFC 5011 §4.2). `start`: configured, not yet seen in the zone. A removed key is no longer listed. */
export type KeyState = 'start' | 'add-pend' | 'valid' | 'missing' | 'revoked';

export interface TrackedKey {
  /** DNSKEY rdata; for a revoked key with the REVOKE bit set. */
  readonly rdata: Uint8Array;
  readonly state: KeyState;
  /** Probes in a row that showed a pending key; 0 in other states. */
  readonly count: number;
  /** When the state began, unix seconds; 0: not known. */
  readonly changedAt: number;
}

export interface TrackedKeys {
  readonly zone: Name;
  /** Configured DS rdatas, until a probe has shown their keys. */
  readonly ds: readonly Uint8Array[];
  /** The newest first. */
  readonly keys: readonly TrackedKey[];
}

/** What a proven probe showed: secure entry point keys that are not revoked. */
export interface SeenKeys {
  readonly present: readonly Uint8Array[];
  /** Keys of `present` that a configured DS names. */
  readonly namedByDs: readonly Uint8Array[];
}

/** Waiting times, seconds. */
export interface HoldDowns {
  /** Before a new key is trusted (add-holddown; RFC 5011 §2.4.1: 30 days). */
  readonly addSeconds: number;
  /** Before a revoked key is forgotten (del-holddown; RFC 5011 §2.4.2: 30 days). */
  readonly delSeconds: number;
  /** Before a missing key is forgotten (keep-missing); 0: never. */
  readonly keepMissingSeconds: number;
}

/** Probes that must have shown a new key before it is trusted, however long they lie apart. */
const MIN_PENDING_PROBES = 2;

/** The keys after the clock was set by so many seconds: a pending key has waited no longer for that (RFC 5011 §2.4.1). */
export function afterStep(tracked: TrackedKeys, seconds: number): TrackedKeys {
  const keys = tracked.keys.map((key) =>
    key.state === 'add-pend' ? { ...key, changedAt: Math.max(1, key.changedAt + seconds) } : key,
  );
  return { ...tracked, keys };
}

/**
 * The keys after those of `revoked` (with the REVOKE bit) have revoked themselves: RFC 5011 §2.1, immediate and permanent,
 * whatever else the set was worth. Nothing is said of the other keys.
 */
export function revokeKeys(tracked: TrackedKeys, revoked: readonly Uint8Array[], now: number): TrackedKeys {
  const keys = tracked.keys.map((key): TrackedKey => {
    const rdata = revoked.find((each) => isSameKey(each, key.rdata));
    return rdata === undefined || key.state === 'revoked' ? key : { rdata, state: 'revoked', count: 0, changedAt: now };
  });
  return { ...tracked, keys };
}

/** The keys after a proven probe at `now` (RFC 5011 §4.1); revocations have been obeyed before. */
export function advanceKeys(tracked: TrackedKeys, seen: SeenKeys, now: number, holds: HoldDowns): TrackedKeys {
  const hasOtherTrust = (key: TrackedKey): boolean =>
    tracked.keys.some((other) => other !== key && other.state === 'valid');
  const kept = tracked.keys.flatMap((key) => {
    const next = advanceKey(key, seen, now, holds);
    const isForgotten =
      next?.state === 'missing' &&
      holds.keepMissingSeconds > 0 &&
      now - next.changedAt >= holds.keepMissingSeconds &&
      hasOtherTrust(key);
    return next === null || isForgotten ? [] : [next];
  });
  const isKnown = (rdata: Uint8Array): boolean => tracked.keys.some((key) => isSameKey(key.rdata, rdata));
  const fresh = seen.present.filter((rdata) => !isKnown(rdata)).map((rdata) => newKey(rdata, seen, now));
  return { zone: tracked.zone, ds: seen.namedByDs.length > 0 ? [] : tracked.ds, keys: [...fresh.reverse(), ...kept] };
}

function newKey(rdata: Uint8Array, seen: SeenKeys, now: number): TrackedKey {
  const isNamed = seen.namedByDs.some((named) => bytesEqual(named, rdata));
  return isNamed
    ? { rdata, state: 'valid', count: 0, changedAt: now }
    : { rdata, state: 'add-pend', count: 1, changedAt: now };
}

/** A key's next state; null when it is no longer listed. */
function advanceKey(key: TrackedKey, seen: SeenKeys, now: number, holds: HoldDowns): TrackedKey | null {
  const isPresent = seen.present.some((rdata) => isSameKey(rdata, key.rdata));
  const become = (state: KeyState): TrackedKey => ({ rdata: key.rdata, state, count: 0, changedAt: now });
  switch (key.state) {
    case 'add-pend': {
      // RFC 5011 §4.1, AddPend: KeyRem goes back to Start: the key is forgotten, and a later one waits anew.
      if (!isPresent) return null;
      const count = key.count + 1;
      // RFC 5011 §2.4.1: trusted after the add hold-down time, when a later proven set still shows it.
      const isOver = now - key.changedAt >= holds.addSeconds && count >= MIN_PENDING_PROBES;
      return isOver ? become('valid') : { ...key, count };
    }
    case 'start':
    case 'valid':
    case 'missing':
      if (isPresent) return key.state === 'valid' ? key : become('valid');
      return key.state === 'missing' ? key : become('missing');
    case 'revoked':
      return now - key.changedAt >= holds.delSeconds ? null : key;
    default:
      return unreachable(key.state);
  }
}

/**
 * Keys that are trusted now (RFC 5011 §4.2: valid and missing ones; configured ones until they were looked for). A key that
 * is listed as revoked is none of them, though its form without the REVOKE bit be listed as well.
 */
export function trustedKeys(tracked: TrackedKeys): readonly Uint8Array[] {
  const revoked = tracked.keys.filter(({ state }) => state === 'revoked');
  return tracked.keys
    .filter(({ state }) => state === 'valid' || state === 'missing' || state === 'start')
    .filter(({ rdata }) => !revoked.some((key) => isSameKey(key.rdata, rdata)))
    .map(({ rdata }) => rdata);
}

/** True when the zone has revoked all that was trusted: it counts as having no anchor (RFC 5011 §5). */
export function isWhollyRevoked(tracked: TrackedKeys): boolean {
  return (
    tracked.ds.length === 0 &&
    trustedKeys(tracked).length === 0 &&
    tracked.keys.some(({ state }) => state === 'revoked')
  );
}

/** True for one key with and without its REVOKE bit. */
export function isSameKey(a: Uint8Array, b: Uint8Array): boolean {
  return bytesEqual(withoutRevoke(a), withoutRevoke(b));
}

function withoutRevoke(rdata: Uint8Array): Uint8Array {
  const plain = Uint8Array.from(rdata);
  plain[1] = (plain[1] ?? 0) & ~DNSKEY_FLAG.REVOKE;
  return plain;
}
