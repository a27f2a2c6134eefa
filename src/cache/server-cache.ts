/**
 * What is known about servers: how fast they answer, what they cannot do, for which zones they are lame (Unbound: infra).
 *
 * Duties: smoothed round trip time and timeout per address with back-off (RFC 6298 with Unbound's bounds), EDNS support,
 * lameness per zone, families without a route; each for a bounded time (`infra-host-ttl`).
 * Leaves to others: which server to ask.
 *
 * One lost or forged packet changes little: timeouts double only up to a bound and are forgotten with the first answer,
 * "no EDNS" takes several confirmations and is never believed of a server that has shown EDNS.
 */

import type { Clock } from '../ports/clock.ts';
import { type Name, nameKey } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';

/** Timeout for a server that nothing is known of, ms. Unbound `unknown-server-time-limit`. */
export const UNKNOWN_TIMEOUT_MS = 376;
/** A server with a timeout of so many ms or more does not answer: left alone until its entry expires. */
export const DEAD_TIMEOUT_MS = 120_000;
/** Longest that one attempt waits, ms (Unbound PROBE_MAXRTO): what comes later than that is of no use to a client. */
export const MAX_WAIT_MS = 12_000;
/** Answers without EDNS, after EDNS had been refused, until a server counts as one that cannot do it. */
export const EDNS_REFUSALS_TO_BELIEVE = 3;
/** Different servers unreachable in a row until a family counts as having no route. */
const UNREACHABLE_TO_BELIEVE = 2;
/** For how long a family without a route is left alone, seconds. */
const NO_ROUTE_SECONDS = 60;
/** Octets of one entry: an object with a dozen numbers and a small map. */
const SERVER_OCTETS = 300;

/** How a server fails one zone. */
export type Lameness = 'lame' | 'recursion-lame' | 'dnssec-lame';

/** Bounds of the cache (`infra-*` options). */
export interface ServerCacheOptions {
  /** `infra-host-ttl`: seconds that an entry lives. */
  readonly hostTtlSeconds: number;
  /** `infra-cache-min-rtt`, `infra-cache-max-rtt`: bounds of the timeout, ms. */
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
  /** `infra-cache-numhosts`. */
  readonly maxServers: number;
}

/** Defaults of Unbound. */
export const DEFAULT_SERVER_CACHE_OPTIONS: ServerCacheOptions = {
  hostTtlSeconds: 900,
  minTimeoutMs: 50,
  maxTimeoutMs: 120_000,
  maxServers: 10_000,
};

/** What is kept of one address (`ip@port`). */
interface Server {
  readonly key: string;
  smoothedMs: number;
  variationMs: number;
  /** Timeout for the next attempt, ms; above the computed one after timeouts. */
  timeoutMs: number;
  timeoutsInRow: number;
  ednsSeen: boolean;
  ednsRefusals: number;
  /** By nameKey of the zone. */
  readonly lame: Map<string, { readonly zone: Name; readonly lameness: Lameness }>;
  expiresAt: number;
}

/** What `dump_infra` shows of one server. */
export interface ServerReport {
  readonly server: string;
  readonly smoothedMs: number;
  readonly variationMs: number;
  readonly timeoutMs: number;
  readonly timeoutsInRow: number;
  readonly ednsSeen: boolean;
  readonly ednsRefused: boolean;
  readonly secondsLeft: number;
  /** Zones that it fails, as text. */
  readonly lame: readonly { readonly zone: string; readonly lameness: Lameness }[];
}

