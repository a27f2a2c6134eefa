/** Records that configuration gives without an owner: response-ip-data and the data of tags. */

import { parseRecord } from '../wire/record-text.ts';
import { CLASS } from '../wire/rr-type.ts';
import { packRRset, rdatasOf, rrsetType, unpackRRset } from '../wire/rrset.ts';
import type { TimedRRset } from '../wire/rrsets.ts';
import { LOCAL_DATA_TTL_SECONDS } from './local-zones.ts';

/** Records written without owner, as sets under the root's name; a string says why not. */
export function addData(held: readonly TimedRRset[], text: string): readonly TimedRRset[] | string {
  const record = parseRecord(`. ${text}`, { ttl: LOCAL_DATA_TTL_SECONDS });
  if ('error' in record) return record.error;
  const { owner, type, ttl, rdata } = record;
  const same = held.find(({ rrset }) => rrsetType(rrset) === type);
  if (same === undefined) {
    return [...held, { rrset: packRRset({ owner, type, class: CLASS.IN, rdatas: [rdata], signatures: [] }), ttl }];
  }
  const rrset = packRRset({ ...unpackRRset(same.rrset), rdatas: [...rdatasOf(same.rrset), rdata] });
  return held.map((each) => (each === same ? { rrset, ttl: Math.min(ttl, same.ttl) } : each));
}
