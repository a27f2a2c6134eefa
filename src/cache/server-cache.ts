/**
 * What is known about servers: how fast they answer, what they cannot do, which zones they fail (Unbound: infra).
 *
 * Duties: by address the round trip time and manners (EDNS, cookies); by address and zone timeouts with back-off, probing
 * and lameness; each for a bounded time (`infra-host-ttl`). Takes back what was learned while our own line was cut.
 * Leaves to others: which server to ask, families without a route (routes.ts), encryption (encrypted-servers.ts), smoothing (round-trip.ts), what EDNS and
 * options do (server-manners.ts), types (server-zone-info.ts), when the line is cut (own-line.ts).
 *
 * One lost or forged packet changes little: timeouts double only up to a bound and are forgotten with the first answer.
 * A stranger may delegate a zone to any address: what the silence there teaches counts for that zone only. An address that
 * is silent for zones that it has answered for, or has answered nobody, comes last for the others too; it is never left out
 * because of them.
 */

import type { Clock } from '../ports/clock.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { ByteBoundedMap } from './byte-bounded-map.ts';
import { ENCRYPTED_SERVER_OCTETS, EncryptedServers } from './encrypted-servers.ts';
import { isOnSite, type KnownAddress, KnownServer } from './known-server.ts';
import { OwnLine, WITNESSES_TO_BELIEVE } from './own-line.ts';
import { RecentFailures } from './recent-failures.ts';
import { clampTimeout, isMeasured, plainTimeoutMs, unmeasured, withAnswer } from './round-trip.ts';
import { Routes } from './routes.ts';
import { type MannersOutcome, ServerManners } from './server-manners.ts';
import { type Lameness, type QueryKind, ServerZoneInfo } from './server-zone-info.ts';

/** A server with a timeout of so many ms or more is down. */
const DEAD_TIMEOUT_MS = 120_000;
/**
 * A server that is down is asked one question in so many ms, so that it is found soon after an outage. Unbound leaves it alone
 * until its entry expires (900 s).
 */
const DOWN_PROBE_MS = 60_000;
/**
 * Longest that one attempt waits, ms (Unbound PROBE_MAXRTO): what comes later than that is of no use to a client. A server
 * with such a timeout is silent: it is asked one question at a time, to see whether it is back.
 */
const MAX_WAIT_MS = 12_000;
/**
 * How long a lame server is not asked at all for the type, ms. One forged referral makes a server lame: it must not keep a zone
 * away for longer than other bad data is remembered (RFC 4035 §4.7; val-bogus-ttl is 60 s by default).
 */
const LAME_REST_MS = 60_000;

/**
 * While a server's last answer for the zone is so recent, ms, losses in a row do not make it silent: its timeout stays
 * bounded by PROVEN_TIMEOUT_MS, or by twice what its answers take. On a line that loses much, five losses in a row come often.
 */
const PROVEN_FOR_MS = 30_000;
const PROVEN_TIMEOUT_MS = 1000;
/**
 * Shortest waits while our own line is taken to be down, ms: it may only have become slow, and no answer would ever be in time if
 * waits, which silence does not lengthen then, stayed as short as answers used to be. Mostly short: who waits for what was
 * sent just before the line came back makes others wait.
 */
const CUT_WAIT_MS = 1000;
const LONG_CUT_WAIT_MS = 3000;
/** Of so many attempts of a question one waits long. */
const LONG_CUT_WAIT_EVERY = 4;
/** Octets of one address: two objects with a dozen numbers, the measure and a cookie of 24 octets. */
const ADDRESS_OCTETS = 400;
/** Octets of a usual address, and of a usual server of a zone, each with its key, for the bounds: Unbound counts entries. */
const USUAL_ADDRESS_OCTETS = 540;
const USUAL_INFO_OCTETS = 310;
/** Octets that `maxServers` stands for, each: address, zone, and encryption. */
export const OCTETS_PER_SERVER = USUAL_ADDRESS_OCTETS + USUAL_INFO_OCTETS + ENCRYPTED_SERVER_OCTETS;
/** Entries looked through at most for servers that bear witness on our line. */
const MAX_WITNESSES_SOUGHT = 1000;

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

