/**
 * Zone files: read as master files (RFC 1035 §5), written as Unbound writes them, so that either program takes the other's.
 *
 * Duties: text to zone and back. Leaves to others: files themselves, whether the zone is used.
 */

import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { keyTag } from '../wire/rdata-dnskey.ts';
import { coveredType } from '../wire/rdata-rrsig.ts';
import { formatRdata } from '../wire/record-text.ts';
import { TYPE, typeText } from '../wire/rr-type.ts';
import type { ResourceRecord } from '../wire/rrsets.ts';
import { readZoneText } from '../wire/zone-text.ts';
import type { Zone } from './zone.ts';
import { ZoneBuilder } from './zone-builder.ts';
import { DEFAULT_ZONE_TTL } from './zone-options.ts';

/** A line that cannot be used. */
export interface ZoneFileProblem {
  /** Name of an included file; null for the file itself. */
  readonly file: string | null;
  /** From 1; 0: the file as a whole. */
  readonly line: number;
  readonly text: string;
}

/** A file that was read. */
export interface ZoneFile {
  /** Null when the file holds no record. */
  readonly zone: Zone | null;
  /** Faults that make the file unusable. */
  readonly problems: readonly ZoneFileProblem[];
  /** Records outside the zone, which were left out. */
  readonly outside: number;
}

/** Reads a zone; `include` gives the text of $INCLUDE files. */
export function readZoneFile(text: string, name: Name, include?: (path: string) => string | null): ZoneFile {
  const read = readZoneText(text, {
    origin: name,
    defaultTtl: DEFAULT_ZONE_TTL,
    ...(include === undefined ? {} : { include }),
  });
  const builder = new ZoneBuilder(name);
  let outside = 0;
  const problems: ZoneFileProblem[] = [...read.errors];
  for (const record of read.records) {
    const added = builder.add(record);
    if (added === 'outside') outside++;
    else if (added === 'too-many') {
      problems.push({ file: null, line: 0, text: 'too many records' });
      break;
    }
  }
  return { zone: builder.recordCount === 0 ? null : builder.build(), problems, outside };
}

/** The zone as text: the SOA first, then names in canonical order, each type with its signatures. */
export function writeZoneFile(zone: Zone): string {
  const first: string[] = [];
  const rest: string[] = [];
  for (const record of zone.records()) {
    const isOfSoa = record.type === TYPE.SOA || (record.type === TYPE.RRSIG && coveredType(record.rdata) === TYPE.SOA);
    (isOfSoa ? first : rest).push(lineOf(record));
  }
  return [...first, ...rest].join('');
}

function lineOf({ owner, ttl, type, rdata }: ResourceRecord): string {
  const comment = type === TYPE.DNSKEY ? ` ;{id = ${keyTag(rdata)}}` : '';
  return `${formatName(owner)}\t${ttl}\tIN\t${typeText(type)}\t${formatRdata(type, rdata)}${comment}\n`;
}
