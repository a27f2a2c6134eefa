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
import { runAtOnce, type Steps } from '../wire/steps.ts';
import { zoneTextSteps } from '../wire/zone-text.ts';
import { recordsAt, type Zone, type ZoneNode } from './zone.ts';
import { WORK_PER_PIECE, ZoneBuilder } from './zone-builder.ts';
import { DEFAULT_ZONE_TTL, MAX_ZONE_FILE_OCTETS } from './zone-options.ts';

/** A line that cannot be used. */
export interface ZoneFileProblem {
  /** Name of an included file; null for the file itself. */
  readonly file: string | null;
  /** From 1; 0: the file as a whole. */
  readonly line: number;
  readonly text: string;
}

/** A file that was read. */
interface ZoneFile {
  /** Null when the file holds no record. */
  readonly zone: Zone | null;
  /** Faults that make the file unusable. */
  readonly problems: readonly ZoneFileProblem[];
  /** Records outside the zone, which were left out. */
  readonly outside: number;
}

/** Reads a zone; `include` gives the text of $INCLUDE files. */
export function readZoneFile(text: string, name: Name, include?: (path: string) => string | null): ZoneFile {
  return runAtOnce(zoneFileSteps(text, name, include));
}

/** The same in pieces. */
export function* zoneFileSteps(text: string, name: Name, include?: (path: string) => string | null): Steps<ZoneFile> {
  const read = yield* zoneTextSteps(text, {
    origin: name,
    defaultTtl: DEFAULT_ZONE_TTL,
    ...(include === undefined ? {} : { include }),
  });
  const builder = new ZoneBuilder(name);
  let outside = 0;
  const problems: ZoneFileProblem[] = [...read.errors];
  let until = WORK_PER_PIECE;
  for (const record of read.records) {
    const added = builder.add(record);
    if (added === 'outside') outside++;
    else if (added === 'too-many') {
      problems.push({ file: null, line: 0, text: 'too many records' });
      break;
    }
    if (builder.work < until) continue;
    until = builder.work + WORK_PER_PIECE;
    yield;
  }
  return { zone: builder.recordCount === 0 ? null : yield* builder.buildSteps(), problems, outside };
}

/** Records written in one piece. */
const RECORDS_PER_PIECE = 500;

/**
 * The zone as text, in pieces: the SOA first, then names in canonical order, each type with its signatures. Null: longer than a
 * file that could be read back.
 */
export function* zoneFileTextSteps(zone: Zone): Steps<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let octets = 0;
  const add = (lines: string): void => {
    const piece = Buffer.from(lines, 'latin1');
    pieces.push(piece);
    octets += piece.length;
  };
  let lines = '';
  let count = 0;
  const nodes = yield* zone.sortSteps();
  for (const isSoaWanted of [true, false]) {
    for (const node of isSoaWanted ? nodes.slice(0, 1) : nodes) {
      for (const record of recordsAt(inFileOrder(node))) {
        if (isOfSoa(record) !== isSoaWanted) continue;
        lines += lineOf(record);
        if (++count % RECORDS_PER_PIECE !== 0) continue;
        add(lines);
        lines = '';
        if (octets > MAX_ZONE_FILE_OCTETS) return null;
        yield;
      }
    }
  }
  add(lines);
  return octets > MAX_ZONE_FILE_OCTETS ? null : new Uint8Array(Buffer.concat(pieces));
}

/** Types in ascending order, as Unbound writes them; beside an alias they contradict each other, and the first rule counts. */
function inFileOrder(node: ZoneNode): ZoneNode {
  if (node.sets.some(({ type }) => type === TYPE.CNAME)) return node;
  return { ...node, sets: [...node.sets].sort((a, b) => a.type - b.type) };
}

function isOfSoa({ type, rdata }: ResourceRecord): boolean {
  return type === TYPE.SOA || (type === TYPE.RRSIG && coveredType(rdata) === TYPE.SOA);
}

function lineOf({ owner, ttl, type, rdata }: ResourceRecord): string {
  const comment = type === TYPE.DNSKEY ? ` ;{id = ${keyTag(rdata)}}` : '';
  return `${formatName(owner)}\t${ttl}\tIN\t${typeText(type)}\t${formatRdata(type, rdata)}${comment}\n`;
}