/** What happened with a server; reported with the zone that it was asked for. */
type ServerReportOutcome =
  /** A question of the type goes out; to a silent server no second goes while it is under way. */
  | { readonly kind: 'asked'; readonly type: number }
  /** An answer came, of whatever kind. */
  | { readonly kind: 'answered'; readonly rttMs: number }
  /** None came within `waitedMs`. Many that time out together double the timeout once, not many times. */
  | { readonly kind: 'silent'; readonly waitedMs: number; readonly type: number }
  /** The server does not serve the zone, or the type in it, as it should. */
  | { readonly kind: 'lame'; readonly lameness: Lameness; readonly type: number }
  | MannersOutcome;

/** What choosing among servers needs to know of one. */
interface ServerInfo {
  /** Expected time, ms: what selection compares. */
  readonly timeoutMs: number;
  /**
   * True when the server has not answered for so long that asking it is a waste: while one question that is to show whether
   * it is back is under way, and, when it is down, for a while after it.
   */
  readonly isDead: boolean;
  /** How the server fails the zone; null when it does not. */
  readonly lameness: Lameness | null;
  /** It was lame for the type, and showed it a while ago: where nobody else is left it may be asked whether it still is. */
  readonly mayBeLameNoMore: boolean;
}

/** What `dump_infra` shows of one server and zone. */
export interface ServerReport {
  readonly server: string;
  /** Presentation text. */
  readonly zone: string;
  readonly smoothedMs: number;
  readonly variationMs: number;
  readonly timeoutMs: number;
  /** Questions in a row that got no answer, all together and by kind. */
  readonly timeoutsInRow: number;
  readonly timeouts: Readonly<Record<QueryKind, number>>;
  /** Seconds until the silent server may be probed again. */
  readonly probeDelaySeconds: number;
  readonly ednsSeen: boolean;
  readonly ednsRefused: boolean;
  /** The server takes part in cookies. */
  readonly hasCookie: boolean;
  readonly secondsLeft: number;
  /** Fails the zone as a whole. */
  readonly lameness: Lameness | null;
  /** Does not serve A, or some other type. */
  readonly isLameForA: boolean;
  readonly isLameForOther: boolean;
}

/** How the cache is made. */
interface ServerCacheParts {
  readonly clock: Clock;
  readonly options: ServerCacheOptions;
  /** Called when our own line turns out to be cut: what was concluded since anybody last answered (monotonic ms) should go. */
  readonly onLineCut?: (answeredAtMs: number) => void;
  /** Called when our own line is back after an outage: what else was concluded from the silence should go too. */
  readonly onLineBack?: () => void;
}

export class ServerCache {
  readonly #clock: Clock;
  readonly #options: ServerCacheOptions;
  readonly #onLineCut: (answeredAtMs: number) => void;
  readonly #onLineBack: () => void;
  readonly #addresses: ByteBoundedMap<KnownAddress>;
  readonly #infos: ByteBoundedMap<ServerZoneInfo>;
  readonly #lines = { site: new OwnLine(), world: new OwnLine() };
  /** Which families of addresses the system has a way to. */
  readonly routes: Routes;
  /** Who failed which zone a short time ago. */
  readonly recentFailures: RecentFailures;
  /** Which take questions over TLS though nobody said so. */
  readonly encrypted: EncryptedServers;

