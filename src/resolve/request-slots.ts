/**
 * Slots for clients' questions: how many may be in progress, and which makes room for a new one when all slots are taken.
 *
 * Half of the slots belong to questions that run to their end; in the other half one that has run for longer than the
 * jostle time is thrown out for a newcomer (num-queries-per-thread, jostle-timeout). So a flood of slow questions cannot
 * hold all slots, and a flood of any kind cannot throw out all that is slow.
 *
 * Duties: counting, choosing the victim. Leaves to others: stopping it, telling its clients.
 */

import type { Clock } from '../ports/clock.ts';
import { TransientMap } from '../work/transient-map.ts';
import type { Work } from '../work/work.ts';

/** Bounds on the load. */
export interface RequestSlotsOptions {
  /** Clients' questions worked on at a time (num-queries-per-thread). */
  readonly maxWorks: number;
  /** Milliseconds after which a work may be thrown out to make room (jostle-timeout). */
  readonly jostleMs: number;
}

/** What is offered to one more work: `free`; a `victim` whose slot is taken; or `full`. */
export type SlotOffer =
  | { readonly kind: 'free' }
  | { readonly kind: 'victim'; readonly work: Work }
  | { readonly kind: 'full' };

export class RequestSlots {
  readonly #clock: Clock;
  readonly #options: RequestSlotsOptions;
  /** Works that run to their end, by number. */
  readonly #lasting = new TransientMap<number, Work>();
  /** Works that may be thrown out, oldest first. */
  readonly #jostled = new TransientMap<number, Work>();

  constructor(clock: Clock, options: RequestSlotsOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Works that have a slot. */
  get count(): number {
    return this.#lasting.size + this.#jostled.size;
  }

  /** Looks for a slot for one more work. A victim has lost its slot already. */
  offer(): SlotOffer {
    if (this.count < this.#options.maxWorks) return { kind: 'free' };
    const { oldest } = this.#jostled;
    const latest = this.#clock.monotonicMs() - this.#options.jostleMs;
    if (oldest === undefined || oldest.startedMs > latest) return { kind: 'full' };
    this.#jostled.delete(oldest.id);
    return { kind: 'victim', work: oldest };
  }

  /** Gives a work its slot. */
  take(work: Work): void {
    const isLasting = this.#lasting.size < Math.floor(this.#options.maxWorks / 2);
    (isLasting ? this.#lasting : this.#jostled).set(work.id, work);
  }

  /** Takes it back. */
  release(work: Work): void {
    if (!this.#lasting.delete(work.id)) this.#jostled.delete(work.id);
  }
}
