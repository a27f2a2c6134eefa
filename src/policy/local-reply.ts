/** What policy makes of a question by itself: the vocabulary between this room and `serve`. */

import type { ExtendedError } from '../wire/ede.ts';
import type { Name } from '../wire/name.ts';
import type { TimedRRset } from '../wire/rrsets.ts';
import type { LocalAddress } from './listen-map.ts';

export interface PolicyClient {
  readonly ip: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
  /** Where it asked; null: not known. */
  readonly local: LocalAddress | null;
}

export interface LocalAnswer {
  readonly kind: 'reply';
  readonly rcode: number;
  /** Flags to set besides QR, RA and what is copied from the query (AA, TC). */
  readonly setFlags: number;
  /** Flags not to set (RA, rpz-signal-nxdomain-ra). */
  readonly clearFlags: number;
  readonly answer: readonly TimedRRset[];
  readonly authority: readonly TimedRRset[];
  /** Records that come along where replies are not minimal: the SOA of the policy zone that made the reply. */
  readonly additional?: readonly TimedRRset[];
  readonly error: ExtendedError | null;
}

/** An alias made here: the reply is this CNAME and what its target resolves to. */
export interface LocalCname {
  readonly kind: 'alias';
  /** One CNAME, at the question's name. */
  readonly alias: TimedRRset;
  readonly target: Name;
}

/** What policy makes of a question. */
export type LocalReply =
  | LocalAnswer
  | LocalCname
  /** No reply at all. */
  | { readonly kind: 'drop' }
  /** A policy zone lets the question through: no other policy zone acts on it. */
  | { readonly kind: 'exempt' };
