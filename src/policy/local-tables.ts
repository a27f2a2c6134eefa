/**
 * The local zones of the server and its views as the control channel sees and changes them.
 *
 * Duties: words to zone types, records to lines, faults with how far the text was read.
 * Leaves to others: the verbs and their replies (control).
 */

import { localZoneType } from '../config/form-policy.ts';
import type { Name } from '../wire/name.ts';
import { formatRecord, parseRecord } from '../wire/record-text.ts';
import { LOCAL_DATA_TTL_SECONDS, type LocalZones } from './local-zones.ts';
import type { Policy } from './policy.ts';

/** Local zones and data, of the server or of a view. */
class LocalTable {
  readonly #zones: LocalZones;

  constructor(zones: LocalZones) {
    this.#zones = zones;
  }

  /** False: not a zone type. `nodefault` says that there is to be no zone. */
  addZone(zone: Name, word: string): boolean {
    const type = localZoneType.read(word);
    if (typeof type !== 'string') return false;
    if (type === 'nodefault') this.#zones.removeZone(zone);
    else this.#zones.addZone(zone, type);
    return true;
  }

  /** Takes a zone out, its records with it; one that is not there is no fault. */
  removeZone(zone: Name): void {
    this.#zones.removeZone(zone);
  }

  /** Adds a record given as text; a fault when it cannot be taken. */
  addData(text: string): { readonly error: string; readonly position: number } | null {
    const error = this.#zones.addRecordText(text);
    return error === null ? null : { error, position: faultAt(text, error) };
  }

  removeName(name: Name): void {
    this.#zones.removeData(name);
  }

  /** Removes one record given as text; false when there is none such. */
  removeRecord(text: string): boolean {
    const record = parseRecord(text, { ttl: LOCAL_DATA_TTL_SECONDS });
    return 'error' in record ? false : this.#zones.removeRecord(record);
  }

  /** Zones with their types; null: a step of work was done, and others may have their turn. */
  *zones(): Generator<{ readonly zone: Name; readonly type: string } | null> {
    for (const zone of this.#zones.list()) yield zone === null ? null : { zone: zone.name, type: zone.type };
  }

  /** All records as lines; null as in `zones`. */
  *records(): Generator<string | null> {
    for (const record of this.#zones.listRecords()) yield record === null ? null : formatRecord(record);
  }
}

/** Where in the text reading stopped: at the word that the error ends with, else at the end. */
function faultAt(text: string, error: string): number {
  const word = error.slice(error.lastIndexOf(': ') + 2);
  const at = error.includes(': ') ? text.lastIndexOf(word) : -1;
  return at < 0 ? text.length : at;
}

export class LocalTables {
  readonly server: LocalTable;
  readonly #policy: Policy;

  constructor(policy: Policy) {
    this.#policy = policy;
    this.server = new LocalTable(policy.localZones);
  }

  /** The table of a view; null: no such view. */
  view(name: string): LocalTable | null {
    const zones = this.#policy.viewZones(name);
    return zones === null ? null : new LocalTable(zones);
  }
}