  constructor({ clock, options, onLineCut = () => {}, onLineBack = () => {} }: ServerCacheParts) {
    this.#clock = clock;
    this.#options = options;
    this.#onLineCut = onLineCut;
    this.#onLineBack = onLineBack;
    this.routes = new Routes(clock);
    this.recentFailures = new RecentFailures(clock);
    this.encrypted = new EncryptedServers(clock, options.maxServers);
    this.#addresses = new ByteBoundedMap({
      maxBytes: options.maxServers * USUAL_ADDRESS_OCTETS,
      sizeOf: () => ADDRESS_OCTETS,
    });
    this.#infos = new ByteBoundedMap({
      maxBytes: options.maxServers * USUAL_INFO_OCTETS,
      sizeOf: ({ octets }) => octets,
    });
  }

  /** Timeout for a server that nothing is known of, ms. */
  get unknownTimeoutMs(): number {
    return this.#options.unknownTimeoutMs;
  }

  /** A server as it is asked for a zone, known or not; for all that is learned of it while somebody asks it. */
  at(server: string, zone: Name): KnownServer {
    return new KnownServer(server, zone);
  }

  /**
   * How long the next attempt should wait for an answer, ms; `timeouts`: what the question has met in the zone before; `timeoutMs`: of
   * the server, where that was just read.
   */
  waitMs(known: KnownServer, timeouts = 0, timeoutMs = this.timeoutMs(known)): number {
    const isLong = timeouts % LONG_CUT_WAIT_EVERY === LONG_CUT_WAIT_EVERY - 1;
    const leastMs = !this.#lineOf(known).isCut ? 0 : isLong ? LONG_CUT_WAIT_MS : CUT_WAIT_MS;
    return Math.min(Math.max(leastMs, timeoutMs), MAX_WAIT_MS);
  }

  /** True while everybody on the way to the server is silent: our own line is taken to be down. */
  isLineCut(known: KnownServer): boolean {
    return this.#lineOf(known).isCut;
  }

  /** Timeout of the server for questions to the zone, ms. */
  timeoutMs(known: KnownServer): number {
    return this.#timeoutOf(this.#freshAddress(known), this.#infoOf(known));
  }

  /** All that choosing needs, found at once: a question is weighed against each of its zone's servers. */
  info(known: KnownServer, type: number): ServerInfo {
    const address = this.#freshAddress(known);
    const kept = this.#infoOf(known);
    const fresh = kept !== null && this.#isFresh(kept) ? kept : null;
    const timeoutMs = this.#timeoutOf(address, kept);
    const lameness = fresh?.lamenessFor(type) ?? null;
    return {
      timeoutMs: Math.max(timeoutMs, address?.suspectMs ?? 0),
      isDead: fresh !== null && this.#isSilent(timeoutMs) && fresh.isResting(type, this.#clock.monotonicMs()),
      lameness,
      mayBeLameNoMore:
        fresh !== null && lameness !== null && this.#clock.monotonicMs() - fresh.lameShownAtMs(type) >= LAME_REST_MS,
    };
  }

  /** Takes in what happened with a server that was asked for a zone. */
  report(known: KnownServer, outcome: ServerReportOutcome): void {
    switch (outcome.kind) {
      case 'asked':
        this.#noteAsked(known, outcome.type);
        return;
      case 'answered':
        this.#noteAnswer(known, outcome.rttMs);
        return;
      case 'silent':
        this.#noteTimeout(known, outcome.type, outcome.waitedMs);
        return;
      case 'lame':
        this.#noteLame(known, outcome.type, outcome.lameness);
        return;
      default:
        this.manners(known).learn(outcome);
    }
  }

  #noteAsked(known: KnownServer, type: number): void {
    // Without timeouts no type rests, however long the server takes.
    const isUsual = (this.#infoOf(known)?.backoffMs ?? 0) === 0;
    if (isUsual || this.timeoutMs(known) < MAX_WAIT_MS) return;
    const info = this.#infoFor(known);
    info.rest(type, this.#clock.monotonicMs() + MAX_WAIT_MS);
    this.#recount(known, info);
  }

  #noteAnswer(known: KnownServer, rttMs: number): void {
    const { server } = known;
    const now = this.#clock.monotonicMs();
    const address = this.#addressFor(known);
    address.roundTrip = withAnswer(address.roundTrip, rttMs);
    address.suspectMs = 0;
    const info = this.#infoFor(known);
    info.answeredAtMs = now;
    info.forgetTimeouts();
    this.#recount(known, info);
    const isRouteBack = this.routes.noteReachable(server);
    if (!this.#lineOf(known).noteAnswer(now) && !isRouteBack) return;
    this.recentFailures.clear();
    this.#onLineBack();
  }

  #noteLame(known: KnownServer, type: number, lameness: Lameness): void {
    const info = this.#infoFor(known);
    info.setLame(lameness, type, this.#clock.monotonicMs());
    this.#recount(known, info);
  }

  #noteTimeout(known: KnownServer, type: number, waitedMs: number): void {
    if (this.#isOutage(known)) return;
    const now = this.#clock.monotonicMs();
    const address = this.#addressFor(known);
    const info = this.#infoFor(known);
    const longer = Math.max(this.#timeoutOf(address, info), waitedMs * 2);
    info.addTimeout(type, now);
    info.backoffMs = this.#clamp(Math.min(longer, this.#longestTimeoutMs(address, info)));
    const isDown = info.backoffMs >= this.#downMs();
    if (isDown && !this.#options.keepProbing) info.rest(type, now + DOWN_PROBE_MS);
    // Only an order among servers: who has not answered anybody comes last too, or each zone would find out for itself.
    const isTelling = info.answeredAtMs > Number.NEGATIVE_INFINITY || !isMeasured(address.roundTrip);
    if (isTelling) address.suspectMs = Math.max(address.suspectMs, info.backoffMs);
    this.#recount(known, info);
  }

  #longestTimeoutMs({ roundTrip }: KnownAddress, { answeredAtMs }: ServerZoneInfo): number {
    if (this.#clock.monotonicMs() - answeredAtMs > PROVEN_FOR_MS) return Number.POSITIVE_INFINITY;
    return Math.max(PROVEN_TIMEOUT_MS, 2 * plainTimeoutMs(roundTrip));
  }

  /** True when the silence is our own line's: then nothing is learned, and what was learned since the last answer goes. */
  #isOutage(known: KnownServer): boolean {
    const line = this.#lineOf(known);
    if (line.isCut) return true;
    const isWitness = (this.#infoOf(known)?.answeredAtMs ?? Number.NEGATIVE_INFINITY) > Number.NEGATIVE_INFINITY;
    // Without anybody who has answered lately, all bear witness: a resolver that starts while the line is cut.
    const sinceAnswerMs = this.#clock.monotonicMs() - line.answeredAtMs;
    if (!isWitness && sinceAnswerMs < this.#options.hostTtlSeconds * 1000) return false;
    if (!line.noteTimeout(known.server, () => this.#witnesses(line))) return false;
    for (const each of this.#infos.values()) {
      if (this.#lineOf(each.server) === line && each.silentSinceMs > line.answeredAtMs) each.forgetTimeouts();
    }
    for (const address of this.#addresses.values()) address.suspectMs = 0;
    this.#onLineCut(line.answeredAtMs);
    return true;
  }

  /** Servers of the line that have answered for a zone, as far as it matters how many. */
  #witnesses(line: OwnLine): number {
    const found = new Set<string>();
    let sought = 0;
    for (const info of this.#infos.values()) {
      const { server, answeredAtMs } = info;
      const isWitness = answeredAtMs > Number.NEGATIVE_INFINITY && this.#isFresh(info);
      if (isWitness && this.#lineOf(server) === line) found.add(server);
      if (found.size >= WITNESSES_TO_BELIEVE || ++sought >= MAX_WITNESSES_SOUGHT) break;
    }
    return found.size;
  }

  #lineOf(server: KnownServer | string): OwnLine {
    const isSite = typeof server === 'string' ? isOnSite(server) : server.isOnSite;
    return isSite ? this.#lines.site : this.#lines.world;
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

  /** How the server takes EDNS and options; for reading, and for the cookie of the next question. */
  manners(known: KnownServer): ServerManners {
    return this.#addressFor(known).manners;
  }

  /** Questions to the zone in a row that the server left unanswered. */
  timeoutsInRow(known: KnownServer): number {
    return this.#freshInfo(known)?.timeoutsInRow ?? 0;
  }

  /** How the server is known to fail the zone for a type; null when it is not. */
  lameness(known: KnownServer, type: number): Lameness | null {
    return this.#freshInfo(known)?.lamenessFor(type) ?? null;
  }

  /** Forgets one server (flush_infra); true when it was known. */
  remove(server: string): boolean {
    this.recentFailures.removeServer(server);
    this.encrypted.remove(server.slice(0, server.lastIndexOf('@')));
    const ofZones = this.#infos.removeWhere((info) => info.server === server);
    return this.#addresses.delete(server) || ofZones > 0;
  }

  clear(): void {
    this.#addresses.clear();
    this.#infos.clear();
    this.#lines.site = new OwnLine();
    this.#lines.world = new OwnLine();
    this.routes.clear();
    this.recentFailures.clear();
    this.encrypted.clear();
  }

  /** All servers with the zones that they were asked for, most recently used first. */
  *entries(): Iterable<ServerReport> {
    for (const info of this.#infos.values()) if (this.#isFresh(info)) yield this.#reportOf(info);
  }

  /** Servers with zones, as Unbound counts them. */
  get count(): number {
    return this.#infos.count;
  }

  get sizeBytes(): number {
    return this.#addresses.sizeBytes + this.#infos.sizeBytes + this.encrypted.sizeBytes;
  }

  #reportOf(info: ServerZoneInfo): ServerReport {
    const { server, zone, lamenesses } = info;
    const address = this.#addresses.peek(server);
    const { smoothedMs, variationMs } = address?.roundTrip ?? unmeasured(this.#options.unknownTimeoutMs);
    return {
      ...{ server, zone: formatName(zone), smoothedMs: Math.max(0, smoothedMs), variationMs },
      timeoutMs: this.#timeoutOf(address, info),
      timeoutsInRow: info.timeoutsInRow,
      timeouts: info.timeoutsByKind,
      probeDelaySeconds: Math.ceil(info.restMs(this.#clock.monotonicMs()) / 1000),
      ednsSeen: address?.manners.ednsSeen ?? false,
      ednsRefused: !(address?.manners.takesEdns ?? true),
      hasCookie: address?.manners.hasCookie ?? false,
      secondsLeft: info.expiresAt - this.#clock.unixSeconds(),
      lameness: lamenesses.zone,
      isLameForA: lamenesses.a,
      isLameForOther: lamenesses.other,
    };
  }

  #isSilent(timeoutMs: number): boolean {
    return timeoutMs >= Math.min(MAX_WAIT_MS, this.#options.maxTimeoutMs);
  }

  #isFresh({ expiresAt }: { readonly expiresAt: number }): boolean {
    return expiresAt > this.#clock.unixSeconds();
  }

  /** The entry, also one that has expired. */
  #infoOf(known: KnownServer): ServerZoneInfo | null {
    const { changes, additions } = this.#infos;
    if (known.infosAt !== (known.info === null ? additions : changes)) {
      known.info = this.#infos.get(known.key);
      known.infosAt = known.info === null ? additions : changes;
    }
    return known.info;
  }

  #freshInfo(known: KnownServer): ServerZoneInfo | null {
    const info = this.#infoOf(known);
    return info !== null && this.#isFresh(info) ? info : null;
  }

  #freshAddress(known: KnownServer): KnownAddress | null {
    const { changes, additions } = this.#addresses;
    if (known.addressesAt !== (known.address === null ? additions : changes)) {
      known.address = this.#addresses.get(known.server);
      known.addressesAt = known.address === null ? additions : changes;
    }
    return known.address !== null && this.#isFresh(known.address) ? known.address : null;
  }

  /** Of an entry that has expired only this counts: a server that was down is tried with one question first. */
  #timeoutOf(address: KnownAddress | null, kept: ServerZoneInfo | null): number {
    const usual =
      address !== null && isMeasured(address.roundTrip)
        ? plainTimeoutMs(address.roundTrip)
        : this.#options.unknownTimeoutMs;
    if (kept === null) return this.#clamp(usual);
    const wasDown = kept.backoffMs >= this.#downMs();
    if (this.#isFresh(kept)) return this.#clamp(Math.max(usual, kept.backoffMs));
    return this.#clamp(wasDown ? Math.min(MAX_WAIT_MS, this.#downMs() - 1) : usual);
  }

  #downMs(): number {
    return Math.min(DEAD_TIMEOUT_MS, this.#options.maxTimeoutMs);
  }

  #addressFor(known: KnownServer): KnownAddress {
    const fresh = this.#freshAddress(known);
    if (fresh !== null) return fresh;
    const made: KnownAddress = {
      manners: new ServerManners(),
      roundTrip: unmeasured(this.#options.unknownTimeoutMs),
      suspectMs: 0,
      expiresAt: this.#expiry(),
    };
    this.#addresses.set(known.server, made);
    known.address = made;
    known.addressesAt = this.#addresses.changes;
    return made;
  }

  #expiry(): number {
    return this.#clock.unixSeconds() + this.#options.hostTtlSeconds;
  }

  /** The entry to be changed, made when there is none. What holds more or less then is to be counted anew. */
  #infoFor(known: KnownServer): ServerZoneInfo {
    const kept = this.#infoOf(known);
    if (kept !== null && this.#isFresh(kept)) return kept;
    const made = this.#newInfo(known.key, kept);
    this.#keep(known, made);
    return made;
  }

  #recount(known: KnownServer, info: ServerZoneInfo): void {
    if (info.octets !== info.countedOctets) this.#keep(known, info);
  }

  #keep(known: KnownServer, info: ServerZoneInfo): void {
    info.countedOctets = info.octets;
    this.#infos.set(known.key, info);
    known.info = info;
    known.infosAt = this.#infos.changes;
  }

  #newInfo(key: string, expired: ServerZoneInfo | null): ServerZoneInfo {
    const made = new ServerZoneInfo(key, this.#expiry());
    const timeoutMs = this.#timeoutOf(null, expired);
    // A server that was down when its entry expired stays silent until it has shown that it is back.
    if (expired !== null && timeoutMs >= Math.min(MAX_WAIT_MS, this.#downMs() - 1)) made.resumeFrom(expired, timeoutMs);
    return made;
  }

  #clamp(timeoutMs: number): number {
    return clampTimeout(timeoutMs, this.#options);
  }
}
