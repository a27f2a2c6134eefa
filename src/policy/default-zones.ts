/**
 * The zones that every resolver answers by itself unless told otherwise: names that mean this host, names that must not
 * leak to the root, reverse zones of addresses that are private or nobody's.
 *
 * RFC 6303 (locally served zones), RFC 6761 (localhost, test, invalid), RFC 7686 (onion), RFC 8375 (home.arpa), RFC 9462
 * (resolver.arpa), RFC 9665 (service.arpa), RFC 7793 (100.64.0.0/10). The set and its records are Unbound's.
 */

import { LAN_ZONES, LOCALHOST, LOOPBACK_ZONE, SIX_ONE, SPECIAL_ZONES } from '../config/default-zone-names.ts';
import { Bug } from '../terms/unreachable.ts';
import { type Name, nameKey } from '../wire/name.ts';
import { mustParseName } from '../wire/name-text.ts';
import { parseRecord } from '../wire/record-text.ts';
import { LocalZone } from './local-zone.ts';
import type { LocalZones } from './local-zones.ts';

/** TTL of the records of default zones, seconds (Unbound's). */
const DEFAULT_TTL_SECONDS = 10_800;
const SOA = 'SOA localhost. nobody.invalid. 1 3600 1200 604800 10800';
const NS = 'NS localhost.';

/** Names of the reverse zones of private address space: insecure-lan-zones makes them insecure. */
export function lanZones(): Name[] {
  return LAN_ZONES.map(mustParseName);
}

/** What keeps default zones away. */
interface DefaultZoneChoice {
  /** unblock-lan-zones. */
  readonly unblockLanZones: boolean;
  /** Names given as nodefault. */
  readonly nodefault: readonly Name[];
}

/** Adds the default zones to those configured; one that is configured or given as nodefault is left alone. */
export function addDefaultZones(zones: LocalZones, choice: DefaultZoneChoice): void {
  const unwanted = new Set(choice.nodefault.map(nameKey));
  // Some hundred zones, of which a host asks few: their records are made when it does.
  const add = (text: string, fill: (zone: LocalZone) => void = (zone) => addRecords(zone, [SOA, NS])): void => {
    const name = mustParseName(text);
    const key = nameKey(name);
    if (unwanted.has(key) || zones.has(name, key)) return;
    const make = (): LocalZone => {
      const zone = new LocalZone(name, text === LOCALHOST ? 'redirect' : 'static');
      fill(zone);
      return zone;
    };
    zones.addLater(name, make, key);
  };
  const addPointer = (text: string, host: string): void =>
    add(text, (zone) => {
      addRecords(zone, [NS, SOA]);
      addRecords(zone, [`PTR ${LOCALHOST}`], mustParseName(host));
    });
  add(LOCALHOST, (zone) => addRecords(zone, [NS, SOA, 'A 127.0.0.1', 'AAAA ::1']));
  addPointer(LOOPBACK_ZONE, '1.0.0.127.in-addr.arpa.');
  addPointer(SIX_ONE, SIX_ONE);
  for (const text of SPECIAL_ZONES) add(text);
  if (choice.unblockLanZones) return;
  for (const text of LAN_ZONES) add(text);
}

/** Adds records, in the order in which Unbound comes to list them. */
function addRecords(zone: LocalZone, texts: readonly string[], owner: Name = zone.name): void {
  for (const text of texts) {
    const record = parseRecord(`. ${DEFAULT_TTL_SECONDS} IN ${text}`);
    if ('error' in record) throw new Bug('a record of a default zone is none', { text });
    zone.add({ ...record, owner });
  }
}
