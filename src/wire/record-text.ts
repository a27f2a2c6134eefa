/**
 * Text form of one record, both ways (RFC 1035 §5.1): owner, TTL, class, type, rdata.
 *
 * Leaves to others: files of records (zone-text.ts), rdata (rdata-text.ts).
 */

import { type Name, ROOT } from './name.ts';
import { formatName, parseNameOrReason } from './name-text.ts';
import { formatRdata, parseRdata, type RdataTextError } from './rdata-text.ts';
import { CLASS, classFromText, classText, typeFromText, typeText } from './rr-type.ts';
import type { ResourceRecord } from './rrsets.ts';
import { LineReader, type LogicalLine, type Token } from './text-tokens.ts';
import { parseTtl } from './ttl-text.ts';

export { formatRdata, parseRdata, type RdataTextError } from './rdata-text.ts';

/** What a record's text may leave out. */
interface RecordDefaults {
  /** Completes relative names; the root when absent. */
  readonly origin?: Name;
  /** Seconds, for a record without TTL; without it such a record is an error. */
  readonly ttl?: number | null;
  /** Owner of a record that begins with white space. */
  readonly previousOwner?: Name | null;
  /** Class of a record without one; IN when absent. */
  readonly class?: number;
}

/** A record as one line, fields divided by tabs, as `dump_cache` and zone files write it. */
export function formatRecord(record: ResourceRecord): string {
  const { owner, ttl, class: rrClass, type, rdata } = record;
  return `${formatName(owner)}\t${ttl}\t${classText(rrClass)}\t${typeText(type)}\t${formatRdata(type, rdata)}`;
}

/** Reads one record; TTL and class may be left out and come in either order. */
export function parseRecord(text: string, defaults: RecordDefaults = {}): ResourceRecord | RdataTextError {
  const reader = new LineReader(text);
  const line = reader.next();
  if (line === null) return { error: 'no record' };
  if (line.problem !== null) return { error: line.problem };
  return reader.next() === null ? parseRecordLine(line, defaults) : { error: 'more than one line' };
}

export function parseRecordLine(line: LogicalLine, defaults: RecordDefaults): ResourceRecord | RdataTextError {
  const origin = defaults.origin ?? ROOT;
  const owner = line.startsBlank ? (defaults.previousOwner ?? null) : ownerOf(line.tokens[0], origin);
  if (owner === null) return { error: 'no owner name' };
  if (typeof owner === 'string') return { error: `bad owner name: ${owner}` };
  const head = readHead(line.tokens, line.startsBlank ? 0 : 1);
  if ('error' in head) return head;
  const ttl = head.ttl ?? defaults.ttl ?? null;
  if (ttl === null) return { error: 'no TTL' };
  const rdata = parseRdata(head.type, line.tokens.slice(head.rdataAt), origin);
  if (!(rdata instanceof Uint8Array)) return rdata;
  return { owner, ttl, class: head.class ?? defaults.class ?? CLASS.IN, type: head.type, rdata };
}

function ownerOf(token: Token | undefined, origin: Name): Name | string | null {
  return token === undefined ? null : parseNameOrReason(token.text, origin);
}

interface RecordHead {
  readonly ttl: number | null;
  readonly class: number | null;
  readonly type: number;
  /** Index of the first token of the rdata. */
  readonly rdataAt: number;
}

/** ANY is a class where a type comes after it. */
function isType(token: Token | undefined): boolean {
  return token !== undefined && typeFromText(token.text) !== null;
}

/** TTL and class, each at most once and in any order, then the type. */
function readHead(tokens: readonly Token[], from: number): RecordHead | RdataTextError {
  let ttl: number | null = null;
  let rrClass: number | null = null;
  let at = from;
  for (; at < tokens.length; at++) {
    const text = tokens[at]?.text ?? '';
    const asTtl = /^[0-9]/.test(text) ? parseTtl(text) : null;
    const asClass = classFromText(text);
    if (asTtl !== null && ttl === null) ttl = asTtl;
    else if (asClass !== null && rrClass === null && (typeFromText(text) === null || isType(tokens[at + 1])))
      rrClass = asClass;
    else break;
  }
  const text = tokens[at]?.text;
  if (text === undefined) return { error: 'no type' };
  const type = typeFromText(text);
  return type === null ? { error: `not a type: ${text}` } : { ttl, class: rrClass, type, rdataAt: at + 1 };
}
