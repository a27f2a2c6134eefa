/**
 * What commands work on: the instance that is in force and the daemon around it, as small interfaces. Rooms that control may
 * not import (iterate, validate) appear as the methods that were made for it.
 */

import type { CacheSet } from '../cache/forget.ts';
import type { Config } from '../config/config.ts';
import type { ExplainParts } from '../explain/gather.ts';
import type { Clock } from '../ports/clock.ts';
import type { ExpiringSignatures } from '../resolve/expiring-signatures.ts';
import type { RecentBogus } from '../resolve/recent-bogus.ts';
import type { Resolver } from '../resolve/resolver.ts';
import type { IsForgotten } from '../resolve/shared-cache.ts';
import type { UpstreamZone } from '../terms/upstream-zone.ts';
import type { Followers } from '../trace/followers.ts';
import type { Name } from '../wire/name.ts';

/** The stub and forward zones in force. */
interface ServerZones {
  readonly all: readonly UpstreamZone[];
  /** Adds a zone, in place of one of the same kind and name. */
  put(zone: UpstreamZone): void;
  remove(kind: 'stub' | 'forward', zone: Name): boolean;
}

/** Zones that must not be validated (domain-insecure, RFC 7646). */
interface InsecureZones {
  negative(): readonly Name[];
  addNegative(zone: Name): void;
  removeNegative(zone: Name): boolean;
}

/** Why a record's text was not taken; `position` counts characters that were read. */
interface RecordFault {
  readonly error: string;
  readonly position: number;
}

/** Local zones and data, of the server or of a view. */
export interface LocalTable {
  /** False: not a zone type. */
  addZone(zone: Name, type: string): boolean;
  removeZone(zone: Name): void;
  /** Adds a record given as text; a fault when it cannot be read. */
  addData(text: string): RecordFault | null;
  /** Removes one record given as text; false when there is none such. */
  removeRecord(text: string): boolean;
  removeName(name: Name): void;
  /** Zones with their types; null: a step of work was done, and others may have their turn. */
  zones(): Iterable<{ readonly zone: Name; readonly type: string } | null>;
  /** All records as lines; null as in `zones`. */
  records(): Iterable<string | null>;
}

/** Local data of the server and its views. */
interface LocalTables {
  readonly server: LocalTable;
  view(name: string): LocalTable | null;
}

/** A zone that is kept as a local copy, with its state. */
export interface ListedZone {
  readonly zone: Name;
  readonly serial: number | null;
  readonly isExpired: boolean;
}

/** Zones that are kept as a local copy. */
export interface AuthZones {
  list(): readonly ListedZone[];
  has(zone: Name): boolean;
  isRpz(zone: Name): boolean;
  /** Reads the zone's file again; the error, or null. */
  reload(zone: Name): Promise<string | null>;
  /** Asks the sources now; false: there are none. */
  transfer(zone: Name): boolean;
  /** Switches a policy zone, where that can be done. */
  setRpzEnabled?(zone: Name, isEnabled: boolean): void;
}

/** One line of ratelimit_list or ip_ratelimit_list. */
export interface RateReport {
  readonly who: string;
  readonly perSecond: number;
  readonly limit: number;
}

/** What is limited to a rate; `all`: also those within their limit. */
interface Rates {
  zones(all: boolean): readonly RateReport[];
  clients(all: boolean): readonly RateReport[];
}

/** Secrets of DNS cookies (RFC 9018), active first, as hex. */
export interface CookieSecrets {
  list(): readonly { readonly state: 'active' | 'staging'; readonly hex: string }[];
  /** Error texts when it cannot be done. */
  add(hex: string): string | null;
  activate(): string | null;
  drop(): string | null;
}

export interface Statistics {
  /** All lines, `name=value`, each with its line feed. */
  text(): string;
  /** The same, and back to 0 unless statistics-cumulative keeps them. */
  textOnce(): string;
  reset(): void;
}

