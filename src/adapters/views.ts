/** Views on datagrams where they were received, kept so that the next one of the same length makes none. */

import type { MessageRing } from './message-ring.ts';

/** Lengths of datagrams that the views on the ring are kept for: queries are shorter. */
const KEPT_VIEW_OCTETS = 512;

/** Views on the octets that were received, one for each slot and length, so that a query makes none. */
export class Views {
  readonly #ring: MessageRing;
  readonly #kept: (Uint8Array | undefined)[][];

  constructor(ring: MessageRing) {
    this.#ring = ring;
    this.#kept = Array.from({ length: ring.slots }, () => []);
  }

  of(slot: number, length: number): Uint8Array {
    const at = this.#ring.payloadAt(slot);
    const kept = this.#kept[slot];
    if (kept === undefined || length > KEPT_VIEW_OCTETS) return this.#ring.octets.subarray(at, at + length);
    const known = kept[length];
    if (known !== undefined) return known;
    const view = this.#ring.octets.subarray(at, at + length);
    kept[length] = view;
    return view;
  }
}
