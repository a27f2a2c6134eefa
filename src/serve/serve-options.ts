/** What the serve room needs to know. Taken out of the configuration by `cli`; the defaults are Unbound 1.26's. */

import type { AccessAction, AccessRule } from './access-control.ts';
import type { NetblockLimit } from './netblock-limit.ts';

export interface ServeOptions {
  /** After the default rules (this host only). Unbound `access-control`. */
  readonly access: readonly AccessRule[];
  /** For clients that no line of access control is about, by the address asked. Unbound `interface-action`. */
  readonly accessByListener: ReadonlyMap<string, AccessAction>;
  /** Largest reply over UDP, octets; the client's own size may lower it. Unbound `max-udp-size`. */
  readonly maxUdpOctets: number;
  /** Datagram size that our OPT announces. Unbound `edns-buffer-size`. */
  readonly ednsUdpSize: number;
  /** Positive answers without authority and additional sections. Unbound `minimal-responses`. */
  readonly minimalResponses: boolean;
  /** Addresses of an RRset start at another one with each reply. Unbound `rrset-roundrobin`. */
  readonly roundRobin: boolean;
  /** Extended errors (RFC 8914) with failures. Unbound `ede`; on by default here. */
  readonly extendedErrors: boolean;
  /** An extended error with expired data too. Unbound `ede-serve-expired`. */
  readonly addsStaleEde: boolean;
  /** TTLs as servers gave them, for a cache behind this one. Unbound `serve-original-ttl`. */
  readonly originalTtl: boolean;
  /** ANY is answered with nothing. Unbound `deny-any`. */
  readonly denyAny: boolean;
  /** The CD bit has no effect. Unbound `ignore-cd-flag`. */
  readonly ignoreCd: boolean;
  /** Bogus data is served, without AD and with an extended error. Unbound `val-permissive-mode`. */
  readonly permissive: boolean;
  /** Key tags of the root's trust anchors, for questions after them (RFC 8509); null: not given. Unbound `root-key-sentinel`. */
  readonly rootKeyTags: (() => ReadonlySet<number>) | null;
  /** Said with signatures that are out of time, while the clock of this host is in doubt; absent: never. */
  readonly clockHint?: () => string | null;
  /** A client's datagram size below 512 is taken as 512 (RFC 6891 §6.2.3). Unbound `harden-short-bufsize`. */
  readonly hardensShortSize: boolean;
  /** Queries above 512 octets are dropped. Unbound `harden-large-queries`. */
  readonly dropLargeQueries: boolean;
  /**
   * Replies over UDP later than this are not sent, milliseconds; 0: all are (DNSBomb). Not for clients on this host, which
   * cannot be forged and want to know why. Unbound `discard-timeout`.
   */
  readonly discardTimeoutMs: number;
  /** Queries of one address that may wait; more are dropped; 0: no limit (DNSBomb). Unbound `wait-limit`. */
  readonly waitLimit: number;
  /** Other limits for the clients of a netblock, -1: none; the longest prefix counts. Unbound `wait-limit-netblock`. */
  readonly waitLimitNetblocks: readonly NetblockLimit[];
  /** The same for clients with a valid cookie. Unbound `wait-limit-cookie`, `wait-limit-cookie-netblock`. */
  readonly waitLimitCookie: number;
  readonly waitLimitCookieNetblocks: readonly NetblockLimit[];
  /** Client queries that may wait in all. Unbound: 16 times num-queries-per-thread. */
  readonly maxWaiting: number;
  /** Server identifier for clients that ask (RFC 5001); null: not given. Unbound `nsid`. */
  readonly nsid: Uint8Array | null;
  /** Idle time given to TCP clients that ask, milliseconds (RFC 7828); null: not given. Unbound `edns-tcp-keepalive`. */
  readonly keepaliveMs: number | null;
  /**
   * Replies to queries with padding are padded to a multiple of so many octets where they are encrypted (RFC 8467 §4.1); 0: they
   * are not. Unbound `pad-responses`, `pad-responses-block-size`.
   */
  readonly paddingBlock: number;
  readonly chaos: ChaosOptions;
  readonly logging: ServeLogging;
}

/** What questions of class CH get; null: REFUSED (the hide-* directives). */
export interface ChaosOptions {
  readonly identity: string | null;
  readonly version: string | null;
  /** For trustanchor.unbound, in one string each: zone and key tags. */
  readonly trustAnchors: readonly string[] | null;
}

export interface ServeLogging {
  /** Unbound `log-queries`, `log-replies`, `log-servfail`. */
  readonly queries: boolean;
  readonly replies: boolean;
  readonly failures: boolean;
  /** Levels `query` and `reply` in place of `info`. Unbound `log-tag-queryreply`. */
  readonly tagged: boolean;
  /** 0: nothing; 1: a line for each bogus answer; 2: with the reason. Unbound `val-log-level`. */
  readonly bogusLevel: number;
  /** The address and transport that were asked, in lines of replies. Unbound `log-destaddr`. */
  readonly destination: boolean;
}