export interface AnchorKey {
  readonly keyTag: number;
  readonly algorithm: number;
  /** `DS`: configured and not yet seen as a key. */
  readonly type: 'DS' | 'DNSKEY';
  /** RFC 5011's state in words; `fixed` for an anchor that is not tracked. */
  readonly state: string;
  /** Unix seconds at which the state began; 0: not known. */
  readonly since: number;
}

/** A trust anchor as list_anchors shows it; times in unix seconds, 0: never, or not known. */
export interface ListedAnchor {
  readonly zone: Name;
  /** State file; null: the anchor is fixed. */
  readonly path: string | null;
  readonly keys: readonly AnchorKey[];
  readonly lastSuccess: number;
  readonly lastQueried: number;
  readonly nextProbe: number;
  /** What somebody should look at, a sentence each. */
  readonly warnings: readonly string[];
}

export interface InstanceView {
  readonly config: Config;
  readonly caches: CacheSet;
  readonly resolver: Pick<Resolver, 'resolve' | 'works' | 'abortAll'>;
  readonly serverZones: ServerZones;
  /** Root servers to start from. */
  readonly hints: readonly { readonly name: Name; readonly addresses: readonly string[] }[];
  readonly insecure: InsecureZones;
  /** Trust anchors as they are now. */
  readonly listAnchors: () => readonly ListedAnchor[];
  /** What `explain` looks at. */
  readonly explaining: (clock: Clock) => ExplainParts;
  /** Who follows clients' queries. */
  readonly followers: Followers;
  /** Names whose signatures run out soon. */
  readonly expiringSignatures: Pick<ExpiringSignatures, 'list'>;
  /** Names that were bogus a short time ago. */
  readonly recentBogus: Pick<RecentBogus, 'list'>;
  /** Takes no answer any more that other hosts have written until now and that the test says yes to (cachedb). */
  forgetShared(test: IsForgotten): void;
  readonly statistics: Statistics;
  readonly local: LocalTables;
  readonly authZones: AuthZones;
  readonly rates: Rates;
  /** Null: no cookie-secret-file. */
  readonly cookies: CookieSecrets | null;
}

/** How a new configuration was taken: null when it is in force, else why not, a line each (file and line in them). */
export type Applied = readonly string[] | null;

/** The daemon around the instance. */
export interface ControlDaemon {
  readonly version: string;
  readonly pid: number;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  readonly threads: number;
  /** What `status` shows after `options:`, with a blank before each. */
  options(): string;
  readonly verbosity: number;
  setVerbosity(level: number): void;
  /** Ends the daemon after the reply is out. */
  stop(): void;
  /** Reads the configuration again. The old instance stays in force when that fails. */
  reload(keepCaches: boolean): Promise<Applied>;
  /** Puts another configuration in force, everything that is known or was changed at run time kept. */
  apply(config: Config): Promise<Applied>;
  /** Where a browser finds the page, with its token; null: it is not served. */
  pageAddress(): string | null;
  /** Examines the host as the daemon sees it; the report. */
  doctor(isJson: boolean): Promise<string>;
  /** An error text when the file cannot be opened. */
  reopenLog(): string | null;
  /** Octets of text that the memory which is left would hold as local zones and data. */
  textRoom(): number;
}

/** A zone that is not validated for a time. */
export interface TimedAnchor {
  readonly zone: Name;
  readonly reason: string;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/** Negative trust anchors with a lifetime (RFC 7646). */
export interface TimedAnchors {
  /** In force at once; ends when old verdicts are out of the caches. */
  add(zone: Name, seconds: number, reason: string): Promise<void>;
  /** False when there is none. */
  remove(zone: Name): Promise<boolean>;
  list(): readonly TimedAnchor[];
}

/** What commands are made of. */
export interface ControlParts {
  readonly clock: Clock;
  readonly instance: InstanceView;
  readonly daemon: ControlDaemon;
  readonly negativeAnchors: TimedAnchors;
}
