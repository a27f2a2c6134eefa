/** What configuration says of one zone that is kept as a local copy (`auth-zone`, `rpz`), and the bounds on all of them. */

import type { IpPrefix } from '../wire/ip-prefix.ts';
import type { Name } from '../wire/name.ts';

/** A server to transfer from: an address, or a name that is looked up. */
type Primary = ({ readonly kind: 'address'; readonly ip: string } | { readonly kind: 'host'; readonly host: Name }) & {
  readonly port: number;
  /** Name that its certificate must hold: the transfer goes over TLS (RFC 9103); null: plain TCP. */
  readonly tlsName: string | null;
};

/** Who may send NOTIFY besides the primaries. */
type NotifySource =
  | { readonly kind: 'block'; readonly block: IpPrefix }
  | { readonly kind: 'host'; readonly host: Name };

export interface ZoneOptions {
  readonly name: Name;
  /** `policy`: loaded and refreshed like the others, but neither answered from nor asked (`rpz`). */
  readonly purpose: 'authority' | 'policy';
  /** `primary`. */
  readonly primaries: readonly Primary[];
  /** `url`, http or https. */
  readonly urls: readonly string[];
  /** `allow-notify`. */
  readonly allowNotify: readonly NotifySource[];
  /** `zonefile`, as the files port takes it; null: the zone is kept in memory only. */
  readonly zonefile: string | null;
  /** `fallback-enabled`: while the copy cannot be used, servers are asked as if there were none. */
  readonly fallbackEnabled: boolean;
  /** `for-downstream`: clients are answered from it with authority. */
  readonly forDownstream: boolean;
  /** `for-upstream`: resolution uses it in place of the zone's servers. */
  readonly forUpstream: boolean;
  /** `zonemd-check`: digest and, where the zone should be signed, its signatures are checked before the zone is used. */
  readonly zonemdCheck: boolean;
  /** `zonemd-reject-absence`. */
  readonly zonemdRejectAbsence: boolean;
  /** `max-transfer-size`, octets; 0: only the built-in bound. */
  readonly maxTransferOctets: number;
  /** `max-transfer-time`, milliseconds; 0: only the built-in bound. */
  readonly maxTransferMs: number;
}

/**
 * Octets of one transfer when nothing is configured. The root has 2 million, policy zones of some million names 100 million;
 * a sender without end is stopped by this or by the number of names. Who copies larger zones says so with `max-transfer-size`.
 */
export const MAX_TRANSFER_OCTETS = 128 * 1024 * 1024;
/** Octets of a zone file that is read or written; the text of a zone is longer than its transfer. */
export const MAX_ZONE_FILE_OCTETS = 448 * 1024 * 1024;
/** Milliseconds of one transfer when nothing is configured. A slow sender must not hold a zone's updates for longer. */
export const MAX_TRANSFER_MS = 3_600_000;
/** Milliseconds without any octet until a transfer is given up (Unbound AUTH_TRANSFER_TIMEOUT). */
export const TRANSFER_IDLE_MS = 10_000;
/** Records of one zone; com. has some 400 million and is no zone to copy, large policy zones have a few million. */
export const MAX_ZONE_RECORDS = 10_000_000;
/**
 * Names of one zone, those between names included (a record with 120 labels makes as many): while a zone is read each takes about
 * a kilobyte.
 */
export const MAX_ZONE_NAMES = 1_500_000;
/** Milliseconds that the first SOA probe waits; each further one waits twice as long (Unbound AUTH_PROBE_TIMEOUT). */
export const PROBE_TIMEOUT_MS = 100;
/** Longest wait of a SOA probe (Unbound AUTH_PROBE_TIMEOUT_STOP). */
export const PROBE_TIMEOUT_STOP_MS = 1000;
/** Seconds until a zone that never came is tried again, doubled with each failure up to the next bound. */
export const FIRST_RETRY_SECONDS = 5;
/** Longest of these. */
export const LAST_RETRY_SECONDS = 3600;
/** Lowest refresh and retry that an SOA can make us keep, seconds: a zone cannot make us hammer its servers. */
export const MIN_REFRESH_SECONDS = 30;
/**
 * Milliseconds after an update before a NOTIFY may begin another, doubled with each update that failed up to the next bound. A primary
 * that changes often sends a NOTIFY for each change; a second more or less makes no difference to what is copied.
 */
export const NOTIFY_PAUSE_MS = 1000;
/** Longest of these: the lowest refresh time. */
export const MAX_NOTIFY_PAUSE_MS = 30_000;
/** Highest: a day, so that a slip in an SOA does not freeze a copy. */
export const MAX_REFRESH_SECONDS = 86_400;
/** Addresses taken of one host name. */
export const MAX_HOST_ADDRESSES = 16;
/** TTL of records in a zone file before any is given, seconds (as Unbound). */
export const DEFAULT_ZONE_TTL = 3600;
