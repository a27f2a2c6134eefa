/** Records that configuration gives without an owner: response-ip-data and the data of tags. */

import { parseRecord } from '../wire/record-text.ts';
import { LOCAL_DATA_TTL_SECONDS } from './local-zones.ts';
import { type RecordSets, TOO_MANY } from './record-sets.ts';

/** Adds a record that is written without owner, under the root's name; a text says why not. */
export function addData(sets: RecordSets, text: string): string | null {
  const record = parseRecord(`. ${text}`, { ttl: LOCAL_DATA_TTL_SECONDS });
  if ('error' in record) return record.error;
  return sets.add(record) === 'too-many' ? TOO_MANY : null;
}
