/**
 * What is known about servers: how fast they answer, what they cannot do, for which zones they are lame (Unbound: infra).
 *
 * Duties: smoothed round trip time and timeout per address with back-off (RFC 6298 with Unbound's bounds), probing of silent
 * servers, EDNS support, cookies, lameness per zone; each for a bounded time (`infra-host-ttl`).
 * Leaves to others: which server to ask, families without a route (routes.ts).
 *
 * One lost or forged packet changes little: timeouts double only up to a bound and are forgotten with the first answer,
 * "no EDNS" takes several confirmations and is never believed of a server that has shown EDNS.
 */

import type { Clock } from '../ports/clock.ts';
import { type Name, nameKey } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';
import { RecentFailures } from './recent-failures.ts';
import { Routes } from './routes.ts';

/** Timeout for a server that nothing is known of, ms. Unbound `unknown-server-time-limit`. */
export const UNKNOWN_TIMEOUT_MS = 376;
/** A server with a timeout of so many ms or more is down. */
export const DEAD_TIMEOUT_MS = 120_000;
/**
 * A server that is down is asked one question in so many ms, so that it is found soon after an outage. Unbound leaves it alone
 * until its entry expires (900 s), which after an outage of the own line is long.
 */
const DOWN_PROBE_MS = 60_000;
/**
 * Longest that one attempt waits, ms (Unbound PROBE_MAXRTO): what comes later than that is of no use to a client. A server
 * with such a timeout is silent: it is asked one question at a time, to see whether it is back.
 */
export const MAX_WAIT_MS = 12_000;
/**
 * While a server's last answer is so recent, ms, losses in a row do not make it silent: its timeout stays bounded by
 * PROVEN_TIMEOUT_MS, or by twice what its answers take. On a line that loses much, five losses in a row come often.
 */
const PROVEN_FOR_MS = 30_000;
const PROVEN_TIMEOUT_MS = 1000;
/** Answers without EDNS, after EDNS had been refused, until a server counts as one that cannot do it. */
export const EDNS_REFUSALS_TO_BELIEVE = 3;
/** Questions that only went through without a cookie until a server is sent none. */
const COOKIE_REFUSALS_TO_BELIEVE = 3;
/** Zones kept of one server that it fails; the oldest gives way. */
const MAX_LAME_ZONES = 64;
/** Octets of one entry: an object with a dozen numbers, a cookie and a small map. */
const SERVER_OCTETS = 400;

/** How a server fails one zone. */
export type Lameness = 'lame' | 'recursion-lame' | 'dnssec-lame';
/** Kinds of questions whose timeouts are told apart: some servers drop AAAA only. */
export type AskedKind = 'A' | 'AAAA' | 'other';

/** Bounds of the cache (`infra-*` options). */
export interface ServerCacheOptions {
  /** `infra-host-ttl`: seconds that an entry lives. */
  readonly hostTtlSeconds: number;
  /** `infra-cache-min-rtt`, `infra-cache-max-rtt`: bounds of the timeout, ms. */
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
  /** `infra-cache-numhosts`. */
  readonly maxServers: number;
  /** `unknown-server-time-limit`: timeout for a server that nothing is known of, ms. */
  readonly unknownTimeoutMs: number;
  /** `infra-keep-probing`: servers that are down are asked one question at a time, without a pause. */
  readonly keepProbing: boolean;
}

/** Defaults of Unbound. */
export const DEFAULT_SERVER_CACHE_OPTIONS: ServerCacheOptions = {
  hostTtlSeconds: 900,
  minTimeoutMs: 50,
  maxTimeoutMs: 120_000,
  maxServers: 10_000,
  unknownTimeoutMs: UNKNOWN_TIMEOUT_MS,
  keepProbing: false,
};

/** Cookies exchanged with a server (RFC 7873). */
export interface ServerCookie {
  readonly client: Uint8Array;
  /** Null: the server has not given one yet. */
  readonly server: Uint8Array | null;
}

/** A cookie and the local address that it is used from: another address must not show the same one (RFC 7873 §8). */
interface KeptCookie extends ServerCookie {
  readonly localIp: string;
}

/** What is kept of one address (`ip@port`). */
interface Server {
  readonly key: string;
  smoothedMs: number;
  variationMs: number;
  /** When the last answer came, monotonic ms; -Infinity: none yet. */
  answeredAtMs: number;
  /** Timeout for the next attempt, ms; above the computed one after timeouts. */
  timeoutMs: number;
  readonly timeouts: Record<AskedKind, number>;
  /** Monotonic ms until which a probe of the silent server is under way. */
  probedUntilMs: number;
  ednsSeen: boolean;
  ednsRefusals: number;
  cookieRefusals: number;
  cookie: KeptCookie | null;
  readonly lame: Map<string, { readonly zone: Name; readonly lameness: Lameness }>;
  readonly expiresAt: number;
}

/** What choosing among servers needs to know of one. */
export interface Standing {
  /** As `timeoutMs` of the cache. */
  readonly timeoutMs: number;
  /** As `isDead` of the cache. */
  readonly isDead: boolean;
  /** How the server fails the zone; null when it does not. */
  readonly lameness: Lameness | null;
}

