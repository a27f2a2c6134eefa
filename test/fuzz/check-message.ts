/**
 * What must hold for any octets given to the message parser. Throws with the octets in hex when something does not.
 *
 * Everything that reads a parsed message runs: EDNS, readers, text both ways, grouping, building anew.
 */

import { toHex } from '../../src/wire/bytes.ts';
import { canonicalRecords } from '../../src/wire/canonical.ts';
import { extendedErrorsOf } from '../../src/wire/ede.ts';
import { readEdns } from '../../src/wire/edns.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { type MessageView, parseMessage, type SectionRange } from '../../src/wire/message-view.ts';
import { nameEnd, nameKey, ROOT } from '../../src/wire/name.ts';
import { readMx, readSrv, readTargetName } from '../../src/wire/rdata-name.ts';
import { canonicalRdata, isWellFormedRdata } from '../../src/wire/rdata-names.ts';
import { readNsec } from '../../src/wire/rdata-nsec.ts';
import { readNsec3 } from '../../src/wire/rdata-nsec3.ts';
import { readRrsig, signedPrefixOctets, writeSignedPrefix } from '../../src/wire/rdata-rrsig.ts';
import { readSoa } from '../../src/wire/rdata-soa.ts';
import { RRsetReader } from '../../src/wire/received-rrset.ts';
import { formatRecord, parseRecord } from '../../src/wire/record-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { packRecords, type ResourceRecord, recordsOf, type TimedRRset } from '../../src/wire/rrsets.ts';

const SECTIONS = ['answer', 'authority', 'additional'] as const;
const buffer = new Uint8Array(65_535);
const builder = new MessageBuilder(buffer);

/** Checks one input; true when it was a message. */
export function checkMessage(octets: Uint8Array): boolean {
  try {
    const parsed = parseMessage(octets);
    if (!parsed.ok) return false;
    checkView(parsed.message);
    return true;
  } catch (error) {
    throw new Error(`input ${toHex(octets)}: ${String(error)}`, { cause: error });
  }
}

function checkView(view: MessageView): void {
  const edns = readEdns(view);
  if (edns !== null && edns !== 'malformed') extendedErrorsOf(edns);
  for (const { name } of view.questions) must(nameEnd(name, 0) === name.length, 'question name');
  for (const record of allRecords(view)) checkRecord(record);
  for (const section of SECTIONS) {
    const sets = packRecords(withoutOpt(recordsOf(view, view[section])));
    for (const { rrset } of sets) canonicalRecords(rrset, ROOT, 0);
    checkSets(view, view[section]);
  }
  checkRebuilt(view);
}

/** Sets packed out of the octets are those that the records make. */
function checkSets(view: MessageView, range: SectionRange): void {
  const records = withoutOpt(recordsOf(view, range)).filter((record) => record.class === CLASS.IN);
  const read = new RRsetReader(view, CLASS.IN, records.length).read(range);
  const text = ({ rrset, ttl }: TimedRRset): string => `${toHex(rrset)} ${ttl}`;
  must(read.map(text).join() === packRecords(records).map(text).join(), 'sets are what their records are');
}

function allRecords(view: MessageView): ResourceRecord[] {
  return recordsOf(view, { start: 0, end: view.recordCount });
}

function withoutOpt(records: readonly ResourceRecord[]): ResourceRecord[] {
  return records.filter((record) => record.type !== TYPE.OPT);
}

function checkRecord(record: ResourceRecord): void {
  const { owner, type, rdata } = record;
  must(nameEnd(owner, 0) === owner.length, 'owner');
  must(isWellFormedRdata(rdata, type), 'rdata fits its type');
  const rrsig = readRrsig(rdata);
  if (rrsig !== null) writeSignedPrefix(rrsig, rdata, new Uint8Array(signedPrefixOctets(rrsig)));
  for (const read of [readNsec, readNsec3, readSoa, readMx, readSrv, readTargetName]) read(rdata);
  const readBack = parseRecord(formatRecord(record));
  if ('error' in readBack) {
    must(record.class === CLASS.ANY, `text reads back: ${readBack.error}`);
    return;
  }
  must(toHex(readBack.rdata) === toHex(rdata) && toHex(readBack.owner) === toHex(owner), 'text keeps every octet');
  must(readBack.type === type && readBack.class === record.class && readBack.ttl === record.ttl, 'text keeps the head');
}

/** Written anew, the message has the same records; names may take the case of their first occurrence. */
function checkRebuilt(view: MessageView): void {
  builder.start({ id: view.id, flags: view.flags, rcode: 0 });
  if (!view.questions.every((question) => builder.question(question))) return;
  for (const section of SECTIONS) {
    const range: SectionRange = view[section];
    for (const record of withoutOpt(recordsOf(view, range))) {
      // Written without some compression it may be longer than a message can be.
      if (!builder.record(section, record)) return;
    }
  }
  const parsed = parseMessage(buffer.slice(0, builder.finish()));
  if (!parsed.ok) throw new Error(`rebuilt message: ${parsed.reason}`);
  must(tell(allRecords(parsed.message)) === tell(withoutOpt(allRecords(view))), 'rebuilt records');
}

function tell(records: readonly ResourceRecord[]): string {
  return records
    .map(({ owner, type, class: rrClass, ttl, rdata }) =>
      [nameKey(owner), type, rrClass, ttl, toHex(canonicalRdata(rdata, type))].join(),
    )
    .join('\n');
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}
