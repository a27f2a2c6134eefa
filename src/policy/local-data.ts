/** Records that configuration gives without an owner: response-ip-data and the data of tags. */

import type { Counters } from '../trace/counters.ts';
import { parseRecord } from '../wire/record-text.ts';
import { LOCAL_DATA_TTL_SECONDS } from './local-zones.ts';
import { type RecordSets, TOO_MANY } from './record-sets.ts';

/** Adds a record that is written without owner, under the root's name; a text says why not. One too many is counted. */
export function addData(sets: RecordSets, text: string, counters: Pick<Counters, 'add'>): string | null {
  const record = parseRecord(`. ${text}`, { ttl: LOCAL_DATA_TTL_SECONDS });
  if ('error' in record) return record.error;
  if (sets.add(record) !== 'too-many') return null;
  counters.add('limit.policy-records');
  return TOO_MANY;
}