/** How a server is known to fail a zone. */
export interface LameZone {
  /** Presentation text. */
  readonly zone: string;
  readonly lameness: Lameness;
}

/** What `dump_infra` shows of one server. */
export interface ServerReport {
  readonly server: string;
  readonly smoothedMs: number;
  readonly variationMs: number;
  readonly timeoutMs: number;
  /** Questions in a row that got no answer, all together and by kind. */
  readonly timeoutsInRow: number;
  readonly timeouts: Readonly<Record<AskedKind, number>>;
  /** Seconds until the silent server may be probed again. */
  readonly probeDelaySeconds: number;
  readonly ednsSeen: boolean;
  readonly ednsRefused: boolean;
  /** The server takes part in cookies. */
  readonly hasCookie: boolean;
  readonly secondsLeft: number;
  readonly lame: readonly LameZone[];
}

/** The cache. */
export class ServerCache {
  readonly #clock: Clock;
  readonly #options: ServerCacheOptions;
  readonly #servers: ByteBoundedMap<Server>;
  /** Which families of addresses the system has a way to. */
  readonly routes: Routes;
  /** Who failed which zone a short time ago. */
  readonly recentFailures: RecentFailures;

  constructor({ clock, options }: { readonly clock: Clock; readonly options: ServerCacheOptions }) {
    this.#clock = clock;
    this.#options = options;
    this.routes = new Routes(clock);
    this.recentFailures = new RecentFailures(clock);
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
    const entry = this.#servers.get(server);
    if (entry !== null && this.#isFresh(entry)) return entry.timeoutMs;
    return this.#startTimeout(entry);
  }

  /**
   * True when the server has not answered for so long that asking it is a waste: while one question that is to show whether
   * it is back is under way, and, when it is down, for a while after it.
   */
  isDead(server: string): boolean {
    return this.#isSilent(this.timeoutMs(server), this.#find(server));
  }

  /** All that choosing needs, found at once: a question is weighed against each of its zone's servers. */
  standing(server: string, zone: Name): Standing {
    const entry = this.#servers.get(server);
    if (entry === null || !this.#isFresh(entry)) {
      return { timeoutMs: this.#startTimeout(entry), isDead: false, lameness: null };
    }
    const { timeoutMs } = entry;
    return { timeoutMs, isDead: this.#isSilent(timeoutMs, entry), lameness: lamenessOf(entry, zone) };
  }

  /** A question goes to the server; to a silent one no second goes while it is under way. */
  noteAsked(server: string): void {
    const entry = this.#servers.get(server);
    if (entry === null || this.timeoutMs(server) < MAX_WAIT_MS) return;
    this.#findOrMake(server).probedUntilMs = this.#clock.monotonicMs() + MAX_WAIT_MS;
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
    entry.answeredAtMs = this.#clock.monotonicMs();
    entry.timeouts.A = 0;
    entry.timeouts.AAAA = 0;
    entry.timeouts.other = 0;
    entry.probedUntilMs = 0;
    this.routes.noteReachable(server);
  }

  /** No answer came within `waitedMs`. Many attempts that time out together double the timeout once, not many times. */
  noteTimeout(server: string, waitedMs: number, kind: AskedKind = 'other'): void {
    const entry = this.#findOrMake(server);
    entry.timeouts[kind]++;
    const longer = Math.max(entry.timeoutMs, waitedMs * 2);
    entry.timeoutMs = this.#clamp(Math.min(longer, this.#longestTimeoutMs(entry)));
    const isDown = entry.timeoutMs >= this.#downMs();
    if (isDown && !this.#options.keepProbing) entry.probedUntilMs = this.#clock.monotonicMs() + DOWN_PROBE_MS;
  }

  #longestTimeoutMs({ smoothedMs, variationMs, answeredAtMs }: Server): number {
    if (this.#clock.monotonicMs() - answeredAtMs > PROVEN_FOR_MS) return Number.POSITIVE_INFINITY;
    return Math.max(PROVEN_TIMEOUT_MS, 2 * (smoothedMs + 4 * variationMs));
  }

  /**
   * The system says that there is no way to the server; true when this shows that its whole family has none. That says
   * nothing about the server itself: it is as good as before when the way is back.
   */
  noteUnreachable(server: string): boolean {
    return this.routes.noteUnreachable(server);
  }

  /** False while a family of addresses is known to have no route. */
  hasRoute(family: 'ip4' | 'ip6'): boolean {
    return this.routes.has(family);
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

  /** The cookie for a server from a local address (empty: the system's choice); null when it takes none. */
  cookie(server: string, localIp: string, fresh: () => Uint8Array): ServerCookie | null {
    const entry = this.#findOrMake(server);
    if (entry.cookieRefusals >= COOKIE_REFUSALS_TO_BELIEVE) return null;
    // Something on the way may drop options that it does not know: a server that was never heard is tried without.
    const { A, AAAA, other } = entry.timeouts;
    if (entry.smoothedMs < 0 && A + AAAA + other > 0) return null;
    if (entry.cookie?.localIp !== localIp) entry.cookie = { localIp, client: fresh(), server: null };
    return entry.cookie;
  }

  /** The server gave a cookie of its own with a reply that held ours: it goes back with the next question. */
  noteCookie(server: string, client: Uint8Array, given: Uint8Array): void {
    const entry = this.#find(server);
    if (entry?.cookie?.client !== client) return;
    entry.cookie = { ...entry.cookie, server: given };
    entry.cookieRefusals = 0;
  }

  /** A question was only answered without a cookie. Never believed of a server that has given one. */
  noteCookieRefused(server: string): void {
    const entry = this.#findOrMake(server);
    if ((entry.cookie?.server ?? null) === null) entry.cookieRefusals++;
  }

  /** The server does not serve the zone as it should. */
  noteLame(server: string, zone: Name, lameness: Lameness): void {
    const { lame } = this.#findOrMake(server);
    const [oldest] = lame.keys();
    if (lame.size >= MAX_LAME_ZONES && oldest !== undefined) lame.delete(oldest);
    lame.set(nameKey(zone), { zone, lameness });
  }

  /** How the server is known to fail the zone; null when it is not. */
  lameness(server: string, zone: Name): Lameness | null {
    const entry = this.#find(server);
    return entry === null ? null : lamenessOf(entry, zone);
  }

  /** Forgets one server (flush_infra); true when it was known. */
  remove(server: string): boolean {
    this.recentFailures.removeServer(server);
    return this.#servers.delete(server);
  }

  clear(): void {
    this.#servers.clear();
    this.routes.clear();
    this.recentFailures.clear();
  }

  /** All servers that are known, most recently used first. */
  *entries(): Iterable<ServerReport> {
    for (const entry of this.#servers.values()) if (this.#isFresh(entry)) yield this.#reportOf(entry);
  }

  get count(): number {
    return this.#servers.count;
  }

  get sizeBytes(): number {
    return this.#servers.sizeBytes;
  }

  #reportOf(entry: Server): ServerReport {
    const { smoothedMs, variationMs, timeoutMs, timeouts, ednsSeen } = entry;
    const probeDelayMs = Math.max(0, entry.probedUntilMs - this.#clock.monotonicMs());
    return {
      ...{ server: entry.key, smoothedMs: Math.max(0, smoothedMs), variationMs, timeoutMs, ednsSeen },
      timeoutsInRow: timeouts.A + timeouts.AAAA + timeouts.other,
      timeouts: { ...timeouts },
      probeDelaySeconds: Math.ceil(probeDelayMs / 1000),
      ednsRefused: entry.ednsRefusals >= EDNS_REFUSALS_TO_BELIEVE,
      hasCookie: (entry.cookie?.server ?? null) !== null,
      secondsLeft: entry.expiresAt - this.#clock.unixSeconds(),
      lame: [...entry.lame.values()].map(({ zone, lameness }) => ({ zone: formatName(zone), lameness })),
    };
  }

  #isSilent(timeoutMs: number, entry: Server | null): boolean {
    if (entry === null || timeoutMs < Math.min(MAX_WAIT_MS, this.#options.maxTimeoutMs)) return false;
    return entry.probedUntilMs > this.#clock.monotonicMs();
  }

  #isFresh(entry: Server): boolean {
    return entry.expiresAt > this.#clock.unixSeconds();
  }

  #find(server: string): Server | null {
    const entry = this.#servers.get(server);
    return entry !== null && this.#isFresh(entry) ? entry : null;
  }

  /** A server that was down when its entry expired is tried with one question before it counts as unknown. */
  #startTimeout(expired: Server | null): number {
    const wasDown = expired !== null && expired.timeoutMs >= this.#downMs();
    return this.#clamp(wasDown ? Math.min(MAX_WAIT_MS, this.#downMs() - 1) : this.#options.unknownTimeoutMs);
  }

  #downMs(): number {
    return Math.min(DEAD_TIMEOUT_MS, this.#options.maxTimeoutMs);
  }

  #findOrMake(server: string): Server {
    const known = this.#find(server);
    if (known !== null) return known;
    const made: Server = {
      key: server,
      smoothedMs: -1,
      answeredAtMs: Number.NEGATIVE_INFINITY,
      variationMs: this.#options.unknownTimeoutMs / 4,
      timeoutMs: this.#startTimeout(this.#servers.get(server)),
      timeouts: { A: 0, AAAA: 0, other: 0 },
      probedUntilMs: 0,
      ednsSeen: false,
      ednsRefusals: 0,
      cookieRefusals: 0,
      cookie: null,
      lame: new Map(),
      expiresAt: this.#clock.unixSeconds() + this.#options.hostTtlSeconds,
    };
    this.#servers.set(server, made);
    return made;
  }

  #clamp(timeoutMs: number): number {
    return Math.max(this.#options.minTimeoutMs, Math.min(this.#options.maxTimeoutMs, timeoutMs));
  }
}

/** How the server fails the zone. Most fail none, and no key is made for those. */
function lamenessOf({ lame }: Server, zone: Name): Lameness | null {
  return lame.size === 0 ? null : (lame.get(nameKey(zone))?.lameness ?? null);
}
