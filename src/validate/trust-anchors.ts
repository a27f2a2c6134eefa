/**
 * Trust anchors: where chains of trust start (RFC 4035 §4.4), and negative ones, where they must not (RFC 7646).
 *
 * Duties: keep anchors by zone, find the closest one above a name.
 * Leaves to others: reading their text (read-anchors.ts), proving that an anchor's zone has fitting keys (chain-step.ts).
 */

import { readU8 } from '../wire/bytes.ts';
import { type Name, nameKey, nameKeyFrom, ROOT } from '../wire/name.ts';

/** A configured starting point: DS or DNSKEY rdatas of one zone. */
export interface TrustAnchor {
  readonly kind: 'positive';
  readonly zone: Name;
  readonly ds: readonly Uint8Array[];
  readonly dnskeys: readonly Uint8Array[];
}

/** A zone that is configured to be insecure (domain-insecure, RFC 7646). */
interface NegativeAnchor {
  readonly kind: 'negative';
  readonly zone: Name;
}

/** One DS or DNSKEY record that is trusted. */
export interface AnchorRecord {
  readonly zone: Name;
  readonly type: 'DS' | 'DNSKEY';
  readonly rdata: Uint8Array;
}

const ROOT_KEY = nameKey(ROOT);

export class TrustAnchors {
  readonly #positive = new Map<string, TrustAnchor>();
  readonly #negative = new Map<string, NegativeAnchor>();

  constructor(records: readonly AnchorRecord[] = [], insecure: readonly Name[] = []) {
    for (const record of records) this.add(record);
    for (const zone of insecure) this.addNegative(zone);
  }

  /** Adds one trusted record to its zone's anchor. */
  add(record: AnchorRecord): void {
    const key = nameKey(record.zone);
    const known = this.#positive.get(key) ?? { kind: 'positive', zone: record.zone, ds: [], dnskeys: [] };
    const anchor =
      record.type === 'DS'
        ? { ...known, ds: [...known.ds, record.rdata] }
        : { ...known, dnskeys: [...known.dnskeys, record.rdata] };
    this.#positive.set(key, anchor);
  }

  /** Replaces a zone's whole anchor (RFC 5011 found other keys). */
  replace(anchor: TrustAnchor): void {
    this.#positive.set(nameKey(anchor.zone), anchor);
  }

  /** Takes a zone's anchor away; false when there is none. */
  remove(zone: Name): boolean {
    return this.#positive.delete(nameKey(zone));
  }

  /** Makes a zone insecure. The caller drops cached zone trust at and below it. */
  addNegative(zone: Name): void {
    this.#negative.set(nameKey(zone), { kind: 'negative', zone });
  }

  /** Takes that back; false when there is none. */
  removeNegative(zone: Name): boolean {
    return this.#negative.delete(nameKey(zone));
  }

  /** The anchor at or above a name that is closest to it; at one zone the negative one counts (RFC 7646 §3). */
  closest(name: Name): TrustAnchor | NegativeAnchor | null {
    // Mostly there is the root's anchor alone, and nothing has to be looked for.
    const isOne = this.#positive.size === 1 && this.#negative.size === 0;
    const root = isOne ? this.#positive.get(ROOT_KEY) : undefined;
    if (root !== undefined) return root;
    for (let at = 0; at < name.length; at += readU8(name, at) + 1) {
      const key = nameKeyFrom(name, at);
      const anchor = this.#negative.get(key) ?? this.#positive.get(key);
      if (anchor !== undefined) return anchor;
    }
    return null;
  }

  positive(): readonly TrustAnchor[] {
    return [...this.#positive.values()];
  }

  /** Zones of all negative anchors. */
  negative(): readonly Name[] {
    return [...this.#negative.values()].map((anchor) => anchor.zone);
  }
}