/** The cache. */
export class ServerCache {
  readonly #clock: Clock;
  readonly #options: ServerCacheOptions;
  readonly #servers: ByteBoundedMap<Server>;
  readonly #unreachable: Record<'ip4' | 'ip6', { readonly servers: Set<string>; until: number }> = {
    ip4: { servers: new Set(), until: 0 },
    ip6: { servers: new Set(), until: 0 },
  };

  constructor({ clock, options }: { readonly clock: Clock; readonly options: ServerCacheOptions }) {
    this.#clock = clock;
    this.#options = options;
    this.#servers = new ByteBoundedMap({
      maxBytes: options.maxServers * SERVER_OCTETS * 2,
      sizeOf: () => SERVER_OCTETS,
    });
  }

  /** How long the next attempt should wait for an answer, ms. */
  waitMs(server: string): number {
    return Math.min(this.timeoutMs(server), MAX_WAIT_MS);
  }

  /** Timeout of the server, ms: what selection compares (a server that timed out has a large one). */
  timeoutMs(server: string): number {
    return this.#find(server)?.timeoutMs ?? UNKNOWN_TIMEOUT_MS;
  }

  /** True when the server has not answered for so long that asking it is a waste. */
  isDead(server: string): boolean {
    return this.timeoutMs(server) >= Math.min(DEAD_TIMEOUT_MS, this.#options.maxTimeoutMs);
  }

  /** An answer came after `rttMs`. */
  noteAnswer(server: string, rttMs: number): void {
    const entry = this.#findOrMake(server);
    const isFirst = entry.smoothedMs < 0;
    // RFC 6298 §2: the first measurement stands for itself, later ones are smoothed.
    entry.variationMs = isFirst
      ? rttMs / 2
      : entry.variationMs + (Math.abs(rttMs - entry.smoothedMs) - entry.variationMs) / 4;
    entry.smoothedMs = isFirst ? rttMs : entry.smoothedMs + (rttMs - entry.smoothedMs) / 8;
    entry.timeoutMs = this.#clamp(entry.smoothedMs + 4 * entry.variationMs);
    entry.timeoutsInRow = 0;
    this.#familyOf(server).servers.clear();
  }

  /** No answer came within `waitedMs`. Many attempts that time out together double the timeout once, not many times. */
  noteTimeout(server: string, waitedMs: number): void {
    const entry = this.#findOrMake(server);
    entry.timeoutsInRow++;
    entry.timeoutMs = this.#clamp(Math.max(entry.timeoutMs, waitedMs * 2));
  }

  /** The system says that there is no way to the server. */
  noteUnreachable(server: string): void {
    this.noteTimeout(server, this.timeoutMs(server));
    const family = this.#familyOf(server);
    family.servers.add(server);
    if (family.servers.size < UNREACHABLE_TO_BELIEVE) return;
    family.until = this.#clock.unixSeconds() + NO_ROUTE_SECONDS;
    family.servers.clear();
  }

  /** False while a family of addresses is known to have no route. */
  hasRoute(family: 'ip4' | 'ip6'): boolean {
    return this.#unreachable[family].until <= this.#clock.unixSeconds();
  }

  /** An answer with OPT came: the server knows EDNS, and no single reply will make us think otherwise. */
  noteEdns(server: string): void {
    const entry = this.#findOrMake(server);
    entry.ednsSeen = true;
    entry.ednsRefusals = 0;
  }

  /** EDNS was refused, and the same question without it was answered. */
  noteEdnsRefused(server: string): void {
    const entry = this.#findOrMake(server);
    if (!entry.ednsSeen) entry.ednsRefusals++;
  }

  /** False when the server has shown several times that it cannot do EDNS. */
  takesEdns(server: string): boolean {
    return (this.#find(server)?.ednsRefusals ?? 0) < EDNS_REFUSALS_TO_BELIEVE;
  }

  /** The server does not serve the zone as it should. */
  noteLame(server: string, zone: Name, lameness: Lameness): void {
    this.#findOrMake(server).lame.set(nameKey(zone), { zone, lameness });
  }

  /** How the server is known to fail the zone; null when it is not. */
  lameness(server: string, zone: Name): Lameness | null {
    return this.#find(server)?.lame.get(nameKey(zone))?.lameness ?? null;
  }

  /** Forgets one server (flush_infra); true when it was known. */
  remove(server: string): boolean {
    return this.#servers.delete(server);
  }

  clear(): void {
    this.#servers.clear();
    for (const family of Object.values(this.#unreachable)) {
      family.servers.clear();
      family.until = 0;
    }
  }

  /** All servers that are known, most recently used first. */
  *entries(): Iterable<ServerReport> {
    const now = this.#clock.unixSeconds();
    for (const entry of this.#servers.values()) {
      if (entry.expiresAt <= now) continue;
      const { smoothedMs, variationMs, timeoutMs, timeoutsInRow, ednsSeen } = entry;
      const ednsRefused = entry.ednsRefusals >= EDNS_REFUSALS_TO_BELIEVE;
      const secondsLeft = entry.expiresAt - now;
      const lame = [...entry.lame.values()].map(({ zone, lameness }) => ({ zone: formatName(zone), lameness }));
      const measured = { smoothedMs: Math.max(0, smoothedMs), variationMs, timeoutMs, timeoutsInRow };
      yield { server: entry.key, ...measured, ednsSeen, ednsRefused, secondsLeft, lame };
    }
  }

  get count(): number {
    return this.#servers.count;
  }

  get sizeBytes(): number {
    return this.#servers.sizeBytes;
  }

  #find(server: string): Server | null {
    const entry = this.#servers.get(server);
    return entry !== null && entry.expiresAt > this.#clock.unixSeconds() ? entry : null;
  }

  #findOrMake(server: string): Server {
    const known = this.#find(server);
    if (known !== null) return known;
    const made: Server = {
      key: server,
      smoothedMs: -1,
      variationMs: UNKNOWN_TIMEOUT_MS / 4,
      timeoutMs: this.#clamp(UNKNOWN_TIMEOUT_MS),
      timeoutsInRow: 0,
      ednsSeen: false,
      ednsRefusals: 0,
      lame: new Map(),
      expiresAt: this.#clock.unixSeconds() + this.#options.hostTtlSeconds,
    };
    this.#servers.set(server, made);
    return made;
  }

  #familyOf(server: string): { readonly servers: Set<string>; until: number } {
    return this.#unreachable[server.includes(':') ? 'ip6' : 'ip4'];
  }

  #clamp(timeoutMs: number): number {
    return Math.max(this.#options.minTimeoutMs, Math.min(this.#options.maxTimeoutMs, timeoutMs));
  }
}
