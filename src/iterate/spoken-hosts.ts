/** Hosts that records of a response speak of: of no other names are addresses taken out of it. */

import { type Name, nameFromBytes, nameKey } from '../wire/name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdataCount, rdatasOf, someRdataNames } from '../wire/rrset.ts';
import type { KeyedRRset } from '../wire/rrsets.ts';

/** Where the name of a host starts in the rdata of types that call for its addresses. */
const HOST_NAME_AT: ReadonlyMap<number, number> = new Map([
  [TYPE.NS, 0],
  [TYPE.MB, 0],
  [TYPE.MD, 0],
  [TYPE.MF, 0],
  [TYPE.MX, 2],
  [TYPE.RT, 2],
  [TYPE.KX, 2],
  [TYPE.AFSDB, 2],
  [TYPE.SRV, 6],
  [TYPE.SVCB, 2],
  [TYPE.HTTPS, 2],
]);

/** Hosts above which they are found by key: a message may hold thousands, and as many addresses. */
const MAX_COMPARED = 16;

/** The hosts of some sets. */
export class SpokenHosts {
  readonly #speaking: readonly KeyedRRset[];
  #keys: Set<string> | null = null;

  constructor(sets: readonly KeyedRRset[]) {
    this.#speaking = sets.filter(({ type }) => HOST_NAME_AT.has(type));
    let hosts = 0;
    for (const { rrset } of this.#speaking) hosts += rdataCount(rrset);
    if (hosts > MAX_COMPARED) this.#keys = keysOf(this.#speaking);
  }

  has(name: Name): boolean {
    if (this.#keys !== null) return this.#keys.has(nameKey(name));
    for (const { rrset, type } of this.#speaking) {
      if (someRdataNames(rrset, HOST_NAME_AT.get(type) ?? 0, name)) return true;
    }
    return false;
  }
}

function keysOf(sets: readonly KeyedRRset[]): Set<string> {
  const keys = new Set<string>();
  for (const { rrset, type } of sets) {
    const at = HOST_NAME_AT.get(type) ?? 0;
    for (const rdata of rdatasOf(rrset)) {
      const name = nameFromBytes(rdata.subarray(at, at + nameLength(rdata, at)));
      if (name !== null) keys.add(nameKey(name));
    }
  }
  return keys;
}

/** Octets of the name at `at`: SVCB has parameters after it. */
function nameLength(rdata: Uint8Array, at: number): number {
  let cursor = at;
  while (cursor < rdata.length && rdata[cursor] !== 0) cursor += (rdata[cursor] ?? 0) + 1;
  return cursor + 1 - at;
}
