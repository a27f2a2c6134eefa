/**
 * Negative trust anchors with a lifetime (RFC 7646 §2): zones that are not validated for a time, with the operator's reason.
 * They outlive a reload; a restart ends them.
 */

import { forgetTrust } from '../cache/forget.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import { type Name, nameKey, namesEqual } from '../wire/name.ts';
import type { InstanceView, TimedAnchor, TimedAnchors } from './parts.ts';

/** Lifetime when none is given, seconds: an hour, as in BIND. */
export const DEFAULT_LIFETIME_SECONDS = 3_600;
/** Longest lifetime, seconds: a week, what RFC 7646 §2 names; what is broken longer is for domain-insecure. */
export const MAX_LIFETIME_SECONDS = 604_800;

interface Timed extends TimedAnchor {
  /** The zone was not validated anyway (domain-insecure), and is not when this ends. */
  readonly isConfigured: boolean;
  readonly cancel: CancelTimer;
}

/** Part of an instance that they work on. */
type AnchoredInstance = Pick<InstanceView, 'insecure' | 'caches'>;

export class NegativeAnchors implements TimedAnchors {
  readonly #clock: Clock;
  readonly #timed = new Map<string, Timed>();
  #instance: AnchoredInstance | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Puts them in force in the instance after a reload too. */
  activate(instance: AnchoredInstance): void {
    this.#instance = instance;
    for (const { zone } of this.#timed.values()) instance.insecure.addNegative(zone);
  }

  /** Adds one, in place of one for the same zone. In force at once; ends when old verdicts are out of the caches. */
  async add(zone: Name, seconds: number, reason: string): Promise<void> {
    const key = nameKey(zone);
    const before = this.#timed.get(key);
    before?.cancel();
    const isInsecure = this.#instance?.insecure.negative().some((each) => namesEqual(each, zone)) ?? false;
    const isConfigured = before?.isConfigured ?? isInsecure;
    const cancel = this.#clock.after(seconds * 1000, () => void this.remove(zone));
    const expiresAt = this.#clock.unixSeconds() + seconds;
    this.#timed.set(key, { zone, reason, expiresAt, isConfigured, cancel });
    this.#instance?.insecure.addNegative(zone);
    await this.#forget(zone);
  }

  /** Ends one before its time; false when there is none. */
  async remove(zone: Name): Promise<boolean> {
    const timed = this.#timed.get(nameKey(zone));
    if (timed === undefined) return false;
    timed.cancel();
    this.#timed.delete(nameKey(zone));
    if (!timed.isConfigured) this.#instance?.insecure.removeNegative(zone);
    await this.#forget(zone);
    return true;
  }

  list(): readonly TimedAnchor[] {
    return [...this.#timed.values()];
  }

  async #forget(zone: Name): Promise<void> {
    if (this.#instance === null) return;
    await forgetTrust({ caches: this.#instance.caches, pause: () => this.#clock.nextTurn() }, zone);
  }
}
