/** Zones of the tests of this room, written as text. */

import { mustParseName } from '../../src/wire/name-text.ts';
import { parseRecord } from '../../src/wire/record-text.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import type { Zone } from '../../src/zones/zone.ts';
import { readZoneFile } from '../../src/zones/zone-file.ts';

/** The zone's name. */
export const ORIGIN = mustParseName('example.org.');

/** A zone of the given text; the test fails when it has a fault. */
export function zoneOf(text: string, name = ORIGIN): Zone {
  const { zone, problems } = readZoneFile(text, name);
  if (zone === null || problems.length > 0) throw new Error(`bad zone: ${JSON.stringify(problems)}`);
  return zone;
}

/** One record, relative to the zone. */
export function recordOf(line: string, origin = ORIGIN): ResourceRecord {
  const record = parseRecord(line, { origin, ttl: 300 });
  if ('error' in record) throw new Error(`${line}: ${record.error}`);
  return record;
}

/** An SOA line with this serial. */
export function soaLine(serial: number): string {
  return `@ 300 IN SOA ns hostmaster ${serial} 3600 900 86400 60`;
}

/** A zone with everything that answers can be made of, unsigned. */
export const FULL_ZONE = `$TTL 300
${soaLine(1)}
@ NS ns
@ MX 10 mail
ns A 192.0.2.53
mail A 192.0.2.25
mail AAAA 2001:db8::25
www CNAME web
web A 192.0.2.80
away CNAME www.example.net.
loop1 CNAME loop2
loop2 CNAME loop1
*.wild TXT "w"
a.b.wild TXT "deep"
deep.empty A 192.0.2.1
tree DNAME forest
oak.forest A 192.0.2.7
sub NS ns.sub
sub DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000
ns.sub A 192.0.2.54
`;
