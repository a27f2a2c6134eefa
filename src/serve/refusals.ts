/** What clients are told when a query is not answered: one extended error (RFC 8914) for each reason. */

import { EDE, type ExtendedError } from '../wire/ede.ts';

/** NXNAME (RFC 9824 §3.2): exists only in type bitmaps of denials. */
export const NXNAME = 128;

/** The client may not ask. */
export const NOT_ALLOWED: ExtendedError = { code: EDE.PROHIBITED, text: '' };
/** RFC 8914 §4.21: RD=0 asks a server that is no authority for the name. */
export const NO_SNOOPING: ExtendedError = {
  code: EDE.NOT_AUTHORITATIVE,
  text: 'RD=0 asks for cached data: see access-control',
};
/** RD=0 of a client that may look into the cache. */
export const NOT_CACHED: ExtendedError = { code: EDE.NOT_READY, text: 'not in the cache' };
/** A zone that is held here cannot be used. */
export const UNUSABLE_COPY: ExtendedError = {
  code: EDE.INVALID_DATA,
  text: 'the copy of the zone is missing, expired or wrong',
};
/** A type that cannot be asked for. */
export const INVALID_TYPE: ExtendedError = { code: EDE.INVALID_QUERY_TYPE, text: '' };
