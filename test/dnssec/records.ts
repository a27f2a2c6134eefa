/** Records in presentation form as RRsets, keys and denial records, for tests. Not a test itself. */

import type { DenialRecord } from '../../src/dnssec/denial-record.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { parseRecord } from '../../src/wire/record-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { packRRset, type RRset } from '../../src/wire/rrset.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { signedLabelCount } from '../../src/wire/signed-labels.ts';

/** One record; throws when the text is none. */
export function record(text: string): ResourceRecord {
  const parsed = parseRecord(text, { ttl: 3600, origin: mustParseName('.') });
  if ('error' in parsed) throw new Error(`${parsed.error}: ${text}`);
  return parsed;
}

/** An RRset of records of one owner and type; RRSIG lines become its signatures. */
export function rrsetFromText(...lines: readonly string[]): RRset {
  const records = lines.map(record);
  const data = records.filter((one) => one.type !== TYPE.RRSIG);
  const first = data[0];
  if (first === undefined) throw new Error('no record');
  return packRRset({
    owner: first.owner,
    type: first.type,
    class: first.class,
    rdatas: data.map((one) => one.rdata),
    signatures: records.filter((one) => one.type === TYPE.RRSIG).map((one) => one.rdata),
  });
}

/** NSEC or NSEC3 records as verified ones, signed under their own owner. */
export function denialRecords(...lines: readonly string[]): DenialRecord[] {
  return lines.map(record).map(({ owner, rdata }) => ({ owner, rdata, signatureLabels: signedLabelCount(owner) }));
}
