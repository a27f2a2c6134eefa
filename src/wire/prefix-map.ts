/**
 * A map from address prefixes to values, looked up by longest match.
 *
 * Duties: one table for each prefix length in use; lists in use have few lengths, so a look-up costs a few map reads.
 * Leaves to others: reading addresses (ip.ts), what the values mean.
 */

import { readU8 } from './bytes.ts';
import { type IpPrefix, maskAddress, prefixOctet } from './ip-prefix.ts';

export interface PrefixEntry<V> extends IpPrefix {
  readonly value: V;
}

/** The prefixes of one length and family. */
interface Table<V> {
  readonly octets: number;
  readonly prefixLength: number;
  readonly entries: Map<string, PrefixEntry<V>>;
}

/** Values by prefix, both families. */
export class PrefixMap<V> {
  /** Longest prefixes first. */
  #tables: Table<V>[] = [];

  /** Prefixes held. */
  get size(): number {
    return this.#tables.reduce((sum, table) => sum + table.entries.size, 0);
  }

  /** The value of exactly this prefix. */
  get(address: Uint8Array, prefixLength: number): V | undefined {
    return this.#tableOf(address, prefixLength)?.entries.get(prefixKey(address, prefixLength))?.value;
  }

  /** Sets the value of a prefix; one that is there is replaced. */
  set(address: Uint8Array, prefixLength: number, value: V): void {
    let table = this.#tableOf(address, prefixLength);
    if (table === undefined) {
      table = { octets: address.length, prefixLength, entries: new Map() };
      this.#tables = [...this.#tables, table].sort((a, b) => b.prefixLength - a.prefixLength);
    }
    table.entries.set(prefixKey(address, prefixLength), {
      address: maskAddress(address, prefixLength),
      prefixLength,
      value,
    });
  }

  /** Takes a prefix out. */
  delete(address: Uint8Array, prefixLength: number): boolean {
    return this.#tableOf(address, prefixLength)?.entries.delete(prefixKey(address, prefixLength)) ?? false;
  }

  longestMatch(address: Uint8Array): PrefixEntry<V> | null {
    for (const { octets, prefixLength, entries } of this.#tables) {
      if (octets !== address.length) continue;
      const entry = entries.get(prefixKey(address, prefixLength));
      if (entry !== undefined) return entry;
    }
    return null;
  }

  *entries(): IterableIterator<PrefixEntry<V>> {
    for (const table of this.#tables) yield* table.entries.values();
  }

  #tableOf(address: Uint8Array, prefixLength: number): Table<V> | undefined {
    return this.#tables.find((table) => table.octets === address.length && table.prefixLength === prefixLength);
  }
}

/** The address with the bits after the prefix cleared. */
function prefixKey(address: Uint8Array, prefixLength: number): string {
  let key = '';
  for (let i = 0; 8 * i < prefixLength; i++) {
    key += String.fromCharCode(readU8(address, i) & prefixOctet(prefixLength, i));
  }
  return key;
}
